"""Charges and cancels: written down before the provider is asked, and recorded with what they mean for the books.

No network here: the collector asks between two transactions of this module.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from daeri.calls import api as calls
from daeri.infra.database import Tx
from daeri.kernel.ids import Ids
from daeri.kernel.money import Won
from daeri.kernel.terms import SYSTEM
from daeri.payments import balances, bill_store, billing, card_store, charge_store, entries, ledger
from daeri.payments.billing import Deed
from daeri.payments.charge_model import Cancel, CancelState, Card, CardRefusal, Charge, ChargeState, Purpose
from daeri.payments.charge_store import NewCancel, NewCharge
from daeri.payments.ledger import Posting
from daeri.payments.lifecycle import Answer, CancelAnswer, next_cancel_state, next_charge_state
from daeri.payments.model import Bill, BillState, ClaimReason, EntryKind, EventKind, Method, TaskKind
from daeri.policies import api as policies

WORK_TOPIC = "payments.work"  # hints: the provider is to be asked


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a charge after the provider was asked."""

    answer: Answer
    payment_key: str | None = None
    refusal: CardRefusal | None = None


async def charge(deed: Deed, bill: Bill, card: Card, purpose: Purpose) -> UUID:
    """Write down that the card shall pay the bill; ChargeUnderWay when it is charged already."""
    charge_id = deed.ids.new()
    new = NewCharge(bill.company_id, bill.call_id, card.owner_id, card.id, purpose, bill.amount, deed.actor)
    await charge_store.intend(deed.tx, charge_id, new, now=deed.now)
    deed.tx.hint(WORK_TOPIC)
    return charge_id


async def top_up(deed: Deed, card: Card, amount: Won) -> UUID:
    """Write down that a driver's own card shall fill the driver's balance."""
    charge_id = deed.ids.new()
    new = NewCharge(deed.company_id, None, card.owner_id, card.id, Purpose.TOP_UP, amount, deed.actor)
    await charge_store.intend(deed.tx, charge_id, new, now=deed.now)
    deed.tx.hint(WORK_TOPIC)
    return charge_id


async def give_back(deed: Deed, standing: Charge, amount: Won, reason: str, *, then_amount: Won | None = None) -> UUID:
    """Write down that `amount` of a charge shall be given back, and what the ride costs instead; ChargeUnderWay."""
    cancel_id = deed.ids.new()
    new = NewCancel(standing.company_id, standing.id, standing.call_id, amount, then_amount, reason, deed.actor)
    await charge_store.intend_cancel(deed.tx, cancel_id, new, now=deed.now)
    deed.tx.hint(WORK_TOPIC)
    return cancel_id


async def record(tx: Tx, charge_id: UUID, told: Told, *, now: datetime, ids: Ids) -> Charge | None:
    """Keep what the provider answered, with what it means for bill and books, in one transaction.

    None when the charge has ended: an answer that comes late or twice changes nothing.
    """
    known = await charge_store.get(tx, charge_id)
    if known is None or known.ended_at is not None:
        return None
    deed = await _deed(tx, known, now, ids)
    # The bill before the charge: everybody locks in this order.
    bill = None if known.call_id is None else await billing.lock(deed, known.call_id)
    found = await charge_store.get(tx, charge_id, lock=True)
    if found is None or found.ended_at is not None:
        return None
    state = next_charge_state(found.state, told.answer)
    ended_at = now if state in (ChargeState.CAPTURED, ChargeState.DECLINED) else None
    kept = await charge_store.record(
        tx, found, state, payment_key=told.payment_key, refusal=told.refusal, ended_at=ended_at
    )
    if kept is None:
        return None
    await _mean(deed, kept, bill)
    return kept


async def _mean(deed: Deed, kept: Charge, bill: Bill | None) -> None:
    """What the charge's new state means."""
    if kept.ended_at is not None:
        await bill_store.close_tasks_of_charge(deed.tx, kept.id, deed.now)
    if bill is None:
        await _top_up_means(deed, kept)
        return
    match kept.state:
        case ChargeState.CAPTURED:
            await billing.book(
                deed, bill, EntryKind.CARD_CAPTURED, entries.captured(bill, kept.amount), cause_id=kept.id
            )
            told = await billing.tell(deed, bill, EventKind.CAPTURED, amount=kept.amount, charge=str(kept.id))
            await billing.pay(deed, told, "card")
        case ChargeState.DECLINED:
            told = await billing.tell(deed, bill, EventKind.DECLINED, amount=kept.amount, refusal=kept.refusal)
            await billing.end_tasks(deed, told, TaskKind.UNKNOWN)
            await billing.claim(deed, told, ClaimReason.DECLINED)
        case ChargeState.UNKNOWN if kept.attempts >= deed.policy.unknown_after_attempts:
            await billing.open_task(deed, TaskKind.UNKNOWN, bill)


async def _top_up_means(deed: Deed, kept: Charge) -> None:
    if kept.state is not ChargeState.CAPTURED:
        return
    posting = Posting(kept.company_id, EntryKind.CARD_CAPTURED, kept.id, deed.now, kept.actor)
    await ledger.post(deed.tx, posting, entries.topped_up_by_card(kept.payer_id, kept.amount), ids=deed.ids)
    await balances.judge(deed.tx, deed.book, kept.company_id, kept.payer_id, now=deed.now)


async def record_cancel(
    tx: Tx, cancel_id: UUID, answer: CancelAnswer, refusal: CardRefusal | None, *, now: datetime, ids: Ids
) -> Cancel | None:
    """Keep whether it was given back; with it, in the same transaction, what the ride costs instead (I-017, I-020)."""
    known = await charge_store.get_cancel(tx, cancel_id)
    if known is None or known.ended_at is not None:
        return None
    standing = await charge_store.get(tx, known.charge_id)
    if standing is None:
        return None
    deed = await _deed(tx, standing, now, ids)
    bill = None if known.call_id is None else await billing.lock(deed, known.call_id)
    await charge_store.get(tx, known.charge_id, lock=True)
    state = next_cancel_state(known.state, answer)
    ended_at = now if state in (CancelState.DONE, CancelState.REFUSED) else None
    kept = await charge_store.record_cancel(tx, known, state, refusal=refusal, ended_at=ended_at)
    if kept is None or bill is None:
        return kept
    match kept.state:
        case CancelState.DONE:
            await _given_back(replace(deed, actor=kept.actor), bill, kept)
        case CancelState.REFUSED:
            told = await billing.tell(deed, bill, EventKind.CANCEL_REFUSED, amount=kept.amount, refusal=refusal)
            await billing.end_tasks(deed, told, TaskKind.UNKNOWN)
            await billing.open_task(deed, TaskKind.CANCEL_REFUSED, told)
        case CancelState.UNKNOWN if kept.attempts >= deed.policy.unknown_after_attempts:
            await billing.open_task(deed, TaskKind.UNKNOWN, bill)
    return kept


async def _given_back(deed: Deed, bill: Bill, done: Cancel) -> None:
    """The money is the customer's again; then the ride costs what was decided, and that is charged."""
    await charge_store.give_back(deed.tx, done.charge_id, done.amount)
    lines = entries.cancelled(bill, done.amount)
    await billing.book(deed, bill, EntryKind.CARD_CANCELLED, lines, cause_id=done.id, note=done.reason)
    owed = await billing.reopen(deed, bill, EventKind.CANCELLED, amount=done.amount, reason=done.reason)
    await billing.end_tasks(deed, owed, TaskKind.UNKNOWN, TaskKind.CANCEL_REFUSED)
    if done.then_amount is None:
        return
    call = await calls.get(deed.tx, bill.company_id, bill.call_id)
    changed = await billing.rebook(deed, owed, call, done.then_amount, done.reason)
    charged = await charge_store.get(deed.tx, done.charge_id)
    await collect(deed, changed, Purpose.ADJUSTMENT, card_id=None if charged is None else charged.card_id)


async def collect(deed: Deed, bill: Bill, purpose: Purpose, *, card_id: UUID | None = None) -> Bill:
    """Charge the payer's own card, or claim what is owed where there is none.

    `card_id` paid for the ride before: it is charged again, in the place of cash too, while its owner has it.
    """
    if bill.state is BillState.PAID or (card_id is None and bill.method is not Method.CARD):
        return bill
    own = await card_store.cards(deed.tx, bill.company_id, bill.payer_id)
    card = next((each for each in own if each.id == card_id), own[0] if own else None)
    if card is None:
        return await billing.claim(deed, bill, ClaimReason.NO_CARD)
    await charge(deed, bill, card, purpose)
    return bill


async def _deed(tx: Tx, of: Charge, now: datetime, ids: Ids) -> Deed:
    book = await policies.load_book(tx, of.company_id)
    return Deed(tx, of.company_id, book, SYSTEM, now, ids)
