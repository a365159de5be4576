"""The door to migrations: bring a database to the newest shape, and say where it stands."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from daeri.infra.embedded.programs import run_program

_HERE = Path(__file__).parent
# Any constant: who migrates second waits, and then finds nothing to do.
_TURN = text("SELECT pg_advisory_xact_lock(4827110326)")

_DOLLAR_QUOTED = re.compile(r"(\$\w*\$).*?\1", re.DOTALL)
_NOT_SCHEMA = re.compile(r"^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict ).*$", re.MULTILINE)

# Only 18 and newer name them; a partition's bear its parent's name.
_NAMED_NOT_NULL = re.compile(r"CONSTRAINT \w+ NOT NULL")


async def migrate(dsn: str) -> None:
    """Bring the database at `dsn` to the head, all in one transaction. Running it again does nothing.

    Two processes that do it at once take turns.
    """
    async with _connected(dsn) as connection:
        # Before Alembic runs: its state is global to the process, so it must never wait in the middle.
        await connection.execute(_TURN)
        await connection.run_sync(_upgrade)
        await connection.commit()


async def head_of(dsn: str) -> str | None:
    """The revision that the database is at, None for one that was never migrated."""
    async with _connected(dsn) as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def expected_head() -> str:
    """The newest revision that this program brings. Raises alembic's CommandError when there is more than one."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise LookupError("the package holds no revision")
    return head


def heads() -> list[str]:
    """Every revision without a successor; more than one means that two branches were not merged."""
    return list(ScriptDirectory.from_config(_config()).get_heads())


async def dump_schema(dsn: str) -> str:
    """The shape of the database at `dsn` as SQL: what pg_dump 18 says of it, without what differs from run to run."""
    printed = await run_program("pg_dump", "--schema-only", "--no-owner", "--no-privileges", dsn=dsn)
    return normalised(printed.decode())


def normalised(dump: str) -> str:
    """A dump without comments, session settings and empty lines; function bodies stay as they are."""
    kept = [part if body else _statements_only(part) for body, part in _parts(dump)]
    return "".join(kept).strip() + "\n"


def _parts(dump: str) -> Iterator[tuple[bool, str]]:
    """Pieces of the dump in order, each with whether it is a dollar-quoted body."""
    end = 0
    for body in _DOLLAR_QUOTED.finditer(dump):
        yield False, dump[end : body.start()]
        yield True, body[0]
        end = body.end()
    yield False, dump[end:]


def _statements_only(text: str) -> str:
    return re.sub(r"\n{2,}", "\n", _NAMED_NOT_NULL.sub("NOT NULL", _NOT_SCHEMA.sub("", text)))


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[AsyncConnection]:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    return config
