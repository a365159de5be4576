"""The reference of `bench money`: the statements of one completion with its capture, replayed by bare asyncpg.

A few drives end one after the other in a program whose database writes down every transaction: the command, the job
that bills the ride, the lease of its charge, and what is recorded after each answer of the provider. The leanest is
replayed by 32 tasks of one process, each time for a drive of its own, and nobody is asked for the money.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.connection import Connection
from uuid import UUID

import asyncpg
import uvloop

from daeri.adapters.bus.memory import MemoryBus
from daeri.bench.money_load import open_load
from daeri.bench.money_seed import Drive
from daeri.bench.recording import Anew, RecordingDatabase, Transaction, named, replay_all
from daeri.bench.stage import People, Stage
from daeri.bootstrap import build_program, open_parts, serve
from daeri.infra import jobs
from daeri.infra.database import Database, open_database
from daeri.infra.settings import CardsKind
from daeri.kernel.ids import Ids
from daeri.kernel.time import SystemClock

TASKS = 32
LIVES = 12  # recorded, of which the leanest is taken
_SETTLE_S = 0.3
_RAMP_S = 1.0  # connections are made and statements prepared
_LONG_ENOUGH_S = 60.0


@dataclass(frozen=True, slots=True)
class Template:
    """One completion up to its capture: of which drive, when it began, what was said to the database."""

    drive: Drive
    began_at: datetime
    known: frozenset[UUID]  # whose these are is said in each life; everything else is made anew
    transactions: tuple[Transaction, ...]

    @property
    def statements(self) -> int:
        return sum(len(transaction.statements) for transaction in self.transactions)


async def record(stage: Stage, people: People, drives: Sequence[Drive], provider: str) -> Template:
    """Serve the stage from this process while these drives end one after the other; the leanest of them."""
    templates: list[Template] = []
    settings = stage.settings.model_copy(update={"cards": CardsKind.SANDBOX, "cards_sandbox_url": provider})
    async with open_parts(settings, stage.dsn) as opened:
        database = RecordingDatabase(opened.database.pool, opened.bus)
        async with build_program(replace(opened, database=database)) as program:
            ended = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(serve(program, ended))
                await asyncio.sleep(_SETTLE_S)
                load = await open_load(people, stage.address, stage.dsn, at_once=1)
                for drive in drives:
                    database.transactions.clear()
                    began_at = opened.clock.now()
                    window = await load.run(_LONG_ENOUGH_S, [drive], ramp_s=0.0)
                    if window.errors:
                        raise RuntimeError(f"a drive did not end: {dict(window.errors)}")
                    await jobs.drain(opened.database)
                    await asyncio.sleep(_SETTLE_S)
                    templates.append(_template(drive, began_at, people, database))
                await load.close()
                ended.set()
    return min(templates, key=lambda template: template.statements)


def _template(drive: Drive, began_at: datetime, people: People, database: RecordingDatabase) -> Template:
    """The transactions that name the drive or what came of it, and the one that leased its charge."""
    known = frozenset((people.company_id, drive.driver_id, drive.customer_id, drive.card_id))
    born: set[UUID] = set()
    kept: list[Transaction] = []
    for transaction in database.transactions:
        these = named(transaction)
        if these & (born | {drive.call_id, drive.driver_id}):
            born |= these - known - {drive.call_id}
            kept.append(transaction)
        elif transaction.found & born:
            kept.append(transaction)
    return Template(drive, began_at, known, tuple(kept))


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a round. `captured` counts what came before and afterwards too; CPU of this process alone."""

    captures_per_s: float
    captured: int
    cpu_s: float


class Replayer:
    """Replays the template on one connection, each time for another drive."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._clock = SystemClock()
        self._ids = Ids(self._clock, secrets.token_bytes)

    async def live(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", drive: Drive) -> None:
        """All transactions of one completion, one after the other."""
        theirs = self._template.drive
        shift = self._clock.now() - self._template.began_at
        stand_ins = {
            theirs.call_id: drive.call_id,
            theirs.driver_id: drive.driver_id,
            theirs.customer_id: drive.customer_id,
            theirs.card_id: drive.card_id,
        }
        anew = Anew(self._ids, shift, stand_ins, self._template.known, {theirs.number: drive.number})
        await replay_all(connection, self._template.transactions, anew)


async def replay(
    dsn: str, template: Template, drives: Sequence[Drive], *, seconds: float, tasks: int = TASKS
) -> Replayed:
    """Capture by `tasks` connections over `seconds` after a second of ramp, or until no drive is left."""
    done_at: list[float] = []
    left = deque(drives)
    used = time.process_time()
    counts_from = time.monotonic() + _RAMP_S
    until = counts_from + seconds

    async def work(database: Database, replayer: Replayer) -> None:
        async with database.pool.acquire() as connection:
            while left and time.monotonic() < until:
                await replayer.live(connection, left.popleft())
                done_at.append(time.monotonic())

    async with open_database(dsn, MemoryBus(), connections=tasks) as database:
        await asyncio.gather(*(work(database, Replayer(template)) for _ in range(tasks)))
    until = until if left else min(until, max(done_at, default=until))
    counted = sum(counts_from <= at < until for at in done_at)
    rate = counted / (until - counts_from) if until > counts_from else 0.0
    return Replayed(rate, len(done_at), time.process_time() - used)


def reference_process(dsn: str, template: Template, line: Connection) -> None:
    """Answer each (seconds, drives) on `line` with what was Replayed, until None."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        line.send("ready")
        while (wanted := line.recv()) is not None:
            seconds, drives = wanted
            line.send(runner.run(replay(dsn, template, drives, seconds=seconds)))
