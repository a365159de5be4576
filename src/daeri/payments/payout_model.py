"""A driver's bank account, withdrawals and the files that take them to the bank, and money that came from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.money import Won

PAYOUT_AGGREGATE = "payout"
# The clearing house's codes of the banks that pay in, in the order in which a form offers them.
BANKS: Final = (
    *("004", "088", "020", "081", "011", "003", "090", "092", "089", "071", "045", "048", "023", "027"),
    *("031", "032", "039", "034", "037", "035", "007", "012", "050", "064", "002", "054"),
)


class PayoutState(StrEnum):
    REQUESTED = "requested"  # debited, and not yet in a file for the bank
    SENT = "sent"
    PAID = "paid"
    RETURNED = "returned"  # the driver's again: the bank sent it back, or staff turned it down


class PayoutEvent(StrEnum):
    """What happens to a payout, in its timeline."""

    REQUESTED = "payout.requested"
    SENT = "payout.sent"
    PAID = "payout.paid"
    RETURNED = "payout.returned"


class PayoutOutcome(StrEnum):
    """What the bank says, or staff for it."""

    PAID = "paid"
    RETURNED = "returned"


class ReceiptPurpose(StrEnum):
    """What money was that came to the company's bank."""

    TOP_UP = "top_up"
    CLAIM = "claim"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class GivenAccount:
    """A bank account as its driver typed it: the number is kept sealed and shown masked."""

    bank: str
    number: str = field(repr=False)
    holder: str


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where a driver's money goes; `bank` is the clearing house's code. `version` counts the accounts that it was."""

    driver_id: DriverId
    company_id: CompanyId
    bank: str
    number_masked: str
    holder: str
    changed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Payout:
    """A driver's withdrawal, to the account of the time when it was asked for.

    `reference` is the bank's word for it, or why it came back.
    """

    id: UUID
    company_id: CompanyId
    driver_id: DriverId
    amount: Won
    state: PayoutState
    bank: str
    number_masked: str
    holder: str
    file_id: UUID | None
    requested_at: datetime
    ended_at: datetime | None
    reference: str
    version: int


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """Payouts that went to the bank together; `total` in won."""

    id: UUID
    company_id: CompanyId
    made_at: datetime
    made_by: UUID
    payouts: int
    total: Won


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the bank must know of one payout; the number is open here, and nowhere else."""

    payout_id: UUID
    bank: str
    number: str = field(repr=False)
    holder: str
    amount: Won


@dataclass(frozen=True, slots=True)
class PayoutFilter:
    """Which of a company's payouts."""

    company_id: CompanyId
    states: Sequence[PayoutState] = ()
    driver_id: UUID | None = None
    file_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Payouts that wait for the next file, and those that the bank has not answered about."""

    requested: int
    requested_won: Won
    sent: int
    sent_won: Won


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came to the company's bank; `reference` is the bank's, taken once."""

    id: UUID
    reference: str
    amount: Won
    purpose: ReceiptPurpose
    owner_id: UUID
    at: datetime


class BankAccountInvalid(Invalid):
    """Facts: field."""

    code = "bank_account_invalid"


class BankAccountMissing(Conflict):
    """There is no bank account to pay out to."""

    code = "bank_account_missing"


class BankAccountHeld(Conflict):
    """The bank account was changed a short time ago. Facts: until."""

    code = "bank_account_held"


class PayoutNotFound(NotFound):
    code = "payout_not_found"


class PayoutFileNotFound(NotFound):
    code = "payout_file_not_found"


class PayoutOpen(Conflict):
    """One payout at a time. Facts: amount_won of the one that is under way."""

    code = "payout_open"


class NotYetDriver(Conflict):
    """Only who was approved once withdraws: a balance that nobody earned is a card's way into a bank. Facts: status."""

    code = "not_yet_driver"


class PayoutTooLittle(Invalid):
    """Facts: minimum_won."""

    code = "payout_too_little"


class PayoutTooMuch(Conflict):
    """Facts: payable_won."""

    code = "payout_too_much"


class PayoutNotSent(Conflict):
    """The bank cannot have paid what no file has taken to it."""

    code = "payout_not_sent"


class PayoutEnded(Conflict):
    """It was paid or returned before. Facts: state."""

    code = "payout_ended"


class PayoutAmountDiffers(Conflict):
    """The bank speaks of another amount. Facts: amount_won of the payout."""

    code = "payout_amount_differs"


class NothingToPayOut(Conflict):
    """No payout waits for a file."""

    code = "nothing_to_pay_out"


class BankReferenceUsed(Conflict):
    """This reference of the bank was taken before: its money is booked."""

    code = "bank_reference_used"


class MonthNotDue(Conflict):
    """Nothing of that month is owed by the account. Facts: month."""

    code = "month_not_due"


class MonthAmountDiffers(Conflict):
    """A month is paid as a whole. Facts: due_won."""

    code = "month_amount_differs"
