"""The second slot: one next call for who drives, pairs that never meet, and staff who choose the driver."""

import pytest
from tests.dispatch.factories import Night

from daeri.calls.model import State
from daeri.dispatch.model import (
    AlreadyTaken,
    CallBarred,
    DriveFirst,
    DriverEngaged,
    DriverOffDuty,
    NotEligible,
    NotListed,
    OfferState,
    PairBarred,
    Slot,
)
from daeri.drivers.model import Duty
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import Service


async def driving(night: Night) -> DriverId:
    _, driver = await night.in_state(State.DRIVING)
    assert driver is not None
    return driver


async def with_next(night: Night) -> tuple[DriverId, dict[Slot, object]]:
    driver = await driving(night)
    offer = await night.offer_next((await night.request()).id, driver)
    await night.accept(offer.id, driver)
    return driver, dict(await night.slots(driver))


async def test_who_drives_may_accept_one_call_for_after_the_drive(night: Night) -> None:
    driver = await driving(night)
    now = (await night.slots(driver))[Slot.NOW]
    following = await night.request()
    offer = await night.offer_next(following.id, driver)
    assert offer.slot is Slot.NEXT
    call = await night.accept(offer.id, driver)
    assert call.state is State.ASSIGNED
    assert await night.slots(driver) == {Slot.NOW: now, Slot.NEXT: following.id}
    assert await night.apply([night.planned((await night.request()).id, driver, Slot.NEXT)]) == []


async def test_a_driver_without_a_drive_under_way_has_no_next_call(night: Night) -> None:
    _, driver = await night.in_state(State.ARRIVED)
    assert driver is not None
    call = await night.request()
    assert await night.apply([night.planned(call.id, driver, Slot.NEXT)]) == []
    await night.list_for(call.id, driver)
    with pytest.raises(DriverEngaged):
        await night.take(call.id, driver)


async def test_an_offer_for_now_is_not_given_to_who_drives(night: Night) -> None:
    driver = await driving(night)
    assert await night.apply([night.planned((await night.request()).id, driver)]) == []


async def test_the_next_call_waits_until_the_drive_is_finished(night: Night) -> None:
    driver, slots = await with_next(night)
    following = slots[Slot.NEXT]
    with pytest.raises(DriveFirst):
        await night.arrive(following, driver)
    await night.complete(slots[Slot.NOW], driver)
    assert await night.slots(driver) == {Slot.NOW: following}
    await night.arrive(following, driver)
    await night.start(following, driver)
    await night.complete(following, driver)
    assert await night.slots(driver) == {}
    assert await night.overlaps() == 0


@pytest.mark.parametrize("ending", ["cancel", "cancel_by_driver"])
async def test_however_the_drive_ends_the_next_call_follows(night: Night, ending: str) -> None:
    driver, slots = await with_next(night)
    now = slots[Slot.NOW]
    await (night.cancel(now) if ending == "cancel" else night.cancel_by_driver(now, driver))
    assert await night.slots(driver) == {Slot.NOW: slots[Slot.NEXT]}


@pytest.mark.parametrize("ending", ["cancel", "cancel_by_driver", "release"])
async def test_a_next_call_that_is_gone_leaves_the_drive_alone(night: Night, ending: str) -> None:
    driver, slots = await with_next(night)
    following = slots[Slot.NEXT]
    await (
        getattr(night, ending)(following, driver) if ending == "cancel_by_driver" else getattr(night, ending)(following)
    )
    assert await night.slots(driver) == {Slot.NOW: slots[Slot.NOW]}
    await night.complete(slots[Slot.NOW], driver)
    assert await night.slots(driver) == {}


async def test_a_card_for_after_the_drive_that_is_answered_after_it_is_for_now(night: Night) -> None:
    driver = await driving(night)
    now = (await night.slots(driver))[Slot.NOW]
    following = await night.request()
    offer = await night.offer_next(following.id, driver)
    await night.complete(now, driver)
    await night.accept(offer.id, driver)
    assert await night.slots(driver) == {Slot.NOW: following.id}


async def test_who_drives_may_take_a_listed_call_for_after_it(night: Night) -> None:
    driver = await driving(night)
    call = await night.request()
    await night.list_for(call.id, driver)
    await night.take(call.id, driver)
    assert (await night.slots(driver))[Slot.NEXT] == call.id


async def test_off_duty_waits_for_both_calls(night: Night) -> None:
    driver, slots = await with_next(night)
    await night.complete(slots[Slot.NOW], driver)
    with pytest.raises(DriverEngaged):
        await night.set_duty(driver, Duty.OFF)


@pytest.mark.rule("I-006")
async def test_a_barred_pair_is_never_given_a_call(night: Night) -> None:
    driver, customer = await night.driver(), await night.customer()
    offered, listed = await night.request(customer), await night.request(customer)
    offer = await night.offer(offered.id, driver)
    await night.list_for(listed.id, driver)
    await night.never_meet(customer, driver)  # after the card went out
    with pytest.raises(CallBarred) as refusal:
        await night.accept(offer.id, driver)
    assert refusal.value.facts == {}
    with pytest.raises(CallBarred):
        await night.take(listed.id, driver)
    with pytest.raises(PairBarred):
        await night.assign_by_hand(listed.id, driver)
    await night.decline(offer.id, driver)
    assert await night.apply([night.planned(offered.id, driver)]) == []
    assert await night.engaged() == {}
    other = await night.request()
    assert len(await night.apply([night.planned(other.id, driver)])) == 1


@pytest.mark.rule("I-043")
async def test_staff_give_a_call_to_a_driver_of_their_choice(night: Night) -> None:
    chosen, asked, call = await night.driver(), await night.driver(), await night.request()
    offer, own = await night.offer(call.id, asked), await night.offer((await night.request()).id, chosen)
    done = await night.assign_by_hand(call.id, chosen)
    assert (done.state, done.driver_id) == (State.ASSIGNED, chosen)
    assert await night.slots(chosen) == {Slot.NOW: call.id}
    states = {one.id: one.state for each in (call.id, own.call_id) for one in await night.offers_of(each)}
    assert states[offer.id] is states[own.id] is OfferState.WITHDRAWN
    with pytest.raises(AlreadyTaken):
        await night.assign_by_hand(call.id, asked)
    # Who was taken off it is not asked again at once.
    await night.release(call.id)
    assert OfferState.ACCEPTED in {one.state for one in await night.offers_of(call.id)}


@pytest.mark.rule("I-043")
async def test_staff_cannot_choose_who_may_not_or_cannot_drive(night: Night) -> None:
    call = await night.request()
    with pytest.raises(DriverOffDuty):
        await night.assign_by_hand(call.id, await night.driver(Duty.OFF))
    with pytest.raises(DriverEngaged):
        await night.assign_by_hand(call.id, await driving(night))
    vip = await night.request(service=Service.VIP)
    with pytest.raises(NotEligible):
        await night.assign_by_hand(vip.id, await night.driver())
    assert (await night.get(call.id)).state is State.REQUESTED


async def test_what_is_not_listed_is_not_listed_to_who_drives_either(night: Night) -> None:
    with pytest.raises(NotListed):
        await night.take((await night.request()).id, await driving(night))
