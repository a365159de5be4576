"""What every test may ask for: a migrated PostgreSQL database of its own, stepped time, seeded identifiers.

One embedded server serves a whole run, however many workers it has. It is started by the first test that needs it, or
under xdist by the controlling process. DAERI_TEST_DATABASE_URL names another server instead (a role that may create
databases).
"""

import asyncio
import fcntl
import hashlib
import itertools
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tests.browsers import browser_path

from daeri.adapters.bus.memory import MemoryBus
from daeri.infra.database import Database, open_database
from daeri.infra.embedded import EmbeddedPostgres
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock
from daeri.migrations import api as migrations
from daeri.migrations.sqlfiles import SQL_FOLDER, queue_schema

_SERVER_DSN = pytest.StashKey[str]()
_SERVER = pytest.StashKey[tuple[EmbeddedPostgres, Path]]()
_WORKER_INPUT = "daeri_server_dsn"
_FOLDER_PREFIX = "daeri-test-"
_ENOUGH_MEMORY_BYTES = 3 << 30
_TEMPLATE_LOCK = 7_301_554
_counter = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Under xdist the controller starts the server, and every worker is told where it is."""
    node.workerinput[_WORKER_INPUT] = _server_dsn(node.config)  # type: ignore[attr-defined] -- xdist has no types


def pytest_unconfigure(config: pytest.Config) -> None:
    started = config.stash.get(_SERVER, None)
    if started is not None:
        server, folder = started
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that cannot or should not run here say why, in one line each."""
    for item in items:
        reason = _skip_reason(config, item)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
    if hasattr(config, "workerinput"):
        items.sort(key=_patience_s, reverse=True)


def _patience_s(item: pytest.Item) -> float:
    """Where several processes share the work, what may take long begins first, so that none waits for it at the end.

    Otherwise the order stays as random as it is.
    """
    limit = item.get_closest_marker("timeout")
    return float(limit.args[0]) if limit is not None else 0.0


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and not browser_path() and os.environ.get("DAERI_REQUIRE_BROWSER") == "1":
        pytest.fail("DAERI_REQUIRE_BROWSER=1, but no chromium is on PATH", pytrace=False)


def _skip_reason(config: pytest.Config, item: pytest.Item) -> str | None:
    if item.get_closest_marker("long") and not config.getoption("--long"):
        return "takes minutes: runs with --long"
    if item.get_closest_marker("shared") and not _shared_folder(config).is_dir():
        return "needs the folder `shared` beside the checkout"
    if item.get_closest_marker("browser") and not browser_path() and os.environ.get("DAERI_REQUIRE_BROWSER") != "1":
        return "no chromium on PATH"
    return None


def _shared_folder(config: pytest.Config) -> Path:
    return config.rootpath.parent / "shared"


def _server_dsn(config: pytest.Config) -> str:
    """The server of this run, started when nobody has yet."""
    if _SERVER_DSN not in config.stash:
        config.stash[_SERVER_DSN] = _given_dsn(config) or _start_server(config)
    return config.stash[_SERVER_DSN]


def _given_dsn(config: pytest.Config) -> str | None:
    told: str | None = getattr(config, "workerinput", {}).get(_WORKER_INPUT)
    return told or os.environ.get("DAERI_TEST_DATABASE_URL")


def _start_server(config: pytest.Config) -> str:
    place = fast_place() or Path(tempfile.gettempdir())
    _remove_what_killed_runs_left(place)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX, dir=place))
    server = EmbeddedPostgres()
    config.stash[_SERVER] = (server, folder)
    return server.start(folder, throwaway=True)


def _remove_what_killed_runs_left(place: Path) -> None:
    """A run that was killed could not remove its folder, but the kernel let go of its lock."""
    for lock in place.glob(f"{_FOLDER_PREFIX}*/lock"):
        with suppress(OSError), lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)


