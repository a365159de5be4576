"""The postmaster as a child that never outlives us, and what is known of one that an earlier parent left."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import IO

from daeri.infra.embedded.user import Credentials, ServerUser

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_HAS_PROC = Path("/proc/self/cwd").exists()
# Reads until the parent is gone, then asks for a fast shutdown.
_WATCHDOG = 'read -r _; kill -INT "$1"'


class DeathWatch(StrEnum):
    """How the postmaster learns that its parent is gone."""

    KERNEL = "kernel"  # Linux sends the child a signal
    PIPE = "pipe"  # a small process waits for the end of a pipe that only the parent holds open


def best_death_watch() -> DeathWatch:
    return DeathWatch.KERNEL if _LIBC is not None else DeathWatch.PIPE


class ServerProcess:
    """A running postmaster. SIGINT asks it for a fast shutdown: sessions end, what was committed is kept."""

    def __init__(self, postmaster: "subprocess.Popen[bytes]", watchdog: "subprocess.Popen[bytes] | None") -> None:
        self._postmaster = postmaster
        self._watchdog = watchdog

    @property
    def pid(self) -> int:
        return self._postmaster.pid

    def exit_status(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._postmaster.poll()

    def stop(self, patience_s: float) -> None:
        """Fast shutdown; after `patience_s` seconds immediate shutdown, then SIGKILL."""
        for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self._postmaster.poll() is not None:
                break
            self._postmaster.send_signal(sign)
            try:
                self._postmaster.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
        self._end_watchdog()

    def _end_watchdog(self) -> None:
        """Before its number can be given to another process, which it would then signal."""
        if self._watchdog is None:
            return
        self._watchdog.kill()
        self._watchdog.wait()
        if self._watchdog.stdin is not None:
            self._watchdog.stdin.close()


def launch(
    command: list[Path | str], *, user: ServerUser | None, folder: Path, log: IO[bytes], watch: DeathWatch
) -> ServerProcess:
    """Start the postmaster in a session of its own, so that Ctrl-C reaches us first and it only through us."""
    credentials = user.credentials() if user else Credentials()
    postmaster = subprocess.Popen(  # noqa: S603 -- the wheel's own program
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=folder,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()) if watch is DeathWatch.KERNEL else None,  # noqa: PLW1509 -- no locks in it
        env=_environment(os.environ),
        **credentials,
    )
    return ServerProcess(postmaster, _watchdog(postmaster.pid) if watch is DeathWatch.PIPE else None)


def _die_with(parent: int) -> Callable[[], None]:
    """Runs in the child, after it took its user's id (which would forget the wish) and before it becomes PostgreSQL."""

    def ask() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        # The parent may have died before the kernel knew our wish.
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _watchdog(postmaster: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 -- a constant script
        ["/bin/sh", "-c", _WATCHDOG, "watchdog", str(postmaster)], stdin=subprocess.PIPE, start_new_session=True
    )


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """PG… variables of the person who starts us must not steer the server."""
    return {name: value for name, value in environment.items() if not name.startswith("PG")}


def is_ready(cluster: Path, pid: int) -> bool:
    """Whether the postmaster says, in the file that pg_ctl reads too, that it accepts connections."""
    address = running_address(cluster)
    return address is not None and address[0] == pid


def running_address(cluster: Path) -> tuple[int, int] | None:
    """Process id and port of a postmaster that says it is ready, alive or not."""
    lines = _pid_file(cluster)
    ready = len(lines) >= 8 and lines[7].strip() == "ready"
    return (int(lines[0]), int(lines[3])) if ready else None


def recorded_postmaster(cluster: Path) -> int | None:
    """The process id in the cluster's pid file, whether or not such a process runs."""
    lines = _pid_file(cluster)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def forget_postmaster(cluster: Path) -> None:
    """Remove a pid file whose number now belongs to another program, which PostgreSQL would take for a server."""
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def runs_cluster(pid: int, cluster: Path) -> bool:
    """Whether process `pid` is alive and is a PostgreSQL that serves `cluster`: numbers are used again."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if _HAS_PROC:
        return _runs_cluster_by_proc(pid, cluster)
    listed = subprocess.run(  # noqa: S603 -- ps(1) with a number
        ["/bin/ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return "postgres" in listed.stdout and str(cluster) in listed.stdout


def _runs_cluster_by_proc(pid: int, cluster: Path) -> bool:
    """A postmaster's current folder is its cluster; a process that is only waiting to be reaped has none."""
    process = Path("/proc", str(pid))
    try:
        program = (process / "comm").read_text().strip()
        return program == "postgres" and (process / "cwd").readlink() == cluster
    except PermissionError:
        # Of another user: better to wait for a stranger than to run two servers on one folder.
        return program == "postgres"
    except OSError:
        return False


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []
