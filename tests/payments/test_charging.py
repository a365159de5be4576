"""Charges, cancels and claims: each answer of the provider once, in any order, and two agents at once."""

import asyncio
from datetime import timedelta

import pytest
from tests.payments.factories import COMMISSION, FARE, NET, Till

from daeri.calls.model import Call
from daeri.kernel.errors import DaeriError
from daeri.kernel.terms import Payment
from daeri.payments import api as payments
from daeri.payments import claiming
from daeri.payments.charge_model import CancelState, CardMissing, CardRefusal, ChargeState, ChargeUnderWay, Purpose
from daeri.payments.charging import Told
from daeri.payments.lifecycle import Answer, CancelAnswer
from daeri.payments.model import (
    Account,
    AmountInvalid,
    AmountSame,
    BillNotFound,
    BillState,
    ClaimOpen,
    ClaimReason,
    NothingToSettle,
    NotPaid,
    ReasonMissing,
    TaskKind,
)

PAID = {Account.CARDS: FARE, Account.DRIVER: -NET, Account.COMMISSION: -COMMISSION}
OWED = {Account.CUSTOMER: FARE, Account.DRIVER: -NET, Account.COMMISSION: -COMMISSION}


async def paid(till: Till) -> Call:
    call = await till.driven()
    await till.answer(call.id)
    return call


async def test_a_ride_by_card_is_owed_then_charged_then_paid(till: Till) -> None:
    call = await till.driven()
    (charge,) = await till.charges(call.id)
    assert (charge.state, charge.amount, charge.purpose) == (ChargeState.INTENDED, FARE, Purpose.FARE)
    assert await till.totals() == OWED
    await till.tell(charge, Told(Answer.AUTHORISED, "pk"))
    assert await till.totals() == OWED
    await till.answer(call.id)
    assert await till.totals() == PAID
    assert (await till.bill(call.id)).state is BillState.PAID


@pytest.mark.rule("I-020")
@pytest.mark.parametrize("amount", [FARE + 13_000, FARE - 5_000])
async def test_what_the_bank_paid_is_not_adjusted(till: Till, amount: int) -> None:
    """No card can be given it back or charged anew: what is owed would be lost in a bill that is paid."""
    call = await till.driven(Payment.CASH, cash_received=False)
    async with till.deed() as deed:
        await payments.receive_transfer(deed, call.id, "bank-1")
    with pytest.raises(NothingToSettle) as refusal:
        await till.adjust(call.id, amount)
    assert refusal.value.facts == {"reason": "by_bank"}
    again = await till.reconnect(call)
    await till.agree(call.id, amount)
    await till.drive_on(again)
    money = await till.money(call.id)
    assert (money.bill is not None and money.bill.amount, money.outstanding) == (FARE, 0)
    assert [task.kind for task in money.tasks if task.done_at is None] == [TaskKind.ADJUST]


@pytest.mark.rule("I-017")
@pytest.mark.parametrize("late", [Answer.CAPTURED, Answer.DECLINED, Answer.LOST, Answer.AUTHORISED])
async def test_an_answer_that_comes_twice_or_late_changes_nothing(till: Till, late: Answer) -> None:
    call = await paid(till)
    (charge,) = await till.charges(call.id)
    assert await till.tell(charge, Told(late, "another")) is None
    assert await till.totals() == PAID
    assert await till.charges(call.id) == [charge]


async def test_an_answer_at_the_same_instant_counts_once(crowd: Till) -> None:
    for _ in range(5):
        call = await crowd.driven()
        (charge,) = await crowd.charges(call.id)
        told = await asyncio.gather(*(crowd.tell(charge, Told(Answer.CAPTURED, "pk")) for _ in range(3)))
        assert sum(kept is not None for kept in told) == 1
        assert (await crowd.bill(call.id)).state is BillState.PAID
    assert (await crowd.totals())[Account.CARDS] == 5 * FARE


async def test_a_ride_by_card_whose_card_is_gone_is_a_claim(till: Till) -> None:
    call = await till.driven(has_card=False)
    bill = await till.bill(call.id)
    assert (bill.state, bill.claim_reason) == (BillState.CLAIMED, ClaimReason.NO_CARD)
    assert await till.charges(call.id) == []
    with pytest.raises(NothingToSettle) as refused:
        await till.settle(call.id)
    assert refused.value.facts == {"reason": "no_card"}
    assert call.customer_id is not None
    async with till.deed() as deed:
        with pytest.raises(ClaimOpen) as caught:
            await payments.check_may_request(deed, call.customer_id, by_card=False)
        assert caught.value.facts == {"number": call.number, "amount_won": FARE}
        with pytest.raises(CardMissing):
            await payments.check_may_request(deed, await till.night.customer(), by_card=True)


