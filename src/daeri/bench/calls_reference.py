"""The reference of `bench calls`: the statements of one life as the program sent them, replayed by bare asyncpg.

A few calls live one after the other in a program whose database writes down every transaction. The leanest of these
lives is the template: the program's own periodic reading is not in it. It is then replayed by 32 tasks of one process,
each with a driver and a customer of its own, with new identifiers, keys and instants in every life.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.connection import Connection
from uuid import UUID

import asyncpg
import uvloop

from daeri.adapters.bus.memory import MemoryBus
from daeri.bench.calls_load import Life, open_load
from daeri.bench.recording import Anew, RecordingDatabase, Transaction, named, replay_all
from daeri.bench.stage import People, Stage
from daeri.bootstrap import build_program, open_parts, serve
from daeri.infra import jobs
from daeri.infra.database import Database, open_database
from daeri.kernel.ids import Ids
from daeri.kernel.time import SystemClock

TASKS = 32
_LIVES = 12  # recorded, of which the leanest is taken
_SETTLE_S = 0.3
_RAMP_S = 1.0  # connections are made and statements prepared


@dataclass(frozen=True, slots=True)
class Template:
    """One life: who took part, when it began, what was said to the database."""

    driver_id: UUID
    customer_id: UUID
    began_at: datetime
    known: frozenset[UUID]  # accounts and company: everything else is made anew in each life
    transactions: tuple[Transaction, ...]

    @property
    def statements(self) -> int:
        return sum(len(transaction.statements) for transaction in self.transactions)


async def record(stage: Stage, people: People) -> Template:
    """Serve the stage from this process while a few calls live one after the other; the leanest of them."""
    templates: list[Template] = []
    async with open_parts(stage.settings, stage.dsn) as opened:
        database = RecordingDatabase(opened.database.pool, opened.bus)
        parts = replace(opened, database=database)
        async with build_program(parts) as program:
            ended = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(serve(program, ended))
                await asyncio.sleep(_SETTLE_S)
                async with open_load(people, stage.address, connections=4) as load:
                    for _ in range(_LIVES):
                        database.transactions.clear()
                        began_at = opened.clock.now()
                        lives = await load.run(60.0, customers=1, most=1, ramp_s=0.0)
                        await jobs.drain(opened.database)
                        await asyncio.sleep(_SETTLE_S)
                        templates += [_template(life, began_at, people, database) for life in lives.done]
                ended.set()
    return min(templates, key=lambda template: template.statements)


def _template(life: Life, began_at: datetime, people: People, database: RecordingDatabase) -> Template:
    """The transactions of a life: those that name its call, its driver or what was made on its behalf."""
    known = {UUID(holder.id) for holder in (*people.drivers, *people.customers)} | {people.company_id}
    ours = {UUID(life.call_id)}
    for transaction in database.transactions:
        these = named(transaction)
        if these & ours:
            ours |= these - known
    ours.add(UUID(life.driver_id))
    kept = tuple(transaction for transaction in database.transactions if named(transaction) & ours)
    return Template(UUID(life.driver_id), UUID(life.customer_id), began_at, frozenset(known), kept)


class Replayer:
    """Replays the template's life on one connection, for one driver and one customer."""

    def __init__(self, template: Template, driver_id: UUID, customer_id: UUID) -> None:
        self._template = template
        self._people = {template.driver_id: driver_id, template.customer_id: customer_id}
        self._clock = SystemClock()
        self._ids = Ids(self._clock, secrets.token_bytes)

    async def live(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
        """All transactions of one life, one after the other."""
        shift = self._clock.now() - self._template.began_at
        anew = Anew(self._ids, shift, dict(self._people), self._template.known)
        await replay_all(connection, self._template.transactions, anew)


async def replay(dsn: str, template: Template, people: People, *, seconds: float, tasks: int = TASKS) -> float:
    """Lives a second, by `tasks` connections over `seconds` after a second of ramp."""
    done = 0
    couples = list(zip(people.drivers, people.customers, strict=False))[:tasks]
    counts_from = time.monotonic() + _RAMP_S
    until = counts_from + seconds

    async def work(database: Database, replayer: Replayer) -> None:
        nonlocal done
        async with database.pool.acquire() as connection:
            while time.monotonic() < until:
                await replayer.live(connection)
                done += counts_from <= time.monotonic() < until

    async with open_database(dsn, MemoryBus(), connections=tasks) as database:
        replayers = [Replayer(template, UUID(driver.id), UUID(customer.id)) for driver, customer in couples]
        await asyncio.gather(*(work(database, replayer) for replayer in replayers))
    return done / seconds


def reference_process(dsn: str, template: Template, people: People, line: Connection) -> None:
    """Answer each number of seconds on `line` with lives a second, until None."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        line.send("ready")
        while (seconds := line.recv()) is not None:
            line.send(runner.run(replay(dsn, template, people, seconds=seconds)))
