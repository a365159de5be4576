"""Which cancels count, what follows when they gather, and how they come off the count again."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta

import pytest
from tests.dispatch.factories import Night, request_for

from daeri.calls import api as calls
from daeri.calls.model import Call, State
from daeri.customers import api as customers
from daeri.customers.bond_model import CancelNotCounted, CustomerRestricted, LiftedAs, NotRestricted, Standing
from daeri.infra import events
from daeri.infra.events import Event
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CustomerId, DriverId
from daeri.kernel.terms import SYSTEM, Actor, ActorKind
from daeri.policies import api as policies
from daeri.policies.model import CancellationPolicy

ROUNDS = 15
STATES = (State.ASSIGNED, State.ARRIVED, State.DRIVING)


async def rule(night: Night, **values: int) -> None:
    async with night.transaction() as tx:
        policy = CancellationPolicy(**values)
        await policies.write(tx, night.company, policy, now=night.clock.now(), ids=night.ids)


async def standing(night: Night, customer: CustomerId) -> Standing:
    async with night.database.reading() as tx:
        return await customers.standing(tx, night.company, customer, now=night.clock.now())


async def brought_to(night: Night, state: State, customer: CustomerId, driver: DriverId) -> Call:
    """A call of the customer in that state, which the driver has."""
    call = await night.request(customer)
    call = await night.accept((await night.offer(call.id, driver)).id, driver)
    if state in (State.ARRIVED, State.DRIVING):
        call = await night.arrive(call.id, driver)
    if state is State.DRIVING:
        call = await night.start(call.id, driver)
    return call


async def cancelled(night: Night, customer: CustomerId, driver: DriverId, times: int = 1) -> Call:
    """The last of so many own cancels after assignment."""
    for _ in range(times):
        call = await brought_to(night, State.ASSIGNED, customer, driver)
        call = await night.cancel(call.id, customer)
    return call


async def history(night: Night, customer: CustomerId) -> list[Event]:
    async with night.database.reading() as tx:
        return await events.history(tx, night.company, "customer", customer)


async def forgive(night: Night, call: Call) -> None:
    now = night.clock.now()
    async with night.transaction() as tx:
        await customers.forgive(tx, night.company, call.id, "misdial", SYSTEM, now=now, ids=night.ids)


async def lift(night: Night, customer: CustomerId) -> None:
    now = night.clock.now()
    async with night.transaction() as tx:
        await customers.lift_restriction(tx, night.company, customer, "a regular", SYSTEM, now=now, ids=night.ids)


@pytest.mark.rule("I-053")
@pytest.mark.parametrize("state", STATES)
async def test_each_state_after_assignment_may_end_by_the_customer_and_counts(night: Night, state: State) -> None:
    customer, driver = await night.customer(), await night.driver()
    call = await brought_to(night, state, customer, driver)
    ended = await night.cancel(call.id, customer)
    assert (ended.state, ended.ended_by, ended.cancelled_from) == (
        State.CANCELLED_AFTER_ASSIGNMENT,
        ActorKind.CUSTOMER,
        state,
    )
    found = await standing(night, customer)
    assert found.count == 1
    ((cancel, counts),) = found.cancels
    assert (cancel.call_id, cancel.cancelled_from, counts) == (call.id, state, True)
    assert [event.kind for event in await history(night, customer)] == ["customer.cancel_counted"]


@pytest.mark.rule("I-053")
@pytest.mark.parametrize("state", STATES)
async def test_a_drivers_cancel_leaves_the_customers_counter(night: Night, state: State) -> None:
    customer, driver = await night.customer(), await night.driver()
    call = await brought_to(night, state, customer, driver)
    ended = await night.cancel_by_driver(call.id, driver)
    assert (ended.state, ended.ended_by, ended.cancelled_from) == (
        State.CANCELLED_AFTER_ASSIGNMENT,
        ActorKind.DRIVER,
        state,
    )
    assert (await standing(night, customer)).count == 0


@pytest.mark.rule("I-009", "R-059")
async def test_a_cancel_before_assignment_does_not_count(night: Night) -> None:
    customer, driver = await night.customer(), await night.driver()
    calling = await night.request(customer)
    assert (await night.cancel(calling.id, customer)).state is State.CANCELLED_BEFORE_ASSIGNMENT
    released = await brought_to(night, State.ASSIGNED, customer, driver)
    await night.release(released.id)
    await night.cancel(released.id, customer)
    reserved = await night.request(customer, reserved_for=night.clock.now() + timedelta(hours=1))
    await night.cancel(reserved.id, customer)
    found = await standing(night, customer)
    assert (found.count, found.cancels, found.in_force) == (0, (), None)


async def test_what_staff_or_somebody_else_ends_does_not_count(night: Night) -> None:
    customer, driver = await night.customer(), await night.driver()
    call = await brought_to(night, State.ASSIGNED, customer, driver)
    await night.cancel(call.id, None)  # a customer's command without the customer
    call = await brought_to(night, State.ASSIGNED, customer, driver)
    await night.cancel(call.id, await night.customer())
    assert (await standing(night, customer)).count == 0


@pytest.mark.rule("R-062", "R-005")
async def test_a_request_for_several_cars_is_refused_whole(night: Night) -> None:
    await rule(night, limit=1)
    customer, driver = await night.customer(), await night.driver()
    await cancelled(night, customer, driver)
    command, actor = request_for(night.company, customer, night.clock), Actor(ActorKind.CUSTOMER, customer)
    async with night.transaction() as tx:
        with pytest.raises(CustomerRestricted):
            await calls.request_group(tx, [command, command], actor, now=night.clock.now(), ids=night.ids)


@pytest.mark.rule("R-062", "I-008")
async def test_the_limit_refuses_new_calls_with_reason_and_end(night: Night) -> None:
    await rule(night, limit=3, window_days=30, length_hours=12)
    customer, driver = await night.customer(), await night.driver()
    await cancelled(night, customer, driver, 2)
    last = await cancelled(night, customer, driver)
    with pytest.raises(CustomerRestricted) as refusal:
        await night.request(customer)
    until = night.clock.now() + timedelta(hours=12)
    assert refusal.value.facts == {
        "until": until.isoformat(),
        "until_kst": "2026-11-23 11:00",
        "count": 3,
        "limit": 3,
        "reason": "cancellations",
    }
    async with night.database.reading() as tx:
        (kept,) = await customers.restrictions(tx, night.company, customer)
    assert (kept.call_id, kept.ends_at, kept.count, kept.limit, kept.policy_version) == (last.id, until, 3, 3, 1)
    told = (await history(night, customer))[-1]
    assert (told.kind, told.data["policy_version"], told.data["limit"]) == ("customer.restricted", 1, 3)
    with pytest.raises(CustomerRestricted):
        await night.request(customer, reserved_for=night.clock.now() + timedelta(hours=20))
    await night.request(await night.customer())  # nobody else minds
    night.clock.advance_to(until)
    await night.request(customer)


@pytest.mark.rule("R-062")
async def test_old_cancels_leave_the_window(night: Night) -> None:
    await rule(night, limit=2, window_days=7, length_hours=1)
    customer, driver = await night.customer(), await night.driver()
    await cancelled(night, customer, driver)
    night.later(days=7)
    await cancelled(night, customer, driver)
    found = await standing(night, customer)
    assert (found.count, [counts for _, counts in found.cancels], found.in_force) == (1, [True, False], None)
    await cancelled(night, customer, driver)
    assert (await standing(night, customer)).in_force is not None


@pytest.mark.rule("I-008")
async def test_a_change_of_the_limit_changes_what_happens_at_once(night: Night) -> None:
    customer, driver = await night.customer(), await night.driver()
    await cancelled(night, customer, driver, 2)
    await rule(night, limit=3)
    assert (await standing(night, customer)).limit == 3
    await night.request(customer)  # nothing that was told before is tightened
    await cancelled(night, customer, driver)
    with pytest.raises(CustomerRestricted):
        await night.request(customer)
    night.later(minutes=1)
    await rule(night, limit=4)  # milder: holds for the restriction that runs
    await night.request(customer)
    night.later(minutes=1)
    await rule(night, limit=3, length_hours=2)
    found = await standing(night, customer)
    assert found.in_force is not None
    assert found.in_force.until == night.clock.now() - timedelta(minutes=2) + timedelta(hours=2)


@pytest.mark.rule("I-008")
async def test_a_policy_that_begins_later_waits(night: Night) -> None:
    customer, driver = await night.customer(), await night.driver()
    starts: datetime = night.clock.now() + timedelta(hours=1)
    async with night.transaction() as tx:
        await policies.write(
            tx,
            night.company,
            CancellationPolicy(limit=1),
            now=night.clock.now(),
            ids=night.ids,
            effective_from=starts,
        )
    await cancelled(night, customer, driver)
    await night.request(customer)
    night.clock.advance_to(starts)
    await cancelled(night, customer, driver)
    with pytest.raises(CustomerRestricted):
        await night.request(customer)


@pytest.mark.rule("I-009")
async def test_a_forgiven_cancel_comes_off_the_count_and_ends_what_rested_on_it(night: Night) -> None:
    await rule(night, limit=2)
    customer, driver = await night.customer(), await night.driver()
    first = await cancelled(night, customer, driver)
    await cancelled(night, customer, driver)
    with pytest.raises(CustomerRestricted):
        await night.request(customer)
    await forgive(night, first)
    found = await standing(night, customer)
    assert (found.count, found.in_force) == (1, None)
    await night.request(customer)
    async with night.database.reading() as tx:
        (kept,) = await customers.restrictions(tx, night.company, customer)
    assert (kept.lifted_as, kept.lifted_for, kept.count) == (LiftedAs.FORGIVEN, "misdial", 1)
    with pytest.raises(CancelNotCounted):
        await forgive(night, first)
    assert [event.kind for event in await history(night, customer)][-2:] == [
        "customer.cancel_forgiven",
        "customer.restriction_lifted",
    ]


@pytest.mark.rule("I-009")
async def test_a_restriction_that_holds_without_the_forgiven_cancel_stays(night: Night) -> None:
    await rule(night, limit=2)
    customer, driver = await night.customer(), await night.driver()
    first = await brought_to(night, State.ASSIGNED, customer, driver)
    second = await night.request(customer)
    await night.cancel(first.id, customer)
    second = await night.accept((await night.offer(second.id, driver)).id, driver)
    third = await night.request(customer)
    await night.cancel(second.id, customer)  # the second: restricted
    third = await night.accept((await night.offer(third.id, driver)).id, driver)
    await night.cancel(third.id, customer)  # one that was under way
    await forgive(night, first)
    found = await standing(night, customer)
    assert found.count == 2
    assert found.in_force is not None
    await forgive(night, third)
    assert (await standing(night, customer)).in_force is None


@pytest.mark.rule("I-008")
async def test_staff_lift_a_restriction_once(night: Night) -> None:
    await rule(night, limit=1)
    customer, driver = await night.customer(), await night.driver()
    with pytest.raises(NotRestricted):
        await lift(night, customer)
    await cancelled(night, customer, driver)
    await lift(night, customer)
    await night.request(customer)
    assert (await standing(night, customer)).count == 1
    with pytest.raises(NotRestricted):
        await lift(night, customer)


async def race(*commands: Awaitable[object]) -> list[object]:
    answers = await asyncio.gather(*commands, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, DaeriError):
            raise answer
    return list(answers)


@pytest.mark.rule("R-062")
async def test_two_cancels_and_a_request_at_one_instant(crowd: Night) -> None:
    """Both cancels count, exactly one fills the count, and a request gets by only before it was full."""
    await rule(crowd, limit=2)
    seen: set[type] = set()
    for _ in range(ROUNDS):
        customer = await crowd.customer()
        two = [await brought_to(crowd, State.ASSIGNED, customer, await crowd.driver()) for _ in range(2)]
        *ended, asked = await race(
            *(crowd.cancel(call.id, customer) for call in two), crowd.request(customer, most_open=5)
        )
        assert all(isinstance(answer, Call) for answer in ended), ended
        assert isinstance(asked, Call | CustomerRestricted), asked
        seen.add(type(asked))
        found = await standing(crowd, customer)
        assert found.count == 2
        assert found.in_force is not None
        async with crowd.database.reading() as tx:
            (kept,) = await customers.restrictions(tx, crowd.company, customer)
        assert kept.count == 2
        versions = [event.version for event in await history(crowd, customer)]
        assert versions == sorted(set(versions))
        assert len(versions) == 3
        with pytest.raises(CustomerRestricted):
            await crowd.request(customer)
    assert Call in seen


@pytest.mark.rule("I-009")
async def test_of_two_who_forgive_at_once_one_is_told_that_it_is_done(crowd: Night) -> None:
    await rule(crowd, limit=1)
    customer, driver = await crowd.customer(), await crowd.driver()
    for _ in range(5):
        call = await cancelled(crowd, customer, driver)
        answers = await race(forgive(crowd, call), forgive(crowd, call), lift(crowd, customer))
        assert [type(answer) for answer in answers[:2]].count(CancelNotCounted) == 1
        assert isinstance(answers[2], NotRestricted | None)
        assert (await standing(crowd, customer)).count == 0