async def test_cash_that_was_not_paid_is_a_claim_that_another_card_pays(till: Till) -> None:
    call = await till.driven(Payment.CASH, has_card=False, cash_received=False)
    bill = await till.bill(call.id)
    assert (bill.state, bill.claim_reason) == (BillState.CLAIMED, ClaimReason.CASH_NOT_PAID)
    assert await till.totals() == OWED
    assert call.customer_id is not None
    await till.card(call.customer_id)
    async with till.deed() as deed:
        with pytest.raises(BillNotFound):
            await payments.pay_claim(deed, call.id, till.night.ids.new())
        await payments.pay_claim(deed, call.id, call.customer_id)
    await till.answer(call.id)
    assert await till.totals() == PAID
    assert await till.open_tasks() == []


async def correct(till: Till, call: Call, *, received: bool) -> None:
    async with till.deed() as deed:
        await payments.correct_cash(deed, call.id, "both say so", received=received)


@pytest.mark.rule("I-019")
async def test_cash_that_the_driver_has_not_after_all_is_a_claim_and_off_the_balance(till: Till) -> None:
    call = await till.driven(Payment.CASH, has_card=False)
    in_cash = await till.totals()
    await correct(till, call, received=False)
    bill = await till.bill(call.id)
    assert (bill.state, bill.claim_reason) == (BillState.CLAIMED, ClaimReason.CASH_NOT_PAID)
    assert (await till.totals(), await till.open_tasks()) == (OWED, ["unpaid"])
    assert (await till.money(call.id)).outstanding == FARE
    with pytest.raises(NothingToSettle) as refused:
        await correct(till, call, received=False)
    assert refused.value.facts == {"reason": "not_paid"}
    await correct(till, call, received=True)
    assert ((await till.bill(call.id)).state, await till.totals(), await till.open_tasks()) == (
        *(BillState.PAID, in_cash, []),
    )
    async with till.night.database.reading() as tx:
        kinds = [event.kind for event in await payments.bill_history(tx, till.night.company, call.id)]
    assert kinds[2:] == ["bill.cash_corrected", "bill.claimed", "bill.cash_corrected", "bill.paid"]


@pytest.mark.rule("I-019")
async def test_what_a_card_paid_in_the_place_of_cash_is_not_cash_to_be_put_right(till: Till) -> None:
    call = await till.driven(Payment.CASH, has_card=False, cash_received=False)
    assert call.customer_id is not None
    await till.card(call.customer_id)
    async with till.deed() as deed:
        await payments.pay_claim(deed, call.id, call.customer_id)
    with pytest.raises(ChargeUnderWay):
        await correct(till, call, received=True)
    await till.answer(call.id)
    for received, reason in ((True, "already_paid"), (False, "not_in_cash")):
        with pytest.raises(NothingToSettle) as refused:
            await correct(till, call, received=received)
        assert refused.value.facts == {"reason": reason}
    assert await till.totals() == PAID


async def test_a_customer_pays_by_card_while_an_agent_books_the_cash(crowd: Till) -> None:
    for _ in range(5):
        call = await crowd.driven(Payment.CASH, cash_received=False)
        assert call.customer_id is not None
        await crowd.card(call.customer_id)

        async def pay(call: Call = call) -> None:
            assert call.customer_id is not None
            async with crowd.deed() as deed:
                await payments.pay_claim(deed, call.id, call.customer_id)

        done = await asyncio.gather(correct(crowd, call, received=True), pay(), return_exceptions=True)
        assert sum(isinstance(one, DaeriError) for one in done) == 1
        if await crowd.charges(call.id):
            await crowd.answer(call.id)
        assert ((await crowd.bill(call.id)).state, (await crowd.money(call.id)).outstanding) == (BillState.PAID, 0)


