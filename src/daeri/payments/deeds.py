"""What people do about a ride's money: agents settle, adjust and put right, customers pay what is open."""

from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.kernel.errors import DaeriError
from daeri.kernel.money import Won
from daeri.kernel.result import Refused
from daeri.payments import (
    bill_store,
    billing,
    charge_store,
    charging,
    choices,
    claiming,
    policy,
    receipts,
    registering,
)
from daeri.payments.billing import Deed
from daeri.payments.charge_model import Card, ChargeState, ChargeUnderWay, Purpose
from daeri.payments.choices import Refusal
from daeri.payments.model import (
    AgreedFare,
    AmountInvalid,
    AmountSame,
    Bill,
    BillNotFound,
    BillState,
    BusinessRefer,
    EventKind,
    Method,
    NothingToSettle,
    PartnersCall,
    PayOnOriginal,
    ReasonMissing,
    TaskKind,
)

LONGEST_REASON = 500


async def settle_by_agent(deed: Deed, call_id: UUID, reason: str, *, card_id: UUID | None = None) -> Bill:
    """Charge a ride by hand (운행강제결제, R-112 … R-116): on the customer's own call, driven, and not paid.

    PayOnOriginal, PartnersCall, NothingToSettle with its reason, ChargeUnderWay, ReasonMissing.
    """
    said = clean(reason)
    call, bill = await _locked(deed, call_id)
    decided = policy.decide_settle(await choices.facts_of(deed.tx, call, bill))
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    known = _known(bill)
    card = await _card_for(deed, known, card_id)
    await charging.charge(deed, known, card, Purpose.BY_AGENT)
    await billing.end_tasks(deed, known, TaskKind.SETTLE)
    return await billing.tell(deed, known, EventKind.CHARGING, amount=known.amount, reason=said)


async def adjust(deed: Deed, call_id: UUID, amount: int, reason: str) -> Bill:
    """Let a ride cost `amount` won instead, up or down: what was charged is cancelled and charged anew (I-020).

    On the customer's own call alone (R-114). PayOnOriginal, PartnersCall, BusinessRefer, NothingToSettle,
    AmountInvalid, AmountSame, ChargeUnderWay, ReasonMissing.
    """
    said = clean(reason)
    call, bill = await _locked(deed, call_id)
    decided = policy.decide_adjust(await choices.facts_of(deed.tx, call, bill), amount, deed.policy)
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    known = _known(bill)
    standing = await charge_store.open_of_call(deed.tx, call_id)
    if standing is not None and standing.state is ChargeState.CAPTURED:
        await charging.give_back(deed, standing, standing.standing, said, then_amount=Won(amount))
        return await billing.tell(
            deed, known, EventKind.CANCELLING, amount=standing.standing, then_amount=amount, reason=said
        )
    changed = await billing.rebook(deed, known, call, Won(amount), said)
    return await charging.collect(deed, changed, Purpose.ADJUSTMENT)


async def agree_fare(deed: Deed, call_id: UUID, amount: int, reason: str) -> AgreedFare:
    """Keep what both sides agreed to before a reconnected drive; it is settled when that drive is over (R-118).

    PayOnOriginal, PartnersCall, BusinessRefer, NothingToSettle with its reason, AmountInvalid, ReasonMissing.
    """
    said = clean(reason)
    call, bill = await _locked(deed, call_id)
    decided = policy.decide_agree(await choices.facts_of(deed.tx, call, bill), deed.policy)
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    if not deed.policy.adjust_floor_won <= amount <= deed.policy.adjust_ceiling_won:
        raise _amount_invalid(deed)
    if deed.actor.id is None:
        raise TypeError("a fare is agreed by a person")
    fare = AgreedFare(Won(amount), said, deed.now, deed.actor.id)
    await bill_store.agree(deed.tx, deed.company_id, call_id, fare)
    return fare


async def pay_claim(deed: Deed, call_id: UUID, payer_id: UUID, card_id: UUID | None = None) -> Bill:
    """The customer pays what is open with a card of theirs. BillNotFound, NothingToSettle, CardNotFound."""
    bill = await billing.lock(deed, call_id)
    if bill is None or bill.payer_id != payer_id:
        raise BillNotFound(call_id=str(call_id))
    if bill.state in (BillState.PAID, BillState.WRITTEN_OFF) or bill.method is Method.ACCOUNT:
        raise NothingToSettle(reason=bill.state)
    if await charge_store.is_under_way(deed.tx, call_id):
        raise ChargeUnderWay()
    card = await _card_for(deed, bill, card_id)
    await charging.charge(deed, bill, card, Purpose.CLAIM)
    return await billing.tell(deed, bill, EventKind.CHARGING, amount=bill.amount)


