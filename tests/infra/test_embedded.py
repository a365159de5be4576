"""The embedded PostgreSQL with real processes: what it leaves behind, what it recovers, whom it refuses."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
import pytest

from daeri.infra.embedded import DataFolderInUse, EmbeddedPostgres, NotOnMainThread, embedded_postgres, running_dsn
from daeri.infra.embedded.binaries import wheel_binaries
from daeri.infra.embedded.process import DeathWatch
from daeri.infra.embedded.user import server_user

ROOT = os.geteuid() == 0
# Starts a server as told on its standard input, says where, and waits to be killed.
PARENT = """
import json, os, pwd, sys
from pathlib import Path
from daeri.infra.embedded import EmbeddedPostgres
from daeri.infra.embedded.process import DeathWatch
from daeri.kernel.errors import DaeriError
told = json.loads(sys.stdin.readline())
sys.path[:0] = told["first_on_path"]
if told["user"]:
    user = pwd.getpwnam(told["user"])
    os.setgroups([]), os.setgid(user.pw_gid), os.setuid(user.pw_uid)
server = EmbeddedPostgres()
try:
    server.start(Path(told["data"]), state_folder=Path(told["state"]), death_watch=DeathWatch(told["watch"]))
except DaeriError as error:
    print(json.dumps({"refused": error.code, "facts": error.facts}), flush=True)
    sys.exit(1)
