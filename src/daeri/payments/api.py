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
from daeri.kernel.ids import CompanyId
from daeri.kernel.money import Won
from daeri.payments import (
    balances,
    bill_store,
    card_store,
    charge_store,
    charging,
    choices,
    claiming,
    deeds,
    ledger,
    payouts,
    receipts,
    registering,
    statements,
)
from daeri.payments.billing import Deed
from daeri.payments.charge_model import Cancel, CardMissing, Charge
from daeri.payments.choices import Choices, Room
from daeri.payments.collector import Collector
from daeri.payments.ledger import Entry, EntryFilter
from daeri.payments.model import (
    AGGREGATE,
    AgreedFare,
    Bill,
    BillState,
    ClaimOpen,
    ClaimPolicy,
    Method,
    NotPaid,
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

LONGEST_REASON = deeds.LONGEST_REASON
SEALED_COLUMNS = (*registering.SEALED_COLUMNS, *payouts.SEALED_COLUMNS)
settle_by_agent = deeds.settle_by_agent
adjust = deeds.adjust
agree_fare = deeds.agree_fare
pay_claim = deeds.pay_claim
write_off = deeds.write_off
correct_cash = deeds.correct_cash
receive_transfer = deeds.receive_transfer
ask_again = deeds.ask_again
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
    if not await bill_store.finish_task(tx, company_id, task_id, by_id, note=deeds.clean(note), now=now):
        raise TaskNotFound(task_id=str(task_id))
    return await _task(tx, company_id, task_id)


async def heard_from_provider(tx: Tx, order_id: str) -> bool:
    """A webhook named this order: nothing of it is believed, the provider is asked. False when it is none of ours."""
    charge = await charge_store.by_order(tx, order_id)
    if charge is None:
        return False
    await charge_store.hurry(tx, charge.id)
    tx.hint(charging.WORK_TOPIC)
    return True


async def _task(tx: Tx, company_id: UUID, task_id: UUID) -> Task:
    found = await bill_store.get_task(tx, company_id, task_id)
    if found is None:
        raise TaskNotFound(task_id=str(task_id))
    return found
