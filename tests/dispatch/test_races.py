"""Two commands at the same instant, on connections of their own: one wins, the others hear a named refusal.

Every race runs many times, and every command hesitates at random before each statement, so that they meet at every
point of their way. A deadlock would surface as an error that is no refusal, and fail the test.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from datetime import timedelta

import pytest
from tests.dispatch.factories import Night

from daeri.calls.model import Call, CallNotFound, IllegalMove, State
from daeri.dispatch import api
from daeri.dispatch.model import (
    AlreadyTaken,
    CallBarred,
    DriverEngaged,
    DriverOffDuty,
    NewListing,
    Offer,
    OfferClosed,
    OfferState,
    Slot,
)
from daeri.drivers.model import Duty
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CallId, DriverId

pytestmark = pytest.mark.timeout(180)
ROUNDS = 20
MOST_ROUNDS = 300  # where a test wants to see both outcomes


def rounds_until_both(seen: set[object]) -> Iterator[int]:
    """At least ROUNDS, and as many more as it takes until two different outcomes were seen."""
    for turn in range(MOST_ROUNDS):
        if turn >= ROUNDS and len(seen) == 2:
            return
        yield turn
    pytest.fail(f"only {seen} in {MOST_ROUNDS} rounds: nothing was raced")


async def race(*commands: Awaitable[object]) -> list[object]:
    """What each command answered or was refused with; any other error is raised."""
    answers = await asyncio.gather(*commands, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, DaeriError):
            raise answer
    return list(answers)


async def check_rows(night: Night) -> None:
    """What must hold at any instant between commands."""
    async with night.database.reading() as tx:
        orphans = await tx.value(_LIVE_OFFERS_WITHOUT_WAITING_CALL)
        held = await tx.value(_LIVE_OFFERS_OF_DRIVERS_WITHOUT_ROOM)
        off = await tx.value(_LIVE_OFFERS_OF_DRIVERS_OFF_DUTY)
        crooked = await tx.value(_ENGAGEMENTS_THAT_DIFFER_FROM_CALLS)
        listed = await tx.value(_LISTINGS_WITHOUT_WAITING_CALL)
    assert (orphans, held, off, crooked, listed) == (0, 0, 0, 0, 0)
    assert await night.overlaps() == 0


_LIVE_OFFERS_WITHOUT_WAITING_CALL = """
SELECT count(*) FROM offers o JOIN calls c ON c.id = o.call_id WHERE o.state = 'live' AND c.state <> 'requested'
"""
_LIVE_OFFERS_OF_DRIVERS_WITHOUT_ROOM = """
SELECT count(*) FROM offers o JOIN engagements e ON e.driver_id = o.driver_id JOIN calls c ON c.id = e.call_id
WHERE o.state = 'live' AND (e.slot = 'next' OR c.state <> 'driving')
"""
_LIVE_OFFERS_OF_DRIVERS_OFF_DUTY = """
SELECT count(*) FROM offers o JOIN drivers d ON d.id = o.driver_id WHERE o.state = 'live' AND d.duty = 'off'
"""
_ENGAGEMENTS_THAT_DIFFER_FROM_CALLS = """
SELECT count(*) FROM engagements e
FULL JOIN (SELECT * FROM calls WHERE state IN ('assigned', 'arrived', 'driving')) c
     ON c.id = e.call_id AND c.driver_id = e.driver_id