print(json.dumps({"dsn": server.dsn, "postmaster": server.postmaster_pid}), flush=True)
sys.stdin.read()
server.stop()
"""


@dataclass
class Parent:
    """A process that runs an embedded server as its child."""

    process: subprocess.Popen[str]
    answer: dict[str, str]

    @property
    def dsn(self) -> str:
        return self.answer["dsn"]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """The orderly way: its input ends."""
        self.process.communicate(timeout=30)


StartParent = Callable[..., Parent]


@pytest.fixture
def start_parent(scratch_folder: Path) -> Iterator[StartParent]:
    started: list[Parent] = []

    def start(
        *, data: Path | None = None, watch: DeathWatch = DeathWatch.KERNEL, user: str = "", path: Path | None = None
    ) -> Parent:
        process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=-1, stdout=-1, text=True)
        told = {
            "data": str(data or scratch_folder / "data"),
            "state": str(scratch_folder / "state"),
            "watch": watch,
            "user": user,
            "first_on_path": [str(path)] if path else [],
        }
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        started.append(Parent(process, json.loads(process.stdout.readline() or "{}")))
        return started[-1]

    yield start
    for parent in started:
        parent.kill()
        if parent.answer.get("postmaster"):
            _wait_until(lambda pid=parent.answer["postmaster"]: not psutil.pid_exists(pid))


def _wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _servers_of(folder: Path) -> list[int]:
    """Every process, postmaster or session, that works in the cluster of a data folder."""
    cluster = (folder / "cluster").resolve()
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and Path(process.cwd()) == cluster:
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
    return found


async def _run(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def _run_now(dsn: str, sql: str) -> object:
    return asyncio.run(_run(dsn, sql))


def _owned_by_nobody(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return folder


@pytest.mark.parametrize("user", ["", "nobody"] if ROOT else [""])
@pytest.mark.parametrize("watch", DeathWatch if sys.platform == "linux" else [DeathWatch.PIPE])
def test_sigkill_of_the_parent_leaves_no_process(
    scratch_folder: Path, start_parent: StartParent, watch: DeathWatch, user: str
):
    if user:
        _owned_by_nobody(scratch_folder / "data")
    parent = start_parent(watch=watch, user=user)
    assert _run_now(parent.dsn, "SELECT 1") == 1
    assert len(_servers_of(scratch_folder / "data")) > 1
    parent.kill()
    _wait_until(lambda: not _servers_of(scratch_folder / "data"))


def test_an_open_session_does_not_keep_the_server_alive(scratch_folder: Path, start_parent: StartParent):
    parent = start_parent()

    async def killed_in_the_middle() -> None:
        connection = await asyncpg.connect(parent.dsn)
        busy = asyncio.ensure_future(connection.fetchval("SELECT pg_sleep(60)"))
        await asyncio.sleep(0.2)
        parent.kill()
        with pytest.raises((asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError)):
            await busy

    asyncio.run(killed_in_the_middle())
    _wait_until(lambda: not _servers_of(scratch_folder / "data"))


def test_the_next_start_waits_for_a_server_that_is_going_down(start_parent: StartParent):
    first = start_parent()
    _run_now(first.dsn, "CREATE TABLE kept AS SELECT g AS n FROM generate_series(1, 200000) g")
    first.kill()
    second = start_parent()
    assert _run_now(second.dsn, "SELECT count(*) FROM kept") == 200_000


@pytest.mark.parametrize("with_parent", [False, True], ids=["postmaster", "postmaster and parent"])
def test_restart_after_a_crash_recovers_what_was_committed(start_parent: StartParent, with_parent: bool):
    first = start_parent()
    _run_now(first.dsn, "CREATE TABLE kept (n int)")
    for number in range(20):
        _run_now(first.dsn, f"INSERT INTO kept VALUES ({number}) RETURNING n")
    os.kill(first.answer["postmaster"], signal.SIGKILL)
    if with_parent:
        first.kill()
    else:
        first.stop()
    second = start_parent()
    assert _run_now(second.dsn, "SELECT array_agg(n ORDER BY n) FROM kept") == list(range(20))


def test_a_busy_orphan_of_a_killed_postmaster_does_not_stop_the_restart(
    scratch_folder: Path, start_parent: StartParent
):
    first = start_parent()

    async def killed_in_the_middle() -> None:
        connection = await asyncpg.connect(first.dsn)
        busy = asyncio.ensure_future(connection.fetchval("SELECT count(*) FROM generate_series(1, 6000000)"))
        await asyncio.sleep(0.2)
        os.kill(first.answer["postmaster"], signal.SIGKILL)
        first.kill()
        await asyncio.wait([busy], timeout=0)
        busy.cancel()

    asyncio.run(killed_in_the_middle())
    assert _run_now(start_parent().dsn, "SELECT 1") == 1


async def test_a_server_that_ends_on_its_own_is_noticed(scratch_folder: Path):
    with embedded_postgres(scratch_folder / "data", throwaway=True) as server:
        assert not server.has_ended()
        os.kill(server.postmaster_pid, signal.SIGKILL)
        _wait_until(server.has_ended)


def test_a_second_start_on_the_same_folder_is_refused_by_name(scratch_folder: Path, start_parent: StartParent):
    first = start_parent()
    refused = start_parent()
    assert refused.answer["refused"] == "data_folder_in_use"
    assert refused.answer["facts"] == {"folder": str(scratch_folder / "data"), "process": first.process.pid}
    with pytest.raises(DataFolderInUse):
        EmbeddedPostgres().start(scratch_folder / "data")
    assert _run_now(first.dsn, "SELECT 1") == 1


async def test_a_path_too_long_for_a_socket_leaves_tcp(scratch_folder: Path):
    folder = scratch_folder / ("long-" * 18)
    with embedded_postgres(folder, throwaway=True) as server:
        assert server.socket_dsn is None
        assert await _run(server.dsn, "SELECT 1") == 1


async def test_another_process_finds_the_running_server(scratch_folder: Path, start_parent: StartParent):
    data = scratch_folder / "data"
    assert running_dsn(data) is None
    parent = start_parent()
    assert running_dsn(data) == parent.dsn
    os.kill(parent.answer["postmaster"], signal.SIGKILL)
    _wait_until(lambda: running_dsn(data) is None)


async def test_the_socket_serves_where_its_path_fits(scratch_folder: Path):
    with embedded_postgres(scratch_folder / "data", throwaway=True) as server:
        assert await _run(server.socket_dsn, "SELECT inet_server_addr() IS NULL")


async def test_stop_and_start_keep_rows_and_password(scratch_folder: Path):
    with embedded_postgres(scratch_folder / "data", throwaway=True) as server:
        await _run(server.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    with embedded_postgres(scratch_folder / "data", throwaway=True) as server:
        assert await _run(server.dsn, "SELECT n FROM kept") == 7
    assert not _servers_of(scratch_folder / "data")


async def test_only_the_password_opens_it_and_only_its_owner_reads_the_password(scratch_folder: Path):
    with embedded_postgres(scratch_folder / "data", throwaway=True) as server:
        assert (scratch_folder / "data" / "password").stat().st_mode & 0o777 == 0o600
        assert (scratch_folder / "data" / "server.log").stat().st_mode & 0o777 == 0o600
        assert (scratch_folder / "data" / "cluster").stat().st_mode & 0o077 == 0
        password = (scratch_folder / "data" / "password").read_text()
        assert await _run(server.dsn, "SHOW data_checksums") == "on"
        for address in (server.dsn, server.socket_dsn):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await _run(address.replace(password, "guessed"), "SELECT 1")


async def test_it_is_durable_unless_thrown_away(scratch_folder: Path):
    asked = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings WHERE name = ANY(ARRAY["
    asked += "'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers'])"
    with embedded_postgres(scratch_folder / "data") as server:
        durable = "fsync=on full_page_writes=on shared_buffers=32768 synchronous_commit=on"
        assert await _run(server.dsn, asked) == durable
    with embedded_postgres(scratch_folder / "data", throwaway=True) as server:
        assert "fsync=off full_page_writes=off" in await _run(server.dsn, asked)


def test_a_pid_file_whose_number_is_another_programs_is_forgotten(scratch_folder: Path):
    with embedded_postgres(scratch_folder / "data", throwaway=True):
        left = (scratch_folder / "data" / "cluster" / "postmaster.pid").read_text().splitlines()
    user = server_user(scratch_folder / "data" / "cluster")
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **(user.credentials() if user else {}))
    try:
        pid_file = scratch_folder / "data" / "cluster" / "postmaster.pid"
        pid_file.write_text("\n".join([str(stranger.pid), *left[1:]]) + "\n")
        if user:
            os.chown(pid_file, user.uid, user.gid)
        with embedded_postgres(scratch_folder / "data", throwaway=True) as server:
            assert _run_now(server.dsn, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_what_an_interrupted_making_left_is_thrown_away(scratch_folder: Path):
    leftover = scratch_folder / "data" / "making-before" / "cluster"
    leftover.mkdir(parents=True)
    with embedded_postgres(scratch_folder / "data", throwaway=True) as server:
        assert await _run(server.dsn, "SELECT 1") == 1
    assert not leftover.parent.exists()


async def test_postgres_variables_of_the_person_do_not_steer_it(scratch_folder: Path, monkeypatch: pytest.MonkeyPatch):
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "PGOPTIONS": "-c fsync=off"}.items():
        monkeypatch.setenv(name, value)
    server = EmbeddedPostgres()
    server.start(scratch_folder / "data")
    try:
        for name in ("PGDATA", "PGPORT", "PGOPTIONS"):
            monkeypatch.delenv(name)
        assert await _run(server.dsn, "SHOW fsync") == "on"
    finally:
        server.stop()


def test_only_the_main_thread_may_start_it(scratch_folder: Path):
    raised: list[BaseException] = []

    def start() -> None:
        try:
            EmbeddedPostgres().start(scratch_folder / "data")
        except NotOnMainThread as error:
            raised.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(raised) == 1


def test_roots_data_that_the_servers_user_cannot_reach_lies_in_the_state_folder(
    scratch_folder: Path, start_parent: StartParent
):
    private = scratch_folder / "private"
    private.mkdir(mode=0o700)
    first = start_parent(data=private / "data")
    _run_now(first.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    home = scratch_folder / "state" if ROOT else private
    assert (private / "data" / "cluster").resolve().is_relative_to(home)
    first.stop()
    second = start_parent(data=private / "data")
    assert _run_now(second.dsn, "SELECT n FROM kept") == 7
    second.stop()
    shutil.rmtree(private / "data")
    anew = start_parent(data=private / "data")
    assert _run_now(anew.dsn, "SELECT to_regclass('kept')") is None


def test_roots_binaries_that_the_servers_user_cannot_reach_are_copied(scratch_folder: Path, start_parent: StartParent):
    private = scratch_folder / "private"
    private.mkdir(mode=0o700)
    package = wheel_binaries().parent.parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        (private / folder.name).symlink_to(folder)
    parent = start_parent(path=private)
    assert _run_now(parent.dsn, "SELECT 1") == 1
    program = psutil.Process(parent.answer["postmaster"]).exe()
    # Anyone else runs the server as themselves, and reaches what they can import.
    assert Path(program).is_relative_to(scratch_folder / "state" if ROOT else package)
