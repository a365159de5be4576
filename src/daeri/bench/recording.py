"""Writes down what the program says to its database, and says it again with other identifiers, keys and instants."""

import random
import re
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from daeri.infra.bus import Bus
from daeri.infra.database import Database, Row, Tx
from daeri.kernel.ids import Ids

_KEY = "bench-"
_ORDER = re.compile("(daeri-)([0-9a-f]{32})")  # a charge's name at the provider of cards
_LOCK_IDS = 1 << 40  # larger whole numbers are digests of keys


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as asyncpg was given it: the method of the connection, the text, the arguments."""

    method: str
    sql: str
    args: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """Statements between BEGIN and COMMIT, or, when `is_block` is false, outside any block.

    `found` are the identifiers in the rows that were listed.
    """

    statements: tuple[Statement, ...]
    is_block: bool
    found: frozenset[UUID]


class RecordingTx(Tx):
    """A transaction that keeps what it is asked to run."""

    def __init__(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
        super().__init__(connection)
        self.said: list[Statement] = []
        self.found: set[UUID] = set()

    async def rows(self, sql: str, *args: object) -> list[Row]:
        self.said.append(Statement("fetch", sql, args))
        rows = await super().rows(sql, *args)
        self.found.update(value for row in rows for value in row.values() if isinstance(value, UUID))
        return rows

    async def row(self, sql: str, *args: object) -> Row | None:
        self.said.append(Statement("fetchrow", sql, args))
        return await super().row(sql, *args)

    async def value(self, sql: str, *args: object) -> object:
        self.said.append(Statement("fetchval", sql, args))
        return await super().value(sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        self.said.append(Statement("execute", sql, args))
        return await super().execute(sql, *args)

    async def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self.said.append(Statement("executemany", sql, (list(rows),)))
        await super().execute_many(sql, rows)


class RecordingDatabase(Database):
    """Writes down every transaction that was committed, in the order of the commits."""

    def __init__(self, pool: asyncpg.Pool, bus: Bus) -> None:
        super().__init__(pool, bus)
        self.transactions: list[Transaction] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with self.pool.acquire() as connection:
            tx = RecordingTx(connection)
            async with connection.transaction():
                yield tx
        self.transactions.append(Transaction(tuple(tx.said), is_block=True, found=frozenset(tx.found)))
        for topic, message in tx.hints:
            self._bus.publish(topic, message)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        async with self.pool.acquire() as connection:
            tx = RecordingTx(connection)
            yield tx
        self.transactions.append(Transaction(tuple(tx.said), is_block=False, found=frozenset(tx.found)))


def named(transaction: Transaction) -> set[UUID]:
    """The identifiers that its statements were given."""
    return {found for statement in transaction.statements for arg in statement.args for found in _uuids(arg)}


def _uuids(arg: object) -> list[UUID]:
    if isinstance(arg, UUID):
        return [arg]
    if isinstance(arg, list | tuple):
        return [found for item in arg for found in _uuids(item)]
    return []


@dataclass(slots=True)
class Anew:
    """One life's own identifiers, keys and instants in place of the template's.

    `stand_ins` and `words` hold what is given from the start: whose life it is. What is `known` stays as it is.
    """

    ids: Ids
    shift: timedelta
    stand_ins: dict[UUID, UUID]
    known: frozenset[UUID]
    words: dict[str | int, str | int] = field(default_factory=dict)

    def of(self, arg: object) -> object:
        if isinstance(arg, UUID):
            return self._uuid(arg)
        if isinstance(arg, datetime):
            return arg + self.shift
        if isinstance(arg, list | tuple):
            return [self.of(item) for item in arg]
        if isinstance(arg, str):
            return self._word(arg)
        if isinstance(arg, int) and abs(arg) >= _LOCK_IDS:
            return self.words.setdefault(arg, random.getrandbits(63))
        return arg

    def _word(self, arg: str) -> str | int:
        if arg.startswith(_KEY):
            return self.words.setdefault(arg, _KEY + secrets.token_hex(10))
        order = _ORDER.fullmatch(arg)
        return self.words.get(arg, arg) if order is None else f"{order[1]}{self._uuid(UUID(order[2])).hex}"

    def _uuid(self, arg: UUID) -> UUID:
        given = self.stand_ins.get(arg)
        if given is None:
            given = self.stand_ins[arg] = arg if arg in self.known else self.ids.new()
        return given


async def replay_all(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", transactions: Sequence[Transaction], anew: Anew
) -> None:
    """One transaction after the other."""
    for transaction in transactions:
        if transaction.is_block:
            async with connection.transaction():
                await _say(connection, transaction, anew)
        else:
            await _say(connection, transaction, anew)


async def _say(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", transaction: Transaction, anew: Anew
) -> None:
    methods: dict[str, Callable[..., Coroutine[Any, Any, object]]] = {
        "fetch": connection.fetch,
        "fetchrow": connection.fetchrow,
        "fetchval": connection.fetchval,
        "execute": connection.execute,
        "executemany": connection.executemany,
    }
    for statement in transaction.statements:
        await methods[statement.method](statement.sql, *(anew.of(arg) for arg in statement.args))
