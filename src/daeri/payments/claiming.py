"""What is not paid is followed up: reminders, the end of a claim, tasks that nobody saw to in time."""

from datetime import datetime, timedelta

from daeri.infra.database import Tx
from daeri.kernel.ids import Ids
from daeri.kernel.money import Won
from daeri.payments import bill_store, billing, charge_store, ledger
from daeri.payments.bill_store import ClaimStep
from daeri.payments.billing import Deed
from daeri.payments.model import Account, Bill, BillState, EntryKind, EventKind, Method
from daeri.policies import api as policies

_AT_ONCE = 100
_AGAIN = timedelta(days=1)


async def follow_up(tx: Tx, *, now: datetime, ids: Ids) -> int:
    """Do what is due by business time; how much that was."""
    steps = await bill_store.due_claims(tx, now, _AT_ONCE)
    for step in sorted(steps, key=lambda step: (step.call_id, step.place)):
        await _take(tx, step, now, ids)
    return len(steps) + await bill_store.escalate(tx, now, _AT_ONCE)


async def _take(tx: Tx, step: ClaimStep, now: datetime, ids: Ids) -> None:
    book = await policies.load_book(tx, step.company_id)
    deed = billing.by_system(tx, step.company_id, book, now=now, ids=ids)
    bill = await billing.lock(deed, step.call_id)
    if bill is None or bill.state is not BillState.CLAIMED:
        return
    if step.kind == "remind":
        await billing.tell(deed, bill, EventKind.REMINDED, amount=bill.amount, place=step.place)
    elif await charge_store.is_under_way(tx, bill.call_id):
        # The customer pays just now, or nobody knows: looked at again tomorrow.
        await bill_store.plan_claim(tx, bill, [(step.kind, now + _AGAIN)])
    else:
        await give_up(deed, bill, "claim_period_over")


async def give_up(deed: Deed, bill: Bill, reason: str) -> Bill:
    """Write off what is left of the bill."""
    return await billing.write_off(deed, bill, await outstanding(deed.tx, bill), reason)


async def is_paid_by_bank(tx: Tx, bill: Bill) -> bool:
    """Whether a transfer, or a month's statement as a whole, has paid it: nothing that a card could be given back."""
    if bill.state is not BillState.PAID:
        return False
    if bill.method is Method.ACCOUNT:
        return True
    wanted = ledger.EntryFilter(bill.company_id, kind=EntryKind.TRANSFER_RECEIVED, call_id=bill.call_id)
    return bool(await ledger.search(tx, wanted, limit=1))


async def outstanding(tx: Tx, bill: Bill) -> Won:
    """What of the bill is owed still: its lines on the payer's account. An account pays its month, not its calls."""
    if bill.method is Method.ACCOUNT and bill.state is BillState.PAID:
        return Won(0)
    entries = await ledger.search(
        tx, ledger.EntryFilter(bill.company_id, call_id=bill.call_id), limit=1_000
    )  # fmt: skip -- one question
    account = Account(bill.payer.value)
    return Won(sum(line.amount for entry in entries for line in entry.lines if line.account is account))
