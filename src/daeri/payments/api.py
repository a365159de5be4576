"""The door of payments: what is owed and how it is paid, by whom it may be changed, and what the books say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.infra import events
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CompanyId
from daeri.kernel.money import Won
from daeri.kernel.result import Refused
from daeri.payments import (
    balances,
    bill_store,
    billing,
    card_store,
    charge_store,
    charging,
    choices,
    claiming,
    ledger,
    payouts,
    policy,
    receipts,
    registering,
    statements,
)
from daeri.payments.billing import Deed
from daeri.payments.charge_model import Cancel, Card, CardMissing, Charge, ChargeState, ChargeUnderWay, Purpose
from daeri.payments.choices import Choices, Refusal, Room
from daeri.payments.collector import Collector
from daeri.payments.ledger import Entry, EntryFilter
from daeri.payments.model import (
    AGGREGATE,
    AgreedFare,
    AmountInvalid,
    AmountSame,
    Bill,
    BillNotFound,
    BillState,
    BusinessRefer,
    ClaimOpen,
    ClaimPolicy,
    EventKind,
    Method,
    NothingToSettle,
    NotPaid,
    PartnersCall,
    PayOnOriginal,
    ReasonMissing,
    Task,
    TaskCounts,
    TaskKind,
    TaskNotFound,
    TaskTaken,
)

# Whole rooms stand open where all that is in them is for the edges: `payments.payouts.request`.
__all__ = [
    "Choices",
    "Collector",
    "Deed",
    "Entry",
    "EntryFilter",
    "Room",
    "balances",
    "payouts",
    "receipts",
    "statements",
]

LONGEST_REASON = 500
SEALED_COLUMNS = (*registering.SEALED_COLUMNS, *payouts.SEALED_COLUMNS)
customer_key = registering.customer_key
check_customer_key = registering.check_customer_key
check_room_for_card = registering.check_room
known_card = card_store.known_as
keep_card = registering.keep
prefer_card = registering.prefer
remove_card = registering.remove
cards = card_store.cards
card_by_id = card_store.card_by_id
cards_by_id = card_store.cards_by_id
choices_of = choices.read
situation_room = choices.room_of
balance_of = balances.read
search_ledger = ledger.search
ledger_totals = ledger.totals


@dataclass(frozen=True, slots=True)
class Money:
    """All that is known of a ride's money; `original` is the customer's own call, which bears it."""

    original: Call
    bill: Bill | None
    charges: Sequence[Charge]
    cancels: Sequence[Cancel]
    agreed: AgreedFare | None
    tasks: Sequence[Task]
    outstanding: Won
    is_paid_by_bank: bool  # a transfer or a month's statement has paid it


async def settle_by_agent(deed: Deed, call_id: UUID, reason: str, *, card_id: UUID | None = None) -> Bill:
    """Charge a ride by hand (운행강제결제, R-112 … R-116): on the customer's own call, driven, and not paid.

    PayOnOriginal, PartnersCall, NothingToSettle with its reason, ChargeUnderWay, ReasonMissing.
    """
    said = _clean(reason)
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
    said = _clean(reason)
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
    said = _clean(reason)
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
    said = _clean(reason)
    call, bill = await _locked(deed, call_id)
    decided = policy.decide_write_off(await choices.facts_of(deed.tx, call, bill))
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    return await claiming.give_up(deed, _known(bill), said)


async def correct_cash(deed: Deed, call_id: UUID, reason: str, *, received: bool) -> Bill:
    """Put right what a driver said of the cash: they have it after all, or they have it not and it becomes a claim.

    PayOnOriginal, PartnersCall, NothingToSettle with its reason, ChargeUnderWay, ReasonMissing.
    """
    said = _clean(reason)
    call, bill = await _locked(deed, call_id)
    decided = policy.decide_cash(await choices.facts_of(deed.tx, call, bill), received=received)
    if isinstance(decided, Refused):
        raise await _refusal(deed, call, decided.reason)
    known = _known(bill)
    if received:
        told = await billing.tell(
            deed, known, EventKind.CASH_CORRECTED, amount=known.amount, how="cash_received", reason=said
        )
        await billing.end_tasks(deed, told, TaskKind.CASH)
        return await billing.collect_cash(deed, told)
    await billing.end_tasks(deed, known, TaskKind.CASH)
    owed = await billing.take_back_cash(deed, known, said)
    return await billing.claim(deed, owed, policy.cash_claim(owed.kind))


async def check_may_request(deed: Deed, customer_id: UUID, *, by_card: bool) -> None:
    """Whether money stands against a new call of the customer's: ClaimOpen, CardMissing."""
    if deed.book.read(ClaimPolicy, at=deed.now).value.blocks_requests:
        claims = await bill_store.claims_of(deed.tx, deed.company_id, customer_id)
        if claims:
            raise ClaimOpen(number=claims[0].number, amount_won=claims[0].amount)
    needs_card = by_card and deed.policy.card_needed
    if needs_card and await card_store.default_card(deed.tx, deed.company_id, customer_id) is None:
        raise CardMissing()


