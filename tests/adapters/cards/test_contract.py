"""One contract for both card providers: the sandbox by its own protocol, and Toss Payments' API, both over HTTP.

The server behind both is the sandbox's, whose books are looked at after each step.
"""

import asyncio
import re
from dataclasses import replace

import pytest
from tests.adapters.cards.conftest import CUSTOMER, FARE, Desk, hold, lost, order_with

from daeri.adapters.cards.provider.books import LIMIT_WON
from daeri.adapters.cards.provider.deck import DECK, Outcome
from daeri.kernel.money import Won
from daeri.payments.charge_model import CardRefusal, CardRefused
from daeri.payments.ports import Cards, Order, PaymentState

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELD = {"sandbox": PaymentState.AUTHORISED, "toss": PaymentState.CAPTURED}
STANDING = {PaymentState.AUTHORISED, PaymentState.CAPTURED}
PART = Won(8_000)


async def refusal(question) -> CardRefusal:
    with pytest.raises(CardRefused) as refused:
        await question
    return refused.value.refusal


async def paid(cards: Cards, order: Order) -> str:
    """Authorised and captured; the payment's key."""
    held = await cards.authorise(order, key=order.order_id)
    taken = await cards.capture(held.payment_key, order.amount, key=f"{order.order_id}-take")
    assert taken.state is PaymentState.CAPTURED
    return taken.payment_key


# Registrations.


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_a_typed_card_is_registered_without_its_number(cards: Cards, desk: Desk, outcome: Outcome) -> None:
    registered = await cards.register(await desk.typed(outcome), CUSTOMER)
    assert registered.billing_key
    assert registered.issuer == DECK[outcome].issuer
    assert registered.number_masked == DECK[outcome].number_masked
    assert len(re.sub(r"\D", "", registered.number_masked)) == 4


async def test_the_same_registration_happens_once(cards: Cards, desk: Desk) -> None:
    auth_key, before = await desk.typed(), await desk.registrations()
    assert await cards.register(auth_key, CUSTOMER) == await cards.register(auth_key, CUSTOMER)
    assert await desk.registrations() == before + 1


async def test_what_somebody_else_typed_is_refused(cards: Cards, desk: Desk) -> None:
    auth_key = await desk.typed()
    assert await refusal(cards.register(auth_key, "somebody-else")) is CardRefusal.KEY_GONE
    assert await refusal(cards.register("auth_made_up", CUSTOMER)) is CardRefusal.KEY_GONE
    assert await cards.register(auth_key, CUSTOMER)


