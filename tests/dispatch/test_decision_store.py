"""The log of decisions as rows in partitions by day."""

import asyncio
from datetime import date, timedelta

from tests.dispatch.factories import Night

from daeri.dispatch import api
from daeri.dispatch.model import Considered, Decision
from daeri.dispatch.plan import Outcome, Reason
from daeri.kernel.ids import CallId, CompanyId, DriverId

_PARTITION = "SELECT tableoid::regclass::text FROM decisions WHERE call_id = $1 ORDER BY decided_at"


def decision(night: Night, call: CallId, **changes: object) -> Decision:
    facts: dict[str, object] = {
        "call_id": call,
        "company_id": night.company,
        "decided_at": night.clock.now(),
        "outcome": Outcome.OFFERED,
        "radius_m": 1_500,
        "beaten_by": None,
        "considered": (),
        "rest": {},
        "policy_version": 4,
    }
    return Decision(**(facts | changes))


async def test_a_decision_is_read_as_it_was_written(night: Night) -> None:
    call, other = CallId(night.ids.new()), CallId(night.ids.new())
    drivers = [DriverId(night.ids.new()) for _ in range(3)]
    considered = (
        Considered(drivers[0], 120, Reason.NEARER_TO_OTHER_CALL, other),
        Considered(drivers[1], 340, Reason.CHOSEN, None),
        Considered(drivers[2], 900, Reason.LISTED, None),
    )
    first = decision(night, call, outcome=Outcome.ALL_BUSY, rest={Reason.BUSY: 3, Reason.STALE_POSITION: 1})
    night.later(seconds=1)
    second = decision(night, call, considered=considered, beaten_by=other)
    await night.apply(decisions=[second, decision(night, other)])
    await night.apply(decisions=[first])
    async with night.database.reading() as tx:
        assert await api.decisions_of_call(tx, night.company, call) == [first, second]
        assert await api.decisions_of_call(tx, CompanyId(night.ids.new()), call) == []


async def test_every_outcome_and_reason_survives(night: Night) -> None:
    call, driver = CallId(night.ids.new()), DriverId(night.ids.new())
    for outcome in Outcome:
        night.later(seconds=1)
        pairs = tuple(Considered(driver, 1, reason, None) for reason in Reason)
        written = decision(night, call, outcome=outcome, considered=pairs, rest=dict.fromkeys(Reason, 2))
        await night.apply(decisions=[written])
        async with night.database.reading() as tx:
            assert (await api.decisions_of_call(tx, night.company, call))[-1] == written


async def test_days_get_partitions_and_old_ones_are_dropped(night: Night) -> None:
    call, today = CallId(night.ids.new()), night.clock.now().date()
    async with night.transaction() as tx:
        for _ in range(2):  # a second start on the same day
            await api.prepare_days(tx, today)
    await night.apply(decisions=[decision(night, call)])
    night.later(days=2)
    await night.apply(decisions=[decision(night, call)])
    async with night.transaction() as tx:
        partitions = [row[0] for row in await tx.rows(_PARTITION, call)]
        assert partitions == ["decisions_20261122", "decisions_20261124"]
        assert await api.drop_decisions_before(tx, today) == 0
        assert await api.drop_decisions_before(tx, today + timedelta(days=1)) == 1
        assert len(await api.decisions_of_call(tx, night.company, call)) == 1


async def test_decisions_of_an_unprepared_day_move_into_its_partition(night: Night) -> None:
    """An engine that wrote before the day was prepared must be able to start again."""
    call, today = CallId(night.ids.new()), night.clock.now().date()
    await night.apply(decisions=[decision(night, call)])
    async with night.transaction() as tx:
        assert await tx.value(_PARTITION, call) == "decisions_elsewhere"
        await api.prepare_days(tx, today)
        assert await tx.value(_PARTITION, call) == "decisions_20261122"
        assert await api.decisions_of_call(tx, night.company, call) == [decision(night, call)]


async def test_two_engines_prepare_the_same_days_at_once(night: Night) -> None:
    async def prepare() -> None:
        async with night.transaction() as tx:
            await api.prepare_days(tx, date(2026, 12, 1))

    await asyncio.gather(*(prepare() for _ in range(4)))
    async with night.database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'decisions'::regclass") == 4


async def test_old_decisions_outside_every_partition_go_too(night: Night) -> None:
    call = CallId(night.ids.new())
    await night.apply(decisions=[decision(night, call)])
    async with night.transaction() as tx:
        await api.drop_decisions_before(tx, night.clock.now().date() + timedelta(days=1))
        assert await api.decisions_of_call(tx, night.company, call) == []