def fast_place() -> Path | None:
    """Copying a database takes 10 ms in memory and up to 500 ms on a disk."""
    memory = Path("/dev/shm")  # noqa: S108 -- a fresh folder in it, with a name that nobody can guess
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > _ENOUGH_MEMORY_BYTES else None


def _with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def _template_name() -> str:
    """Changes with every byte that shapes the database."""
    digest = hashlib.sha256(queue_schema().encode())
    for path in sorted(SQL_FOLDER.rglob("*.sql")) + sorted((SQL_FOLDER.parent / "versions").glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return f"daeri_template_{digest.hexdigest()[:16]}"


async def _make_template(server: str) -> str:
    """The migrated database that every test's own one is copied from; the first worker to come makes it."""
    name = _template_name()
    connection = await asyncpg.connect(server)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _TEMPLATE_LOCK)
        if await connection.fetchval("SELECT datistemplate FROM pg_database WHERE datname = $1", name):
            return name
        # A half-migrated one of a failed attempt is not marked as a template.
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name}")
        await migrations.migrate(_with_database(server, name))
        await connection.execute(f"ALTER DATABASE {name} IS_TEMPLATE true")
        return name
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def server_dsn(request: pytest.FixtureRequest) -> str:
    """The server of this run; its own database holds nothing."""
    return _server_dsn(request.config)


@pytest.fixture(scope="session")
def template(server_dsn: str) -> str:
    """The name of the migrated template database. Made in a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _make_template(server_dsn)).result()


@pytest.fixture
async def dsn(server_dsn: str, template: str) -> AsyncIterator[str]:
    """A migrated database of the test's own, gone afterwards."""
    async for made in _own_database(server_dsn, f"TEMPLATE {template} STRATEGY file_copy"):
        yield made


@pytest.fixture
async def empty_dsn(server_dsn: str) -> AsyncIterator[str]:
    """An empty database of the test's own, gone afterwards."""
    async for made in _own_database(server_dsn, "TEMPLATE template0 STRATEGY file_copy"):
        yield made


async def _own_database(server: str, source: str) -> AsyncIterator[str]:
    name = f"test_{os.getpid()}_{next(_counter)}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} {source}")
        yield _with_database(server, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.fixture
def bus() -> MemoryBus:
    """The bus that `database` publishes its hints on."""
    return MemoryBus()


@pytest.fixture
async def database(dsn: str, bus: MemoryBus) -> AsyncIterator[Database]:
    """A pool of at most 8 connections to a migrated database of the test's own."""
    async with open_database(dsn, bus, connections=8) as opened:
        yield opened


@pytest.fixture
def clock() -> SteppedClock:
    """Business time, 23:00 in Korea, moved by the test."""
    return SteppedClock(datetime(2026, 11, 22, 14, 0, tzinfo=UTC))


@pytest.fixture
def ids(clock: SteppedClock) -> Ids:
    """The same identifiers in every run."""
    return Ids(clock, random.Random(20261122).randbytes)


@pytest.fixture
async def company(database: Database, ids: Ids, clock: SteppedClock) -> CompanyId:
    """A company, inserted."""
    company_id = CompanyId(ids.new())
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO companies (id, slug, name_ko, name_en, created_at) VALUES ($1, $2, $3, $4, $5)",
            company_id,
            "hanbit",
            "한빛대리",
            "Hanbit",
            clock.now(),
        )
    return company_id


@pytest.fixture(scope="session")
def shared_data(request: pytest.FixtureRequest) -> Path:
    """The data folder beside the checkout; a test that asks for it is marked `shared`."""
    return _shared_folder(request.config) / "data"


@pytest.fixture
def scratch_folder() -> Iterator[Path]:
    """A short path that every user can reach, unlike pytest's own: for servers that root starts as another user."""
    folder = Path(tempfile.mkdtemp(prefix="daeri-", dir=fast_place()))
    folder.chmod(0o755)
    yield folder
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
