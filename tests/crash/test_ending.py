"""An orderly end: open requests are answered, nothing new is taken, nothing stays behind; a second signal is final."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import asyncpg
import httpx
import msgspec
import psutil
import pytest
from tests.crash.books import examine
from tests.crash.crowd import CENTRE, open_crowd
from tests.crash.program import DAERI, Program, environment, servers_of, until_gone, wait_until
from tests.ports import free_ports

from daeri.infra.embedded import running_dsn
from daeri.sim.tokens import TokensFile
from daeri.sim.wire import Call

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[2]
REQUEST = {
    "origin": {"lat": CENTRE.lat, "lon": CENTRE.lon},
    "destination": {"lat": CENTRE.lat + 0.03, "lon": CENTRE.lon},
}


@asynccontextmanager
async def open_request(
    program: Program, token: str
) -> AsyncIterator["tuple[asyncio.Task[httpx.Response], asyncpg.Connection]"]:
    """A command that waits in the program for a row that we hold; rolling our connection back lets it go on."""
    headers = {"Authorization": f"Bearer {token}"}
    dsn = running_dsn(program.data_folder)
    async with httpx.AsyncClient(base_url=f"{program.url}/api/v1", trust_env=False, timeout=30) as http:
        made = await http.post("/calls", json=REQUEST, headers=headers | {"Idempotency-Key": "ask"})
        call = msgspec.json.decode(made.content, type=Call)
        holder = await asyncpg.connect(dsn)
        await holder.execute("BEGIN")
        await holder.execute("SELECT FROM calls WHERE id = $1::text::uuid FOR UPDATE", call.id)
        cancel = asyncio.create_task(
            http.post(f"/calls/{call.id}/cancel", json={}, headers=headers | {"Idempotency-Key": "stop"})
        )
        await _until_waiting(dsn)
        try:
            yield cancel, holder
        finally:
            cancel.cancel()
            await asyncio.gather(cancel, return_exceptions=True)
            holder.terminate()


async def _until_waiting(dsn: str | None) -> None:
    watcher = await asyncpg.connect(dsn)
    deadline = time.monotonic() + 10
    while not await watcher.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await watcher.close()


async def test_sigterm_answers_what_is_open_and_takes_nothing_new(program: Program, tokens: TokensFile) -> None:
    program.start()
    await asyncio.to_thread(program.until_ready)
    servers = servers_of(program.data_folder)
    async with open_request(program, tokens.customers[0].access_token) as (cancel, holder):
        program.running.send_signal(signal.SIGTERM)
        await asyncio.to_thread(wait_until, lambda: program.readiness() != 200, 5.0, "it stayed ready")
        await asyncio.sleep(0.5)
        assert program.readiness() in (503, None)
        assert program.running.poll() is None
        assert not cancel.done()
        await holder.execute("ROLLBACK")
        answer = await asyncio.wait_for(cancel, 10)
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled_before_assignment")
    assert await asyncio.to_thread(program.running.wait, 20) == 0
    assert "Traceback" not in program.last_words()
    until_gone(servers)


async def test_sigterm_under_load_leaves_everything_in_order(program: Program, tokens: TokensFile) -> None:
    program.start()
    await asyncio.to_thread(program.until_ready)
    async with open_crowd(program.url, tokens, Random(1)) as crowd:
        await asyncio.sleep(3)
        crowd.client.is_outage = True
        servers = servers_of(program.data_folder)
        assert await asyncio.to_thread(program.terminate) == 0
        assert "Traceback" not in program.last_words()
        until_gone(servers)
        program.start()
        await asyncio.to_thread(program.until_ready)
        crowd.client.is_outage = False
        await crowd.finish(45)
        dsn = running_dsn(program.data_folder)
        assert dsn is not None
        assert await examine(dsn, crowd.client.acknowledged) == []
    assert await asyncio.to_thread(program.terminate, signal.SIGINT) == 0


async def test_a_second_signal_does_not_wait(program: Program, tokens: TokensFile) -> None:
    program.start()
    await asyncio.to_thread(program.until_ready)
    servers = servers_of(program.data_folder)
    async with open_request(program, tokens.customers[0].access_token):
        program.running.send_signal(signal.SIGTERM)
        await asyncio.sleep(1)
        assert program.running.poll() is None
        began = time.monotonic()
        program.running.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(program.running.wait, 20) == 130
        assert time.monotonic() - began < 8
    assert "Traceback" not in program.last_words()
    until_gone(servers)


@contextmanager
def started(command: list[str], folder: Path, cwd: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A command as from a terminal: in a process group of its own, its temporary files in `folder`."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment() | {"TMPDIR": str(folder / "tmp")},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _demo_ports() -> tuple[int, list[str]]:
    port, driver_port = free_ports(2)
    return port, ["--port", str(port), "--driver-port", str(driver_port), "--drivers", "20"]


def _wait_for_the_demo(demo: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    try:
        wait_until(lambda: demo.poll() is not None or _answers(port), 90, "the demo did not begin")
        assert demo.poll() is None, "the demo ended"
    except (TimeoutError, AssertionError) as failed:
        failed.add_note((folder / "said").read_text()[-4_000:])
        raise


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_ctrl_c_ends_the_demo(scratch_folder: Path) -> None:
    port, options = _demo_ports()
    (scratch_folder / "tmp").mkdir(mode=0o755)
    summary = scratch_folder / "summary.json"
    with started([str(DAERI), "demo", *options, "--summary", str(summary)], scratch_folder, scratch_folder) as demo:
        _wait_for_the_demo(demo, port, scratch_folder)
        children = psutil.Process(demo.pid).children(recursive=True)
        assert children
        os.killpg(demo.pid, signal.SIGINT)
        assert demo.wait(30) == 0, (scratch_folder / "said").read_text()
    until_gone(children)
    assert "Traceback" not in (scratch_folder / "said").read_text()
    assert list((scratch_folder / "tmp").iterdir()) == []
    figures = msgspec.json.decode(summary.read_bytes())
    assert (figures["lost"], figures["double_assigned"]) == (0, 0)


@pytest.mark.long
@pytest.mark.parametrize("ends", ["by itself", "by Ctrl-C"])
def test_make_demo_ends_and_leaves_nothing(scratch_folder: Path, ends: str) -> None:
    port, options = _demo_ports()
    (scratch_folder / "tmp").mkdir(mode=0o755)
    summary = scratch_folder / "summary.json"
    seconds = "5" if ends == "by itself" else "600"
    arguments = " ".join([*options, "--seconds", seconds, "--summary", str(summary)])
    with started(["make", "demo", f"ARGS={arguments}"], scratch_folder, ROOT) as demo:
        _wait_for_the_demo(demo, port, scratch_folder)
        children = psutil.Process(demo.pid).children(recursive=True)
        if ends == "by Ctrl-C":
            os.killpg(demo.pid, signal.SIGINT)
            demo.wait(60)
        else:
            assert demo.wait(60) == 0
    until_gone(children)
    assert list((scratch_folder / "tmp").iterdir()) == []
    figures = msgspec.json.decode(summary.read_bytes())
    assert (figures["lost"], figures["double_assigned"]) == (0, 0)
