"""Bills: opened when a drive has ended, booked, claimed, settled. Whoever changes one holds its row's lock.

The one lock order of this room is bill, charge, cancel, balance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call, State
from daeri.drivers import api as drivers
from daeri.drivers.model import Run
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId, Ids
from daeri.kernel.money import Won
from daeri.kernel.terms import SYSTEM, Actor
from daeri.kernel.time import KST
from daeri.payments import balances, bill_store, entries, ledger, policy
from daeri.payments.bill_store import Happened
from daeri.payments.ledger import Posting
from daeri.payments.model import (
    TOPIC,
    Bill,
    BillKind,
    BillState,
    ClaimPolicy,
    ClaimReason,
    EntryKind,
    EventKind,
    Line,
    PaymentPolicy,
    Split,
    TaskKind,
)
from daeri.payments.policy import Debtor
from daeri.policies.api import PolicyBook
from daeri.pricing import api as pricing
from daeri.pricing.model import CommissionPolicy, PremiumKind, PremiumPolicy

# Another fare is owed all the same when the one that was billed is paid.
_ENDED_BY_PAYMENT = (TaskKind.SETTLE, TaskKind.UNPAID, TaskKind.UNKNOWN, TaskKind.CANCEL_REFUSED)


@dataclass(frozen=True, slots=True)
class Deed:
    """One change of money: in which transaction, by whom, when, by which policies, with which identifiers."""

    tx: Tx
    company_id: CompanyId
    book: PolicyBook
    actor: Actor
    now: datetime
    ids: Ids

    @property
    def policy(self) -> PaymentPolicy:
        return self.book.read(PaymentPolicy, at=self.now).value


def split_of(book: PolicyBook, call: Call, amount: Won, *, at: datetime, chain: Sequence[str]) -> Split:
    """What `amount` leaves to the driver of a drive that ended `at`, by the records of then (R-022, R-025, I-059)."""
    commission = book.read(CommissionPolicy, at=at, region_chain=chain, service=call.service)
    premium = book.read(PremiumPolicy, at=at, region_chain=chain, service=call.service)
    kind = PremiumKind(calls.label(call).kind.value)
    net = pricing.net_of(amount, kind, commission.value, premium.value)
    return Split(
        amount=net.fare,
        commission=net.commission,
        premium=net.premium,
        net=net.net,
        commission_percent=commission.value.percent,
        commission_version=commission.version,
        premium_version=premium.version,
    )


def resplit(split: Split, amount: Won) -> Split:
    """The same shares of another fare: an adjusted ride keeps the records that it ended by."""
    commission = pricing.share_of(amount, split.commission_percent)
    return replace(split, amount=amount, commission=commission, net=Won(amount - commission - split.premium))


async def open_bill(
    deed: Deed,
    call: Call,
    driver_id: DriverId,
    debtor: Debtor,
    split: Split,
    *,
    kind: BillKind,
    drive_ended_at: datetime,
) -> Bill | None:  # fmt: skip -- the signature reads as one sentence
    """What the ride costs is owed from now on; None when that was written before. `call` is the customer's own."""
    new = Bill(
        call_id=call.id,
        company_id=call.company_id,
        number=call.number,
        kind=kind,
        payer=debtor.payer,
        payer_id=debtor.payer_id,
        driver_id=driver_id,
        customer_id=call.customer_id,
        method=debtor.method,
        state=BillState.OPEN,
        split=split,
        split_count=1,
        opened_at=deed.now,
        drive_ended_at=drive_ended_at,
        settled_at=None,
        claimed_at=None,
        claim_reason=None,
        version=1,
    )
    happened = _happened(deed, EventKind.OPENED)
    bill = await bill_store.open_bill(deed.tx, new, happened, None)
    if bill is None:
        return None
    await _book(deed, bill, EntryKind.FARE_DUE, entries.fare_due(bill), happened)
    await _keep_run(deed, bill, call)
    _hint(deed.tx, bill)
    return bill


async def lock(deed: Deed, call_id: UUID) -> Bill | None:
    """The bill, which nobody else changes until this transaction ends."""
    return await bill_store.get(deed.tx, deed.company_id, call_id, lock=True)


