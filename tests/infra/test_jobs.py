"""Handlers of events: once by (event, handler), again when they fail, held when they keep failing, never lost."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from daeri.infra import events, jobs
from daeri.infra.database import Database, Tx
from daeri.infra.events import Event
from daeri.infra.jobs import Handler, RetryRule, Worker
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import SYSTEM
from daeri.kernel.time import SystemClock

QUICK = RetryRule(attempts=3, first_delay=timedelta(milliseconds=30), longest_delay=timedelta(milliseconds=200))
STUCK_WORKER = Path(__file__).with_name("stuck_worker.py")
_EFFECTS = "CREATE TABLE effects (event_id uuid NOT NULL, worker text NOT NULL)"
_AGAIN = """
INSERT INTO pgqueuer (priority, status, entrypoint, payload) VALUES (0, 'queued', $1, convert_to($2, 'UTF8'))
"""


@pytest.fixture
async def lamp(database: Database, company: CompanyId, ids: Ids) -> Event:
    """An event that has not been emitted, and a table for what its handlers do."""
    async with database.transaction() as tx:
        await tx.execute(_EFFECTS)
    return Event(ids.new(), company, "lamp.lit", "lamp", ids.new(), 1, ids.clock.now(), SYSTEM, None, {"watts": 40})


async def emit(database: Database, event: Event, *handlers: str) -> None:
    async with database.transaction() as tx:
        await events.register_handlers(tx, [(event.kind, handler) for handler in handlers])
        await events.emit(tx, event)


@asynccontextmanager
async def working(
    database: Database, rule: RetryRule = QUICK, lease: timedelta = timedelta(seconds=30), **handlers: Handler
) -> AsyncIterator[Worker]:
    worker = Worker(database, handlers, SystemClock(), rule)
    running = asyncio.create_task(worker.run(lease=lease))
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(running, 10)


async def drained(database: Database) -> None:
    await asyncio.wait_for(jobs.drain(database), 15)


def effect(worker: str) -> Handler:
    async def handle(tx: Tx, event: Event) -> None:
        await tx.execute("INSERT INTO effects (event_id, worker) VALUES ($1, $2)", event.id, worker)

    return handle


async def effects(database: Database) -> list[str]:
    async with database.reading() as tx:
        return [row["worker"] for row in await tx.rows("SELECT worker FROM effects ORDER BY 1")]


async def test_each_handler_gets_the_event_once(database: Database, lamp: Event) -> None:
    got: list[Event] = []

    async def tell(_tx: Tx, event: Event) -> None:
        got.append(event)

    await emit(database, lamp, "count", "tell")
    async with working(database, count=effect("count"), tell=tell):
        await drained(database)
    assert got == [lamp]
    assert await effects(database) == ["count"]


async def test_a_job_that_runs_again_does_nothing(database: Database, lamp: Event) -> None:
    """What happens when a worker dies between its commit and the queue's hearing of it."""
    await emit(database, lamp, "count")
    async with working(database, count=effect("count")):
        await drained(database)
        async with database.transaction() as tx:
            await tx.execute(_AGAIN, "count", str(lamp.id))
        await drained(database)
    assert await effects(database) == ["count"]
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM pgqueuer") == 0


async def test_two_jobs_of_one_event_at_the_same_instant_have_one_effect(database: Database, lamp: Event) -> None:
    async def slowly(tx: Tx, event: Event) -> None:
        await asyncio.sleep(0.1)
        await effect("count")(tx, event)

    await emit(database, lamp, "count")
    async with database.transaction() as tx:
        await tx.execute(_AGAIN, "count", str(lamp.id))
    async with working(database, count=slowly), working(database, count=slowly):
        await drained(database)
    assert await effects(database) == ["count"]


async def test_an_event_that_retention_took_is_passed_over(database: Database, lamp: Event) -> None:
    await emit(database, lamp, "count")
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM events")
    async with working(database, count=effect("count")):
        await drained(database)
    assert await effects(database) == []


