"""The lints of the house can fail: each contract and each check is shown a tiny bad example."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"


def _tree(folder: Path, files: dict[str, str]) -> Path:
    """A package `daeri` under `folder` with these modules, and an empty __init__ in each folder."""
    for name, text in files.items():
        path = folder / "daeri" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for parent in path.parents:
            if parent == folder:
                break
            (parent / "__init__.py").touch()
    return folder


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--config", str(ROOT / ".importlinter"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


SOUND = {
    "kernel/ids.py": "import uuid",
    "infra/database.py": "import asyncpg",
    "calls/model.py": "import daeri.kernel.ids",
    "calls/policy.py": "import daeri.calls.model",
    "calls/store.py": "import daeri.calls.model\nimport daeri.infra.database",
    "calls/ports.py": "",
    "calls/api.py": "import daeri.calls.store\nimport daeri.calls.policy",
    "dispatch/fleet.py": "",
    "dispatch/policy.py": "",
    "dispatch/api.py": "import daeri.calls.api\nimport daeri.calls.model",
    "adapters/maps.py": "import daeri.calls.ports",
    "engine/loop.py": "import daeri.dispatch.api\nimport daeri.dispatch.fleet",
    "web/pages.py": "import daeri.calls.api",
    "sim/client.py": "import daeri.kernel.ids\nimport httpx",
    "cli.py": "import daeri.sim.client",
}

BROKEN = [
    ("Floors import downwards only", "calls/api.py", "import daeri.dispatch.api"),
    ("Floors import downwards only", "web/pages.py", "import daeri.engine.loop"),
    ("Floors import downwards only", "kernel/ids.py", "import daeri.infra.database"),
    ("Floors import downwards only", "cellar/wine.py", ""),
    ("Rooms of a domain import downwards only", "calls/policy.py", "import daeri.calls.store"),
    ("Rooms of a domain import downwards only", "calls/model.py", "import daeri.calls.policy"),
    ("The matcher's steps import downwards only", "dispatch/fleet.py", "import daeri.dispatch.api"),
    ("The matcher's steps import downwards only", "dispatch/grid.py", "import daeri.dispatch.policy"),
    ("Pure rooms do no I/O", "calls/policy.py", "import asyncpg"),
    ("Pure rooms do no I/O", "calls/policy.py", "import os"),
    ("Pure rooms do no I/O", "calls/model.py", "import daeri.infra.database"),
    ("Pure rooms do no I/O", "dispatch/fleet.py", "import asyncio"),
    ("Pure rooms do no I/O", "kernel/ids.py", "import time"),
    ("From outside a domain only its api and model are imported", "dispatch/api.py", "import daeri.calls.store"),
    ("From outside a domain only its api and model are imported", "web/pages.py", "import daeri.calls.policy"),
    ("From outside a domain only its api and model are imported", "dispatch/api.py", "import daeri.calls.ports"),
    ("From outside a domain only its api and model are imported", "web/pages.py", "import daeri.dispatch.fleet"),
    ("The simulation knows the public API only", "sim/client.py", "import daeri.calls.model"),
    ("Only the top of the house starts what stands beside it", "web/pages.py", "import daeri.sim.client"),
]


def test_a_sound_house_is_let_through(tmp_path: Path) -> None:
    result = _lint(_tree(tmp_path, SOUND))
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("contract", "module", "text"), BROKEN)
def test_a_contract_can_break(tmp_path: Path, contract: str, module: str, text: str) -> None:
    result = _lint(_tree(tmp_path, {**SOUND, module: text}))
    assert result.returncode == 1
    assert f"{contract} BROKEN" in " ".join(result.stdout.split())


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("calls/store.py", 'SQL = "UPDATE calls SET at = now()"'),
        ("calls/store.py", 'SQL = f"""\nSELECT {1}, CURRENT_TIMESTAMP"""'),
        ("calls/store.py", "SQL = \"SELECT 'now'::timestamptz\""),
        ("calls/store.py", "SQL = \"SELECT date 'today'\""),
        ("calls/track_store.py", 'SQL = "SELECT now()"'),
        ("migrations/sql/0001/60_calls.sql", "CREATE TABLE calls (at timestamptz DEFAULT clock_timestamp())"),
        ("migrations/sql/0001/60_calls.sql", "-- now() is wrong here\nSELECT localtime"),
        ("migrations/versions/0002.py", 'op.execute("SELECT transaction_timestamp ()")'),
    ],
)
def test_the_clock_of_the_database_is_found(
    tmp_path: Path, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _tree(tmp_path, {name: text}) / "daeri"
    assert _script("check_clock").main([str(folder)]) == 1
    assert Path(name).name in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("calls/store.py", '"""Never now()."""\nSQL = "SELECT $1::timestamptz -- not now()\\n"'),
        ("calls/store.py", 'SQL = "SELECT known(a), renown, current_timestamp_of_call"'),
        ("calls/api.py", 'SQL = "SELECT now()"'),
        ("calls/store.py", "SQL = \"SELECT slot = 'now'\""),
        ("migrations/sql/0001/05_queue.sql", "SELECT now()"),
        ("migrations/sql/0001/60_calls.sql", "/* now()\n */ SELECT 1"),
    ],
)
def test_what_only_looks_like_it_is_let_through(tmp_path: Path, name: str, text: str) -> None:
    assert _script("check_clock").main([str(_tree(tmp_path, {name: text}) / "daeri")]) == 0


SKIP = (
    '<testsuites><testsuite><testcase classname="t" name="x">'
    '<skipped type="{}" message="{}"/></testcase></testsuite></testsuites>'
)


@pytest.mark.parametrize(
    ("kind", "reason", "status"),
    [
        ("pytest.skip", "no chromium on PATH", 1),
        ("pytest.skip", "needs the folder `shared` beside the checkout", 1),
        ("pytest.skip", "takes minutes: runs with --long", 0),
        ("pytest.skip", "only on macOS", 0),
        ("pytest.xfail", "known", 0),
    ],
)
def test_a_skip_without_a_good_reason_is_found(tmp_path: Path, kind: str, reason: str, status: int) -> None:
    report = tmp_path / "tests.xml"
    report.write_text(SKIP.format(kind, reason))
    assert _script("check_skips").main([str(report)]) == status


def test_a_report_without_tests_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "tests.xml").write_text("<testsuites/>")
    assert _script("check_skips").main([str(tmp_path / "tests.xml")]) == 1


def test_a_stale_page_of_settings_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = _script("write_settings_doc")
    monkeypatch.setattr(script, "PAGE", tmp_path / "settings.md")
    assert script.main(["--check"]) == 1
    script.main([])
    assert script.main(["--check"]) == 0


def test_the_setup_speaks_pips_configuration_to_uv() -> None:
    setup = _script("setup")
    listing = (
        ":env:.cert='/tls/ca.pem'\n"
        "global.index-url='https://mirror.example/simple'\n"
        "global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'\n"
        "global.find-links='/wheels /more'\n"
        "install.index-url='https://install.example/simple'\n"
        "list.format='columns'\n"
    )
    settings = setup.uv_settings(setup.parse_pip_config(listing), {"UV_FIND_LINKS": "/mine"})
    assert settings == {
        "SSL_CERT_FILE": "/tls/ca.pem",
        "UV_DEFAULT_INDEX": "https://install.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_the_setup_names_no_index_of_its_own() -> None:
    assert _script("setup").uv_settings({}, {}) == {}


# Names of the operators whose documents the rules were read from, as words of their own; telephone numbers that ring.
# A bank is no operator, and people look for theirs by its name.
BRAND = re.compile(
    r"카카오(?!뱅크)|kakao(?!bank)|콜마너|callmaner|\bCNMP\b|아지트|티맵|\btmap\b|네이버|\bnaver\b", re.IGNORECASE
)
RINGS = re.compile(r"(?<![\d-])(?:1[568]\d\d-\d{4}|0(?:2|[3-6]\d|70)-\d{3,4}-\d{4})(?![\d-])")
WRITTEN = ("*.py", "*.js", "*.ts", "*.html", "*.css", "*.po", "*.sql", "*.svg")


@pytest.mark.rule("I-046")
def test_no_brand_and_no_telephone_number_is_in_the_code() -> None:
    source = ROOT / "src" / "daeri"
    found = [
        f"{path.relative_to(source)}: {match[0]}"
        for ending in WRITTEN
        for path in source.rglob(ending)
        if "vendor" not in path.parts
        for pattern in (BRAND, RINGS)
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("text", ["카카오 T", "Kakao", "1577-1577", "02-555-1234", "070-1234-5678"])
def test_a_brand_or_a_number_would_be_found(text: str) -> None:
    assert BRAND.search(text) or RINGS.search(text)


@pytest.mark.parametrize(
    "text", ["카카오뱅크", "KakaoBank", "010-****-1234", "11-22-334455-66", "2025-02-19", "t.map("]
)
def test_what_is_neither_is_let_through(text: str) -> None:
    assert not BRAND.search(text)
    assert not RINGS.search(text)