async def rebook(deed: Deed, bill: Bill, call: Call, amount: Won, reason: str) -> Bill:
    """The ride costs `amount` instead: what was owed is undone and owed anew, and so is cash that was collected."""
    happened = _happened(deed, EventKind.REBOOKED, amount_before=bill.amount, amount=amount, reason=reason)
    was_cash = await _undo(deed, bill, EntryKind.CASH_COLLECTED, EntryKind.CASH_UNDONE, happened)
    await _undo(deed, bill, EntryKind.FARE_DUE, EntryKind.FARE_UNDONE, happened)
    kind = BillKind.FARE if await _was_driven(deed, call) else bill.kind
    changed = await bill_store.rebook(deed.tx, bill, resplit(bill.split, amount), kind, happened)
    await _book(deed, changed, EntryKind.FARE_DUE, entries.fare_due(changed), happened)
    if was_cash:
        await _book(deed, changed, EntryKind.CASH_COLLECTED, entries.cash_collected(changed), happened)
    await end_tasks(deed, changed, TaskKind.ADJUST)
    await _keep_run(deed, changed, call)
    _hint(deed.tx, changed)
    return changed


async def collect_cash(deed: Deed, bill: Bill) -> Bill:
    """The driver has the money: the bill is paid, commission and premium come out of the driver's balance (I-019)."""
    happened = _happened(deed, EventKind.PAID, amount=bill.amount, how="cash")
    await _book(deed, bill, EntryKind.CASH_COLLECTED, entries.cash_collected(bill), happened)
    return await _settled(deed, bill, BillState.PAID, happened)


async def pay(deed: Deed, bill: Bill, how: str) -> Bill:
    """Nothing is owed any more; whatever paid it is booked already."""
    return await _settled(deed, bill, BillState.PAID, _happened(deed, EventKind.PAID, amount=bill.amount, how=how))


async def write_off(deed: Deed, bill: Bill, amount: Won, reason: str) -> Bill:
    """Nobody will pay the `amount` that is left: the company bears it."""
    happened = _happened(deed, EventKind.WRITTEN_OFF, amount=amount, reason=reason)
    await _book(deed, bill, EntryKind.WRITTEN_OFF, entries.written_off(bill, amount), happened)
    return await _settled(deed, bill, BillState.WRITTEN_OFF, happened)


async def take_back_cash(deed: Deed, bill: Bill, reason: str) -> Bill:
    """The driver has not the money after all: it is owed again, and the driver's balance is as before."""
    happened = _happened(deed, EventKind.CASH_CORRECTED, amount=bill.amount, how="cash_not_received", reason=reason)
    await _undo(deed, bill, EntryKind.CASH_COLLECTED, EntryKind.CASH_UNDONE, happened)
    changed = await bill_store.reopen(deed.tx, bill, happened)
    await balances.judge(deed.tx, deed.book, bill.company_id, bill.driver_id, now=deed.now)
    _hint(deed.tx, changed)
    return changed


async def reopen(deed: Deed, bill: Bill, kind: EventKind, **facts: object) -> Bill:
    """What was paid was given back: the ride is owed again."""
    changed = await bill_store.reopen(deed.tx, bill, _happened(deed, kind, **facts))
    _hint(deed.tx, changed)
    return changed


async def tell(deed: Deed, bill: Bill, kind: EventKind, **facts: object) -> Bill:
    """The bill's timeline says what happened; the bill stays as it is."""
    changed = await bill_store.touch(deed.tx, bill, _happened(deed, kind, **facts))
    _hint(deed.tx, changed)
    return changed


async def claim(deed: Deed, bill: Bill, reason: ClaimReason) -> Bill:
    """It was not paid: reminders are planned, and a person is asked to look. A claim that runs goes on."""
    if bill.state is BillState.CLAIMED:
        return bill
    changed = await bill_store.claim(deed.tx, bill, reason, _happened(deed, EventKind.CLAIMED, reason=reason))
    steps = list(policy.claim_steps(deed.book.read(ClaimPolicy, at=deed.now).value, deed.now))
    await bill_store.plan_claim(deed.tx, changed, steps)
    await open_task(deed, TaskKind.UNPAID, changed)
    _hint(deed.tx, changed)
    return changed


