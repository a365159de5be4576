"""Records in the database: versions, history, append-only, and one company's records unseen by another."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from daeri.adapters.bus.memory import MemoryBus
from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Actor, ActorKind, Service
from daeri.kernel.time import SteppedClock
from daeri.policies import api
from daeri.policies.model import (
    CHANGED_TOPIC,
    DispatchMode,
    DispatchPolicy,
    PolicyInThePast,
    PolicyInvalid,
    RequestLimits,
    Scope,
)

HOUR = timedelta(hours=1)


async def other_company(database: Database, ids: Ids, clock: SteppedClock) -> CompanyId:
    company_id = CompanyId(ids.new())
    async with database.transaction() as tx:
        sql = "INSERT INTO companies (id, slug, name_ko, name_en, created_at) VALUES ($1, 'other', '남', 'Other', $2)"
        await tx.execute(sql, company_id, clock.now())
    return company_id


async def test_a_written_policy_is_read_back_with_its_version(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    policy = DispatchPolicy(mode=DispatchMode.OPEN_LIST, radius_cap_m=3_000, detour_factor=1.25)
    async with database.transaction() as tx:
        record = await api.write(tx, company, policy, now=clock.now(), ids=ids)
        read = await api.read(tx, company, DispatchPolicy, at=clock.now())
    assert (read.value, read.version, read.record_id) == (policy, 1, record.id)


async def test_reading_and_the_book_pick_by_date_and_scope(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    now = clock.now()
    scope = Scope("11680", Service.VIP)
    async with database.transaction() as tx:
        await api.write(tx, company, DispatchPolicy(k=8), now=now, ids=ids)
        await api.write(tx, company, DispatchPolicy(k=9), now=now, ids=ids, effective_from=now + HOUR)
        await api.write(tx, company, DispatchPolicy(k=4), now=now, ids=ids, scope=scope)
        await api.withdraw(tx, company, DispatchPolicy, now=now, ids=ids, scope=scope, effective_from=now + 2 * HOUR)
        book = await api.load_book(tx, company)
        chain = ("11680", "11")
        for hours, service, k in [(0, None, 8), (1, None, 9), (1, Service.VIP, 4), (2, Service.VIP, 9)]:
            at = now + hours * HOUR
            by_query = await api.read(tx, company, DispatchPolicy, at=at, region_chain=chain, service=service)
            assert by_query == book.read(DispatchPolicy, at=at, region_chain=chain, service=service)
            assert by_query.value.k == k


async def test_history_says_who_when_and_why(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    staff = Actor(ActorKind.STAFF, ids.new())
    async with database.transaction() as tx:
        await api.write(tx, company, DispatchPolicy(), now=clock.now(), ids=ids)
        clock.advance_to(clock.now() + HOUR)
        policy = DispatchPolicy(k=8)
        await api.write(tx, company, policy, now=clock.now(), ids=ids, actor=staff, note="too many declines")
        history = await api.history(tx, company, DispatchPolicy)
        events = await tx.rows("SELECT kind, actor_kind, actor_id, data FROM events ORDER BY seq")
    assert [(one.version, one.created_by, one.note) for one in history] == [
        (1, None, ""),
        (2, staff.id, "too many declines"),
    ]
    assert history[1].created_at == clock.now()
    assert [(event["kind"], event["actor_kind"], event["actor_id"]) for event in events] == [
        ("policy.written", "system", None),
        ("policy.written", "staff", staff.id),
    ]
    assert events[1]["data"]["value"]["k"] == 8


async def test_another_company_has_its_own_records_and_versions(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    other = await other_company(database, ids, clock)
    async with database.transaction() as tx:
        await api.write(tx, company, DispatchPolicy(k=8), now=clock.now(), ids=ids)
        record = await api.write(tx, other, DispatchPolicy(k=9), now=clock.now(), ids=ids)
        read = await api.read(tx, company, DispatchPolicy, at=clock.now())
        books = await api.load_books(tx)
        history = await api.history(tx, company, DispatchPolicy)
    assert (record.version, read.value.k, len(history)) == (1, 8, 1)
    assert books[other].read(DispatchPolicy, at=clock.now()).value.k == 9
    assert books[CompanyId(ids.new())].read(DispatchPolicy, at=clock.now()).version == 0


@pytest.mark.parametrize(
    "statement",
    ["UPDATE policy_records SET note = 'x'", "DELETE FROM policy_records", "TRUNCATE policy_records"],
)
async def test_the_database_refuses_to_change_a_record(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids, statement: str
) -> None:
    async with database.transaction() as tx:
        await api.write(tx, company, DispatchPolicy(), now=clock.now(), ids=ids)
    with pytest.raises(asyncpg.RestrictViolationError):
        async with database.transaction() as tx:
            await tx.execute(statement)


async def test_what_is_out_of_bounds_or_in_the_past_is_refused_and_leaves_nothing(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    now = clock.now()
    async with database.transaction() as tx:
        with pytest.raises(PolicyInvalid):
            await api.write(tx, company, RequestLimits(max_vias=-1), now=now, ids=ids)
        with pytest.raises(PolicyInThePast):
            await api.write(tx, company, RequestLimits(), now=now, ids=ids, effective_from=now - HOUR)
        assert await api.history(tx, company, RequestLimits) == []


async def test_writers_at_the_same_time_get_versions_one_after_another(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    async def write(k: int) -> int:
        async with database.transaction() as tx:
            record = await api.write(tx, company, DispatchPolicy(k=k), now=clock.now(), ids=ids)
            return record.version

    assert sorted(await asyncio.gather(*(write(k) for k in range(1, 7)))) == [1, 2, 3, 4, 5, 6]


async def test_a_change_is_hinted_once_it_is_committed(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids, bus: MemoryBus
) -> None:
    heard: list[bytes] = []
    bus.listen(CHANGED_TOPIC, lambda _topic, message: heard.append(message))
    async with database.transaction() as tx:
        await api.write(tx, company, DispatchPolicy(), now=clock.now(), ids=ids)
        assert heard == []
    await asyncio.sleep(0)
    assert heard == [company.bytes]
