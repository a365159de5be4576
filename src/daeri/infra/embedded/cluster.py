"""The cluster on disk: where it lies, its password, and its making as one step that happens or does not."""

import os
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from daeri.infra.embedded.binaries import major_version
from daeri.infra.embedded.errors import DatabaseStartFailed
from daeri.infra.embedded.user import Credentials, ServerUser, server_user

ROLE = "daeri"
DATABASE = "daeri"
PASSWORD_FILE = "password"  # noqa: S105 -- a file's name
# sockaddr_un.sun_path holds 108 bytes on Linux and 104 elsewhere, the closing zero included.
_SOCKET_PATH_BYTES = 103
_LONGEST_SOCKET_NAME = "/.s.PGSQL.65535.lock"


@dataclass(frozen=True, slots=True)
class Cluster:
    """`folder` is PostgreSQL's data directory; `user` runs it (None: ourselves)."""

    folder: Path
    user: ServerUser | None
    password: str

    @property
    def socket_folder(self) -> Path | None:
        """Where the server puts its Unix socket, or None when the path would be longer than the system allows."""
        fits = len(os.fsencode(self.folder)) + len(_LONGEST_SOCKET_NAME) <= _SOCKET_PATH_BYTES
        return self.folder if fits else None


def locate(data_folder: Path, state_folder: Path) -> Cluster:
    """Where the cluster of `data_folder` lies or shall lie, with its password made on first use."""
    data_folder.mkdir(parents=True, exist_ok=True)
    link = data_folder / "cluster"
    user = server_user(link)
    if user is not None:
        _let_through(data_folder)
        if not link.is_symlink() and not link.exists() and not user.may_enter(data_folder):
            _point_elsewhere(link, state_folder, user)
    return Cluster(link.resolve(), user, _password(data_folder))


def _let_through(data_folder: Path) -> None:
    """Another user must pass through our folder to the cluster; what we keep beside it stays unreadable."""
    data_folder.chmod(data_folder.stat().st_mode | 0o011)


def _point_elsewhere(link: Path, state_folder: Path, user: ServerUser) -> None:
    """The server's user cannot reach the data folder: the cluster lies in the state folder, behind a symlink."""
    # A new name each time: a data folder that was deleted and made again must not find its former self.
    home = state_folder / f"data-{secrets.token_hex(6)}"
    home.mkdir(parents=True, mode=0o755)
    os.chown(home, user.uid, user.gid)
    link.symlink_to(home / "cluster")


def _password(data_folder: Path) -> str:
    path = data_folder / PASSWORD_FILE
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        password = secrets.token_urlsafe(24)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(password)
            file.flush()
            os.fsync(file.fileno())
        return password


def create(cluster: Cluster, binaries: Path) -> None:
    """Make the cluster and its database, unless they exist. A half-made one of an earlier attempt is thrown away."""
    if (cluster.folder / "PG_VERSION").exists():
        return
    with _workplace(cluster) as place:
        half = Path(place) / "cluster"
        _initdb(cluster, binaries, half)
        _create_database(cluster, binaries, half)
        if cluster.folder.exists():
            cluster.folder.rmdir()
        half.rename(cluster.folder)


def _workplace(cluster: Cluster) -> "tempfile.TemporaryDirectory[str]":
    """A folder beside the cluster, on the same file system, that belongs to the server's user."""
    parent = cluster.folder.parent
    for leftover in parent.glob("making-*"):
        shutil.rmtree(leftover)
    place = tempfile.TemporaryDirectory(prefix="making-", dir=parent)
    if cluster.user is not None:
        os.chown(place.name, cluster.user.uid, cluster.user.gid)
    return place


def _initdb(cluster: Cluster, binaries: Path, folder: Path) -> None:
    password_file = folder.parent / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(cluster.password)
    if cluster.user is not None:
        os.chown(password_file, cluster.user.uid, cluster.user.gid)
    command: list[Path | str] = [
        binaries / "initdb",
        "-D",
        folder,
        "-U",
        ROLE,
        "-A",
        "scram-sha-256",
        "-k",
        *_locale(binaries),
    ]
    _run(cluster, "initdb", [*command, f"--pwfile={password_file}"])


def _locale(binaries: Path) -> list[str]:
    """Code-point order: the dictionary's order for Hangul, and it never changes under an index."""
    if major_version(binaries) < 17:
        return ["--locale=C", "--encoding=UTF8"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]


def _create_database(cluster: Cluster, binaries: Path, folder: Path) -> None:
    """Before any postmaster runs, so that a cluster is never seen without its database."""
    _run(
        cluster,
        "create database",
        [binaries / "postgres", "--single", "-D", folder, "postgres"],
        f"CREATE DATABASE {DATABASE}\n",
    )


def _run(cluster: Cluster, step: str, command: list[Path | str], typed: str | None = None) -> None:
    credentials = cluster.user.credentials() if cluster.user else Credentials()
    done = subprocess.run(  # noqa: S603 -- the wheel's own programs
        command, check=False, capture_output=True, text=True, input=typed, cwd=cluster.folder.parent, **credentials
    )
    if done.returncode != 0:
        raise DatabaseStartFailed(step=step, folder=str(cluster.folder), log=done.stderr[-2000:])