async def test_a_declined_card_is_a_claim_with_reminders_and_an_end(till: Till) -> None:
    call = await till.driven()
    await till.answer(call.id, Answer.DECLINED)
    assert await till.open_tasks() == ["unpaid"]
    kinds = []
    for days in (1, 2, 4, 53):
        till.night.later(days=days)
        async with till.night.transaction() as tx:
            await claiming.follow_up(tx, now=till.night.clock.now(), ids=till.night.ids)
            kinds.append((await payments.bill_history(tx, till.night.company, call.id))[-1].kind)
    assert kinds == ["bill.reminded", "bill.reminded", "bill.reminded", "bill.written_off"]
    bill = await till.bill(call.id)
    assert (bill.state, await till.open_tasks()) == (BillState.WRITTEN_OFF, [])
    assert await till.totals() == {Account.WRITE_OFFS: FARE, Account.DRIVER: -NET, Account.COMMISSION: -COMMISSION}
    with pytest.raises(NothingToSettle):
        await till.settle(call.id)


async def test_a_claim_that_is_being_paid_is_not_given_up(till: Till) -> None:
    call = await till.driven()
    await till.answer(call.id, Answer.DECLINED)
    assert call.customer_id is not None
    till.night.later(days=59)
    async with till.deed() as deed:
        await payments.pay_claim(deed, call.id, call.customer_id)
    till.night.later(days=5)
    async with till.night.transaction() as tx:
        await claiming.follow_up(tx, now=till.night.clock.now(), ids=till.night.ids)
    await till.answer(call.id)
    assert await till.totals() == PAID


@pytest.mark.rule("I-016")
async def test_a_task_that_nobody_sees_to_is_escalated_when_it_is_due(till: Till) -> None:
    call = await till.driven()
    await till.answer(call.id, Answer.DECLINED)
    till.night.later(minutes=31)
    async with till.night.transaction() as tx:
        await claiming.follow_up(tx, now=till.night.clock.now(), ids=till.night.ids)
    async with till.night.database.reading() as tx:
        (task,) = await payments.tasks(tx, till.night.company)
        assert (task.escalated_at, task.due_at - task.opened_at) == (till.night.clock.now(), timedelta(minutes=30))
        assert (task.number, task.amount) == (call.number, FARE)


@pytest.mark.rule("I-020")
@pytest.mark.parametrize("amount", [15_000, 40_000])
async def test_an_adjustment_either_way_cancels_and_charges_anew(till: Till, amount: int) -> None:
    call = await paid(till)
    await till.adjust(call.id, amount)
    assert await till.totals() == PAID
    await till.answer(call.id)
    bill = await till.bill(call.id)
    assert (bill.amount, bill.state) == (amount, BillState.PAID)
    assert [(one.amount, one.standing) for one in await till.charges(call.id)] == [(FARE, 0), (amount, amount)]
    assert (await till.totals())[Account.CARDS] == amount


async def test_an_adjusted_ride_is_charged_to_the_card_that_paid_for_it_also_in_the_place_of_cash(till: Till) -> None:
    call = await till.driven(Payment.CASH, has_card=False, cash_received=False)
    assert call.customer_id is not None
    paid_with = await till.card(call.customer_id)
    async with till.deed() as deed:
        await payments.pay_claim(deed, call.id, call.customer_id)
    await till.answer(call.id)
    other = await till.card(call.customer_id)
    async with till.night.transaction() as tx:
        await payments.prefer_card(tx, call.customer_id, other.id)
    await till.adjust(call.id, 20_000)
    await till.answer(call.id)
    assert {charge.card_id for charge in await till.charges(call.id)} == {paid_with.id}
    bill = await till.bill(call.id)
    assert (bill.state, bill.amount, (await till.totals())[Account.CARDS]) == (BillState.PAID, 20_000, 20_000)


@pytest.mark.rule("I-017")
async def test_a_cancel_that_went_through_with_a_charge_that_did_not_is_visible_and_can_be_tried_again(
    till: Till,
) -> None:
    call = await paid(till)
    await till.adjust(call.id, 20_000)
    await till.answer(call.id, Answer.DECLINED)
    bill = await till.bill(call.id)
    assert (bill.state, bill.amount, await till.open_tasks()) == (BillState.CLAIMED, 20_000, ["unpaid"])
    assert (await till.money(call.id)).outstanding == 20_000
    await till.settle(call.id)
    await till.answer(call.id)
    assert (await till.totals())[Account.CARDS] == 20_000
    assert await till.open_tasks() == []


