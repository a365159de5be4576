"""What dispatch adds to requesting: changed fares beside offers, why nobody came, and the search as it is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.dispatch.factories import Night
from tests.dispatch.test_races import check_rows, race, rounds_until_both

from daeri.calls.model import Call, FareFixed, State
from daeri.calls.request_model import NewFare
from daeri.dispatch import api
from daeri.dispatch.model import Considered, Decision, OfferClosed, OfferState
from daeri.dispatch.plan import Outcome, Reason
from daeri.dispatch.searching import SearchSoFar
from daeri.kernel.ids import DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind
from daeri.policies.model import DispatchPolicy, Versioned
from daeri.pricing.model import FarePlan, Quote
from daeri.pricing.plan_model import FarePlanPolicy, PlanTerms, ShortageLevel

QUOTE = Quote(amount=Won(25_000), distance_m=9_000, duration_s=1_200, exact=True, lines=(), tariff_version=0)
TERMS = PlanTerms(Versioned(FarePlanPolicy(), 0), 5_000, 1_000_000, 100)
POLICY = DispatchPolicy(
    radius_start_m=1_000,
    radius_step_m=500,
    radius_step_every_s=10,
    radius_cap_m=2_200,
    pickup_speed_kmh=18.0,
    detour_factor=1.25,
)


async def change_fare(night: Night, call: Call, amount: int = 30_000) -> Call:
    wanted = NewFare(FarePlan.TYPED, amount, TERMS, ShortageLevel.NONE, timedelta(0))
    actor = Actor(ActorKind.CUSTOMER, call.customer_id)
    async with night.transaction() as tx:
        return await api.change_fare(tx, call.id, night.company, wanted, actor, now=night.clock.now(), ids=night.ids)


async def decide(night: Night, call: Call, outcome: Outcome, *considered: tuple[DriverId, int, Reason]) -> None:
    pairs = tuple(Considered(driver, metres, reason, None) for driver, metres, reason in considered)
    decision = Decision(
        call_id=call.id,
        company_id=night.company,
        decided_at=night.clock.now(),
        outcome=outcome,
        radius_m=1_000,
        beaten_by=None,
        considered=pairs,
        rest={},
        policy_version=0,
    )
    await night.apply(decisions=[decision])


async def search_of(night: Night, call: Call) -> SearchSoFar:
    async with night.transaction() as tx:
        return await api.search_of(tx, await night.get(call.id), POLICY, now=night.clock.now())


@pytest.mark.rule("R-056")
async def test_a_card_at_the_old_fare_goes_back_and_the_call_is_offered_anew(night: Night) -> None:
    call, driver = await night.request(quote=QUOTE), await night.driver()
    offer = await night.offer(call.id, driver)
    await change_fare(night, call)
    assert [each.state for each in await night.offers_of(call.id)] == [OfferState.WITHDRAWN]
    with pytest.raises(OfferClosed):
        await night.accept(offer.id, driver)
    again = await night.offer(call.id, driver)
    assert (await night.accept(again.id, driver)).fare.amount == 30_000


@pytest.mark.rule("R-056")
async def test_a_listed_call_is_listed_anew_at_its_new_fare(night: Night) -> None:
    call, driver = await night.request(quote=QUOTE), await night.driver()
    await night.list_for(call.id, driver)
    await change_fare(night, call)
    await night.list_for(call.id, driver)
    assert (await night.take(call.id, driver)).fare.amount == 30_000


@pytest.mark.rule("R-056")
async def test_a_changed_fare_and_an_accept_at_once_have_one_winner_and_both_are_told(crowd: Night) -> None:
    seen: set[object] = set()
    for _ in rounds_until_both(seen):
        call, driver = await crowd.request(quote=QUOTE), await crowd.driver()
        offer = await crowd.offer(call.id, driver)
        changed, accepted = await race(change_fare(crowd, call), crowd.accept(offer.id, driver))
        last = await crowd.get(call.id)
        if isinstance(changed, Call):
            assert isinstance(accepted, OfferClosed)
            assert accepted.facts == {"state": OfferState.WITHDRAWN}
            assert (last.state, last.fare.amount) == (State.REQUESTED, 30_000)
        else:
            assert isinstance(changed, FareFixed)
            assert isinstance(accepted, Call)
            assert (last.state, last.fare.amount, last.driver_id) == (State.ASSIGNED, 25_000, driver)
        await check_rows(crowd)
        seen.add(isinstance(changed, Call))


@pytest.mark.rule("I-038")
@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in (Outcome.OFFERED, Outcome.LISTED)])
async def test_a_call_that_expires_keeps_why_nobody_came(night: Night, outcome: Outcome) -> None:
    call, other = await night.request(), await night.request()
    await decide(night, call, Outcome.NO_DRIVER_IN_RADIUS)
    night.later(seconds=30)
    await decide(night, call, outcome)
    await decide(night, other, Outcome.OFFERED)
    night.clock.advance_to(call.expires_at)
    ended = {each.id: each.end_reason for each in await night.expire_calls()}
    assert ended == {call.id: outcome, other.id: "nobody_took_it"}


@pytest.mark.rule("R-052")
async def test_the_search_is_told_as_far_as_it_is_known(night: Night) -> None:
    call = await night.request()
    assert await search_of(night, call) == SearchSoFar(
        timedelta(0), 0, 1_000, None, None, None, is_unmet=False, has_widened=False
    )
    first, second, third = await night.driver(), await night.driver(), await night.driver()
    offer = await night.offer(call.id, first)
    await decide(
        night,
        call,
        Outcome.OFFERED,
        (third, 150, Reason.NOT_ELIGIBLE),
        (first, 840, Reason.CHOSEN),
        (second, 900, Reason.FARTHER),
    )
    night.later(seconds=11)
    assert await search_of(night, call) == SearchSoFar(
        timedelta(seconds=11), 1, 1_500, 840, offer.pickup_s, Outcome.OFFERED, is_unmet=False, has_widened=True
    )
    await night.decline(offer.id, first)
    await decide(night, call, Outcome.ALL_BUSY, (first, 840, Reason.ALREADY_DECLINED), (second, 900, Reason.BUSY))
    night.later(seconds=60)
    assert await search_of(night, call) == SearchSoFar(
        timedelta(seconds=71), 1, 2_200, None, None, Outcome.ALL_BUSY, is_unmet=True, has_widened=True
    )


@pytest.mark.rule("R-052", "I-038")
@pytest.mark.parametrize(
    ("outcome", "nearest"),
    [
        (Outcome.ALL_BUSY, None),
        (Outcome.ALL_ASKED, None),
        (Outcome.POSITIONS_STALE, None),
        (Outcome.NONE_ELIGIBLE, None),
        (Outcome.NO_DRIVER_IN_RADIUS, 1_900),
    ],
)
async def test_a_distance_never_contradicts_the_reason(night: Night, outcome: Outcome, nearest: int | None) -> None:
    call, near, far = await night.request(), await night.driver(), await night.driver()
    await decide(night, call, outcome, (near, 400, Reason.BUSY), (far, 1_900, Reason.OUT_OF_RADIUS))
    found = await search_of(night, call)
    assert (found.nearest_m, found.expected_s is None) == (nearest, nearest is None)


async def test_how_long_a_free_driver_would_take_is_by_road_at_the_policys_speed(night: Night) -> None:
    call, driver = await night.request(), await night.driver()
    await decide(night, call, Outcome.NO_DRIVER_IN_RADIUS, (driver, 2_000, Reason.OUT_OF_RADIUS))
    assert (await search_of(night, call)).expected_s == 500  # 2,000 m × 1.25 at 5 m/s


async def test_who_sees_the_open_list_was_asked(night: Night) -> None:
    call, near, far = await night.request(), await night.driver(), await night.driver()
    await decide(night, call, Outcome.LISTED, (near, 100, Reason.LISTED), (far, 200, Reason.LISTED))
    found = await search_of(night, call)
    assert (found.asked, found.is_unmet) == (2, False)


async def test_the_waiting_stops_when_a_driver_has_the_call_or_it_ends(night: Night) -> None:
    call, _ = await night.assigned()
    expired = await night.request()
    night.clock.advance_to(expired.expires_at)
    await night.expire_calls()
    night.later(seconds=600)
    assert (await search_of(night, call)).waited == timedelta(0)
    found = await search_of(night, expired)
    assert (found.waited, found.is_unmet, found.expected_s) == (expired.expires_at - expired.requested_at, True, None)


async def test_nobody_is_sought_for_a_reserved_call_before_its_time(night: Night) -> None:
    found = await search_of(night, await night.reserve())
    assert replace(found, waited=timedelta(0)) == SearchSoFar(
        timedelta(0), 0, 0, None, None, None, is_unmet=False, has_widened=False
    )
