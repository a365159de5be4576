"""The program under test: a throw-away installation on a durable embedded PostgreSQL, served by its own process."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from daeri.accounts import api as accounts
from daeri.accounts.api import DemoPerson
from daeri.accounts.model import AccountKind, Moment
from daeri.bootstrap import Parts
from daeri.companies import api as companies
from daeri.companies.model import CreateCompany
from daeri.customers import api as customers
from daeri.drivers import api as drivers
from daeri.drivers.model import Duty
from daeri.infra.embedded import embedded_postgres
from daeri.infra.settings import Settings
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import SYSTEM
from daeri.migrations import api as migrations
from daeri.sim.tokens import Holder

HOST = "127.0.0.1"
_DAERI = "from daeri.cli import main; main()"
_READY_WITHIN_S = 120.0
_GONE_WITHIN_S = 30.0
_POLL_S = 0.1
_CHUNK = 5_000
_NO_MORE: Mapping[str, str] = MappingProxyType({})
_REFERENCE_DATABASE = "daeri_reference"
_CUSTOMER_NUMBERS = 5_000_000  # demo numbers from here on are customers'


@dataclass(frozen=True, slots=True)
class Stage:
    """A migrated installation; its database runs, nothing is served yet."""

    settings: Settings
    dsn: str
    postmaster_pid: int

    @property
    def address(self) -> "Address":
        return Address(self.settings.port, self.settings.driver_port)


@dataclass(frozen=True, slots=True)
class Address:
    """The ports of the program under test, on this machine."""

    port: int
    driver_port: int

    @property
    def driver_url(self) -> str:
        return f"ws://{HOST}:{self.driver_port}/live/driver"


@dataclass(frozen=True, slots=True)
class People:
    """One company's accounts, each with a token that outlives the benchmark."""

    company_id: CompanyId
    drivers: list[Holder]
    customers: list[Holder]
    gateway_token: str


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Blocks, and belongs to the main thread. Everything is gone when the block is left."""
    with (
        tempfile.TemporaryDirectory(prefix="daeri-bench-", ignore_cleanup_errors=True) as folder,
        embedded_postgres(Path(folder)) as server,
    ):
        port, driver_port = _free_ports(2)
        settings = Settings.model_validate({"data_folder": folder, "port": port, "driver_port": driver_port})
        asyncio.run(migrations.migrate(server.dsn))
        yield Stage(settings, server.dsn, server.postmaster_pid or 0)


@contextmanager
def served(stage: Stage, more: Mapping[str, str] = _NO_MORE) -> Iterator[int]:
    """Run `daeri serve` (web, engine and worker) on the stage; the process's id once it is ready.

    `more` are settings beside the stage's own, as names of the environment.
    """
    folder = stage.settings.data_folder
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DAERI_")}
    environment |= {
        "DAERI_DATABASE_URL": stage.dsn,
        "DAERI_DATA_FOLDER": str(folder),
        "DAERI_PORT": str(stage.settings.port),
        "DAERI_DRIVER_PORT": str(stage.settings.driver_port),
        "DAERI_LOG_LEVEL": "warning",
        **more,
    }
    words = folder / "daeri.log"
    with words.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 -- this program itself
            [sys.executable, "-c", _DAERI, "serve"], cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        _wait_until_ready(process, stage.settings.port, words)
        yield process.pid
    finally:
        _end(process)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, words: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"daeri was not ready: {words.read_text()[-2_000:]}")
        time.sleep(_POLL_S)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_GONE_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def copy_database(dsn: str) -> str:
    """A database with the same rows beside it, which nobody listens to; nobody may be connected to the first one."""
    parts = urlsplit(dsn)
    connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        await connection.execute(f'CREATE DATABASE {_REFERENCE_DATABASE} TEMPLATE "{parts.path[1:]}"')
    finally:
        await connection.close()
    return urlunsplit(parts._replace(path=f"/{_REFERENCE_DATABASE}"))


async def make_people(parts: Parts, *, drivers_on_duty: int, customers_count: int) -> People:
    """A company with that many drivers, all on duty, that many customers, and a gateway."""
    now = parts.clock.now()
    async with parts.database.transaction() as tx:
        command = CreateCompany(f"bench-{secrets.token_hex(4)}", "성능 측정", "Benchmark")
        company = await companies.create(tx, command, now=now, ids=parts.ids)
        moment = Moment(now, parts.wall.wall_now())
        gateway = await accounts.create_gateway(tx, parts.gate, company.id, "gateway", actor=SYSTEM, moment=moment)
        issued = await accounts.issue_demo_tokens(tx, parts.gate, company.id, [gateway.id], moment=moment)
    return People(
        company.id,
        await _make(parts, company.id, AccountKind.DRIVER, range(drivers_on_duty)),
        await _make(
            parts, company.id, AccountKind.CUSTOMER, range(_CUSTOMER_NUMBERS, _CUSTOMER_NUMBERS + customers_count)
        ),
        issued[0].access_token,
    )


async def _make(parts: Parts, company_id: CompanyId, kind: AccountKind, numbers: range) -> list[Holder]:
    holders: list[Holder] = []
    for first in range(0, len(numbers), _CHUNK):
        holders += await _make_chunk(parts, company_id, kind, numbers[first : first + _CHUNK])
    return holders


async def _make_chunk(parts: Parts, company_id: CompanyId, kind: AccountKind, numbers: Sequence[int]) -> list[Holder]:
    moment = Moment(parts.clock.now(), parts.wall.wall_now())
    people = [DemoPerson(f"{kind} {number}", accounts.demo_phone(number)) for number in numbers]
    async with parts.database.transaction() as tx:
        made = await accounts.create_demo_accounts(tx, parts.gate, company_id, kind, people, moment=moment)
        if kind is AccountKind.DRIVER:
            await drivers.enrol(tx, made, company_id, now=moment.now - timedelta(hours=1), duty=Duty.ON)
        else:
            for account_id in made:
                await customers.ensure(tx, account_id, company_id, now=moment.now)
        tokens = await accounts.issue_demo_tokens(tx, parts.gate, company_id, made, moment=moment)
    return [Holder(str(token.account_id), token.access_token) for token in tokens]


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
