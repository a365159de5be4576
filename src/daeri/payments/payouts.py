"""A driver's money goes to the driver's bank: debited when it is asked for, sent in files, ended by the bank's word.

Whoever changes a payout holds the driver's balance first, then the payout's row.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from daeri.drivers import api as drivers
from daeri.drivers.model import SignUp
from daeri.infra.database import Tx
from daeri.infra.keys import KeyRing, SealedColumn
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.money import Won
from daeri.payments import balances, entries, ledger, payout_store
from daeri.payments.billing import Deed
from daeri.payments.ledger import Posting
from daeri.payments.lifecycle import PayoutStep, next_payout_state
from daeri.payments.model import Account, BalancePolicy, EntryKind, Line
from daeri.payments.payout_model import (
    BANKS,
    BankAccount,
    BankAccountHeld,
    BankAccountInvalid,
    BankAccountMissing,
    GivenAccount,
    NothingToPayOut,
    NotYetDriver,
    Payout,
    PayoutAmountDiffers,
    PayoutFile,
    PayoutFileNotFound,
    PayoutFilter,
    PayoutNotFound,
    PayoutOpen,
    PayoutOutcome,
    PayoutState,
    PayoutTooLittle,
    PayoutTooMuch,
    Transfer,
)

NUMBER_PURPOSE: Final = b"payments.bank_number"
SEALED_COLUMNS: Final = (
    SealedColumn("bank_accounts", "number_sealed", NUMBER_PURPOSE, id_column="driver_id"),
    SealedColumn("payouts", "number_sealed", NUMBER_PURPOSE),
)
LONGEST_HOLDER: Final = 40
LONGEST_REFERENCE: Final = 100
account = payout_store.account
open_of = payout_store.open_of
waiting = payout_store.waiting
files = payout_store.files
_NUMBER = re.compile(r"[0-9]{8,16}")
_SHOWN = 4
_EARNS = (SignUp.APPROVED, SignUp.SUSPENDED)  # what was earned before a suspension stays the driver's
_ENDED_AS = {PayoutOutcome.PAID: PayoutState.PAID, PayoutOutcome.RETURNED: PayoutState.RETURNED}
_STEP_OF = {PayoutOutcome.PAID: PayoutStep.PAY, PayoutOutcome.RETURNED: PayoutStep.RETURN}


@dataclass(frozen=True, slots=True)
class Said:
    """What the bank says of a payout; without `amount` it says nothing of that."""

    outcome: PayoutOutcome
    reference: str
    amount: int | None = None


async def put_account(
    tx: Tx, ring: KeyRing, company_id: CompanyId, driver_id: DriverId, given: GivenAccount, *, now: datetime
) -> BankAccount:
    """Where the driver's money goes from now on; what is under way goes where it was to go. BankAccountInvalid.

    The same bank and number again are no change, however their holder is spelled.
    """
    number, holder = re.sub(r"[\s-]", "", given.number), given.holder.strip()
    if given.bank not in BANKS:
        raise BankAccountInvalid(field="bank")
    if not _NUMBER.fullmatch(number):
        raise BankAccountInvalid(field="number")
    if not holder or len(holder) > LONGEST_HOLDER:
        raise BankAccountInvalid(field="holder")
    await drivers.get(tx, company_id, driver_id)
    before = await payout_store.sealed_account(tx, company_id, driver_id)
    is_other = before is not None and (before[0], _opened(ring, before[1])) != (given.bank, number)
    return await payout_store.put_account(
        tx,
        driver_id,
        company_id,
        bank=given.bank,
        number_sealed=ring.seal(number.encode(), NUMBER_PURPOSE),
        number_masked=mask(number),
        holder=holder,
        is_other=is_other,
        now=now,
    )


async def request(deed: Deed, driver_id: DriverId, amount: int) -> Payout:
    """The driver asks for `amount` won of what is theirs; it is debited now, in this transaction, once.

    NotYetDriver, BankAccountMissing, BankAccountHeld, PayoutTooLittle, PayoutOpen, PayoutTooMuch.
    """
    driver = await drivers.get(deed.tx, deed.company_id, driver_id)
    if driver.status not in _EARNS:
        raise NotYetDriver(status=driver.status)
    policy = deed.book.read(BalancePolicy, at=deed.now).value
    if amount < policy.payout_minimum_won:
        raise PayoutTooLittle(minimum_won=policy.payout_minimum_won)
    known = await balances.read(deed.tx, deed.book, deed.company_id, driver_id, now=deed.now, lock=True)
    standing = await payout_store.open_of(deed.tx, deed.company_id, driver_id)
    if standing is not None:
        raise PayoutOpen(amount_won=standing.amount)
    if amount > known.payable_won:
        raise PayoutTooMuch(payable_won=known.payable_won)
    to = await payout_store.account(deed.tx, deed.company_id, driver_id, lock=True)
    held = held_until(to, policy, deed.now)
    if held is not None:
        raise BankAccountHeld(until=held.isoformat())
    payout = await payout_store.request(
        deed.tx,
        deed.ids.new(),
        deed.company_id,
        driver_id,
        amount=amount,
        actor=deed.actor,
        event_id=deed.ids.new(),
        now=deed.now,
    )
    if payout is None:
        raise BankAccountMissing()
    await _book(deed, payout, EntryKind.PAYOUT_BEGUN, entries.payout_begun(driver_id, payout.amount))
    return payout


def held_until(known: BankAccount | None, policy: BalancePolicy, now: datetime) -> datetime | None:
    """Until when nothing is paid out to an account that took the place of another; None when nothing is held."""
    if known is None or known.version == 1:
        return None
    until = known.changed_at + timedelta(hours=policy.account_hold_hours)
    return until if now < until else None


async def make_file(deed: Deed) -> PayoutFile:
    """Everything that waits goes to the bank in one file. NothingToPayOut."""
    if deed.actor.id is None:
        raise TypeError("a file is made by a person")
    requested = await payout_store.lock_requested(deed.tx, deed.company_id)
    if not requested:
        raise NothingToPayOut()
    total = Won(sum(requested.values()))
    file = PayoutFile(deed.ids.new(), deed.company_id, deed.now, deed.actor.id, len(requested), total)
    await payout_store.add_file(deed.tx, file)
    state = next_payout_state(PayoutState.REQUESTED, PayoutStep.SEND)
    event_ids = [deed.ids.new() for _ in requested]
    await payout_store.send(deed.tx, file, list(requested), state=state, event_ids=event_ids, actor=deed.actor)
    return file


async def read_file(
    tx: Tx, ring: KeyRing, company_id: CompanyId, file_id: UUID
) -> tuple[PayoutFile, Sequence[Transfer]]:
    """A file with its numbers open, for the bank; whoever reads it keeps an audit row. PayoutFileNotFound."""
    file = await payout_store.file(tx, company_id, file_id)
    if file is None:
        raise PayoutFileNotFound(file_id=str(file_id))
    sealed = await payout_store.sealed_of_file(tx, company_id, file_id)
    transfers = [
        Transfer(each.payout_id, each.bank, _opened(ring, each.number_sealed), each.holder, each.amount)
        for each in sealed
    ]
    return file, transfers


async def end_by_hand(deed: Deed, payout_id: UUID, outcome: PayoutOutcome, reference: str) -> Payout:
    """Staff say what became of a payout, or turn one down that no file has taken yet.

    PayoutNotFound, PayoutNotSent, PayoutEnded.
    """
    payout = await _locked(deed.tx, payout_id)
    if payout is None or payout.company_id != deed.company_id:
        raise PayoutNotFound(payout_id=str(payout_id))
    turned_down = outcome is PayoutOutcome.RETURNED and payout.state is PayoutState.REQUESTED
    return await _end(deed, payout, PayoutStep.TURN_DOWN if turned_down else _STEP_OF[outcome], reference)


async def hear(deed: Deed, payout_id: UUID, said: Said) -> tuple[Payout, bool]:
    """What the bank's own program says; with whether that is news. Said again, it changes nothing.

    PayoutNotFound, PayoutNotSent before a file took it, PayoutEnded when it ended otherwise, PayoutAmountDiffers.
    """
    payout = await _locked(deed.tx, payout_id)
    if payout is None or payout.company_id != deed.company_id:
        raise PayoutNotFound(payout_id=str(payout_id))
    if said.amount is not None and said.amount != payout.amount:
        raise PayoutAmountDiffers(amount_won=payout.amount)
    if payout.state is _ENDED_AS[said.outcome]:
        return payout, False
    return await _end(deed, payout, _STEP_OF[said.outcome], said.reference), True


async def find(tx: Tx, wanted: PayoutFilter, *, before: UUID | None = None, limit: int = 50) -> list[Payout]:
    """The company's payouts that fit, newest first."""
    return await payout_store.find(tx, wanted, before, limit)


