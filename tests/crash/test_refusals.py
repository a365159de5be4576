"""What a person can get wrong when starting daeri is said in one line, with a status that scripts can see."""

import asyncio
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import CompletedProcess

import asyncpg
import pytest
from tests.crash.program import Program, daeri
from tests.ports import free_ports

from daeri.cli import main

Command = Callable[..., "CompletedProcess[str]"]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], scratch_folder: Path) -> Command:
    """Runs a command in this process, which is quicker where it is refused before anything has begun."""

    def run(*arguments: str) -> "CompletedProcess[str]":
        monkeypatch.chdir(scratch_folder)
        for name in [name for name in os.environ if name.startswith("DAERI_")]:
            monkeypatch.delenv(name)
        monkeypatch.setattr(sys, "argv", ["daeri", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return CompletedProcess(arguments, int(ended.value.code or 0), said.out, said.err)

    return run


def assert_one_line(done: "CompletedProcess[str]", *words: str) -> None:
    """Failed, with a single line of ours that holds these words, and no traceback anywhere."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    ours = [line for line in done.stderr.splitlines() if line.startswith("daeri: ")]
    assert len(ours) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == ours[0]
    for word in words:
        assert word in ours[0]


def up_on(dsn: str) -> list[str]:
    port, driver_port = free_ports(2)
    return [
        "up",
        "--database-url",
        dsn,
        "--data-folder",
        "data",
        "--port",
        str(port),
        "--driver-port",
        str(driver_port),
    ]


def test_a_second_up_on_a_data_folder(program: Program, data_folder: Path) -> None:
    program.start()
    program.until_ready()
    port, driver_port = free_ports(2)
    ports = ("--port", str(port), "--driver-port", str(driver_port))
    second = daeri("up", "--data-folder", data_folder, *ports, cwd=data_folder.parent)
    assert_one_line(second, str(data_folder), f"process {program.running.pid}")
    assert program.readiness() == 200


def test_a_database_that_dies_takes_the_program_with_it(program: Program, data_folder: Path) -> None:
    """Better started again by whoever looks after it than alive without a database."""
    program.start()
    program.until_ready()
    postmaster = int((data_folder / "cluster" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    assert program.running.wait(60) == 1
    ours = [line for line in program.last_words().splitlines() if line.startswith("daeri: ")]
    assert len(ours) == 1, program.last_words()
    assert "database was lost" in ours[0]


def test_an_unknown_option(here: Command) -> None:
    done = here("up", "--no-such-option")
    assert done.returncode == 2
    assert "No such option: --no-such-option" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_impossible_option(here: Command) -> None:
    assert_one_line(here("up", "--port", "70000"), "port", "65535")


@pytest.mark.parametrize(("command", "option"), [("up", "--port"), ("serve", "--driver-port"), ("demo", "--port")])
def test_a_taken_port(here: Command, scratch_folder: Path, taken_port: int, command: str, option: str) -> None:
    free, other = free_ports(2)
    ports = {"--port": str(free), "--driver-port": str(other)} | {option: str(taken_port)}
    arguments = [part for pair in ports.items() for part in pair]
    done = here(command, "--data-folder", str(scratch_folder / "data"), *arguments)
    assert_one_line(done, f"127.0.0.1:{taken_port}", option)
    assert not (scratch_folder / "data" / "cluster").exists()


@pytest.mark.parametrize("command", ["up", "migrate"])
def test_a_database_that_does_not_answer(here: Command, command: str) -> None:
    (port,) = free_ports(1)
    dsn = f"postgresql://somebody:secret@127.0.0.1:{port}/nothing"
    done = here(command, "--database-url", dsn)
    assert_one_line(done, f"127.0.0.1:{port}/nothing")
    assert "secret" not in done.stderr


def test_a_database_that_refuses_us(here: Command, server_dsn: str) -> None:
    assert_one_line(here(*up_on(f"{server_dsn}_of_nobody")), "does not exist")


async def test_a_server_that_is_too_old(scratch_folder: Path) -> None:
    async with old_server("14.12") as dsn:
        done = await asyncio.to_thread(daeri, *up_on(dsn), cwd=scratch_folder)
        assert_one_line(done, "PostgreSQL 14.12", "15 or newer")


@pytest.fixture
async def dsn_of_tomorrow(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    return dsn


def test_a_database_that_a_newer_program_has_migrated(here: Command, dsn_of_tomorrow: str) -> None:
    assert_one_line(here(*up_on(dsn_of_tomorrow)), "newer", "9999")


def test_another_installations_keys(here: Command, dsn: str, scratch_folder: Path) -> None:
    seed = ("seed", "--fleet", "1", "--customers", "1", "--database-url", dsn)
    made = daeri(*seed, "--data-folder", "right", "--tokens", "tokens.json", cwd=scratch_folder)
    assert made.returncode == 0, made.stderr
    assert_one_line(here(*up_on(dsn)), "key file")


@asynccontextmanager
async def old_server(version: str) -> AsyncIterator[str]:
    """Speaks as much of PostgreSQL's protocol as it takes to be asked how old it is."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        if code == 80877103:  # the wish for TLS
            writer.write(b"N")
            (length,) = struct.unpack("!I", await reader.readexactly(4))
            length += 4
        await reader.readexactly(length - 8)
        stated = b"server_version\0" + version.encode() + b"\0"
        writer.write(message(b"R", bytes(4)) + message(b"S", stated) + message(b"K", bytes(8)) + message(b"Z", b"I"))
        await reader.readexactly(5)  # goodbye
        writer.close()

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!I", len(body) + 4) + body

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"postgresql://somebody@127.0.0.1:{server.sockets[0].getsockname()[1]}/daeri"
