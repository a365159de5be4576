"""Two people decide about one driver at the same instant: one is first, the other hears a named refusal.

Every command hesitates at random before each statement, so that they meet at every point of their way.
"""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.dispatch.factories import Night
from tests.dispatch.test_races import check_rows, race, rounds_until_both
from tests.drivers.factories import Desk

from daeri.calls.model import Call
from daeri.dispatch.model import OfferClosed
from daeri.drivers.model import (
    AlreadySuspended,
    AppealAnswered,
    AppealedAlready,
    Driver,
    DriverSuspended,
    Duty,
    NotSuspended,
    SignUp,
    Suspension,
)
from daeri.drivers.paper_model import ApplicationDecided


@pytest.fixture
def night(night: Night) -> Night:
    return replace(night, hesitation=random.Random(7))


async def test_approve_and_refuse(desk: Desk) -> None:
    seen: set[object] = set()
    for _ in rounds_until_both(seen):
        driver = await desk.applicant()
        await desk.submit(driver)
        await desk.hand_in(driver)
        answers = await race(desk.approve(driver), desk.refuse(driver))
        (won,) = [answer for answer in answers if isinstance(answer, Driver)]
        (lost,) = [answer for answer in answers if not isinstance(answer, Driver)]
        assert isinstance(lost, ApplicationDecided)
        assert (await desk.get(driver)).status is won.status
        seen.add(won.status)
    assert seen == {SignUp.APPROVED, SignUp.REFUSED}


@pytest.mark.rule("I-005")
async def test_suspend_and_accept(desk: Desk, night: Night) -> None:
    """Whoever accepted first finishes the call on duty; whoever was suspended first has lost the offer."""
    seen: set[object] = set()
    for _ in rounds_until_both(seen):
        driver, call = await desk.driver(), await night.request()
        offer = await night.offer(call.id, driver)
        taken, suspended = await race(night.accept(offer.id, driver), desk.suspend(driver))
        assert isinstance(suspended, Suspension)
        known = await desk.get(driver)
        assert known.status is SignUp.SUSPENDED
        if isinstance(taken, Call):
            assert (known.duty, await night.engaged()) == (Duty.ON, {driver: call.id})
            await night.arrive(call.id, driver)
            await night.start(call.id, driver)
            await night.complete(call.id, driver)
        else:
            assert isinstance(taken, OfferClosed | DriverSuspended), taken
            await night.cancel(call.id)
        assert (await desk.get(driver)).duty is Duty.OFF
        await check_rows(night)
        seen.add(type(taken) is Call)


async def test_suspend_and_going_on_duty(desk: Desk, night: Night) -> None:
    seen: set[object] = set()
    for _ in rounds_until_both(seen):
        driver = await desk.driver(duty=Duty.OFF)
        gone_on, _ = await race(night.set_duty(driver, Duty.ON), desk.suspend(driver))
        assert gone_on is None or isinstance(gone_on, DriverSuspended)
        known = await desk.get(driver)
        assert (known.status, known.duty) == (SignUp.SUSPENDED, Duty.OFF)
        seen.add(gone_on is None)


async def test_lift_and_suspend(desk: Desk) -> None:
    seen: set[object] = set()
    for _ in rounds_until_both(seen):
        driver = await desk.driver(duty=Duty.OFF)
        await desk.suspend(driver, "첫 번째")
        lifted, suspended = await race(desk.lift(driver), desk.suspend(driver, "두 번째"))
        assert isinstance(lifted, Suspension)
        known, history = await desk.get(driver), await desk.suspensions(driver)
        running = [each for each in history if each.ended_at is None]
        if isinstance(suspended, Suspension):
            assert (known.status, len(running), len(history)) == (SignUp.SUSPENDED, 1, 2)
        else:
            assert isinstance(suspended, AlreadySuspended)
            assert (known.status, len(running), len(history)) == (SignUp.APPROVED, 0, 1)
        seen.add(type(suspended))


async def test_two_suspensions_and_two_lifts(desk: Desk) -> None:
    for _ in range(20):
        driver = await desk.driver(duty=Duty.OFF)
        answers = await race(desk.suspend(driver, "하나"), desk.suspend(driver, "둘"))
        assert sorted(type(answer).__name__ for answer in answers) == ["AlreadySuspended", "Suspension"]
        answers = await race(desk.lift(driver), desk.lift(driver))
        assert [NotSuspended] == [type(answer) for answer in answers if not isinstance(answer, Suspension)]
        assert len(await desk.suspensions(driver)) == 1


async def test_two_appeals_and_two_answers(desk: Desk) -> None:
    for _ in range(20):
        driver = await desk.driver(duty=Duty.OFF)
        suspension = await desk.suspend(driver)
        answers = await race(desk.appeal(suspension.id, driver, "하나"), desk.appeal(suspension.id, driver, "둘"))
        (kept,) = [answer for answer in answers if isinstance(answer, Suspension)]
        assert [AppealedAlready] == [type(answer) for answer in answers if not isinstance(answer, Suspension)]
        assert kept.appeal is not None
        answers = await race(
            desk.answer(kept.appeal.id, upheld=True), desk.answer(kept.appeal.id, upheld=False), desk.lift(driver)
        )
        assert [type(answer) for answer in answers[:2]].count(AppealAnswered) == 1
        (history,) = await desk.suspensions(driver)
        assert history.lifted_at is not None
        assert (await desk.get(driver)).status is SignUp.APPROVED


async def test_its_end_and_a_lift(desk: Desk, night: Night) -> None:
    """The end, worked off twice at once, and a lift in the same instant: it ends once."""
    for _ in range(20):
        driver = await desk.driver(duty=Duty.OFF)
        await desk.suspend(driver, ends_at=desk.now + timedelta(seconds=1))
        night.later(seconds=1)
        answers = await race(desk.attend(), desk.attend(), desk.lift(driver))
        assert isinstance(answers[2], NotSuspended)
        assert (await desk.get(driver)).status is SignUp.APPROVED
        (kept,) = await desk.suspensions(driver)
        assert (kept.ended_at, kept.lifted_at) == (kept.ends_at, None)
