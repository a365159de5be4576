"""Money that comes in: drivers' top-ups, transfers for bills, a business's months. The bank's word counts once."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from daeri.customers import api as customers
from daeri.customers.model import BusinessNotFound
from daeri.drivers import api as drivers
from daeri.kernel.ids import DriverId
from daeri.kernel.money import Won
from daeri.payments import (
    balances,
    billing,
    charging,
    claiming,
    entries,
    ledger,
    payout_store,
    registering,
    statement_store,
)
from daeri.payments.billing import Deed
from daeri.payments.ledger import Posting
from daeri.payments.model import (
    TOPIC,
    Account,
    AmountInvalid,
    Bill,
    BillState,
    EntryKind,
    Line,
    ReasonMissing,
    TransferAmountDiffers,
)
from daeri.payments.payout_model import MonthAmountDiffers, MonthNotDue, ReceiptPurpose
from daeri.payments.payout_store import NewReceipt
from daeri.payments.statement_store import month_span

LONGEST_REFERENCE: Final = 100


async def top_up(deed: Deed, driver_id: DriverId, amount: int, reference: str) -> UUID:
    """A driver sent money to the company's bank: it is on their balance; the receipt's id.

    DriverNotFound, AmountInvalid, ReasonMissing without a reference, BankReferenceUsed.
    """
    _check_amount(deed, amount)
    await drivers.get(deed.tx, deed.company_id, driver_id)
    new = _receipt(deed, ReceiptPurpose.TOP_UP, driver_id, Won(amount), reference)
    await payout_store.add_receipt(deed.tx, new, deed.now)
    await _book(deed, new, EntryKind.TOPPED_UP, entries.topped_up(driver_id, Won(amount)))
    await balances.judge(deed.tx, deed.book, deed.company_id, driver_id, now=deed.now)
    return new.id


async def top_up_by_card(deed: Deed, driver_id: UUID, amount: int, card_id: UUID | None = None) -> UUID:
    """A driver fills their balance from a card of theirs; the id of the charge. AmountInvalid, CardNotFound."""
    _check_amount(deed, amount)
    card = await registering.owned(deed.tx, deed.company_id, driver_id, card_id)
    return await charging.top_up(deed, card, Won(amount))


async def take_in(deed: Deed, bill: Bill, amount: int | None, reference: str) -> UUID:
    """The payer sent what is left of `bill`, as a whole; the receipt's id, and the bill is paid in the books.

    `amount` is what came, where whoever tells of it says so. TransferAmountDiffers, ReasonMissing without a reference,
    BankReferenceUsed.
    """
    left = await claiming.outstanding(deed.tx, bill)
    if amount is not None and amount != left:
        raise TransferAmountDiffers(due_won=left)
    new = _receipt(deed, ReceiptPurpose.CLAIM, bill.payer_id, left, reference, call_id=bill.call_id)
    await payout_store.add_receipt(deed.tx, new, deed.now)
    lines = entries.transfer_received(bill, left)
    await billing.book(deed, bill, EntryKind.TRANSFER_RECEIVED, lines, cause_id=new.id, note=new.reference)
    return new.id


async def settle_month(deed: Deed, account_id: UUID, month: date, amount: int, reference: str) -> UUID:
    """A business account paid its statement of `month` (its first day), as a whole: its bills are paid.

    BusinessNotFound, MonthNotDue, MonthAmountDiffers, ReasonMissing without a reference, BankReferenceUsed.
    """
    known = await customers.business_accounts_by_id(deed.tx, deed.company_id, [account_id])
    if account_id not in known:
        raise BusinessNotFound()
    first, after = month_span(month)
    due = await statement_store.lock_due(deed.tx, deed.company_id, account_id, first, after)
    if not due:
        raise MonthNotDue(month=f"{month:%Y-%m}")
    owed = Won(sum(due.values()))
    if amount != owed:
        raise MonthAmountDiffers(due_won=owed)
    new = _receipt(deed, ReceiptPurpose.ACCOUNT, account_id, owed, reference, month=month)
    await payout_store.add_receipt(deed.tx, new, deed.now)
    await _book(deed, new, EntryKind.ACCOUNT_SETTLED, entries.account_settled(Account.BUSINESS, account_id, owed))
    paid, event_ids = list(due), [deed.ids.new() for _ in due]
    await statement_store.pay_bills(deed.tx, paid, event_ids, deed.actor, now=deed.now)
    for call_id in paid:
        deed.tx.hint(f"{TOPIC}.{call_id}", BillState.PAID.encode())
    return new.id


def _check_amount(deed: Deed, amount: int) -> None:
    if not deed.policy.adjust_floor_won <= amount <= deed.policy.adjust_ceiling_won:
        raise AmountInvalid(floor_won=deed.policy.adjust_floor_won, ceiling_won=deed.policy.adjust_ceiling_won)


def _receipt(
    deed: Deed,
    purpose: ReceiptPurpose,
    owner_id: UUID,
    amount: Won,
    reference: str,
    *,
    call_id: UUID | None = None,
    month: date | None = None,
) -> NewReceipt:
    said = reference.strip()
    if not said or len(said) > LONGEST_REFERENCE:
        raise ReasonMissing(most=LONGEST_REFERENCE)
    if deed.actor.id is None:
        raise TypeError("money that came in is told by a person")
    return NewReceipt(
        deed.ids.new(), deed.company_id, said, amount, purpose, owner_id, deed.actor.id, call_id, month
    )  # fmt: skip -- one receipt


async def _book(deed: Deed, new: NewReceipt, kind: EntryKind, lines: Sequence[Line]) -> None:
    posting = Posting(deed.company_id, kind, new.id, deed.now, deed.actor, note=new.reference)
    await ledger.post(deed.tx, posting, lines, ids=deed.ids)