@pytest.mark.rule("I-017")
async def test_a_cancel_that_the_provider_refuses_leaves_the_old_charge_and_a_task(till: Till) -> None:
    call = await paid(till)
    await till.adjust(call.id, 20_000)
    (cancel,) = (await till.money(call.id)).cancels
    await till.answer_cancel(cancel.id, CancelAnswer.LOST)
    await till.answer_cancel(cancel.id, CancelAnswer.REFUSED, CardRefusal.CANCEL_REFUSED)
    await till.answer_cancel(cancel.id, CancelAnswer.DONE)
    (cancel,) = (await till.money(call.id)).cancels
    assert cancel.state is CancelState.REFUSED
    assert (await till.bill(call.id)).amount == FARE
    assert await till.totals() == PAID
    assert await till.open_tasks() == ["cancel_refused"]


async def test_two_agents_adjust_at_once_and_one_of_them_hears_it(crowd: Till) -> None:
    for _ in range(5):
        call = await paid(crowd)

        async def adjust(amount: int, call: Call = call) -> str:
            try:
                await crowd.adjust(call.id, amount)
            except DaeriError as refused:
                return refused.code
            return "adjusting"

        assert sorted(await asyncio.gather(adjust(20_000), adjust(30_000))) == ["adjusting", "charge_under_way"]
        await crowd.answer(call.id)
        bill = await crowd.bill(call.id)
        assert (await crowd.money(call.id)).outstanding == 0
        assert bill.amount in (20_000, 30_000)


async def test_an_agent_settles_while_the_customer_pays(crowd: Till) -> None:
    for _ in range(5):
        call = await crowd.driven()
        await crowd.answer(call.id, Answer.DECLINED)
        customer = call.customer_id
        assert customer is not None

        async def pay(call: Call = call, customer: object = customer) -> None:
            async with crowd.deed() as deed:
                await payments.pay_claim(deed, call.id, customer)  # type: ignore[arg-type] -- it is one

        done = await asyncio.gather(crowd.settle(call.id), pay(), return_exceptions=True)
        assert sum(isinstance(one, ChargeUnderWay) for one in done) == 1
        await crowd.answer(call.id)
        assert (await crowd.money(call.id)).outstanding == 0


@pytest.mark.rule("I-018")
async def test_only_what_the_books_say_is_told_as_paid(till: Till) -> None:
    call = await till.driven()

    async def may_be_told(amount: int) -> bool:
        try:
            async with till.night.transaction() as tx:
                await payments.check_paid(tx, till.night.company, call.id, amount)
        except NotPaid:
            return False
        return True

    assert not await may_be_told(FARE)
    await till.answer(call.id)
    assert [await may_be_told(amount) for amount in (FARE, FARE - 1, 0)] == [True, False, False]
    await till.adjust(call.id, 15_000)
    await till.answer(call.id, Answer.LOST)
    assert not await may_be_told(15_000)
    await till.answer(call.id)
    assert [await may_be_told(amount) for amount in (FARE, 15_000)] == [False, True]


@pytest.mark.parametrize("amount", [0, -1, 999, 1_000_001, 10**15])
async def test_an_amount_out_of_bounds_is_refused(till: Till, amount: int) -> None:
    call = await paid(till)
    with pytest.raises(AmountInvalid) as caught:
        await till.adjust(call.id, amount)
    assert caught.value.facts == {"floor_won": 1_000, "ceiling_won": 1_000_000}


async def test_the_same_amount_and_no_reason_are_refused(till: Till) -> None:
    call = await paid(till)
    with pytest.raises(AmountSame):
        await till.adjust(call.id, FARE)
    async with till.deed() as deed:
        for reason in ("", "  ", "x" * 501):
            with pytest.raises(ReasonMissing):
                await payments.adjust(deed, call.id, 20_000, reason)


async def test_the_fee_of_a_customer_who_did_not_come_is_charged(till: Till) -> None:
    call, _ = await till.did_not_come()
    await till.answer(call.id)
    assert (await till.bill(call.id)).kind.value == "no_show"
    assert (await till.totals())[Account.CARDS] == 10_000
    async with till.night.database.reading() as tx:
        assert await tx.value("SELECT runs FROM driver_days") == 0
        assert await tx.value("SELECT fare FROM driver_runs") == 10_000