async def money_of(tx: Tx, company_id: CompanyId, call_id: UUID) -> Money:
    """What is known of a ride's money, asked for by any of its calls; CallNotFound."""
    call = await calls.get(tx, company_id, call_id)
    original = call if call.reconnects_call_id is None else await calls.get(tx, company_id, call.reconnects_call_id)
    bill = await bill_store.get(tx, company_id, original.id)
    return Money(
        original=original,
        bill=bill,
        charges=await charge_store.of_call(tx, company_id, original.id),
        cancels=await charge_store.cancels_of_call(tx, company_id, original.id),
        agreed=await bill_store.agreed(tx, company_id, original.id),
        tasks=await bill_store.tasks_of_call(tx, company_id, original.id),
        outstanding=Won(0) if bill is None else await claiming.outstanding(tx, bill),
        is_paid_by_bank=bill is not None and await claiming.is_paid_by_bank(tx, bill),
    )


async def bill_of(tx: Tx, company_id: UUID, call_id: UUID) -> Bill | None:
    """The bill of a customer's own call, if any."""
    return await bill_store.get(tx, company_id, call_id)


async def bills_named(tx: Tx, call_ids: Sequence[UUID]) -> list[Bill]:
    """The bills of these calls, of any company, for live screens, which scope by who listens."""
    return await bill_store.many(tx, call_ids) if call_ids else []


async def claims_of(tx: Tx, company_id: UUID, payer_id: UUID) -> list[Bill]:
    """What somebody has not paid, oldest first."""
    return await bill_store.claims_of(tx, company_id, payer_id)


async def bills(
    tx: Tx,
    company_id: UUID,
    *,
    states: Sequence[BillState] = (),
    method: Method | None = None,
    people: Sequence[UUID] | None = None,
    number: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Bill]:
    """The company's bills that fit, newest first; `people` are payers, drivers, or who rode on a business account."""
    return await bill_store.page(
        tx, company_id, states=states, method=method, people=people, number=number, before=before, limit=limit
    )


async def check_paid(tx: Tx, company_id: CompanyId, call_id: UUID, amount: int) -> None:
    """Whether a customer may be told that their card paid `amount` (I-018): NotPaid unless the books say so."""
    bill = await bill_store.get(tx, company_id, call_id)
    standing = sum(charge.standing for charge in await charge_store.of_call(tx, company_id, call_id))
    if bill is None or bill.state is not BillState.PAID or standing != amount:
        raise NotPaid(paid_won=standing)


async def bill_history(tx: Tx, company_id: UUID, call_id: UUID) -> list[Event]:
    """What happened to a bill, oldest first."""
    return await events.history(tx, company_id, AGGREGATE, call_id)


async def tasks(
    tx: Tx,
    company_id: UUID,
    *,
    kind: TaskKind | None = None,
    owner_id: UUID | None = None,
    with_done: bool = False,
    limit: int = 200,
) -> list[Task]:
    """What people must see to, most urgent first (I-016)."""
    return await bill_store.tasks(tx, company_id, kind=kind, owner_id=owner_id, with_done=with_done, limit=limit)


async def count_tasks(tx: Tx, company_id: UUID, owner_id: UUID, *, now: datetime) -> TaskCounts:
    """What is open at `now`, and how much of it is `owner_id`'s."""
    return await bill_store.count_tasks(tx, company_id, owner_id, now)


async def take_task(
    tx: Tx, company_id: UUID, task_id: UUID, owner_id: UUID | None, *, instead_of: UUID | None = None
) -> Task:
    """It is that person's now, or nobody's; `instead_of` is whose it was until then, as whoever asks knows it.

    TaskTaken when it is somebody else's by now, TaskNotFound when there is none that is open.
    """
    if not await bill_store.take_task(tx, company_id, task_id, owner_id, instead_of=instead_of):
        found = await _task(tx, company_id, task_id)
        raise TaskNotFound(task_id=str(task_id)) if found.done_at is not None else TaskTaken()
    return await _task(tx, company_id, task_id)


async def finish_task(tx: Tx, company_id: UUID, task_id: UUID, by_id: UUID, note: str, *, now: datetime) -> Task:
    """Done by hand, with what came of it. TaskNotFound, ReasonMissing."""
    if not await bill_store.finish_task(tx, company_id, task_id, by_id, note=_clean(note), now=now):
        raise TaskNotFound(task_id=str(task_id))
    return await _task(tx, company_id, task_id)


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


async def heard_from_provider(tx: Tx, order_id: str) -> bool:
    """A webhook named this order: nothing of it is believed, the provider is asked. False when it is none of ours."""
    charge = await charge_store.by_order(tx, order_id)
    if charge is None:
        return False
    await charge_store.hurry(tx, charge.id)
    tx.hint(charging.WORK_TOPIC)
    return True


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


async def _task(tx: Tx, company_id: UUID, task_id: UUID) -> Task:
    found = await bill_store.get_task(tx, company_id, task_id)
    if found is None:
        raise TaskNotFound(task_id=str(task_id))
    return found


def _clean(reason: str) -> str:
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise ReasonMissing(most=LONGEST_REASON)
    return said
