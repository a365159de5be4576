"""Starts and stops the embedded PostgreSQL of a data folder."""

import fcntl
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from daeri.infra.embedded import cluster as clusters
from daeri.infra.embedded import process as processes
from daeri.infra.embedded.binaries import binaries_for
from daeri.infra.embedded.cluster import DATABASE, ROLE, Cluster
from daeri.infra.embedded.errors import (
    DatabaseStartFailed,
    DataFolderInUse,
    NotOnMainThread,
    OldServerStillRunning,
)
from daeri.infra.embedded.process import DeathWatch, ServerProcess

HOST = "127.0.0.1"
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_buffers": "16MB",
    "max_wal_size": "4GB",
    "checkpoint_completion_target": "0.9",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "32",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}
_START_PATIENCE_S = 60.0
_STOP_PATIENCE_S = 30.0
_OLD_SERVER_PATIENCE_S = 60.0
_POLL_S = 0.01
_LOG_LIMIT_BYTES = 16 * 1024 * 1024
_LOG_TAIL_BYTES = 2000
_PORT_ATTEMPTS = 3
# Sessions of a postmaster that was killed end a moment later; until then the new one refuses to start.
_ORPHANS = "is still in use"
_PORT_TAKEN = "Address already in use"


class EmbeddedPostgres:
    """One PostgreSQL server, child of this process, on one data folder; ends when this process ends, however it does.

    `start` and `stop` block (about a second the first time, then 50 ms) and belong to the main thread.
    """

    def __init__(self) -> None:
        self.dsn = ""
        self.socket_dsn: str | None = None
        self._process: ServerProcess | None = None
        self._lock: IO[str] | None = None

    def start(
        self,
        data_folder: Path,
        *,
        throwaway: bool = False,
        state_folder: Path | None = None,
        death_watch: DeathWatch | None = None,
        binaries: Path | None = None,
    ) -> str:
        """Make the cluster if there is none, start its server and return the database's address.

        The address is over TCP on 127.0.0.1; `socket_dsn` is the one over the Unix socket, or None where the path
        would be too long. `throwaway` trades durability for speed (tests). `state_folder` is where root puts what
        the server's user could not reach otherwise. `binaries` is the folder of another PostgreSQL (15 or newer)
        that everybody can reach.

        Raises DataFolderInUse, OldServerStillRunning, ServerBinariesMissing, ServerUserMissing, NotOnMainThread,
        DatabaseStartFailed.
        """
        if threading.current_thread() is not threading.main_thread():
            raise NotOnMainThread
        data_folder = data_folder.absolute()
        data_folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(data_folder)
        try:
            cluster = clusters.locate(data_folder, state_folder or default_state_folder())
            programs = binaries or binaries_for(cluster.user, state_folder or default_state_folder())
            self._start(cluster, programs, data_folder / "server.log", throwaway, death_watch)
        except BaseException:
            self.stop()
            raise
        return self.dsn

    def _start(self, cluster: Cluster, binaries: Path, log: Path, throwaway: bool, watch: DeathWatch | None) -> None:
        clusters.create(cluster, binaries)
        _wait_for_old_postmaster(cluster.folder)
        settings = _SETTINGS | (_THROWAWAY if throwaway else {})
        start = _Start(cluster, binaries / "postgres", settings, log, watch or processes.best_death_watch())
        self._process, port = start.run()
        self.dsn = _tcp_dsn(cluster.password, port)
        self.socket_dsn = _socket_dsn(cluster, port)

    def stop(self) -> None:
        """Fast shutdown, then let go of the folder. Does nothing when it does not run."""
        if self._process is not None:
            self._process.stop(_STOP_PATIENCE_S)
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def postmaster_pid(self) -> int | None:
        return self._process.pid if self._process else None

    def has_ended(self) -> bool:
        """Whether the server ended without being told to."""
        return self._process is not None and self._process.exit_status() is not None


@contextmanager
def embedded_postgres(data_folder: Path, *, throwaway: bool = False) -> Iterator[EmbeddedPostgres]:
    """A server that runs while the block does."""
    server = EmbeddedPostgres()
    server.start(data_folder, throwaway=throwaway)
    try:
        yield server
    finally:
        server.stop()


