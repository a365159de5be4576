"""Never meet again, and ratings, on rides of a small night."""

import asyncio

import pytest
from tests.dispatch.factories import Night

from daeri.calls.model import Call, State
from daeri.customers import api as customers
from daeri.customers.bond_model import (
    NeverMeet,
    NeverMeetNotFound,
    NobodyToAvoid,
    NotRateable,
    RatingFixed,
    RatingInvalid,
    RatingNotFound,
    RatingTag,
    Ride,
    Said,
)
from daeri.infra import events
from daeri.kernel.ids import CustomerId, DriverId
from daeri.kernel.terms import SYSTEM, Actor, ActorKind

ROUNDS = 15


def ride_of(call: Call) -> Ride:
    return Ride(call.id, call.company_id, call.customer_id, call.driver_id, call.state is State.COMPLETED)


def customer_of(call: Call) -> Actor:
    return Actor(ActorKind.CUSTOMER, call.customer_id)


def driver_of(call: Call) -> Actor:
    return Actor(ActorKind.DRIVER, call.driver_id)


async def ask(night: Night, call: Call, actor: Actor, reason: str = "") -> None:
    async with night.transaction() as tx:
        await customers.ask_never_meet(tx, ride_of(call), actor, reason, now=night.clock.now(), ids=night.ids)


async def take_back(night: Night, call: Call, actor: Actor) -> None:
    async with night.transaction() as tx:
        await customers.take_back_never_meet(tx, ride_of(call), actor, now=night.clock.now(), ids=night.ids)


async def pairs(night: Night, *customer_ids: CustomerId | None) -> list[tuple[CustomerId, DriverId]]:
    async with night.database.reading() as tx:
        return await customers.never_meet_pairs(tx, [one for one in customer_ids if one is not None])


async def wishes(night: Night) -> list[NeverMeet]:
    async with night.database.reading() as tx:
        return await customers.never_meet_list(tx, night.company)


async def rate(night: Night, call: Call, said: Said) -> None:
    async with night.transaction() as tx:
        await customers.rate(tx, ride_of(call), said, customer_of(call), now=night.clock.now(), ids=night.ids)


async def driven(night: Night, driver: DriverId) -> Call:
    call = await night.request()
    call = await night.accept((await night.offer(call.id, driver)).id, driver)
    await night.arrive(call.id, driver)
    await night.start(call.id, driver)
    return await night.complete(call.id, driver)


async def average(night: Night, driver: DriverId) -> tuple[float, int] | None:
    async with night.database.reading() as tx:
        found = (await customers.driver_ratings(tx, [driver])).get(driver)
        stars = await tx.row("SELECT sum(stars) AS s, count(*) AS n FROM ratings WHERE driver_id = $1", driver)
    assert stars is not None
    if found is None:
        assert stars["n"] == 0
        return None
    assert (round(stars["s"] / stars["n"], 2), stars["n"]) == (found.average, found.count)
    return found.average, found.count


@pytest.mark.rule("I-006")
async def test_a_pair_is_barred_while_either_side_wishes_it(night: Night) -> None:
    call, driver = await night.assigned()
    assert await pairs(night, call.customer_id) == []
    await ask(night, call, customer_of(call), " 너무 빨라요 ")
    await ask(night, call, customer_of(call), "again")  # safe to repeat
    await ask(night, call, driver_of(call))
    assert await pairs(night, call.customer_id, await night.customer()) == [(call.customer_id, driver)]
    assert {(wish.asked_by, wish.reason) for wish in await wishes(night)} == {
        ("driver", ""),
        ("customer", "너무 빨라요"),
    }
    await take_back(night, call, customer_of(call))
    assert await pairs(night, call.customer_id) == [(call.customer_id, driver)]
    await take_back(night, call, driver_of(call))
    assert await pairs(night, call.customer_id) == []
    await ask(night, call, customer_of(call))  # minds again
    assert await pairs(night, call.customer_id) == [(call.customer_id, driver)]
    assert len(await wishes(night)) == 3


@pytest.mark.rule("I-006")
async def test_the_call_under_way_stays_as_it_is(night: Night) -> None:
    call, driver = await night.assigned()
    await ask(night, call, customer_of(call))
    assert (await night.arrive(call.id, driver)).state is State.ARRIVED
    await night.start(call.id, driver)
    assert (await night.complete(call.id, driver)).state is State.COMPLETED


