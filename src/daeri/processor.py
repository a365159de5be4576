"""What the machine's processor is bad at, said to NumPy before it is loaded."""

import os
import re
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_ONE_CORE = 4_096  # characters; the cores are alike
_VARIABLE = "NPY_DISABLE_CPU_FEATURES"
_AVX512 = "X86_V4 AVX512_ICL"  # NumPy's names of its sorts with AVX-512
_ZEN_4 = re.compile(r"^vendor_id\s*: AuthenticAMD$.*^cpu family\s*: 25$.*^flags\s*:.*\bavx512f\b", re.M | re.S)


def choose_sorts(environment: MutableMapping[str, str] = os.environ, cpuinfo: Path = _CPUINFO) -> None:
    """On AMD's Zen 4, let NumPy sort with AVX2 unless the environment says otherwise.

    There the instruction that NumPy's AVX-512 sorts live on is microcoded: they take five times as long, and a tick of
    dispatch a third longer (docs/decisions/0005-matching.md).
    """
    with suppress(OSError):
        with cpuinfo.open(encoding="ascii", errors="replace") as file:
            first = file.read(_ONE_CORE)
        if _ZEN_4.search(first):
            environment.setdefault(_VARIABLE, _AVX512)
