"""Suspensions, their ends, and appeals (I-005, R-041)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.dispatch.factories import Night, make_company
from tests.drivers.factories import Desk

from daeri.calls.model import State
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import OfferClosed, OfferState, Slot
from daeri.drivers import api
from daeri.drivers.model import (
    AlreadySuspended,
    AppealAnswered,
    AppealedAlready,
    AppealNotFound,
    DriverNotFound,
    DriverSuspended,
    Duty,
    NotApproved,
    NotSuspended,
    SignUp,
    Suspend,
    SuspensionEndInvalid,
    SuspensionLifted,
    SuspensionNotFound,
    SuspensionPolicy,
)
from daeri.infra import events

DAY = timedelta(days=1)


@pytest.mark.rule("I-005")
async def test_a_suspended_driver_goes_off_duty_and_may_not_come_back(desk: Desk) -> None:
    driver = await desk.driver()
    ends_at = desk.now + DAY
    suspension = await desk.suspend(driver, "반복 취소", ends_at)
    assert (suspension.reason, suspension.evidence, suspension.ends_at) == ("반복 취소", "콜 3건", ends_at)
    assert suspension.by_hand
    assert suspension.decided_by == desk.staff.id
    assert ((await desk.get(driver)).status, (await desk.get(driver)).duty) == (SignUp.SUSPENDED, Duty.OFF)
    with pytest.raises(DriverSuspended) as refusal:
        await desk.night.set_duty(driver, Duty.ON)
    assert refusal.value.facts == {"reason": "반복 취소", "ends_at": ends_at.isoformat()}


@pytest.mark.rule("I-005")
async def test_a_live_offer_is_withdrawn(desk: Desk, night: Night) -> None:
    driver, call = await desk.driver(), await night.request()
    offer = await night.offer(call.id, driver)
    await desk.suspend(driver)
    assert [each.state for each in await night.offers_of(call.id)] == [OfferState.WITHDRAWN]
    with pytest.raises(OfferClosed):
        await night.accept(offer.id, driver)


@pytest.mark.rule("I-005")
async def test_a_running_call_is_finished_first(desk: Desk, night: Night) -> None:
    driver, call = await desk.driver(), await night.request()
    offer = await night.offer(call.id, driver)
    await night.accept(offer.id, driver)
    await desk.suspend(driver)
    assert ((await desk.get(driver)).status, (await desk.get(driver)).duty) == (SignUp.SUSPENDED, Duty.ON)
    assert await desk.attend() == []
    await night.arrive(call.id, driver)
    await night.start(call.id, driver)
    await night.complete(call.id, driver)
    assert (await desk.get(driver)).duty is Duty.OFF


@pytest.mark.rule("I-005")
async def test_lifting_takes_effect_at_once_and_the_history_is_kept(desk: Desk) -> None:
    driver = await desk.driver()
    first = await desk.suspend(driver, "첫 번째")
    desk.night.later(hours=1)
    lifted = await desk.lift(driver, "오해였어요")
    assert (lifted.id, lifted.lifted_at, lifted.ended_at) == (first.id, desk.now, desk.now)
    assert (lifted.lifted_by, lifted.lift_reason) == (desk.staff.id, "오해였어요")
    await desk.night.set_duty(driver, Duty.ON)
    desk.night.later(hours=1)
    await desk.suspend(driver, "두 번째")
    assert [each.reason for each in await desk.suspensions(driver)] == ["두 번째", "첫 번째"]


@pytest.mark.rule("I-005")
async def test_a_suspension_ends_by_itself(desk: Desk) -> None:
    driver = await desk.driver()
    await desk.suspend(driver, ends_at=desk.now + DAY)
    desk.night.later(hours=23)
    await desk.attend()
    assert (await desk.get(driver)).status is SignUp.SUSPENDED
    desk.night.later(hours=1)
    for _ in range(2):
        await desk.attend()
    (kept,) = await desk.suspensions(driver)
    assert (kept.ended_at, kept.lifted_at) == (kept.ends_at, None)
    assert (await desk.get(driver)).status is SignUp.APPROVED
    async with desk.night.database.reading() as tx:
        told = [event.kind for event in await events.history(tx, desk.company, "driver", driver)]
    assert told.count("driver.suspension_ended") == 1


async def test_its_end_counts_before_anybody_has_worked_it_off(desk: Desk) -> None:
    driver = await desk.driver()
    await desk.suspend(driver, ends_at=desk.now + DAY)
    desk.night.later(days=1)
    async with desk.night.database.reading() as tx:
        assert await api.running_of(tx, [driver], now=desk.now) == {}
    await desk.night.set_duty(driver, Duty.ON)
    assert (await desk.get(driver)).status is SignUp.APPROVED


async def test_what_cannot_be_suspended_or_lifted(desk: Desk) -> None:
    driver = await desk.driver()
    with pytest.raises(NotSuspended):
        await desk.lift(driver)
    with pytest.raises(SuspensionEndInvalid):
        await desk.suspend(driver, ends_at=desk.now)
    await desk.suspend(driver)
    with pytest.raises(AlreadySuspended):
        await desk.suspend(driver)
    with pytest.raises(NotApproved):
        await desk.suspend(await desk.applicant())


async def test_a_new_suspension_may_follow_one_whose_end_has_come(desk: Desk) -> None:
    driver = await desk.driver()
    await desk.suspend(driver, "첫 번째", desk.now + DAY)
    desk.night.later(days=2)
    await desk.suspend(driver, "두 번째")
    assert [each.ended_at is None for each in await desk.suspensions(driver)] == [True, False]


async def test_an_appeal_that_is_upheld_lifts_the_suspension(desk: Desk) -> None:
    driver = await desk.driver()
    suspension = await desk.suspend(driver)
    appealed = await desk.appeal(suspension.id, driver, "그날은 쉬었어요")
    assert appealed.appeal is not None
    assert (appealed.appeal.text, appealed.appeal.answer) == ("그날은 쉬었어요", None)
    async with desk.night.database.reading() as tx:
        (waiting,) = await api.waiting_appeals(tx, desk.company)
    assert (waiting.driver_id, waiting.suspension_id) == (driver, suspension.id)
    answered = await desk.answer(appealed.appeal.id, upheld=True, text="맞아요, 미안해요")
    assert answered.appeal is not None
    assert (answered.appeal.upheld, answered.appeal.answered_at) == (True, desk.now)
    assert (answered.lifted_at, answered.lift_reason) == (desk.now, "맞아요, 미안해요")
    await desk.night.set_duty(driver, Duty.ON)


async def test_a_suspension_goes_on_when_its_appeal_is_not_upheld(desk: Desk) -> None:
    driver = await desk.driver()
    suspension = await desk.suspend(driver)
    appealed = await desk.appeal(suspension.id, driver)
    assert appealed.appeal is not None
    answered = await desk.answer(appealed.appeal.id, upheld=False)
    assert answered.ended_at is None
    with pytest.raises(AppealAnswered):
        await desk.answer(appealed.appeal.id, upheld=True)
    assert (await desk.get(driver)).status is SignUp.SUSPENDED
    async with desk.night.database.reading() as tx:
        assert await api.waiting_appeals(tx, desk.company) == []


async def test_one_appeal_for_each_suspension_and_none_against_a_lifted_one(desk: Desk) -> None:
    driver = await desk.driver()
    suspension = await desk.suspend(driver)
    await desk.appeal(suspension.id, driver)
    with pytest.raises(AppealedAlready):
        await desk.appeal(suspension.id, driver)
    await desk.lift(driver)
    desk.night.later(minutes=1)
    second = await desk.suspend(driver)
    await desk.lift(driver)
    with pytest.raises(SuspensionLifted):
        await desk.appeal(second.id, driver)


async def test_nobody_appeals_for_another_driver_or_company(desk: Desk) -> None:
    driver, other = await desk.driver(), await desk.driver()
    suspension = await desk.suspend(driver)
    with pytest.raises(SuspensionNotFound):
        await desk.appeal(suspension.id, other)
    appealed = await desk.appeal(suspension.id, driver)
    assert appealed.appeal is not None
    now, ids = desk.now, desk.night.ids
    async with desk.night.transaction() as tx:
        theirs = await make_company(tx, ids, "dalbit")
        with pytest.raises(AppealNotFound):
            await api.answer_appeal(
                tx, appealed.appeal.id, theirs, desk.staff, upheld=False, text="x", now=now, ids=ids
            )
        with pytest.raises(DriverNotFound):
            await api.lift(tx, driver, theirs, "x", desk.staff, now=now, ids=ids)
        with pytest.raises(DriverNotFound):
            await dispatch.suspend(tx, driver, theirs, Suspend("이유"), desk.staff, now=now, ids=ids)
        assert await api.suspensions_of(tx, theirs, driver) == []


def test_nothing_is_deducted_before_the_answer_unless_a_company_says_so() -> None:
    assert not SuspensionPolicy().deducts_before_answer


@pytest.mark.rule("I-005")
async def test_a_call_that_was_to_follow_goes_to_somebody_else(desk: Desk, night: Night) -> None:
    driver, (first, second) = await desk.driver(), (await night.request(), await night.request())
    await night.accept((await night.offer(first.id, driver)).id, driver)
    await night.arrive(first.id, driver)
    await night.start(first.id, driver)
    (offer,) = await night.apply([replace(night.planned(second.id, driver), slot=Slot.NEXT)])
    await night.accept(offer.id, driver)
    await desk.suspend(driver)
    assert (await night.get(second.id)).state is State.REQUESTED
    assert await night.engaged() == {driver: first.id}
    await night.complete(first.id, driver)
    assert (await desk.get(driver)).duty is Duty.OFF
