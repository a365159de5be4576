"""Builds .venv from the locked requirements; with nothing changed, a second run returns at once.

usage: python3 scripts/setup.py [--this-python] run|test

Runs on a bare Python, so it uses the standard library alone. `run` is what the program needs, `test` adds what the
tests and checks need. uv does the work where it can be had; pip does the same, slower, where it cannot.
"""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
PROFILES = ("run", "test")
FLOOR = (3, 11)
# pip's setting -> uv's variable, and what stands between several values there.
PIP_TO_UV = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "no-index": ("UV_NO_INDEX", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
    "proxy": ("ALL_PROXY", " "),
}


def main(arguments: list[str]) -> int:
    profile = next((argument for argument in arguments if not argument.startswith("-")), "test")
    if profile not in PROFILES:
        return _fail(f"unknown profile {profile!r}: use run or test")
    if sys.version_info < FLOOR:
        return _fail(f"Python {FLOOR[0]}.{FLOOR[1]} or newer is needed, this is {sys.version.split()[0]}. "
                     "Name another one: make setup PYTHON=python3.12")  # fmt: skip
    replace = "--this-python" in arguments and _venv_version() not in (None, sys.version_info[:2])
    if not replace and _is_fresh(profile):
        return 0
    print(f"setup: preparing .venv for {profile} (once; a minute or so)", flush=True)
    return _build(profile, replace=replace)


def _build(profile: str, *, replace: bool) -> int:
    if (replace or not _works(PYTHON)) and not _make_venv():
        return _fail("no virtual environment could be made. Install the venv module and pip for this Python "
                     "(Debian, Ubuntu: apt-get install python3-venv python3-pip)")  # fmt: skip
    requirements = ROOT / "requirements" / f"{profile}.txt"
    uv_environment = {**os.environ, **uv_settings(_pip_config(), os.environ)}
    with_uv = _install_uv() and _install_with_uv(requirements, uv_environment)
    if not with_uv:
        print("setup: uv could not do it; trying pip", flush=True)
        if not _install_with_pip(requirements):
            return _fail("the locked requirements could not be installed; the lines above say why")
    for other in PROFILES:
        _stamp(other).unlink(missing_ok=True)
    _stamp(profile).write_text(_fingerprint(profile))
    return 0


def uv_settings(pip_config: dict[str, str], environment: "os._Environ[str] | dict[str, str]") -> dict[str, str]:
    """uv's variables that say what pip's configuration says; what is set for uv already stays."""
    settings: dict[str, str] = {}
    for name, value in pip_config.items():
        if name in PIP_TO_UV:
            variable, separator = PIP_TO_UV[name]
            settings[variable] = separator.join(value.split())
    if "UV_INDEX" in settings or "UV_FIND_LINKS" in settings:
        # pip looks at all its indexes at once. With hashes for every file, which of them serves it is no matter.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in settings.items() if name not in environment}


def _pip_config() -> dict[str, str]:
    """pip's own settings, the stronger over the weaker: file < file's [install] < environment."""
    listed = subprocess.run([*_pip(), "config", "list"], capture_output=True, text=True, check=False)
    return parse_pip_config(listed.stdout)


def parse_pip_config(listing: str) -> dict[str, str]:
    """`pip config list` as a mapping; the stronger section wins."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        key, _, quoted = line.partition("=")
        section, _, name = key.strip().partition(".")
        if section in found and quoted:
            found[section][name] = str(ast.literal_eval(quoted))
    return {**found["global"], **found["install"], **found[":env:"]}


def _make_venv() -> bool:
    """With the venv's own pip, or filled by this Python's pip where ensurepip is a package apart."""
    attempts: list[list[str]] = [[], ["--without-pip"]]
    for options in attempts:
        made = _run(sys.executable, "-m", "venv", "--clear", *options, str(VENV), quiet=True)
        if made and _works(PYTHON) and _runs_quietly([*_pip(), "--version"]):
            return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "python3-venv", "python3-pip")
        return _run(sys.executable, "-m", "venv", "--clear", str(VENV)) and _works(PYTHON)
    return False


def _pip() -> list[str]:
    if _runs_quietly([str(PYTHON), "-m", "pip", "--version"]):
        return [str(PYTHON), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def _install_uv() -> bool:
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes")
    return _run(*_pip(), "install", *options, "-r", str(ROOT / "requirements" / "uv.txt"))


def _install_with_uv(requirements: Path, environment: dict[str, str]) -> bool:
    python = ("--python", str(PYTHON))
    return _run(
        str(UV), "pip", "sync", "--quiet", *python, "--require-hashes", str(requirements), environment=environment
    ) and _run(
        str(UV), "pip", "install", "--quiet", *python, "--no-deps", "--no-build-isolation", "-e", str(ROOT),
        environment=environment,
    )  # fmt: skip


def _install_with_pip(requirements: Path) -> bool:
    install = (*_pip(), "install", "--quiet", "--disable-pip-version-check")
    return _run(*install, "--require-hashes", "-r", str(requirements)) and _run(
        *install, "--no-deps", "--no-build-isolation", "-e", str(ROOT)
    )


def _is_fresh(profile: str) -> bool:
    """The locks of `test` hold those of `run`, so an up-to-date `test` serves both."""
    wanted = [profile, "test"]
    return any(_stamp(p).is_file() and _stamp(p).read_text() == _fingerprint(p) for p in wanted) and _works(PYTHON)


def _fingerprint(profile: str) -> str:
    digest = hashlib.sha256(str(ROOT).encode())
    for name in (f"requirements/{profile}.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _stamp(profile: str) -> Path:
    return VENV / f"daeri-{profile}.stamp"


def _venv_version() -> "tuple[int, ...] | None":
    config = VENV / "pyvenv.cfg"
    if not config.is_file():
        return None
    settings = dict(line.split(" = ", 1) for line in config.read_text().splitlines() if " = " in line)
    version = settings.get("version", settings.get("version_info", "0.0"))
    return tuple(int(part) for part in version.split(".")[:2])


def _works(python: Path) -> bool:
    # The path must resolve: a .venv that was copied or whose Python is gone is made anew.
    return python.exists() and _runs_quietly([str(python), "-S", "-c", ""])


def _runs_quietly(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(*command: str, environment: "dict[str, str] | None" = None, quiet: bool = False) -> bool:
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, env=environment, stdout=output, stderr=output, check=False).returncode == 0


def _fail(message: str) -> int:
    print(f"setup: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