async def company_of(tx: Tx, payout_id: UUID) -> CompanyId:
    """Whose payout it is; PayoutNotFound."""
    payout = await payout_store.get(tx, payout_id)
    if payout is None:
        raise PayoutNotFound(payout_id=str(payout_id))
    return payout.company_id


def mask(number: str) -> str:
    """All but the last four digits as stars."""
    return "*" * (len(number) - _SHOWN) + number[-_SHOWN:]


async def _locked(tx: Tx, payout_id: UUID) -> Payout | None:
    """The payout, with the driver's balance before it."""
    known = await payout_store.get(tx, payout_id)
    if known is None:
        return None
    await ledger.balance(tx, known.company_id, Account.DRIVER, known.driver_id, lock=True)
    return await payout_store.get(tx, payout_id, lock=True)


async def _end(deed: Deed, payout: Payout, step: PayoutStep, reference: str) -> Payout:
    state = next_payout_state(payout.state, step)
    ended = await payout_store.end(
        deed.tx, payout, state, reference.strip(), deed.actor, event_id=deed.ids.new(), now=deed.now
    )
    if state is PayoutState.PAID:
        await _book(deed, ended, EntryKind.PAYOUT_DONE, entries.payout_done(ended.amount))
    else:
        lines = entries.payout_returned(ended.driver_id, ended.amount)
        await _book(deed, ended, EntryKind.PAYOUT_RETURNED, lines)
    return ended


async def _book(deed: Deed, payout: Payout, kind: EntryKind, lines: Sequence[Line]) -> None:
    posting = Posting(payout.company_id, kind, payout.id, deed.now, deed.actor)
    await ledger.post(deed.tx, posting, lines, ids=deed.ids)
    await balances.judge(deed.tx, deed.book, payout.company_id, payout.driver_id, now=deed.now)


def _opened(ring: KeyRing, sealed: bytes) -> str:
    return ring.open(sealed, NUMBER_PURPOSE).decode()
