"""Why a driver did not get a call: found by driver, told in plain numbers, without anybody else in it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.dispatch.factories import Night

from daeri.calls.model import Call
from daeri.dispatch import api
from daeri.dispatch.model import Considered, Decision, Why, WhyOutcome, WhyReason
from daeri.dispatch.plan import Outcome, Reason
from daeri.kernel.ids import DriverId


def decided(night: Night, call: Call, *considered: Considered, radius_m: int = 1_500) -> Decision:
    return Decision(
        call.id, night.company, night.clock.now(), Outcome.OFFERED, radius_m, None, considered, {}, policy_version=0
    )


async def why(night: Night, driver: DriverId, hours: int = 24) -> list[Why]:
    now = night.clock.now()
    async with night.database.reading() as tx:
        return await api.why_not(tx, night.company, driver, since=now - timedelta(hours=hours), now=now)


@pytest.mark.rule("I-040")
@pytest.mark.parametrize(
    ("pair", "reason", "facts"),
    [
        ((1_240, Reason.FARTHER, 0), WhyReason.FARTHER, {"metres": 1_200, "by_m": 840}),
        ((1_240, Reason.FARTHER_AFTER_DRIVE, 0), WhyReason.FARTHER_AFTER_DRIVE, {"metres": 1_200, "by_m": 840}),
        ((90, Reason.BUSY, 0), WhyReason.BUSY, {}),
        ((90, Reason.HELD_BY_OTHER_OFFER, 0), WhyReason.ANSWERING_ANOTHER, {}),
        ((90, Reason.STALE_POSITION, 41), WhyReason.STALE_POSITION, {"age_s": 41}),
        ((2_040, Reason.OUT_OF_RADIUS, 0), WhyReason.OUT_OF_RADIUS, {"metres": 2_000, "radius_m": 1_500}),
        ((90, Reason.NOT_ELIGIBLE, 0), WhyReason.NOT_ELIGIBLE, {"service": "general"}),
        ((90, Reason.ALREADY_DECLINED, 0), WhyReason.DECLINED, {}),
        ((90, Reason.ALREADY_IGNORED, 0), WhyReason.IGNORED, {}),
        ((90, Reason.NEARER_TO_OTHER_CALL, 0), WhyReason.NEARER_TO_ANOTHER, {}),
        ((90, Reason.NEVER_MEET, 0), WhyReason.BARRED, {}),
        ((90, Reason.LISTED, 0), WhyReason.LISTED, {}),
        ((90, Reason.LOW_BALANCE, 0), WhyReason.LOW_BALANCE, {}),
    ],
)
async def test_each_reason_is_told_in_plain_numbers(
    night: Night, pair: tuple[int, Reason, int], reason: WhyReason, facts: dict[str, object]
) -> None:
    call, driver, chosen = await night.request(), await night.driver(), await night.driver()
    metres, code, age_s = pair
    both = (Considered(chosen, 400, Reason.CHOSEN, None), Considered(driver, metres, code, None, age_s))
    await night.apply(decisions=[decided(night, call, *both)])
    (told,) = await why(night, driver)
    assert (told.call_id, told.reason, dict(told.facts)) == (call.id, reason, facts)
    assert (told.region, told.fare, told.outcome) == ("11680", call.fare.amount, WhyOutcome.WAITING)
    assert str(chosen) not in repr(told)
    assert str(call.customer_id) not in repr(told)


async def test_the_last_word_about_each_call_counts_and_all_are_there_for_one(night: Night) -> None:
    call, driver = await night.request(), await night.driver()
    offer = await night.offer(call.id, driver)
    await night.apply(decisions=[decided(night, call, Considered(driver, 100, Reason.CHOSEN, None))])
    assert (await why(night, driver))[0].reason is WhyReason.OFFERED
    await night.decline(offer.id, driver)
    night.later(seconds=20)
    await night.apply(decisions=[decided(night, call, Considered(driver, 130, Reason.ALREADY_DECLINED, None))])
    (told,) = await why(night, driver)
    assert told.reason is WhyReason.DECLINED
    now = night.clock.now()
    async with night.database.reading() as tx:
        steps = await api.why_not_call(tx, night.company, driver, call.id, since=now - timedelta(hours=1), now=now)
    assert [step.reason for step in steps] == [WhyReason.DECLINED, WhyReason.DECLINED]


async def test_what_is_older_or_anothers_or_their_own_is_not_told(night: Night) -> None:
    driver, other = await night.driver(), await night.driver()
    call, mine = await night.request(), await night.request()
    await night.apply(decisions=[decided(night, call, Considered(other, 100, Reason.BUSY, None))])
    await night.apply(decisions=[decided(night, mine, Considered(driver, 100, Reason.CHOSEN, None))])
    await night.accept((await night.offer(mine.id, driver)).id, driver)
    assert await why(night, driver) == []
    night.later(hours=2)
    assert await why(night, other, hours=1) == []
    assert len(await why(night, other)) == 1


async def test_an_unserved_call_says_that_the_search_did_not_come_so_far(night: Night) -> None:
    call, driver = await night.request(), await night.driver()
    await night.apply(decisions=[decided(night, call, Considered(driver, 640, Reason.FARTHER, None))])
    assert (await why(night, driver))[0].reason is WhyReason.NOT_REACHED
    await night.cancel(call.id)
    assert (await why(night, driver))[0].outcome is WhyOutcome.CANCELLED


async def test_it_is_found_by_an_index_also_in_a_days_own_partition(night: Night) -> None:
    async with night.transaction() as tx:
        await api.prepare_days(tx, night.clock.now().date())
    call, driver = await night.request(), await night.driver()
    crowd = tuple(Considered(DriverId(night.ids.new()), 10, Reason.BUSY, None) for _ in range(63))
    for _ in range(20):
        await night.apply(decisions=[replace(decided(night, call, *crowd), decided_at=night.clock.now())])
    await night.apply(decisions=[decided(night, call, *crowd, Considered(driver, 900, Reason.BUSY, None))])
    async with night.transaction() as tx:
        await api.index_decisions(tx)
        await tx.execute("SET LOCAL enable_seqscan = off")
        name = f"decisions_{night.clock.now():%Y%m%d}"
        plan = await tx.rows(f"EXPLAIN SELECT 1 FROM {name} WHERE driver_ids @> ARRAY[$1::uuid]", driver)
        options = await tx.rows("SELECT reloptions FROM pg_class WHERE relname LIKE $1", f"{name}_driver_ids_idx")
    assert "Bitmap Index Scan" in str(plan)
    assert "fastupdate=on" in str(options)
    assert len(await why(night, driver)) == 1
