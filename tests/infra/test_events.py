"""Events: one row a change, in the order of an aggregate's versions, with a job for each handler."""

from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest

from daeri.infra import events
from daeri.infra.database import Database
from daeri.infra.events import Event
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import SYSTEM, Actor, ActorKind
from daeri.kernel.time import SteppedClock

_JOBS = "SELECT entrypoint, convert_from(payload, 'UTF8') AS event, status FROM pgqueuer ORDER BY entrypoint"


def event(ids: Ids, company: CompanyId, **changes: object) -> Event:
    plain = Event(
        id=ids.new(),
        company_id=company,
        kind="lamp.lit",
        aggregate="lamp",
        aggregate_id=UUID(int=77),
        version=1,
        at=ids.clock.now(),
        actor=Actor(ActorKind.STAFF, UUID(int=5)),
        cause=UUID(int=6),
        data={"colour": "노랑", "watts": 40, "warm": True, "parts": [1, None]},
    )
    return replace(plain, **changes)


async def test_an_event_is_read_as_it_was_written(database: Database, company: CompanyId, ids: Ids) -> None:
    lit = event(ids, company)
    async with database.transaction() as tx:
        await events.emit(tx, lit)
        assert await events.read(tx, lit.id) == lit
        assert await events.read(tx, ids.new()) is None


async def test_history_is_in_the_order_of_versions_and_of_one_company(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    first, second = event(ids, company), event(ids, company, version=2, actor=SYSTEM, cause=None, data={})
    async with database.transaction() as tx:
        for one in (second, first, event(ids, company, aggregate_id=UUID(int=78)), event(ids, company, aggregate="x")):
            await events.emit(tx, one)
        assert await events.history(tx, company, "lamp", UUID(int=77)) == [first, second]
        assert await events.history(tx, CompanyId(ids.new()), "lamp", UUID(int=77)) == []


async def test_a_version_happens_once(database: Database, company: CompanyId, ids: Ids) -> None:
    async with database.transaction() as tx:
        await events.emit(tx, event(ids, company))
    with pytest.raises(asyncpg.UniqueViolationError):
        async with database.transaction() as tx:
            await events.emit(tx, event(ids, company))


async def test_an_event_makes_one_job_for_each_handler_of_its_kind(
    database: Database, company: CompanyId, ids: Ids
) -> None:
    lit, out = event(ids, company), event(ids, company, kind="lamp.out", version=2)
    async with database.transaction() as tx:
        pairs = [("lamp.lit", "count"), ("lamp.lit", "tell"), ("lamp.lit", "count"), ("lamp.broken", "mend")]
        await events.register_handlers(tx, pairs)
        await events.emit(tx, lit)
        await events.emit(tx, out)
        jobs = [tuple(row) for row in await tx.rows(_JOBS)]
    assert jobs == [("count", str(lit.id), "queued"), ("tell", str(lit.id), "queued")]


async def test_a_rolled_back_event_leaves_no_job(database: Database, company: CompanyId, ids: Ids) -> None:
    async with database.transaction() as tx:
        await events.register_handlers(tx, [("lamp.lit", "count")])

    async def emit_and_fail() -> None:
        async with database.transaction() as tx:
            await events.emit(tx, event(ids, company))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await emit_and_fail()
    async with database.reading() as tx:
        assert await tx.rows(_JOBS) == []
        assert await tx.value("SELECT count(*) FROM events") == 0


async def test_registering_again_drops_what_is_no_longer_named(database: Database) -> None:
    async with database.transaction() as tx:
        await events.register_handlers(tx, [("a", "x"), ("a", "y"), ("b", "x")])
        await events.register_handlers(tx, [("a", "y"), ("c", "z")])
        rows = await tx.rows("SELECT kind, handler FROM event_handlers ORDER BY 1, 2")
        assert [tuple(row) for row in rows] == [("a", "y"), ("c", "z")]
        await events.register_handlers(tx, [])
        assert await tx.value("SELECT count(*) FROM event_handlers") == 0