async def open_task(deed: Deed, kind: TaskKind, bill: Bill) -> None:
    """A person shall see to it; one open task of a kind a bill."""
    due_at = deed.now + timedelta(minutes=deed.policy.task_due_min)
    task_id = deed.ids.new()
    await bill_store.open_task(
        deed.tx, task_id, bill.company_id, kind, call_id=bill.call_id, charge_id=None, now=deed.now, due_at=due_at
    )


async def end_tasks(deed: Deed, bill: Bill, *kinds: TaskKind) -> None:
    """What these tasks waited for has come about."""
    await bill_store.close_tasks(deed.tx, bill.call_id, kinds, deed.now)


async def _settled(deed: Deed, bill: Bill, state: BillState, happened: Happened) -> Bill:
    changed = await bill_store.settle(deed.tx, bill, state, happened)
    if bill.state is BillState.CLAIMED:
        await bill_store.end_claim(deed.tx, bill.call_id, deed.now)
    ended = _ENDED_BY_PAYMENT if state is BillState.PAID else tuple(TaskKind)
    await end_tasks(deed, changed, *ended)
    _hint(deed.tx, changed)
    return changed


async def book(
    deed: Deed, bill: Bill, kind: EntryKind, lines: Sequence[Line], *, cause_id: UUID, note: str = ""
) -> bool:
    """Write an entry about the bill, once for its cause; the driver's balance is judged anew where it moved."""
    posting = Posting(bill.company_id, kind, cause_id, deed.now, deed.actor, call_id=bill.call_id, note=note)
    written = await ledger.post(deed.tx, posting, lines, ids=deed.ids)
    if written and any(line.owner_id == bill.driver_id for line in lines):
        await balances.judge(deed.tx, deed.book, bill.company_id, bill.driver_id, now=deed.now)
    return written


async def _book(deed: Deed, bill: Bill, kind: EntryKind, lines: Sequence[Line], happened: Happened) -> None:
    await book(deed, bill, kind, lines, cause_id=happened.event_id)


async def _undo(deed: Deed, bill: Bill, undone: EntryKind, kind: EntryKind, happened: Happened) -> bool:
    posting = Posting(bill.company_id, kind, happened.event_id, deed.now, deed.actor, call_id=bill.call_id)
    return await ledger.reverse(deed.tx, posting, undone, ids=deed.ids)


async def _keep_run(deed: Deed, bill: Bill, call: Call) -> None:
    """What the ride left to its driver, one row a ride; a later fare takes the place of an earlier one (I-010)."""
    await drivers.record_run(
        deed.tx,
        Run(
            call_id=bill.call_id,
            driver_id=bill.driver_id,
            company_id=bill.company_id,
            day=bill.drive_ended_at.astimezone(KST).date(),
            ended_at=bill.drive_ended_at,
            number=bill.number,
            kind=calls.label(call).kind.value,
            payment=call.payment,
            fare=bill.split.amount,
            commission=bill.split.commission,
            premium=bill.split.premium,
            net=bill.split.net,
            commission_version=bill.split.commission_version,
            premium_version=bill.split.premium_version,
            is_drive=bill.kind is BillKind.FARE,
        ),
    )


async def _was_driven(deed: Deed, call: Call) -> bool:
    """Whether the ride arrived, at once or after it was reconnected."""
    if call.state is State.COMPLETED:
        return True
    again = await calls.reconnection(deed.tx, deed.company_id, call.id)
    return again is not None and again.state is State.COMPLETED


def _happened(deed: Deed, kind: EventKind, **facts: object) -> Happened:
    return Happened(kind, deed.actor, deed.now, deed.ids.new(), _told(facts))


def _told(facts: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in facts.items() if value is not None}


def _hint(tx: Tx, bill: Bill) -> None:
    tx.hint(f"{TOPIC}.{bill.call_id}", bill.state.encode())


def by_system(tx: Tx, company_id: CompanyId, book: PolicyBook, *, now: datetime, ids: Ids) -> Deed:
    """A change that nobody asked for: a rule did."""
    return Deed(tx, company_id, book, SYSTEM, now, ids)
