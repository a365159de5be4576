"""Waiting, no-show, vias, cash and staff's moves: on the database, and two at the same instant."""

import pytest
from tests.dispatch.factories import JAMSIL, Night
from tests.dispatch.test_races import ROUNDS, check_rows, race, rounds_until_both

from daeri.calls import api as calls
from daeri.calls.model import (
    Call,
    CallNotFound,
    Change,
    IllegalMove,
    NoShowTooEarly,
    NotWaiting,
    State,
    ViaUnknown,
)
from daeri.dispatch import api as dispatch
from daeri.infra.events import Event
from daeri.kernel.ids import CallId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind
from daeri.pricing.model import WaitingPolicy

WAITING = WaitingPolicy(free_min=5, per_min_won=300, no_show_after_min=8, no_show_fee_won=7_000)
WHY = "고객이 전화로 요청"


async def arrived(night: Night, waiting: WaitingPolicy = WAITING) -> tuple[Call, DriverId]:
    """A call of a customer whose driver stands at the origin."""
    call, driver = await night.assigned()
    async with night.transaction() as tx:
        call = await dispatch.arrive(
            tx, call.id, driver, night.company, now=night.clock.now(), ids=night.ids, waiting=waiting
        )
    return call, driver


async def no_show(night: Night, call: CallId, driver: DriverId) -> Call:
    async with night.transaction() as tx:
        return await dispatch.no_show(tx, call, driver, night.company, now=night.clock.now(), ids=night.ids)


def staff(night: Night) -> Change:
    return Change(Actor(ActorKind.STAFF, night.ids.new()), WHY)


async def newest_event(night: Night, call: CallId) -> Event:
    async with night.database.reading() as tx:
        return (await calls.timeline(tx, night.company, call))[-1]


async def cancels_counted(night: Night) -> int:
    async with night.database.reading() as tx:
        return int(await tx.value("SELECT count(*) FROM customer_cancels"))


async def test_waiting_is_free_for_a_while_and_then_costs(night: Night) -> None:
    call, driver = await arrived(night)
    assert (call.waiting, call.waiting_won) == (WAITING, 0)
    night.later(minutes=7, seconds=30)
    started = await night.start(call.id, driver)
    assert started.waiting_won == 900
    completed = await night.complete(call.id, driver)
    assert completed.final_amount == call.fare.amount + 900
    assert (await newest_event(night, call.id)).data["final_amount"] == completed.final_amount


async def test_who_starts_in_time_pays_nothing_more(night: Night) -> None:
    call, driver = await arrived(night)
    night.later(minutes=5)
    assert (await night.start(call.id, driver)).waiting_won == 0
    assert (await night.complete(call.id, driver)).final_amount == call.fare.amount


async def test_waiting_begins_anew_with_the_next_driver(night: Night) -> None:
    call, _ = await arrived(night)
    night.later(minutes=30)
    released = await night.release(call.id)
    assert (released.waiting, released.arrived_at) == (None, None)
    second = await night.driver()
    await night.list_for(call.id, second)
    await night.take(call.id, second)
    assert (await night.arrive(call.id, second)).waiting == WaitingPolicy()
    assert (await night.start(call.id, second)).waiting_won == 0


@pytest.mark.rule("R-062", "I-053")
async def test_a_no_show_ends_by_its_driver_with_a_fee_and_never_counts(night: Night) -> None:
    call, driver = await arrived(night)
    night.later(minutes=7)
    with pytest.raises(NoShowTooEarly) as early:
        await no_show(night, call.id, driver)
    assert early.value.facts == {"left_s": 60}
    night.later(minutes=1)
    ended = await no_show(night, call.id, driver)
    assert (ended.state, ended.ended_by, ended.cancelled_from, ended.end_reason, ended.no_show_fee_won) == (
        State.CANCELLED_AFTER_ASSIGNMENT,
        ActorKind.DRIVER,
        State.ARRIVED,
        "no_show",
        7_000,
    )
    assert await cancels_counted(night) == 0
    assert await night.engaged() == {}
    await check_rows(night)
    # The customer's own cancel from there would have counted.
    other, _ = await arrived(night)
    cancelled = await night.cancel(other.id, other.customer_id)
    assert cancelled.no_show_fee_won is None
    assert await cancels_counted(night) == 1


async def test_only_who_waits_there_may_say_that_nobody_came(night: Night) -> None:
    call, driver = await night.assigned()
    night.later(hours=1)
    with pytest.raises(NotWaiting):
        await no_show(night, call.id, driver)
    with pytest.raises(CallNotFound):
        await no_show(night, call.id, await night.driver())
    await night.arrive(call.id, driver)
    night.later(hours=1)
    await night.start(call.id, driver)
    with pytest.raises(NotWaiting) as refused:
        await no_show(night, call.id, driver)
    assert refused.value.facts == {"state": "driving"}


async def test_a_drivers_cancel_with_the_same_words_costs_nobody_a_fee(night: Night) -> None:
    call, driver = await arrived(night)
    assert (await night.cancel_by_driver(call.id, driver, "no_show")).no_show_fee_won is None


