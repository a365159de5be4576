"""What agents may do about a ride's money, and why not; the commands say the same."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.payments.factories import FARE, Till
from tests.payments.test_policy import AGAIN, BILL, BUSINESS, CALL, PHONE, facts_of

from daeri.calls.model import State
from daeri.kernel.ids import CallId
from daeri.kernel.result import Allowed, Refused
from daeri.kernel.terms import Payment
from daeri.payments import api as payments
from daeri.payments import policy
from daeri.payments.api import Deed
from daeri.payments.charge_model import ChargeUnderWay
from daeri.payments.lifecycle import Answer
from daeri.payments.model import (
    BillState,
    BusinessAdjust,
    Method,
    NothingToSettle,
    PaymentPolicy,
    TaskKind,
    TaskNotFound,
    TaskTaken,
)
from daeri.payments.policy import AgreeRefusal, AskRefusal, CashRefusal, MoneyFacts, RestRefusal

Command = Callable[[Deed, CallId], Awaitable[None]]
BLOCKS = PaymentPolicy()
ENDED = replace(CALL, state=State.CANCELLED_AFTER_ASSIGNMENT)
DRIVING = replace(CALL, state=State.DRIVING, ended_at=None)


def going_on_as(facts: MoneyFacts, ended: bool) -> MoneyFacts:
    return replace(facts, goes_on=replace(AGAIN, ended_at=CALL.ended_at if ended else None))


@pytest.mark.rule("R-029", "R-114", "R-118", "I-023")
@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (facts_of(AGAIN, BILL), AgreeRefusal.ON_ORIGINAL),
        (facts_of(PHONE, BILL), AgreeRefusal.PARTNERS_CALL),
        (facts_of(replace(ENDED, business=BUSINESS), None), AgreeRefusal.BUSINESS),
        (facts_of(DRIVING, None), AgreeRefusal.NOT_ENDED),
        (going_on_as(facts_of(ENDED, BILL), ended=True), AgreeRefusal.DRIVE_OVER),
        (going_on_as(facts_of(ENDED, None), ended=False), None),
        (facts_of(ENDED, None), None),
        (facts_of(CALL, BILL), None),
    ],
)
def test_whether_another_fare_may_be_agreed(facts: MoneyFacts, reason: AgreeRefusal | None) -> None:
    assert policy.decide_agree(facts, BLOCKS) == (Allowed() if reason is None else Refused(reason))


def test_a_company_may_let_its_riders_agree() -> None:
    facts = facts_of(replace(ENDED, business=BUSINESS), None)
    assert policy.decide_agree(facts, PaymentPolicy(business_adjust=BusinessAdjust.RIDER_CONSENTS)) == Allowed()


IN_CASH = replace(BILL, method=Method.CASH)
CASH_PAID = replace(IN_CASH, state=BillState.PAID)


@pytest.mark.rule("R-029", "R-114", "I-019")
@pytest.mark.parametrize(
    ("facts", "received", "not_received"),
    [
        (facts_of(AGAIN, CASH_PAID), CashRefusal.ON_ORIGINAL, CashRefusal.ON_ORIGINAL),
        (facts_of(PHONE, CASH_PAID), CashRefusal.PARTNERS_CALL, CashRefusal.PARTNERS_CALL),
        (facts_of(CALL, None), CashRefusal.NOT_DRIVEN, CashRefusal.NOT_DRIVEN),
        (facts_of(CALL, BILL), CashRefusal.NOT_IN_CASH, CashRefusal.NOT_IN_CASH),
        (
            facts_of(CALL, replace(IN_CASH, state=BillState.WRITTEN_OFF)),
            *(CashRefusal.GIVEN_UP, CashRefusal.GIVEN_UP),
        ),
        (facts_of(CALL, IN_CASH, is_under_way=True), CashRefusal.UNDER_WAY, CashRefusal.UNDER_WAY),
        (facts_of(CALL, replace(IN_CASH, state=BillState.CLAIMED)), None, CashRefusal.NOT_PAID),
        (facts_of(CALL, CASH_PAID), CashRefusal.ALREADY_PAID, CashRefusal.NOT_IN_CASH),
        (replace(facts_of(CALL, CASH_PAID), has_driver_cash=True), CashRefusal.ALREADY_PAID, None),
    ],
)
def test_whether_what_the_driver_said_of_the_cash_may_be_put_right(
    facts: MoneyFacts, received: CashRefusal | None, not_received: CashRefusal | None
) -> None:
    for is_received, reason in ((True, received), (False, not_received)):
        expected = Allowed() if reason is None else Refused(reason)
        assert policy.decide_cash(facts, received=is_received) == expected


@pytest.mark.rule("R-029", "R-114")
@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (facts_of(AGAIN, BILL), RestRefusal.ON_ORIGINAL),
        (facts_of(PHONE, BILL), RestRefusal.PARTNERS_CALL),
        (facts_of(PHONE, replace(BILL, method=Method.ACCOUNT)), RestRefusal.PARTNERS_CALL),
        (facts_of(CALL, None), RestRefusal.NOT_DRIVEN),
        (facts_of(CALL, replace(BILL, state=BillState.PAID)), RestRefusal.ALREADY_PAID),
        (facts_of(CALL, replace(BILL, state=BillState.WRITTEN_OFF)), RestRefusal.GIVEN_UP),
        (facts_of(CALL, BILL, is_under_way=True), RestRefusal.UNDER_WAY),
        (facts_of(CALL, replace(BILL, state=BillState.CLAIMED), has_card=False), None),
    ],
)
def test_whether_what_is_left_may_be_given_up_or_taken_in(facts: MoneyFacts, reason: RestRefusal | None) -> None:
    expected = Allowed() if reason is None else Refused(reason)
    assert policy.decide_write_off(facts) == policy.decide_transfer(facts) == expected


def test_a_business_pays_its_month_and_no_single_ride_by_transfer() -> None:
    facts = facts_of(CALL, replace(BILL, method=Method.ACCOUNT))
    assert policy.decide_transfer(facts) == Refused(RestRefusal.ON_ACCOUNT)
    assert policy.decide_write_off(facts) == Allowed()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (facts_of(AGAIN, None, is_under_way=True), AskRefusal.ON_ORIGINAL),
        (facts_of(PHONE, None, is_under_way=True), AskRefusal.PARTNERS_CALL),
        (facts_of(CALL, None), AskRefusal.NOTHING_ASKED),
        (facts_of(CALL, None, is_under_way=True), None),
    ],
)
def test_whether_there_is_something_to_ask(facts: MoneyFacts, reason: AskRefusal | None) -> None:
    assert policy.decide_ask_again(facts) == (Allowed() if reason is None else Refused(reason))


RIDES = ["driving", "broken off", "driven on", "charging", "paid", "claimed", "cash", "given up"]


@pytest.mark.rule("R-112", "R-113", "R-114", "I-020")
@pytest.mark.parametrize("how", RIDES)
async def test_what_may_be_done_is_done_and_what_may_not_is_refused(how: str, till: Till) -> None:
    """The choices and the commands never differ, whatever became of the ride."""
    call_id = await _ride(till, how)
    for name, command in COMMANDS.items():
        async with till.deed() as asking:
            choices = await payments.choices_of(asking.tx, await till.night.get(call_id), asking.policy)
        assert await _is_done(till, command, call_id) is (getattr(choices, name) is None), (name, choices)


class _Undo(Exception):
    """Ends a transaction without leaving anything."""


async def _is_done(till: Till, command: Command, call_id: CallId) -> bool:
    """Whether the command does it and is not refused; it leaves nothing in either case."""
    try:
        async with till.deed() as deed:
            await command(deed, call_id)
            raise _Undo
    except _Undo:
        return True
    except (NothingToSettle, ChargeUnderWay):
        return False


async def _settle(deed: Deed, call_id: CallId) -> None:
    await payments.settle_by_agent(deed, call_id, "the customer asked for it")


async def _adjust(deed: Deed, call_id: CallId) -> None:
    await payments.adjust(deed, call_id, FARE + 1_000, "another way")


async def _agree(deed: Deed, call_id: CallId) -> None:
    await payments.agree_fare(deed, call_id, FARE + 1_000, "another way")


async def _give_up(deed: Deed, call_id: CallId) -> None:
    await payments.write_off(deed, call_id, "nobody will pay")


async def _take_in(deed: Deed, call_id: CallId) -> None:
    await payments.receive_transfer(deed, call_id, "bank-1")


async def _ask(deed: Deed, call_id: CallId) -> None:
    await payments.ask_again(deed, call_id)


COMMANDS: dict[str, Command] = {
    "settle": _settle,
    "adjust": _adjust,
    "agree": _agree,
    "ask_again": _ask,
    "write_off": _give_up,
    "transfer": _take_in,
}


async def _ride(till: Till, how: str) -> CallId:
    match how:
        case "driving":
            call, driver = await till.assigned()
            await till.night.arrive(call.id, driver)
            return (await till.night.start(call.id, driver)).id
        case "broken off":
            return (await till.broken_off()).id
        case "driven on":
            call = await till.broken_off()
            await till.drive_on(await till.reconnect(call))
            return call.id
        case "cash":
            return (await till.driven(Payment.CASH)).id
    call = await till.driven()
    if how != "charging":
        await till.answer(call.id, Answer.CAPTURED if how == "paid" else Answer.DECLINED)
    if how == "given up":
        async with till.deed() as deed:
            await payments.write_off(deed, call.id, "nobody will pay")
    return call.id


@pytest.mark.rule("I-016")
async def test_a_task_is_taken_from_whom_one_saw_having_it(till: Till) -> None:
    await till.driven(Payment.CASH, cash_received=False)
    first, second = (await till.staff()).id, (await till.staff()).id
    async with till.deed() as deed:
        tx, company, now = deed.tx, deed.company_id, deed.now
        (task,) = await payments.tasks(tx, company)
        assert first is not None
        assert (await payments.take_task(tx, company, task.id, first)).owner_id == first
        assert (await payments.take_task(tx, company, task.id, first)).owner_id == first
        with pytest.raises(TaskTaken):
            await payments.take_task(tx, company, task.id, second)
        assert (await payments.take_task(tx, company, task.id, second, instead_of=first)).owner_id == second
        counts = await payments.count_tasks(tx, company, first, now=task.due_at)
        assert (counts.open, counts.over, counts.mine, dict(counts.of_kind)) == (1, 1, 0, {TaskKind.UNPAID: 1})
        await payments.finish_task(tx, company, task.id, first, "paid at the door", now=now)
        with pytest.raises(TaskNotFound):
            await payments.take_task(tx, company, task.id, first, instead_of=second)
        assert (await payments.count_tasks(tx, company, first, now=now)).open == 0