WHERE e.call_id IS NULL OR c.id IS NULL
"""
_LISTINGS_WITHOUT_WAITING_CALL = """
SELECT count(*) FROM listings l JOIN calls c ON c.id = l.call_id WHERE c.state <> 'requested'
"""


@pytest.mark.rule("I-041")
async def test_of_drivers_who_take_one_call_exactly_one_wins(crowd: Night) -> None:
    drivers = [await crowd.driver() for _ in range(4)]
    for _ in range(ROUNDS):
        call = await crowd.request()
        await crowd.list_for(call.id, *drivers)
        answers = await race(*(crowd.take(call.id, driver) for driver in drivers))
        (won,) = [answer for answer in answers if isinstance(answer, Call)]
        assert [type(answer) for answer in answers if answer is not won] == [AlreadyTaken] * 3
        assert await crowd.engaged() == {won.driver_id: call.id}
        await check_rows(crowd)
        await crowd.cancel(call.id)


@pytest.mark.rule("I-041")
async def test_an_accept_and_a_take_of_one_call_have_one_winner(crowd: Night) -> None:
    offered, looking = await crowd.driver(), await crowd.driver()
    winners: set[object] = set()
    for _ in rounds_until_both(winners):
        call = await crowd.request()
        await crowd.list_for(call.id, looking)
        offer = await crowd.offer(call.id, offered)
        answers = await race(crowd.accept(offer.id, offered), crowd.take(call.id, looking))
        (won,) = [answer for answer in answers if isinstance(answer, Call)]
        (lost,) = [answer for answer in answers if answer is not won]
        assert isinstance(lost, AlreadyTaken | OfferClosed)
        winners.add(won.driver_id)
        await check_rows(crowd)
        await crowd.cancel(call.id)


async def test_one_driver_who_accepts_and_takes_at_once_gets_one_call(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        offered, listed = await crowd.request(), await crowd.request()
        await crowd.list_for(listed.id, driver)
        offer = await crowd.offer(offered.id, driver)
        answers = await race(crowd.accept(offer.id, driver), crowd.take(listed.id, driver))
        (won,) = [answer for answer in answers if isinstance(answer, Call)]
        (lost,) = [answer for answer in answers if answer is not won]
        assert isinstance(lost, DriverEngaged | OfferClosed)
        assert await crowd.engaged() == {driver: won.id}
        await check_rows(crowd)
        await crowd.cancel(offered.id)
        await crowd.cancel(listed.id)


@pytest.mark.rule("R-059", "R-060")
async def test_a_cancel_beside_an_accept_always_ends_the_call(crowd: Night) -> None:
    driver = await crowd.driver()
    endings: set[object] = set()
    for _ in rounds_until_both(endings):
        call = await crowd.request()
        offer = await crowd.offer(call.id, driver)
        accepted, cancelled = await race(crowd.accept(offer.id, driver), crowd.cancel(call.id, call.customer_id))
        assert isinstance(cancelled, Call)
        assert isinstance(accepted, Call | AlreadyTaken | OfferClosed)
        after = State.CANCELLED_AFTER_ASSIGNMENT if isinstance(accepted, Call) else State.CANCELLED_BEFORE_ASSIGNMENT
        assert cancelled.state is after
        assert await crowd.engaged() == {}
        endings.add(after)
        await check_rows(crowd)


async def test_an_accept_beside_the_calls_expiry_leaves_it_taken_or_expired(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request(expires_at=crowd.clock.now())
        offer = await crowd.offer(call.id, driver)
        accepted, expired = await race(crowd.accept(offer.id, driver), crowd.expire_calls())
        if isinstance(accepted, Call):
            assert expired == []
            await crowd.cancel(call.id)
        else:
            assert isinstance(accepted, AlreadyTaken | OfferClosed)
            assert [one.state for one in expired] == [State.EXPIRED]
        await check_rows(crowd)


async def test_an_accept_beside_the_offers_expiry_leaves_it_accepted_or_ignored(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request()
        offer = await crowd.offer(call.id, driver)
        # The driver's clock stands a moment before the limit, the engine's at it.
        accepted, ignored = await race(crowd.accept(offer.id, driver), _expire_at(crowd, offer))
        (kept,) = await crowd.offers_of(call.id)
        if isinstance(accepted, Call):
            assert (ignored, kept.state) == ([], OfferState.ACCEPTED)
        else:
            assert isinstance(accepted, OfferClosed)
            assert kept.state is OfferState.IGNORED
        await check_rows(crowd)
        await crowd.cancel(call.id)


async def _expire_at(night: Night, offer: Offer) -> list[Offer]:
    async with night.transaction() as tx:
        return await api.expire_offers(tx, now=offer.expires_at)


async def test_going_off_duty_beside_an_accept_never_leaves_an_off_duty_driver_with_a_call(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request()
        offer = await crowd.offer(call.id, driver)
        accepted, gone = await race(crowd.accept(offer.id, driver), crowd.set_duty(driver, Duty.OFF))
        if isinstance(accepted, Call):
            assert isinstance(gone, DriverEngaged)
        else:
            assert gone is None
            assert isinstance(accepted, DriverOffDuty | OfferClosed)
        await check_rows(crowd)
        await crowd.cancel(call.id)
        await crowd.set_duty(driver, Duty.ON)


async def test_an_offer_beside_a_cancel_leaves_no_live_offer(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request()
        _, cancelled = await race(crowd.apply([crowd.planned(call.id, driver)]), crowd.cancel(call.id))
        assert isinstance(cancelled, Call)
        await check_rows(crowd)


async def test_a_listing_beside_a_cancel_leaves_no_listing(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request()
        await race(crowd.list_for(call.id, driver), crowd.cancel(call.id))
        await check_rows(crowd)


async def test_an_offer_beside_going_off_duty_leaves_no_live_offer(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request()
        await race(crowd.apply([crowd.planned(call.id, driver)]), crowd.set_duty(driver, Duty.OFF))
        await check_rows(crowd)
        await crowd.set_duty(driver, Duty.ON)
        await crowd.cancel(call.id)


async def test_an_offer_beside_a_take_leaves_the_driver_with_the_call_alone(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        listed, other = await crowd.request(), await crowd.request()
        await crowd.list_for(listed.id, driver)
        taken, _ = await race(crowd.take(listed.id, driver), crowd.apply([crowd.planned(other.id, driver)]))
        assert isinstance(taken, Call)
        await check_rows(crowd)
        await crowd.cancel(listed.id)
        await crowd.cancel(other.id)


async def test_an_offer_beside_an_accept_of_the_same_driver_is_left_out(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        first, second = await crowd.request(), await crowd.request()
        offer = await crowd.offer(first.id, driver)
        accepted, written = await race(crowd.accept(offer.id, driver), crowd.apply([crowd.planned(second.id, driver)]))
        assert isinstance(accepted, Call)
        assert written == []
        await check_rows(crowd)
        await crowd.cancel(first.id)
        await crowd.cancel(second.id)


async def test_two_engines_offer_a_driver_one_call_and_a_call_to_one_driver(crowd: Night) -> None:
    drivers = [await crowd.driver() for _ in range(4)]
    for _ in range(ROUNDS):
        waiting = [await crowd.request() for _ in range(4)]
        ticks = [
            crowd.apply([crowd.planned(call.id, driver) for call, driver in zip(waiting, order, strict=True)])
            for order in (drivers, drivers[::-1], drivers[2:] + drivers[:2])
        ]
        written = await race(*ticks)
        assert 1 <= sum(map(len, written)) <= 4
        await check_rows(crowd)
        for call in waiting:
            await crowd.cancel(call.id)


async def test_ticks_beside_expiry_and_cancels_of_many_calls_never_deadlock(crowd: Night) -> None:
    drivers = [await crowd.driver() for _ in range(6)]
    for _ in range(ROUNDS // 2):
        # Expiring in the opposite order of their ids.
        now = crowd.clock.now()
        waiting = [await crowd.request(expires_at=now - timedelta(seconds=place)) for place in range(6)]
        listings = [NewListing(call.id, tuple(drivers), (1,) * 6) for call in waiting]
        pairs = list(zip(waiting, drivers, strict=True))
        await race(
            crowd.apply([crowd.planned(call.id, driver) for call, driver in pairs[:3]], listings[3:]),
            crowd.apply([crowd.planned(call.id, driver) for call, driver in pairs[:2:-1]], listings[2::-1]),
            crowd.expire_calls(),
            *(crowd.cancel(call.id) for call in waiting[::2]),
            *(crowd.take(call.id, driver) for call, driver in zip(waiting, drivers[::-1], strict=True)),
        )
        await check_rows(crowd)
        for call_id in (await crowd.engaged()).values():
            await crowd.cancel(CallId(call_id))
        await crowd.expire_calls()


async def test_a_decline_beside_an_accept_on_two_devices_has_one_answer(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request()
        offer = await crowd.offer(call.id, driver)
        accepted, declined = await race(crowd.accept(offer.id, driver), crowd.decline(offer.id, driver))
        assert isinstance(accepted, OfferClosed) != isinstance(declined, OfferClosed)
        (kept,) = await crowd.offers_of(call.id)
        assert kept.state is (OfferState.ACCEPTED if isinstance(accepted, Call) else OfferState.DECLINED)
        await check_rows(crowd)
        await crowd.cancel(call.id)


async def test_the_same_accept_twice_takes_the_call_once(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request()
        offer = await crowd.offer(call.id, driver)
        answers = await race(*(crowd.accept(offer.id, driver) for _ in range(3)))
        (won,) = [answer for answer in answers if isinstance(answer, Call)]
        assert won.version == 2
        lost = [answer for answer in answers if answer is not won]
        # Whose other telephone was faster is not told of another driver.
        assert all(isinstance(each, OfferClosed) and each.facts["state"] == OfferState.ACCEPTED for each in lost), lost
        await crowd.cancel(call.id)


async def test_a_cancel_beside_a_completion_leaves_one_ending(crowd: Night) -> None:
    for _ in range(ROUNDS):
        call, driver = await crowd.in_state(State.DRIVING)
        assert driver is not None
        answers = await race(crowd.complete(call.id, driver), crowd.cancel(call.id))
        (ended,) = [answer for answer in answers if isinstance(answer, Call)]
        (refused,) = [answer for answer in answers if answer is not ended]
        assert isinstance(refused, IllegalMove)
        assert refused.facts["state"] == ended.state
        assert (await crowd.get(call.id)).version == 5
        assert await crowd.engaged() == {}
        await check_rows(crowd)


async def test_a_drivers_cancel_beside_a_release_never_ends_the_next_drivers_call(crowd: Night) -> None:
    first, second = await crowd.driver(), await crowd.driver()
    for _ in range(ROUNDS):
        call = await crowd.request()
        offer = await crowd.offer(call.id, first)
        await crowd.accept(offer.id, first)
        answers = await race(_hand_over(crowd, call.id, second), crowd.cancel_by_driver(call.id, first))
        kept = await crowd.get(call.id)
        if isinstance(answers[1], Call):
            assert kept.state is State.CANCELLED_AFTER_ASSIGNMENT
        else:
            assert isinstance(answers[1], IllegalMove | CallNotFound)
            assert (kept.state, kept.driver_id) == (State.ASSIGNED, second)
        await check_rows(crowd)
        if kept.state is State.ASSIGNED:
            await crowd.cancel(call.id)


async def _hand_over(night: Night, call: CallId, driver: DriverId) -> Call:
    await night.release(call)
    await night.list_for(call, driver)
    return await night.take(call, driver)


async def test_an_accept_of_a_next_call_beside_the_end_of_the_drive_leaves_it_under_way_or_to_follow(
    crowd: Night,
) -> None:
    """Whichever comes first, the driver ends with the new call as the one under way."""
    for turn in range(ROUNDS):
        now, driver = await crowd.in_state(State.DRIVING)
        assert driver is not None
        following = await crowd.request()
        offer = await crowd.offer_next(following.id, driver)
        end = crowd.complete(now.id, driver) if turn % 2 else crowd.cancel(now.id)
        accepted, ended = await race(crowd.accept(offer.id, driver), end)
        assert isinstance(accepted, Call)
        assert isinstance(ended, Call)
        assert await crowd.slots(driver) == {Slot.NOW: following.id}
        await check_rows(crowd)
        await crowd.cancel(following.id)


async def test_both_calls_of_a_driver_that_end_at_once_leave_them_free(crowd: Night) -> None:
    for _ in range(ROUNDS):
        now, driver = await crowd.in_state(State.DRIVING)
        assert driver is not None
        following = await crowd.request()
        await crowd.accept((await crowd.offer_next(following.id, driver)).id, driver)
        done, gone = await race(crowd.complete(now.id, driver), crowd.cancel(following.id))
        assert isinstance(done, Call)
        assert isinstance(gone, Call)
        assert await crowd.slots(driver) == {}
        await check_rows(crowd)


async def test_of_two_next_calls_one_is_the_drivers(crowd: Night) -> None:
    for _ in range(ROUNDS):
        now, driver = await crowd.in_state(State.DRIVING)
        assert driver is not None
        offered, listed = await crowd.request(), await crowd.request()
        await crowd.list_for(listed.id, driver)
        offer = await crowd.offer_next(offered.id, driver)
        answers = await race(crowd.accept(offer.id, driver), crowd.take(listed.id, driver))
        (won,) = [answer for answer in answers if isinstance(answer, Call)]
        assert await crowd.slots(driver) == {Slot.NOW: now.id, Slot.NEXT: won.id}
        await check_rows(crowd)
        for call in (now, offered, listed):
            await crowd.cancel(call.id)


@pytest.mark.rule("I-043")
async def test_staff_and_a_driver_who_accepts_do_not_both_get_the_call(crowd: Night) -> None:
    asked, chosen = await crowd.driver(), await crowd.driver()
    winners: set[object] = set()
    for _ in rounds_until_both(winners):
        call = await crowd.request()
        offer = await crowd.offer(call.id, asked)
        answers = await race(crowd.accept(offer.id, asked), crowd.assign_by_hand(call.id, chosen))
        (won,) = [answer for answer in answers if isinstance(answer, Call)]
        (lost,) = [answer for answer in answers if answer is not won]
        assert isinstance(lost, AlreadyTaken | OfferClosed)
        winners.add(won.driver_id)
        await check_rows(crowd)
        await crowd.cancel(call.id)


@pytest.mark.rule("I-006")
async def test_a_wish_never_to_meet_beside_an_accept_lets_the_call_go_on_or_bars_it(crowd: Night) -> None:
    outcomes: set[object] = set()
    head_start_s = 0.0
    for _ in rounds_until_both(outcomes):
        driver, customer = await crowd.driver(), await crowd.customer()
        call = await crowd.request(customer)
        offer = await crowd.offer(call.id, driver)
        wish = _after(head_start_s, crowd.never_meet(customer, driver))
        accepted, _ = await race(crowd.accept(offer.id, driver), wish)
        assert isinstance(accepted, Call | CallBarred)
        assert (await crowd.engaged() == {driver: call.id}) is isinstance(accepted, Call)
        outcomes.add(type(accepted))
        # A wish is one statement and an accept many: found out here, the accept needs this long to be the first.
        head_start_s = max(0.0, head_start_s + (0.001 if isinstance(accepted, CallBarred) else -0.001))
        await check_rows(crowd)
        await crowd.cancel(call.id)


async def _after(seconds: float, command: Awaitable[object]) -> object:
    await asyncio.sleep(seconds)
    return await command
