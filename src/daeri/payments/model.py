"""What a ride costs, who owes it, and what people must see to: bills, tasks, the ledger's words, and the refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.policies.model import Days, NotNegative, Policy, Positive

AGGREGATE = "bill"
TOPIC = "bill"  # hints: `bill.<call id>` whenever a bill or a charge of it has changed


class EventKind(StrEnum):
    """What happens to a bill, in its timeline; the aggregate is `bill`, its id the call's."""

    OPENED = "bill.opened"
    FARE_AGREED = "bill.fare_agreed"
    CHARGING = "bill.charging"
    CAPTURED = "bill.captured"
    DECLINED = "bill.declined"
    CANCELLING = "bill.cancelling"
    CANCELLED = "bill.cancelled"
    CANCEL_REFUSED = "bill.cancel_refused"
    REBOOKED = "bill.rebooked"
    CASH_CORRECTED = "bill.cash_corrected"
    CLAIMED = "bill.claimed"
    REMINDED = "bill.reminded"
    PAID = "bill.paid"
    WRITTEN_OFF = "bill.written_off"


class Account(StrEnum):
    """The accounts of the ledger; the last four belong to somebody each. The migration says what stands above zero."""

    CARDS = "cards"
    BANK = "bank"
    COMMISSION = "commission"
    PREMIUM = "premium"
    PAYOUTS = "payouts"
    WRITE_OFFS = "write_offs"
    CUSTOMER = "customer"
    BUSINESS = "business"
    ORDERER = "orderer"
    DRIVER = "driver"


class EntryKind(StrEnum):
    """Why an entry was written."""

    FARE_DUE = "fare_due"
    FARE_UNDONE = "fare_undone"
    CARD_CAPTURED = "card_captured"
    CARD_CANCELLED = "card_cancelled"
    CASH_COLLECTED = "cash_collected"
    CASH_UNDONE = "cash_undone"
    WRITTEN_OFF = "written_off"
    TRANSFER_RECEIVED = "transfer_received"
    TOPPED_UP = "topped_up"
    PAYOUT_BEGUN = "payout_begun"
    PAYOUT_DONE = "payout_done"
    PAYOUT_RETURNED = "payout_returned"
    ACCOUNT_SETTLED = "account_settled"


class BillKind(StrEnum):
    FARE = "fare"
    NO_SHOW = "no_show"


class Payer(StrEnum):
    """Who owes a bill; the values are accounts of the ledger."""

    CUSTOMER = "customer"
    BUSINESS = "business"
    ORDERER = "orderer"


class Method(StrEnum):
    """How a bill is to be paid: by card, in cash to the driver, or on account (a month's statement)."""

    CARD = "card"
    CASH = "cash"
    ACCOUNT = "account"


class BillState(StrEnum):
    OPEN = "open"  # owed, and nobody had to be asked twice yet
    PAID = "paid"
    CLAIMED = "claimed"  # the card said no, there is none, or cash was not paid: reminders go out
    WRITTEN_OFF = "written_off"


class ClaimReason(StrEnum):
    NO_CARD = "no_card"
    DECLINED = "declined"
    CASH_NOT_PAID = "cash_not_paid"
    NO_SHOW = "no_show"  # who did not come could not hand over cash


class TaskKind(StrEnum):
    """What a person must see to."""

    SETTLE = "settle"  # a cancelled call that was then driven: to be settled by an agent
    ADJUST = "adjust"  # another fare was agreed than was paid
    UNKNOWN = "unknown"  # nobody knows whether the provider took it
    UNPAID = "unpaid"
    CANCEL_REFUSED = "cancel_refused"
    CASH = "cash"  # what a driver says of the cash is not what the bill says; no payment answers that


class BusinessAdjust(StrEnum):
    """Whether the fare of a call on a business account may be adjusted, and by whose consent (I-023)."""

    BLOCK = "block"  # refer to the company that pays
    RIDER_CONSENTS = "rider_consents"
    COMPANY_CONSENTS = "company_consents"


class PaymentPolicy(Policy, frozen=True, kw_only=True):
    """How own calls are paid, and who sees to it when they are not.

    With `card_needed` a call by card is refused without a registered one; else one may be registered until the drive's
    end. A task is due `task_due_min` minutes after it was opened. After `unknown_after_attempts` a charge whose
    fate is unknown becomes a task.
    """

    name: ClassVar[str] = "payment"

    card_needed: bool = True
    adjust_floor_won: Positive = 1_000
    adjust_ceiling_won: Positive = 1_000_000
    business_adjust: BusinessAdjust = BusinessAdjust.BLOCK
    task_due_min: Positive = 30
    unknown_after_attempts: Annotated[int, Meta(ge=1, le=100)] = 3

    def __post_init__(self) -> None:
        if self.adjust_floor_won > self.adjust_ceiling_won:
            raise ValueError("adjust_floor_won may not exceed adjust_ceiling_won")