async def test_vias_are_passed_once_by_who_drives(night: Night) -> None:
    call = await night.request(vias=(JAMSIL, JAMSIL))
    driver = await night.driver()
    offer = await night.offer(call.id, driver)
    await night.accept(offer.id, driver)

    async def reach(index: int) -> Call:
        async with night.transaction() as tx:
            now = night.clock.now()
            return await calls.reach_via(tx, call.id, night.company, driver, index, now=now, ids=night.ids)

    with pytest.raises(IllegalMove):
        await reach(0)
    await night.arrive(call.id, driver)
    await night.start(call.id, driver)
    first = await reach(1)
    assert first.vias_reached == (1,)
    assert (await reach(1)).version == first.version
    assert (await reach(0)).vias_reached == (1, 0)
    for index in (2, -1):
        with pytest.raises(ViaUnknown):
            await reach(index)


async def test_cash_and_a_meters_amount_are_kept(night: Night) -> None:
    call, driver = await night.in_state(State.DRIVING)
    assert driver is not None
    async with night.transaction() as tx:
        ended = await dispatch.complete(
            tx,
            call.id,
            driver,
            night.company,
            now=night.clock.now(),
            ids=night.ids,
            final_amount=Won(41_500),
            cash_received=True,
        )
    assert (ended.final_amount, ended.cash_received) == (41_500, True)


@pytest.mark.rule("I-036")
async def test_staffs_moves_are_told_with_who_and_why(night: Night) -> None:
    call, driver = await night.assigned()
    change = staff(night)
    for step, kind in (
        (dispatch.arrive, "call.arrived"),
        (dispatch.start, "call.started"),
        (dispatch.complete, "call.completed"),
    ):
        async with night.transaction() as tx:
            await step(tx, call.id, driver, night.company, now=night.clock.now(), ids=night.ids, change=change)
        event = await newest_event(night, call.id)
        assert (event.kind, event.actor, event.data["reason"]) == (kind, change.actor, WHY)
    assert await night.engaged() == {}


async def test_staff_never_move_a_call_of_another_driver(night: Night) -> None:
    call, _ = await night.assigned()
    change, other = staff(night), await night.driver()
    with pytest.raises(CallNotFound):
        async with night.transaction() as tx:
            await dispatch.arrive(
                tx, call.id, other, night.company, now=night.clock.now(), ids=night.ids, change=change
            )


async def test_a_no_show_beside_the_customers_cancel_has_one_ending(crowd: Night) -> None:
    seen: set[object] = set()
    for _ in rounds_until_both(seen):
        call, driver = await arrived(crowd)
        crowd.later(minutes=8)
        before = await cancels_counted(crowd)
        answers = await race(no_show(crowd, call.id, driver), crowd.cancel(call.id, call.customer_id))
        (ended,) = [answer for answer in answers if isinstance(answer, Call)]
        (refused,) = [answer for answer in answers if answer is not ended]
        assert isinstance(refused, NotWaiting | IllegalMove)
        is_no_show = ended.no_show_fee_won is not None
        assert is_no_show == (ended.ended_by is ActorKind.DRIVER)
        assert await cancels_counted(crowd) - before == (0 if is_no_show else 1)
        await check_rows(crowd)
        seen.add(is_no_show)


async def test_staffs_move_beside_the_drivers_happens_once(crowd: Night) -> None:
    change = staff(crowd)
    for _ in range(ROUNDS):
        call, driver = await crowd.in_state(State.DRIVING)
        assert driver is not None
        answers = await race(by_staff(crowd, call.id, driver, change), crowd.complete(call.id, driver))
        (ended,) = [answer for answer in answers if isinstance(answer, Call)]
        (refused,) = [answer for answer in answers if answer is not ended]
        assert isinstance(refused, IllegalMove)
        assert (await crowd.get(call.id)).version == 5
        await check_rows(crowd)


async def test_a_release_beside_an_arrival_leaves_nobody_in_between(crowd: Night) -> None:
    seen: set[object] = set()
    for _ in rounds_until_both(seen):
        call, driver = await crowd.assigned()
        await race(crowd.release(call.id), crowd.arrive(call.id, driver))
        kept = await crowd.get(call.id)
        assert kept.state is State.REQUESTED  # a release takes an arrived call back too
        assert (kept.arrived_at, kept.waiting, kept.driver_id) == (None, None, None)
        await check_rows(crowd)
        seen.add(kept.version)
        await crowd.cancel(call.id)


async def test_a_release_beside_a_completion_leaves_the_completion(crowd: Night) -> None:
    for _ in range(ROUNDS):
        call, driver = await crowd.in_state(State.DRIVING)
        assert driver is not None
        released, completed = await race(crowd.release(call.id), crowd.complete(call.id, driver))
        assert isinstance(released, IllegalMove)
        assert isinstance(completed, Call)
        await check_rows(crowd)


async def test_a_start_beside_a_no_show_has_one_outcome(crowd: Night) -> None:
    seen: set[object] = set()
    for _ in rounds_until_both(seen):
        call, driver = await arrived(crowd)
        crowd.later(minutes=10)
        answers = await race(no_show(crowd, call.id, driver), crowd.start(call.id, driver))
        (won,) = [answer for answer in answers if isinstance(answer, Call)]
        kept = await crowd.get(call.id)
        assert kept.state is won.state
        assert (kept.waiting_won, kept.no_show_fee_won) in {(1_500, None), (0, 7_000)}
        seen.add(kept.state)
        await check_rows(crowd)
        if kept.state is State.DRIVING:
            await crowd.complete(call.id, driver)


async def by_staff(night: Night, call: CallId, driver: DriverId, change: Change) -> Call:
    async with night.transaction() as tx:
        return await dispatch.complete(
            tx, call, driver, night.company, now=night.clock.now(), ids=night.ids, change=change
        )