@pytest.mark.rule("I-006")
async def test_neither_sides_events_name_the_other(night: Night) -> None:
    call, _ = await night.assigned()
    await ask(night, call, driver_of(call), "rude")
    async with night.database.reading() as tx:
        timeline = await events.history(tx, night.company, "call", call.id)
        ((row,)) = await tx.rows("SELECT data FROM events WHERE kind = 'never_meet.asked'")
    assert [event.kind for event in timeline] == ["call.requested", "call.assigned"]
    assert set(row["data"]) == {"asked_by", "call_id"}


@pytest.mark.rule("I-006")
async def test_staff_lift_one_wish_with_a_reason(night: Night) -> None:
    call, _ = await night.assigned()
    await ask(night, call, customer_of(call))
    (wish,) = await wishes(night)

    async def lift() -> NeverMeet:
        async with night.transaction() as tx:
            return await customers.lift_never_meet(
                tx, night.company, wish.id, "both agreed", SYSTEM, now=night.clock.now(), ids=night.ids
            )

    lifted = await lift()
    assert (lifted.lifted_for, lifted.lifted_by_kind) == ("both agreed", "system")
    assert await pairs(night, call.customer_id) == []
    with pytest.raises(NeverMeetNotFound):
        await lift()


@pytest.mark.rule("I-006")
async def test_who_met_nobody_has_nobody_to_avoid(night: Night) -> None:
    call = await night.request()
    with pytest.raises(NobodyToAvoid):
        await ask(night, call, customer_of(call))
    with pytest.raises(NobodyToAvoid):
        await take_back(night, call, customer_of(call))


@pytest.mark.rule("I-006")
async def test_the_same_wish_at_one_instant_is_one(crowd: Night) -> None:
    for _ in range(ROUNDS):
        call, driver = await crowd.assigned()
        await asyncio.gather(
            *(ask(crowd, call, customer_of(call)) for _ in range(3)), ask(crowd, call, driver_of(call))
        )
        async with crowd.database.reading() as tx:
            found = await customers.never_meet_list(tx, crowd.company, people=[driver])
        assert sorted(wish.asked_by for wish in found) == ["customer", "driver"]


async def test_a_completed_call_is_rated_once_and_the_drivers_average_follows(night: Night) -> None:
    driver = await night.driver()
    assert await average(night, driver) is None
    first, second = await driven(night, driver), await driven(night, driver)
    await rate(night, first, Said(5, (RatingTag.KIND,), "고맙습니다"))
    assert await average(night, driver) == (5.0, 1)
    await rate(night, second, Said(2))
    assert await average(night, driver) == (3.5, 2)
    await rate(night, first, Said(4))
    await rate(night, first, Said(4))
    assert await average(night, driver) == (3.0, 2)
    async with night.database.reading() as tx:
        kept = await customers.rating_of(tx, night.company, first.id)
        kinds = [event.kind for event in await events.history(tx, night.company, "rating", first.id)]
    assert (kept.said, kept.version) == (Said(4), 2)
    assert kinds == ["rating.given", "rating.changed"]


async def test_a_rating_is_fixed_after_a_day(night: Night) -> None:
    driver = await night.driver()
    call = await driven(night, driver)
    await rate(night, call, Said(1))
    night.later(hours=24)
    with pytest.raises(RatingFixed):
        await rate(night, call, Said(5))
    assert await average(night, driver) == (1.0, 1)


@pytest.mark.parametrize("state", [state for state in State if state is not State.COMPLETED])
async def test_only_a_completed_call_is_rated(night: Night, state: State) -> None:
    call, _ = await night.in_state(state)
    with pytest.raises(NotRateable):
        await rate(night, call, Said(5))
    async with night.database.reading() as tx:
        with pytest.raises(RatingNotFound):
            await customers.rating_of(tx, night.company, call.id)


async def test_nonsense_is_refused_and_nothing_kept(night: Night) -> None:
    driver = await night.driver()
    call = await driven(night, driver)
    with pytest.raises(RatingInvalid):
        await rate(night, call, Said(6))
    assert await average(night, driver) is None


async def test_ratings_at_one_instant_add_up(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(5):
        rides = [await driven(crowd, driver) for _ in range(2)]
        await asyncio.gather(*(rate(crowd, ride, Said(stars)) for ride in rides for stars in (1, 3, 5)))
        await average(crowd, driver)
