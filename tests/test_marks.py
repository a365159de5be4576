"""What the marks of the test suite do, seen by running pytest on a test of each kind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OURS = [Path(__file__).with_name(name) for name in ("conftest.py", "browsers.py")]
MARKED = """
import pytest
@pytest.mark.long
def test_long(): pass
@pytest.mark.shared
def test_shared(shared_data): assert shared_data.name == "data"
@pytest.mark.browser
def test_browser(): pass
def test_plain(): pass
"""
MARKS = "[pytest]\nmarkers =\n    long\n    shared\n    browser\n"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "tests").mkdir(parents=True)
    (folder / "pytest.ini").write_text(MARKS)
    (folder / "tests" / "test_marked.py").write_text(MARKED)
    for file in OURS:
        shutil.copy(file, folder / "tests")
    return folder


def _run(suite: Path, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "pytest", "-rs", "-v", "-p", "no:cacheprovider", *arguments]
    plain = {"PATH": str(suite / "empty"), "DAERI_REQUIRE_BROWSER": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environ = os.environ | plain | environment
    return subprocess.run(command, check=False, cwd=suite, env=environ, capture_output=True, text=True).stdout


def test_each_kind_says_why_it_does_not_run(suite: Path):
    told = _run(suite)
    for reason in ("--long", "`shared` beside the checkout", "no chromium on PATH"):
        assert told.count(reason) >= 1
    assert "1 passed, 3 skipped" in told


def test_each_kind_runs_where_it_can(suite: Path):
    (suite.parent / "shared" / "data").mkdir(parents=True)
    (suite / "empty").mkdir()
    browser = suite / "empty" / "chromium"
    browser.touch(mode=0o755)
    assert "4 passed" in _run(suite, "--long")


def test_a_required_browser_that_is_missing_is_a_failure(suite: Path):
    told = _run(suite, DAERI_REQUIRE_BROWSER="1")
    assert "DAERI_REQUIRE_BROWSER=1, but no chromium" in told
    assert "1 error" in told
