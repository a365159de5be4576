"""The door to migrations: bring a database to the newest shape, and say where it stands."""

from collections.abc import AsyncIterator
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

_HERE = Path(__file__).parent
# Any constant: who migrates second waits, and then finds nothing to do.
_TURN = text("SELECT pg_advisory_xact_lock(4827110326)")


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
