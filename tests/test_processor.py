"""NumPy is told about one processor only, and never against the environment."""

from pathlib import Path

import pytest

from daeri.processor import choose_sorts

_CPUINFO = """processor\t: 0
vendor_id\t: {vendor}
cpu family\t: {family}
model\t\t: 17
flags\t\t: fpu avx2 {flag} vaes
"""


@pytest.mark.parametrize(
    ("vendor", "family", "flag", "is_told"),
    [
        ("AuthenticAMD", 25, "avx512f", True),
        ("AuthenticAMD", 25, "bmi2", False),  # Zen 3 has none
        ("AuthenticAMD", 26, "avx512f", False),  # Zen 5 is good at it
        ("GenuineIntel", 25, "avx512f", False),
    ],
)
def test_only_zen_4_sorts_without_avx_512(vendor: str, family: int, flag: str, is_told: bool, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(_CPUINFO.format(vendor=vendor, family=family, flag=flag))
    environment: dict[str, str] = {}
    choose_sorts(environment, cpuinfo)
    assert environment == ({"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"} if is_told else {})


def test_what_the_environment_says_stands(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(_CPUINFO.format(vendor="AuthenticAMD", family=25, flag="avx512f"))
    environment = {"NPY_DISABLE_CPU_FEATURES": ""}
    choose_sorts(environment, cpuinfo)
    assert environment == {"NPY_DISABLE_CPU_FEATURES": ""}


def test_a_machine_that_does_not_tell_is_left_alone(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    choose_sorts(environment, tmp_path / "none")
    assert environment == {}