async def test_a_forgotten_card_pays_no_more_and_may_be_forgotten_again(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    await cards.forget(order.billing_key, CUSTOMER)
    await cards.forget(order.billing_key, CUSTOMER)
    await cards.forget("bill_that_never_was", CUSTOMER)
    assert await refusal(cards.authorise(order, key=hold(order))) is CardRefusal.KEY_GONE


async def test_a_card_pays_for_whom_it_was_registered_only(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    stolen = replace(order, customer_key="somebody-else")
    assert await refusal(cards.authorise(stolen, key=hold(order))) is CardRefusal.KEY_GONE


# Money there.


async def test_an_order_is_authorised_and_captured(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    held = await cards.authorise(order, key=hold(order))
    assert (held.order_id, held.amount, held.cancelled) == (order.order_id, FARE, 0)
    assert held.state is HELD[cards.name]
    assert held.approved_at is not None
    assert held.approved_at.tzinfo is not None
    taken = await cards.capture(held.payment_key, FARE, key="take")
    assert (taken.payment_key, taken.state, taken.amount) == (held.payment_key, PaymentState.CAPTURED, FARE)
    entry = await desk.entry(order.order_id)
    assert (entry["authorised"], entry["captured"], entry["cancelled"]) == (FARE, FARE, 0)


async def test_the_same_authorisation_happens_once(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    first = await cards.authorise(order, key=hold(order))
    assert await cards.authorise(order, key=hold(order)) == first
    assert await asyncio.gather(*(cards.authorise(order, key=hold(order)) for _ in range(5))) == [first] * 5
    assert (await desk.entry(order.order_id))["authorised"] == FARE


async def test_what_is_captured_is_answered_as_it_stands(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    payment_key = await paid(cards, order)
    first = await cards.capture(payment_key, FARE, key="take")
    assert await cards.capture(payment_key, FARE, key="take") == first
    assert await cards.capture(payment_key, FARE, key="take again") == first
    assert (await desk.entry(order.order_id))["captured"] == FARE


async def test_another_amount_than_what_is_held_is_not_captured(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    held = await cards.authorise(order, key=hold(order))
    for amount in (PART, Won(FARE + 1)):
        question = cards.capture(held.payment_key, amount, key=f"take {amount}")
        assert await refusal(question) is CardRefusal.AMOUNT_INVALID


async def test_a_payment_that_is_not_there_is_refused(cards: Cards) -> None:
    assert await refusal(cards.capture("pay_made_up", FARE, key="take")) is CardRefusal.REJECTED
    assert await refusal(cards.cancel("pay_made_up", FARE, "왜", key="back")) is CardRefusal.REJECTED


async def test_the_same_order_under_another_key_is_not_charged_again(cards: Cards, desk: Desk) -> None:
    """That it was charged is neither a no nor a second yes: whoever asks looks it up."""
    order = await order_with(cards, desk)
    first = await cards.authorise(order, key=hold(order))
    await lost(cards.authorise(order, key=hold(order, "another")))
    assert await cards.find(order.order_id) == first
    assert (await desk.entry(order.order_id))["authorised"] == FARE


async def test_the_same_key_for_another_amount_is_not_charged(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    await cards.authorise(order, key=hold(order))
    await lost(cards.authorise(replace(order, amount=Won(FARE + 1_000)), key=hold(order)))
    assert (await desk.entry(order.order_id))["authorised"] == FARE


# Money back.


async def test_a_part_is_given_back_once_for_each_key(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    payment_key = await paid(cards, order)
    first = await cards.cancel(payment_key, PART, "요금 조정", key="back-1")
    assert (first.state, first.amount, first.cancelled) == (PaymentState.CAPTURED, FARE, PART)
    assert await cards.cancel(payment_key, PART, "요금 조정", key="back-1") == first
    assert (await desk.entry(order.order_id))["cancelled"] == PART
    second = await cards.cancel(payment_key, PART, "요금 조정", key="back-2")
    assert second.cancelled == 2 * PART
    assert await cards.find(order.order_id) == second


async def test_parts_add_up_to_the_whole(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    payment_key = await paid(cards, order)
    await cards.cancel(payment_key, PART, "요금 조정", key="back-1")
    rest = await cards.cancel(payment_key, Won(FARE - PART), "취소", key="back-2")
    assert (rest.state, rest.cancelled) == (PaymentState.CANCELLED, FARE)
    assert (await desk.entry(order.order_id))["cancelled"] == FARE


async def test_the_whole_is_given_back_once(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    payment_key = await paid(cards, order)
    back = await cards.cancel(payment_key, FARE, "취소", key="back")
    assert (back.state, back.cancelled) == (PaymentState.CANCELLED, FARE)
    assert await cards.cancel(payment_key, FARE, "취소", key="back") == back
    assert await refusal(cards.cancel(payment_key, FARE, "취소", key="more")) is CardRefusal.CANCEL_REFUSED
    assert (await desk.entry(order.order_id))["cancelled"] == FARE


async def test_no_more_is_given_back_than_was_taken(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    payment_key = await paid(cards, order)
    assert await refusal(cards.cancel(payment_key, Won(FARE + 1), "취소", key="1")) is CardRefusal.CANCEL_REFUSED
    await cards.cancel(payment_key, PART, "취소", key="2")
    assert await refusal(cards.cancel(payment_key, FARE, "취소", key="3")) is CardRefusal.CANCEL_REFUSED
    assert (await desk.entry(order.order_id))["cancelled"] == PART


async def test_an_authorisation_is_let_go(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    held = await cards.authorise(order, key=hold(order))
    gone = await cards.cancel(held.payment_key, FARE, "취소", key="back")
    assert (gone.state, gone.cancelled) == (PaymentState.CANCELLED, FARE)
    entry = await desk.entry(order.order_id)
    assert entry["captured"] == entry["cancelled"]
    assert (await cards.capture(held.payment_key, FARE, key="take")).state is PaymentState.CANCELLED
    assert (await desk.entry(order.order_id)) == entry


# Looking up.


async def test_an_order_is_found_as_it_is(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    assert await cards.find(order.order_id) is None
    held = await cards.authorise(order, key=hold(order))
    assert await cards.find(order.order_id) == held
    taken = await cards.capture(held.payment_key, FARE, key="take")
    assert await cards.find(order.order_id) == taken
    back = await cards.cancel(held.payment_key, FARE, "취소", key="back")
    assert await cards.find(order.order_id) == back


# What can become of a card.


@pytest.mark.parametrize(
    ("outcome", "why"),
    [(Outcome.DECLINED, CardRefusal.DECLINED), (Outcome.INSUFFICIENT, CardRefusal.INSUFFICIENT)],
)
async def test_a_card_that_is_refused_moves_nothing(
    cards: Cards, desk: Desk, outcome: Outcome, why: CardRefusal
) -> None:
    order = await order_with(cards, desk, outcome)
    assert await refusal(cards.authorise(order, key=hold(order))) is why
    assert await refusal(cards.authorise(order, key=hold(order))) is why
    found = await cards.find(order.order_id)
    assert found is None or found.state is PaymentState.DECLINED
    entry = await desk.entry(order.order_id)
    assert (entry["authorised"], entry["captured"], entry["states"]) == (0, 0, ["declined"])


async def test_no_answer_may_have_been_a_yes(cards: Cards, hasty: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk, Outcome.TIMEOUT_THEN_APPROVED)
    await lost(hasty.authorise(order, key=hold(order)))
    found = await cards.find(order.order_id)
    assert found is not None
    assert found.state is HELD[cards.name]
    assert await cards.authorise(order, key=hold(order)) == found
    assert (await desk.entry(order.order_id))["authorised"] == FARE


async def unknown(cards: Cards, hasty: Cards, desk: Desk) -> Order:
    """An order of which the provider itself does not know what has become."""
    order = await order_with(cards, desk, Outcome.TIMEOUT_THEN_UNKNOWN)
    await lost(hasty.authorise(order, key=hold(order)))
    for _ in range(2):
        found = await cards.find(order.order_id)
        assert found is not None
        assert found.state is PaymentState.PENDING
        await lost(cards.authorise(order, key=hold(order)))
    return order


async def test_what_nobody_knows_may_turn_out_paid(cards: Cards, hasty: Cards, desk: Desk) -> None:
    order = await unknown(cards, hasty, desk)
    await desk.tell(f"/resolve/{order.order_id}", **{"as": "captured"})
    found = await cards.find(order.order_id)
    assert found is not None
    assert found.state is PaymentState.CAPTURED
    assert await cards.authorise(order, key=hold(order)) == found
    assert (await desk.entry(order.order_id))["captured"] == FARE


async def test_what_nobody_knows_may_turn_out_declined(cards: Cards, hasty: Cards, desk: Desk) -> None:
    order = await unknown(cards, hasty, desk)
    await desk.tell(f"/resolve/{order.order_id}", **{"as": "declined"})
    found = await cards.find(order.order_id)
    assert found is None or found.state is PaymentState.DECLINED
    assert await refusal(cards.authorise(order, key=hold(order))) is CardRefusal.DECLINED
    assert (await desk.entry(order.order_id))["captured"] == 0


async def test_only_the_key_keeps_some_cards_from_paying_twice(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk, Outcome.APPROVED_TWICE)
    first = await cards.authorise(order, key=hold(order))
    assert await cards.authorise(order, key=hold(order)) == first
    assert (await desk.entry(order.order_id))["authorised"] == FARE
    second = await cards.authorise(order, key=hold(order, "another"))
    assert second.payment_key != first.payment_key
    assert (await desk.entry(order.order_id))["authorised"] == 2 * FARE


async def test_a_cancel_may_be_refused(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk, Outcome.CANCEL_REFUSED)
    payment_key = await paid(cards, order)
    for amount in (PART, FARE):
        question = cards.cancel(payment_key, amount, "취소", key=f"back {amount}")
        assert await refusal(question) is CardRefusal.CANCEL_REFUSED
    assert (await desk.entry(order.order_id))["cancelled"] == 0


# Amounts that are none.


@pytest.mark.parametrize("amount", [0, -1, -FARE])
async def test_nothing_and_less_than_nothing_is_no_amount(cards: Cards, desk: Desk, amount: int) -> None:
    order = await order_with(cards, desk)
    payment_key = await paid(cards, order)
    odd = replace(order, order_id="order-of-nothing", amount=Won(amount))
    assert await refusal(cards.authorise(odd, key=hold(order, "odd"))) is CardRefusal.AMOUNT_INVALID
    assert await refusal(cards.capture(payment_key, Won(amount), key="2")) is CardRefusal.AMOUNT_INVALID
    assert await refusal(cards.cancel(payment_key, Won(amount), "취소", key="3")) is CardRefusal.AMOUNT_INVALID
    assert await cards.find(odd.order_id) is None
    assert (await desk.entry(order.order_id))["cancelled"] == 0


@pytest.mark.parametrize("amount", [LIMIT_WON + 1, 10**15])
async def test_too_much_is_refused(cards: Cards, desk: Desk, amount: int) -> None:
    order = await order_with(cards, desk, amount=amount)
    assert await refusal(cards.authorise(order, key=hold(order))) is CardRefusal.OVER_LIMIT
    assert await cards.find(order.order_id) is None


async def test_an_order_that_the_provider_cannot_name_is_rejected(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    for name in ("short", "x" * 65, "no/slash", "한글주문번호"):
        question = cards.authorise(replace(order, order_id=name), key=hold(order, str(len(name))))
        assert await refusal(question) is CardRefusal.REJECTED
        assert (await desk.entry(name))["states"] == []


async def test_long_words_for_people_are_cut(cards: Cards, desk: Desk) -> None:
    order = replace(await order_with(cards, desk), name="대리운전 " * 40)
    payment_key = await paid(cards, order)
    assert (await cards.cancel(payment_key, PART, "까닭 " * 200, key="back")).cancelled == PART