async def test_a_failing_handler_is_tried_again_until_it_succeeds(database: Database, lamp: Event) -> None:
    tried: list[float] = []

    async def flaky(tx: Tx, event: Event) -> None:
        await effect("flaky")(tx, event)
        tried.append(asyncio.get_running_loop().time())
        if len(tried) < 3:
            raise ConnectionError("the board does not answer")

    await emit(database, lamp, "flaky")
    async with working(database, flaky=flaky):
        await drained(database)
        async with database.reading() as tx:
            assert await jobs.held(tx, lamp.company_id) == []
    assert len(tried) == 3
    assert await effects(database) == ["flaky"], "what a failed try wrote was rolled back"
    assert tried[1] - tried[0] >= 0.03
    assert tried[2] - tried[1] >= 0.06, "the second pause is longer"


async def test_what_keeps_failing_is_held_shown_and_run_again_by_a_person(database: Database, lamp: Event) -> None:
    tried, mended = 0, False

    async def broken(tx: Tx, event: Event) -> None:
        nonlocal tried
        tried += 1
        if not mended:
            raise ConnectionError("the board does not answer")
        await effect("broken")(tx, event)

    await emit(database, lamp, "broken", "count")
    other = CompanyId(lamp.aggregate_id)
    async with working(database, broken=broken, count=effect("count")):
        await drained(database)
        async with database.reading() as tx:
            (held,) = await jobs.held(tx, lamp.company_id)
            assert await jobs.held(tx, other) == []
        assert (held.handler, held.event_kind, held.aggregate_id) == ("broken", "lamp.lit", lamp.aggregate_id)
        assert held.error == "the board does not answer"
        assert (tried, held.attempts) == (3, 2)
        assert await effects(database) == ["count"]
        mended = True
        async with database.transaction() as tx:
            assert not await jobs.retry(tx, other, held.id)
            assert not await jobs.retry(tx, lamp.company_id, held.id + 1_000)
            assert await jobs.retry(tx, lamp.company_id, held.id)
            assert not await jobs.retry(tx, lamp.company_id, held.id), "it is queued already"
        await drained(database)
        async with database.reading() as tx:
            assert await jobs.held(tx, lamp.company_id) == []
    assert await effects(database) == ["broken", "count"]


async def test_a_held_job_that_fails_again_is_held_again(database: Database, lamp: Event) -> None:
    tried = 0

    async def broken(_tx: Tx, _event: Event) -> None:
        nonlocal tried
        tried += 1
        raise ConnectionError("still")

    await emit(database, lamp, "broken")
    async with working(database, broken=broken):
        for _ in range(2):
            await drained(database)
            async with database.transaction() as tx:
                (held,) = await jobs.held(tx, lamp.company_id)
                await jobs.retry(tx, lamp.company_id, held.id)
        await drained(database)
        async with database.reading() as tx:
            assert len(await jobs.held(tx, lamp.company_id)) == 1
    assert tried == 9


async def test_the_database_is_still_there_when_a_worker_has_stopped(database: Database, lamp: Event) -> None:
    for _ in range(2):
        async with working(database, count=effect("count")):
            pass
    await emit(database, lamp, "count")
    async with database.reading() as tx:
        assert await jobs.pending(tx) == 1


async def test_a_worker_that_stops_finishes_what_it_has_begun(database: Database, lamp: Event) -> None:
    begun = asyncio.Event()

    async def slowly(tx: Tx, event: Event) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        await effect("slowly")(tx, event)

    await emit(database, lamp, "slowly")
    async with working(database, slowly=slowly):
        await asyncio.wait_for(begun.wait(), 10)
    assert await effects(database) == ["slowly"]
    async with database.reading() as tx:
        assert await jobs.pending(tx) == 0


async def test_the_job_of_a_killed_worker_is_done_by_another_exactly_once(
    database: Database, dsn: str, lamp: Event
) -> None:
    await emit(database, lamp, "count")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(STUCK_WORKER), dsn, "count", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line == b"in the middle\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    assert await effects(database) == [], "what the killed one wrote was never committed"
    async with working(database, lease=timedelta(seconds=1), count=effect("survivor")):
        await drained(database)
    assert await effects(database) == ["survivor"]