def running_dsn(data_folder: Path) -> str | None:
    """The address of the server that another process runs on `data_folder`, None when none accepts connections."""
    cluster = (data_folder / "cluster").resolve()
    address = processes.running_address(cluster)
    password = data_folder / clusters.PASSWORD_FILE
    if address is None or not password.exists():
        return None
    pid, port = address
    if not processes.runs_cluster(pid, cluster):
        return None
    return _tcp_dsn(password.read_text().strip(), port)


def default_state_folder() -> Path:
    """Where things lie that belong to no data folder; every user can reach root's."""
    if os.geteuid() == 0:
        return Path("/var/lib/daeri")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "daeri"


class _Start:
    """The attempts to start one server."""

    def __init__(self, cluster: Cluster, program: Path, settings: dict[str, str], log: Path, watch: DeathWatch) -> None:
        self._cluster = cluster
        self._program = program
        self._settings = settings
        self._log = log
        self._watch = watch

    def run(self) -> tuple[ServerProcess, int]:
        """A server that accepts connections, and its port."""
        deadline = time.monotonic() + _START_PATIENCE_S
        ports_taken = 0
        while True:
            port = _free_port()
            written = self._log.stat().st_size if self._log.exists() else 0
            process = self._launch(port)
            if self._becomes_ready(process, deadline):
                return process, port
            process.stop(_STOP_PATIENCE_S)
            log = _tail(self._log, written)
            ports_taken += _PORT_TAKEN in log
            again = _ORPHANS in log or (_PORT_TAKEN in log and ports_taken < _PORT_ATTEMPTS)
            if not again or time.monotonic() > deadline:
                raise DatabaseStartFailed(step="start", folder=str(self._cluster.folder), log=log)
            time.sleep(10 * _POLL_S)

    def _launch(self, port: int) -> ServerProcess:
        folder = self._cluster.folder
        sockets = self._cluster.socket_folder
        settings = self._settings | {
            "port": str(port),
            "listen_addresses": HOST,
            "unix_socket_directories": f'"{sockets}"' if sockets else "",
            "unix_socket_permissions": "0700",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with _open_log(self._log) as log:
            return processes.launch(
                [self._program, "-D", folder, *options],
                user=self._cluster.user,
                folder=folder,
                log=log,
                watch=self._watch,
            )

    def _becomes_ready(self, process: ServerProcess, deadline: float) -> bool:
        while process.exit_status() is None and time.monotonic() < deadline:
            if processes.is_ready(self._cluster.folder, process.pid):
                return True
            time.sleep(_POLL_S)
        return False


def _locked(data_folder: Path) -> IO[str]:
    """Hold the folder's lock file for as long as the returned file is open; the kernel frees it when we die."""
    # Opened for appending: a loser must not wipe out the winner's process id.
    file = (data_folder / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise DataFolderInUse(folder=str(data_folder), process=int(holder) if holder.isdigit() else None) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _wait_for_old_postmaster(cluster: Path) -> None:
    """We hold the lock, so the parent of a server that still runs is gone and it is on its way down."""
    pid = processes.recorded_postmaster(cluster)
    if pid is None:
        return
    deadline = time.monotonic() + _OLD_SERVER_PATIENCE_S
    waited = False
    while processes.runs_cluster(pid, cluster):
        if time.monotonic() > deadline:
            raise OldServerStillRunning(folder=str(cluster), process=pid)
        waited = True
        time.sleep(_POLL_S)
    if not waited and _is_alive(pid):
        processes.forget_postmaster(cluster)


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        return True
    return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def _open_log(path: Path) -> IO[bytes]:
    """Appends, or starts anew when an earlier life filled it. For its owner only: errors quote the rows they hit."""
    full = path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES
    file = path.open("wb" if full else "ab")
    path.chmod(0o600)
    return file


def _tail(path: Path, start: int) -> str:
    with path.open("rb") as file:
        file.seek(min(start, path.stat().st_size))
        return file.read()[-_LOG_TAIL_BYTES:].decode(errors="replace")


def _tcp_dsn(password: str, port: int) -> str:
    return f"postgresql://{ROLE}:{quote(password, safe='')}@{HOST}:{port}/{DATABASE}"


def _socket_dsn(cluster: Cluster, port: int) -> str | None:
    if cluster.socket_folder is None:
        return None
    place = quote(str(cluster.socket_folder), safe="")
    return f"postgresql://{ROLE}:{quote(cluster.password, safe='')}@/{DATABASE}?host={place}&port={port}"