class ClaimPolicy(Policy, frozen=True, kw_only=True):
    """What follows when a ride was not paid: reminders so many days after it became a claim, and its end.

    With `blocks_requests` a customer with a claim may not request until it is paid.
    """

    name: ClassVar[str] = "claims"

    remind_after_days: Annotated[tuple[Days, ...], Meta(max_length=20)] = (1, 3, 7)
    give_up_after_days: Days = 60
    blocks_requests: bool = True

    def __post_init__(self) -> None:
        if list(self.remind_after_days) != sorted(set(self.remind_after_days)):
            raise ValueError("remind_after_days must grow")
        if self.remind_after_days and self.remind_after_days[-1] >= self.give_up_after_days:
            raise ValueError("the last reminder must come before the claim is given up")


class BalancePolicy(Policy, frozen=True, kw_only=True):
    """A driver's prepaid balance, from which commission and premium of cash calls are taken.

    Below `minimum_won` a driver gets no cards (never, where it is not set); below `warn_below_won` they are told.
    A payout is at least `payout_minimum_won` and leaves `minimum_won`. Who has another bank account than before waits
    `account_hold_hours` for the next one: a stolen telephone shall not empty a balance.
    """

    name: ClassVar[str] = "driver_balance"

    minimum_won: NotNegative | None = None
    warn_below_won: NotNegative = 20_000
    payout_minimum_won: Positive = 10_000
    account_hold_hours: Annotated[int, Meta(ge=0, le=720)] = 24


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an entry: `amount` is added to the account (and its owner's)."""

    account: Account
    amount: int
    owner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """What a fare leaves to its driver, and by which records."""

    amount: Won
    commission: Won
    premium: Won
    net: Won
    commission_percent: int
    commission_version: int
    premium_version: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What is owed for a ride. `split_count` counts how often its fare was booked anew."""

    call_id: CallId
    company_id: CompanyId
    number: str
    kind: BillKind
    payer: Payer
    payer_id: UUID
    driver_id: DriverId
    customer_id: CustomerId | None
    method: Method
    state: BillState
    split: Split
    split_count: int
    opened_at: datetime
    drive_ended_at: datetime
    settled_at: datetime | None
    claimed_at: datetime | None
    claim_reason: ClaimReason | None
    version: int

    @property
    def amount(self) -> Won:
        return self.split.amount


@dataclass(frozen=True, slots=True)
class AgreedFare:
    amount: Won
    reason: str
    at: datetime
    by_id: UUID


@dataclass(frozen=True, slots=True)
class Task:
    """What a person must see to, until when, and whose it is."""

    id: UUID
    company_id: CompanyId
    kind: TaskKind
    call_id: CallId | None
    charge_id: UUID | None
    number: str | None
    amount: Won | None
    opened_at: datetime
    due_at: datetime
    owner_id: UUID | None
    escalated_at: datetime | None
    done_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Open tasks: all, by kind, those whose time is over, and those of whoever asks."""

    of_kind: Mapping[TaskKind, int]
    over: int
    mine: int

    @property
    def open(self) -> int:
        return sum(self.of_kind.values())


class BillNotFound(NotFound):
    """Nothing is owed for this call, or not by whoever asks."""

    code = "bill_not_found"


class TaskNotFound(NotFound):
    code = "payment_task_not_found"


class TaskTaken(Conflict):
    """It is somebody else's by now; who wants it all the same says instead of whom."""

    code = "payment_task_taken"


class ClaimOpen(Conflict):
    """An earlier ride is not paid yet. Facts: number, amount_won."""

    code = "claim_open"


class PayOnOriginal(Conflict):
    """Money is moved on the call that the customer requested (R-114). Facts: call_id, number of that one."""

    code = "pay_on_original"


class PartnersCall(Conflict):
    """The customer's payment is the orderer's business (R-029). Facts: name and phone of its situation room."""

    code = "partners_call"


class BusinessRefer(Conflict):
    """Who pays for this call decides on its fare (I-023). Facts: account."""

    code = "business_refer"


class NothingToSettle(Conflict):
    """There is nothing for an agent to charge. Facts: reason."""

    code = "nothing_to_settle"


class AmountInvalid(Invalid):
    """Facts: floor_won, ceiling_won."""

    code = "amount_invalid"


class AmountSame(Conflict):
    """The ride costs that already."""

    code = "amount_same"


class TransferAmountDiffers(Conflict):
    """A transfer pays the whole of what is left. Facts: due_won."""

    code = "transfer_amount_differs"


class NotPaid(Conflict):
    """Nobody may be told that this ride was paid with that amount: the books say otherwise. Facts: paid_won."""

    code = "not_paid"


class ReasonMissing(Invalid):
    code = "reason_missing"
