"""The eight cells: a ride that ended by mistake, was reconnected and driven, and how it is paid (R-116 … R-123)."""

import pytest
from tests.payments.factories import COMMISSION, FARE, NET, Till

from daeri.calls.model import Call
from daeri.kernel.terms import Payment
from daeri.payments import api as payments
from daeri.payments.charge_model import ChargeState, Purpose
from daeri.payments.lifecycle import Answer
from daeri.payments.model import Account, BillState, NothingToSettle, PayOnOriginal

ADJUSTED = 31_000
MORE_COMMISSION = 6_200
CARD, CASH = Payment.CARD, Payment.CASH
PAID_BY_CARD = {Account.CARDS: FARE, Account.DRIVER: -NET, Account.COMMISSION: -COMMISSION}
PAID_IN_CASH = {Account.DRIVER: COMMISSION, Account.COMMISSION: -COMMISSION}
ADJUSTED_BY_CARD = {
    Account.CARDS: ADJUSTED,
    Account.DRIVER: MORE_COMMISSION - ADJUSTED,
    Account.COMMISSION: -MORE_COMMISSION,
}
ADJUSTED_IN_CASH = {Account.DRIVER: MORE_COMMISSION, Account.COMMISSION: -MORE_COMMISSION}


async def one_ride(till: Till, original: Call, amount: int) -> None:
    """One bill, one run, one receipt: all on the call that the customer requested (I-010, I-057)."""
    bill = await till.bill(original.id)
    assert (bill.call_id, bill.amount, bill.state) == (original.id, amount, BillState.PAID)
    async with till.night.database.reading() as tx:
        runs = await tx.rows("SELECT call_id, fare, commission FROM driver_runs")
        days = await tx.rows("SELECT runs, fares FROM driver_days")
    assert [(row["call_id"], row["fare"], row["commission"]) for row in runs] == [(original.id, amount, amount // 5)]
    assert [tuple(row) for row in days] == [(1, amount)]


@pytest.mark.rule("R-112", "R-116", "I-010", "I-057")
async def test_cancelled_by_card_is_charged_once_by_an_agent_after_the_drive(till: Till) -> None:
    original = await till.broken_off(CARD)
    again = await till.reconnect(original)
    assert (await till.money(original.id)).bill is None
    await till.drive_on(again)
    assert await till.charges(original.id) == []
    assert await till.open_tasks() == ["settle"]
    await till.settle(original.id)
    await till.answer(original.id)
    (charge,) = await till.charges(original.id)
    assert (charge.amount, charge.state, charge.purpose) == (FARE, ChargeState.CAPTURED, Purpose.BY_AGENT)
    assert await till.totals() == PAID_BY_CARD
    assert await till.open_tasks() == []
    await one_ride(till, original, FARE)


@pytest.mark.rule("R-117", "I-057")
async def test_cancelled_in_cash_is_booked_once_on_the_original(till: Till) -> None:
    original = await till.broken_off(CASH)
    await till.drive_on(await till.reconnect(original))
    assert await till.charges(original.id) == []
    assert await till.totals() == PAID_IN_CASH
    await one_ride(till, original, FARE)


@pytest.mark.rule("R-118", "I-057")
async def test_cancelled_and_adjusted_by_card_is_one_charge_of_the_adjusted_fare(till: Till) -> None:
    original = await till.broken_off(CARD)
    again = await till.reconnect(original)
    await till.agree(original.id, ADJUSTED)
    await till.drive_on(again)
    await till.settle(original.id)
    await till.answer(original.id)
    assert [(charge.amount, charge.state) for charge in await till.charges(original.id)] == [
        (ADJUSTED, ChargeState.CAPTURED)
    ]
    assert await till.totals() == ADJUSTED_BY_CARD
    await one_ride(till, original, ADJUSTED)


@pytest.mark.rule("R-119", "I-019", "I-057")
async def test_cancelled_and_adjusted_in_cash_is_the_adjusted_fare(till: Till) -> None:
    original = await till.broken_off(CASH)
    again = await till.reconnect(original)
    await till.agree(original.id, ADJUSTED)
    await till.drive_on(again)
    assert await till.totals() == ADJUSTED_IN_CASH
    await one_ride(till, original, ADJUSTED)


@pytest.mark.rule("R-113", "R-120", "I-057")
async def test_completed_by_card_leaves_the_books_as_they_are(till: Till) -> None:
    original = await till.driven(CARD)
    await till.answer(original.id)
    before = await till.totals()
    await till.drive_on(await till.reconnect(original))
    assert await till.totals() == before == PAID_BY_CARD
    assert await till.open_tasks() == []
    with pytest.raises(NothingToSettle):
        await till.settle(original.id)
    await one_ride(till, original, FARE)


@pytest.mark.rule("R-121", "I-019", "I-057")
async def test_completed_in_cash_is_due_once(till: Till) -> None:
    original = await till.driven(CASH)
    await till.drive_on(await till.reconnect(original))
    assert await till.charges(original.id) == []
    assert await till.totals() == PAID_IN_CASH
    await one_ride(till, original, FARE)


@pytest.mark.rule("R-113", "R-122", "I-020", "I-057")
async def test_completed_and_adjusted_by_card_cancels_and_charges_anew_on_the_original(till: Till) -> None:
    original = await till.driven(CARD)
    await till.answer(original.id)
    again = await till.reconnect(original)
    await till.agree(original.id, ADJUSTED)
    await till.drive_on(again)
    assert await till.totals() == PAID_BY_CARD
    assert await till.open_tasks() == ["adjust"]
    await till.adjust(original.id, ADJUSTED)
    await till.answer(original.id)
    old, new = await till.charges(original.id)
    assert (old.amount, old.cancelled, new.amount, new.cancelled) == (FARE, FARE, ADJUSTED, 0)
    assert await till.totals() == ADJUSTED_BY_CARD
    assert await till.open_tasks() == []
    await one_ride(till, original, ADJUSTED)


@pytest.mark.rule("R-123", "I-019", "I-057")
async def test_completed_and_adjusted_in_cash_is_the_adjusted_fare(till: Till) -> None:
    original = await till.driven(CASH)
    again = await till.reconnect(original)
    await till.agree(original.id, ADJUSTED)
    await till.drive_on(again)
    assert await till.totals() == ADJUSTED_IN_CASH
    await one_ride(till, original, ADJUSTED)


@pytest.mark.rule("R-114")
async def test_money_is_never_moved_on_the_reconnected_call(till: Till) -> None:
    original = await till.driven(CARD)
    await till.answer(original.id)
    again = await till.reconnect(original)
    await till.drive_on(again)
    for refused in (till.settle(again.id), till.adjust(again.id, 20_000), till.agree(again.id, 20_000)):
        with pytest.raises(PayOnOriginal) as caught:
            await refused
        assert caught.value.facts == {"call_id": str(original.id), "number": original.number}
    assert (await till.money(again.id)).original.id == original.id


@pytest.mark.rule("R-112")
async def test_a_cancelled_ride_that_was_not_driven_is_not_charged(till: Till) -> None:
    original = await till.broken_off(CARD)
    with pytest.raises(NothingToSettle) as caught:
        await till.settle(original.id)
    assert caught.value.facts == {"reason": "not_driven"}
    await till.reconnect(original)
    with pytest.raises(NothingToSettle):
        await till.settle(original.id)


async def test_a_card_that_says_no_after_the_drive_on_is_a_claim(till: Till) -> None:
    original = await till.broken_off(CARD)
    await till.drive_on(await till.reconnect(original))
    await till.settle(original.id)
    await till.answer(original.id, Answer.DECLINED)
    assert (await till.bill(original.id)).state is BillState.CLAIMED
    assert await till.open_tasks() == ["unpaid"]


async def pay_instead_of_cash(till: Till, call: Call) -> None:
    """The customer pays a cash claim with a card; nobody has answered yet."""
    assert call.customer_id is not None
    async with till.deed() as deed:
        await payments.pay_claim(deed, call.id, call.customer_id)


async def settled(till: Till, original: Call) -> tuple[BillState, int, int, list[str]]:
    """State, what the ride costs, what of that is owed, and what people must see to."""
    money = await till.money(original.id)
    assert money.bill is not None
    return money.bill.state, money.bill.amount, money.outstanding, await till.open_tasks()


@pytest.mark.rule("R-123", "I-020", "I-057")
@pytest.mark.parametrize("agreed", [20_000, ADJUSTED])
async def test_what_a_card_paid_in_the_place_of_cash_is_adjusted_by_an_agent(till: Till, agreed: int) -> None:
    original = await till.driven(CASH, cash_received=False)
    await pay_instead_of_cash(till, original)
    await till.answer(original.id)
    again = await till.reconnect(original)
    await till.agree(original.id, agreed)
    await till.drive_on(again)
    assert await settled(till, original) == (BillState.PAID, FARE, 0, ["adjust"])
    await till.adjust(original.id, agreed)
    await till.answer(original.id)
    assert await settled(till, original) == (BillState.PAID, agreed, 0, [])


@pytest.mark.rule("R-123", "I-057")
async def test_a_card_that_is_being_charged_in_the_place_of_cash_is_waited_for(till: Till) -> None:
    original = await till.driven(CASH, cash_received=False)
    again = await till.reconnect(original)
    await till.agree(original.id, ADJUSTED)
    await pay_instead_of_cash(till, original)
    await till.drive_on(again)
    assert await settled(till, original) == (BillState.CLAIMED, FARE, FARE, ["unpaid", "adjust"])
    await till.answer(original.id)
    assert await settled(till, original) == (BillState.PAID, FARE, 0, ["adjust"])


@pytest.mark.rule("R-123")
async def test_what_was_written_off_is_not_owed_again_by_itself(till: Till) -> None:
    original = await till.driven(CASH, cash_received=False)
    again = await till.reconnect(original)
    await till.agree(original.id, ADJUSTED)
    async with till.deed() as deed:
        await payments.write_off(deed, original.id, "nobody will pay")
    await till.drive_on(again)
    assert await settled(till, original) == (BillState.WRITTEN_OFF, FARE, 0, ["adjust"])


@pytest.mark.rule("R-123", "I-019")
@pytest.mark.parametrize("agreed", [None, ADJUSTED])
async def test_cash_that_is_handed_over_at_the_end_of_the_second_drive_pays_the_claim(
    till: Till, agreed: int | None
) -> None:
    original = await till.driven(CASH)
    again = await till.reconnect(original)
    async with till.deed() as deed:
        await payments.correct_cash(deed, original.id, "the driver has none", received=False)
    if agreed is not None:
        await till.agree(original.id, agreed)
    await till.drive_on(again, cash_received=True)
    assert await settled(till, original) == (BillState.PAID, agreed or FARE, 0, [])


@pytest.mark.rule("R-123")
async def test_a_claim_that_the_second_drive_did_not_pay_is_an_agents(till: Till) -> None:
    original = await till.driven(CASH, cash_received=False)
    again = await till.reconnect(original)
    await till.agree(original.id, ADJUSTED)
    await till.drive_on(again, cash_received=False)
    assert await settled(till, original) == (BillState.CLAIMED, ADJUSTED, ADJUSTED, ["unpaid", "settle"])


@pytest.mark.rule("R-121", "R-123", "I-019")
@pytest.mark.parametrize(("agreed", "left"), [(None, ["cash"]), (ADJUSTED, ["cash", "adjust"])])
async def test_a_driver_who_has_no_cash_after_all_is_heard(till: Till, agreed: int | None, left: list[str]) -> None:
    original = await till.driven(CASH)
    again = await till.reconnect(original)
    if agreed is not None:
        await till.agree(original.id, agreed)
    await till.drive_on(again, cash_received=False)
    assert await till.totals() == PAID_IN_CASH
    assert await settled(till, original) == (BillState.PAID, FARE, 0, left)
    async with till.deed() as deed:
        await payments.correct_cash(deed, original.id, "both say so", received=False)
    assert await settled(till, original) == (BillState.CLAIMED, FARE, FARE, [*left[1:], "unpaid"])


@pytest.mark.rule("R-121", "I-019")
@pytest.mark.parametrize("is_answered", [True, False])
async def test_cash_beside_a_card_is_a_persons_to_ask_about(till: Till, is_answered: bool) -> None:
    original = await till.driven(CASH, cash_received=False)
    again = await till.reconnect(original)
    await pay_instead_of_cash(till, original)
    if is_answered:
        await till.answer(original.id)
    await till.drive_on(again, cash_received=True)
    await till.answer(original.id)
    assert await settled(till, original) == (BillState.PAID, FARE, 0, ["cash"])
