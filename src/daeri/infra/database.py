"""The PostgreSQL pool and the transaction that every use case is given."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import asyncpg
import msgspec

from daeri.infra.bus import Bus
from daeri.kernel.errors import Category, DaeriError

Row = asyncpg.Record
_PREPARED_STATEMENTS = 1024
_CLOSE_WITHIN_S = 10.0  # the pool waits for every connection that is out, and one to a lost server may never come back
_WAIT_S = 10.0  # for a connection of the pool; longer would be a hang to whoever asked
_Connection = asyncpg.pool.PoolConnectionProxy


class DatabaseBusy(DaeriError, TimeoutError):
    """No connection of the pool came free in time; nothing was done.

    Also a TimeoutError, so that whatever survives a database that is away survives this.
    """

    code: ClassVar[str] = "database_busy"
    category: ClassVar[Category] = Category.UNAVAILABLE


@dataclass(slots=True)
class Tx:
    """One open transaction; hints given to it leave after the commit, never after a rollback."""

    connection: "_Connection[asyncpg.Record]"
    hints: list[tuple[str, bytes]] = field(default_factory=list)

    async def rows(self, sql: str, *args: object) -> list[Row]:
        rows: list[Row] = await self.connection.fetch(sql, *args)
        return rows

    async def row(self, sql: str, *args: object) -> Row | None:
        return await self.connection.fetchrow(sql, *args)

    async def value(self, sql: str, *args: object) -> Any:
        return await self.connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        """Run one statement; returns the number of rows that it touched."""
        status: str = await self.connection.execute(sql, *args)
        count = status.rsplit(" ", 1)[-1]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        await self.connection.executemany(sql, rows)

    def hint(self, topic: str, message: bytes = b"") -> None:
        """Publish on the bus once this transaction has committed."""
        self.hints.append((topic, message))


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(
        self, pool: asyncpg.Pool, bus: Bus, *, wait_s: float = _WAIT_S, waited: Callable[[float], None] | None = None
    ) -> None:
        self.pool = pool
        self._bus = bus
        self._wait_s = wait_s
        self._waited = waited

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """BEGIN … COMMIT around the block, ROLLBACK on any exception; hints go out after the commit.

        Raises DatabaseBusy when no connection comes free in time.
        """
        connection = await self._acquire()
        try:
            tx = Tx(connection)
            async with connection.transaction():
                yield tx
        finally:
            await self.pool.release(connection)
        for topic, message in tx.hints:
            self._bus.publish(topic, message)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """For reads of several statements: all of them see the rows of one moment, and none may write.

        What somebody else commits between two statements would otherwise show half of it: a driver who still has a
        call, and the call already over. Raises DatabaseBusy likewise.
        """
        connection = await self._acquire()
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield Tx(connection)
        finally:
            await self.pool.release(connection)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A connection for single-statement reads, outside any transaction block. Raises DatabaseBusy likewise."""
        connection = await self._acquire()
        try:
            yield Tx(connection)
        finally:
            await self.pool.release(connection)

    async def _acquire(self) -> "_Connection[asyncpg.Record]":
        before = time.perf_counter()
        try:
            async with asyncio.timeout(self._wait_s):  # the pool's own timeout would cost a task each time
                return await self.pool.acquire()
        except TimeoutError:
            raise DatabaseBusy() from None
        finally:
            if self._waited is not None:
                self._waited(time.perf_counter() - before)

    async def close(self) -> None:
        """Take leave of the server, which may be gone: then without it."""
        try:
            await asyncio.wait_for(self.pool.close(), _CLOSE_WITHIN_S)
        except TimeoutError:
            self.pool.terminate()


@asynccontextmanager
async def open_database(
    dsn: str,
    bus: Bus,
    *,
    connections: int = 16,
    wait_s: float = _WAIT_S,
    waited: Callable[[float], None] | None = None,
) -> AsyncIterator[Database]:
    """Connect to `dsn` with at most `connections` connections; the pool is closed on leaving.

    Whoever finds none free waits at most `wait_s`; `waited` is told how many seconds each wait took.
    """
    pool = await asyncpg.create_pool(
        dsn,
        min_size=min(2, connections),
        max_size=connections,
        init=_prepare_connection,
        reset=_reset_if_needed,
        statement_cache_size=_PREPARED_STATEMENTS,
        server_settings={"timezone": "UTC", "jit": "off", "application_name": "daeri"},
    )
    database = Database(pool, bus, wait_s=wait_s, waited=waited)
    try:
        yield database
    finally:
        await database.close()


async def _prepare_connection(connection: asyncpg.Connection) -> None:
    """jsonb columns speak bytes-free Python values through msgspec."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(bytes(data)[1:]),
        format="binary",
    )


async def _reset_if_needed(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Nothing of ours outlives a transaction, so the usual reset would be a round trip for nothing."""
    if connection.is_in_transaction():
        await connection.reset()
