"""Runs the test suite with what it needs: a browser first, through the system's packages where that is possible.

usage: python scripts/run_tests.py [PYTEST_ARGUMENTS …]

DAERI_REQUIRE_BROWSER=1 makes a missing browser an error. DAERI_TEST_WORKERS says how many processes share the work.
"""

import os
import shutil
import subprocess
import sys

# The first one draws no window around a page, which saves a fifth of a browser's work.
PACKAGES = ("chromium-headless-shell", "chromium")
BROWSERS = (*PACKAGES, "chromium-browser", "google-chrome")
MOST_WORKERS = 8


def main(arguments: list[str]) -> int:
    if not browser_ready():
        if os.environ.get("DAERI_REQUIRE_BROWSER") == "1":
            print("tests: no Chromium here and it could not be installed, but DAERI_REQUIRE_BROWSER=1", file=sys.stderr)
            return 1
        print(
            "tests: NOT RUN: the browser tests. Put `chromium` on PATH (Debian: apt-get install chromium)", flush=True
        )
    # A file is one process's: its tests share servers and browsers. The order is the one of tests/conftest.py.
    shared = ["-n", workers(), "--dist", "loadfile", "--no-loadscope-reorder"]
    pytest = [sys.executable, "-m", "pytest", *shared, *arguments]
    # In place of this process, so that Ctrl-C and SIGTERM reach pytest itself.
    return os.execv(pytest[0], pytest)


def browser_ready() -> bool:
    """Whether there is a browser, after trying to install one where we may."""
    if any(map(shutil.which, BROWSERS)):
        return True
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print("tests: installing a browser through apt", flush=True)
    _apt_get("update")
    for package in PACKAGES:
        _apt_get("install", "-y", "--no-install-recommends", package)
        if shutil.which(package):
            return True
    return False


def _apt_get(*arguments: str) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["/usr/bin/apt-get", "-qq", *arguments], env=quiet, stdout=subprocess.DEVNULL, check=False)


def workers() -> str:
    """Three for two processors, since tests also wait; each opens databases of its own, so eight at most."""
    return os.environ.get("DAERI_TEST_WORKERS") or str(max(2, min(MOST_WORKERS, (os.cpu_count() or 2) * 3 // 2)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