async def write_off(deed: Deed, call_id: UUID, reason: str) -> Bill:
    """Give up what is left of a bill, with a reason.

    PayOnOriginal, PartnersCall, NothingToSettle with its reason, ChargeUnderWay, ReasonMissing.
    """
    said = clean(reason)
    call, bill = await _locked(deed, call_id)
    decided = policy.decide_write_off(await choices.facts_of(deed.tx, call, bill))
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    return await claiming.give_up(deed, _known(bill), said)


async def correct_cash(deed: Deed, call_id: UUID, reason: str, *, received: bool) -> Bill:
    """Put right what a driver said of the cash: they have it after all, or they have it not and it becomes a claim.

    PayOnOriginal, PartnersCall, NothingToSettle with its reason, ChargeUnderWay, ReasonMissing.
    """
    said = clean(reason)
    call, bill = await _locked(deed, call_id)
    decided = policy.decide_cash(await choices.facts_of(deed.tx, call, bill), received=received)
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    known = _known(bill)
    await billing.end_tasks(deed, known, TaskKind.CASH)
    if received:
        told = await billing.tell(
            deed, known, EventKind.CASH_CORRECTED, amount=known.amount, how="cash_received", reason=said
        )
        return await billing.collect_cash(deed, told)
    owed = await billing.take_back_cash(deed, known, said)
    return await billing.claim(deed, owed, policy.cash_claim(owed.kind))


async def ask_again(deed: Deed, call_id: UUID) -> None:
    """Ask the provider at once about what is open for this ride. PayOnOriginal, PartnersCall, NothingToSettle."""
    call = await calls.get(deed.tx, deed.company_id, call_id)
    decided = policy.decide_ask_again(await choices.facts_of(deed.tx, call, None))
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    for charge in await charge_store.of_call(deed.tx, deed.company_id, call_id):
        await charge_store.hurry(deed.tx, charge.id)
    for cancel in await charge_store.cancels_of_call(deed.tx, deed.company_id, call_id):
        await charge_store.hurry_cancel(deed.tx, cancel.id)
    deed.tx.hint(charging.WORK_TOPIC)


async def receive_transfer(deed: Deed, call_id: UUID, reference: str, amount: int | None = None) -> Bill:
    """The payer sent what is left of a bill to the company's bank, whose reference counts once.

    PayOnOriginal, PartnersCall, NothingToSettle with its reason, ChargeUnderWay, TransferAmountDiffers,
    BankReferenceUsed, ReasonMissing without a reference.
    """
    call, bill = await _locked(deed, call_id)
    decided = policy.decide_transfer(await choices.facts_of(deed.tx, call, bill))
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    known = _known(bill)
    await receipts.take_in(deed, known, amount, reference)
    return await billing.pay(deed, known, "transfer")


async def _locked(deed: Deed, call_id: UUID) -> tuple[Call, Bill | None]:
    bill = await billing.lock(deed, call_id)
    return await calls.get(deed.tx, deed.company_id, call_id), bill


def _known(bill: Bill | None) -> Bill:
    if bill is None:
        raise TypeError("what was allowed has a bill")
    return bill


async def _card_for(deed: Deed, bill: Bill, card_id: UUID | None) -> Card:
    return await registering.owned(deed.tx, deed.company_id, bill.payer_id, card_id)


async def _refusal(deed: Deed, call: Call, reason: Refusal) -> DaeriError:
    """What a decision of the policy is to whoever asked."""
    match reason.value:
        case "on_original":
            original = await calls.get(deed.tx, call.company_id, call.reconnects_call_id or call.id)
            return PayOnOriginal(call_id=str(original.id), number=original.number)
        case "partners_call":
            room = await choices.room_of(deed.tx, call)
            return PartnersCall(name=room.name_ko, phone=room.phone)
        case "under_way":
            return ChargeUnderWay()
        case "same":
            return AmountSame()
        case "amount":
            return _amount_invalid(deed)
        case "business":
            return BusinessRefer(account=None if call.business is None else call.business.name)
        case _:
            return NothingToSettle(reason=reason)


def _amount_invalid(deed: Deed) -> AmountInvalid:
    return AmountInvalid(floor_won=deed.policy.adjust_floor_won, ceiling_won=deed.policy.adjust_ceiling_won)


def clean(reason: str) -> str:
    """What somebody said, without the space around it; ReasonMissing when that is nothing, or too long."""
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise ReasonMissing(most=LONGEST_REASON)
    return said
