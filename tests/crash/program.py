"""A real `daeri` as a subprocess on a data folder of its own: started, asked whether it is ready, killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
from tests.ports import free_ports

READY_WITHIN_S = 45.0
GONE_WITHIN_S = 15.0
_POLL_S = 0.05
DAERI = Path(sys.executable).with_name("daeri")


def environment() -> dict[str, str]:
    """Ours, without what would steer the program."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("DAERI_", "PG"))}


def daeri(*arguments: str | Path, cwd: Path, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
    """Run a command of `daeri` to its end."""
    command = [str(DAERI), *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment(), check=False, capture_output=True, text=True, timeout=timeout_s
    )


def servers_of(data_folder: Path) -> list[psutil.Process]:
    """The postmaster of the data folder and every process that it has forked."""
    cluster = (data_folder / "cluster").resolve()
    return [process for process in psutil.process_iter() if _serves(process, cluster)]


def wait_until(holds: Callable[[], bool], within_s: float, what: str) -> None:
    """Raises TimeoutError that says `what` did not come about."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(_POLL_S)


class Program:
    """`daeri up` on `data_folder`; what it says goes to a file beside it."""

    def __init__(self, data_folder: Path) -> None:
        self.data_folder = data_folder
        self.port, self.driver_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_folder.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        if self.process is None:
            raise RuntimeError("the program was never started")
        return self.process

    def start(self) -> None:
        """Begin; `until_ready` waits."""
        command = [DAERI, "up", "--data-folder", str(self.data_folder)]
        ports = ["--port", str(self.port), "--driver-port", str(self.driver_port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *ports], cwd=self.data_folder.parent, env=environment(), stdout=log, stderr=log
            )

    def until_ready(self) -> None:
        """Wait for /readyz; the program's last words when it ends instead."""
        wait_until(self._is_ready, READY_WITHIN_S, f"daeri was not ready in time: {self.last_words()}")

    def readiness(self) -> int | None:
        """The status of /readyz, None when nobody answers."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code
        except httpx.TransportError:
            return None

    def last_words(self) -> str:
        """The end of what it has said."""
        return self.log.read_text()[-4_000:] if self.log.exists() else ""

    def kill(self, *, postmaster: bool) -> list[psutil.Process]:
        """SIGKILL, to the postmaster too when told so; returns the database's processes, which must end now."""
        servers = servers_of(self.data_folder)
        pid = int((self.data_folder / "cluster" / "postmaster.pid").read_text().split()[0])
        if postmaster:
            os.kill(pid, signal.SIGKILL)
        self.running.kill()
        self.running.wait()
        return servers

    def terminate(self, sign: signal.Signals = signal.SIGTERM, within_s: float = 30.0) -> int:
        """End it the orderly way; its exit status."""
        self.running.send_signal(sign)
        return self.running.wait(within_s)

    def _is_ready(self) -> bool:
        if self.running.poll() is not None:
            raise RuntimeError(f"daeri ended with {self.running.returncode}: {self.last_words()}")
        return self.readiness() == 200


def until_gone(processes: list[psutil.Process]) -> None:
    """Wait until none of these runs; a number that was given to another process does not count."""
    wait_until(
        lambda: not any(process.is_running() for process in processes),
        GONE_WITHIN_S,
        f"still there: {[process for process in processes if process.is_running()]}",
    )


def _serves(process: psutil.Process, cluster: Path) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == cluster
    except psutil.Error:
        return False
