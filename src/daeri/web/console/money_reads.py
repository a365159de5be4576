"""The shapes of money as the console shows it: a ride's payment, the lists of payments and tasks, and the ledger."""

from datetime import datetime
from uuid import UUID

import msgspec

from daeri.calls.model import State
from daeri.kernel.terms import ActorKind
from daeri.payments.charge_model import CancelState, CardRefusal, ChargeState, Purpose
from daeri.payments.model import Account, BillKind, BillState, ClaimReason, EntryKind, Method, Payer, TaskKind


class PaymentCall(msgspec.Struct, frozen=True):
    """One of the calls of a ride."""

    id: UUID
    number: str
    state: State


class SituationRoom(msgspec.Struct, frozen=True):
    """Whom to ask about a partner's call (R-029); `phone` may be empty."""

    name_ko: str
    name_en: str
    phone: str


class PaymentDeed(msgspec.Struct, frozen=True):
    """Whether the asker may do it now; `reason` is why not, as one code."""

    allowed: bool
    reason: str | None = None


class PaymentDeeds(msgspec.Struct, frozen=True):
    settle: PaymentDeed
    adjust: PaymentDeed
    agree: PaymentDeed
    ask_again: PaymentDeed
    write_off: PaymentDeed
    transfer: PaymentDeed
    cash_received: PaymentDeed
    cash_not_received: PaymentDeed


class PaymentCard(msgspec.Struct, frozen=True):
    """A card as its owner knows it."""

    id: UUID
    issuer: str
    number_masked: str
    is_default: bool


class PaymentBill(msgspec.Struct, frozen=True):
    """What is owed and how far it is paid, in won; `fares` counts how often the fare was booked."""

    kind: BillKind
    payer: Payer
    payer_name: str
    method: Method
    state: BillState
    amount: int
    commission: int
    commission_percent: int
    premium: int
    net: int
    fares: int
    opened_at: datetime
    settled_at: datetime | None
    claimed_at: datetime | None
    claim_reason: ClaimReason | None


class PaymentCancel(msgspec.Struct, frozen=True):
    """What shall be given back of a charge; `then_amount` is what the ride costs instead."""

    id: UUID
    amount: int
    then_amount: int | None
    state: CancelState
    reason: str
    refusal: CardRefusal | None
    attempts: int
    at: datetime
    ended_at: datetime | None
    actor_kind: ActorKind
    actor_name: str | None


class PaymentCharge(msgspec.Struct, frozen=True):
    """What was asked of the card provider; `cancelled` is how much of it was given back."""

    id: UUID
    purpose: Purpose
    amount: int
    cancelled: int
    state: ChargeState
    refusal: CardRefusal | None
    attempts: int
    at: datetime
    ended_at: datetime | None
    actor_kind: ActorKind
    actor_name: str | None
    card: PaymentCard | None
    cancels: list[PaymentCancel]


class PaymentAgreement(msgspec.Struct, frozen=True):
    """What both sides agreed to before a reconnected drive (R-118)."""

    amount: int
    reason: str
    at: datetime
    by: str


class PaymentTask(msgspec.Struct, frozen=True):
    """What a person must see to (I-016). Without a call it is about a driver's top-up."""

    id: UUID
    kind: TaskKind
    call_id: UUID | None
    number: str | None
    amount: int | None
    opened_at: datetime
    due_at: datetime
    escalated_at: datetime | None
    owner_id: UUID | None
    owner: str | None
    done_at: datetime | None
    note: str


class PaymentEvent(msgspec.Struct, frozen=True):
    """One event of a bill; amounts are won, `reason` is a code or what somebody wrote."""

    at: datetime
    kind: str
    actor_kind: ActorKind
    actor_name: str | None = None
    amount: int | None = None
    amount_before: int | None = None
    then_amount: int | None = None
    reason: str | None = None
    refusal: str | None = None
    how: str | None = None


class PaymentPage(msgspec.Struct, frozen=True):
    """A ride's money, asked for by any call of it. On a partner's call there is nothing but `room` (R-029).

    `original` is the call that bears the money (R-114), `goes_on` the one that it was reconnected as. `cards` are those
    of the payer, for who may charge them. `outstanding` is what is owed still.
    """

    call_id: UUID
    original: PaymentCall
    goes_on: PaymentCall | None
    deeds: PaymentDeeds
    room: SituationRoom | None = None
    bill: PaymentBill | None = None
    outstanding: int = 0
    is_under_way: bool = False  # the provider is being asked
    charges: list[PaymentCharge] = []
    agreed: PaymentAgreement | None = None
    tasks: list[PaymentTask] = []
    history: list[PaymentEvent] = []
    cards: list[PaymentCard] = []
    floor_won: int = 0
    ceiling_won: int = 0


class PaymentRow(msgspec.Struct, frozen=True):
    """One bill of the list. `customer_id` is left out where a partner's customer rode (R-029)."""

    call_id: UUID
    number: str
    kind: BillKind
    method: Method
    state: BillState
    amount: int
    commission: int
    premium: int
    net: int
    payer: Payer
    payer_name: str
    customer_id: UUID | None
    driver_id: UUID
    driver_name: str
    claim_reason: ClaimReason | None
    opened_at: datetime
    settled_at: datetime | None


class PaymentRows(msgspec.Struct, frozen=True):
    items: list[PaymentRow]
    next_cursor: str | None = None


class TaskFigures(msgspec.Struct, frozen=True):
    """How many tasks are open, how many of them are over their time, and how many are the asker's."""

    open: int
    over: int
    mine: int
    of_kind: dict[TaskKind, int]


class PaymentTasks(msgspec.Struct, frozen=True):
    """Most urgent first; `now` is the time by which they are due or not. `me` is who asks."""

    items: list[PaymentTask]
    now: datetime
    me: UUID
    figures: TaskFigures


class LedgerLine(msgspec.Struct, frozen=True):
    """`amount` won are added to the account, and to its owner's part of it where it has owners."""

    account: Account
    amount: int
    owner_id: UUID | None = None
    owner: str | None = None


class LedgerRow(msgspec.Struct, frozen=True):
    """An entry of the books, whose lines sum to zero; `reverses_id` is the entry that it undoes."""

    id: UUID
    seq: int
    kind: EntryKind
    at: datetime
    actor_kind: ActorKind
    actor_name: str | None
    call_id: UUID | None
    number: str | None
    note: str
    reverses_id: UUID | None
    lines: list[LedgerLine]


class LedgerRows(msgspec.Struct, frozen=True):
    items: list[LedgerRow]
    next_cursor: str | None = None


class LedgerSum(msgspec.Struct, frozen=True):
    account: Account
    balance: int


class LedgerTotals(msgspec.Struct, frozen=True):
    """Every account with its sum; `sum` is all of them together, which is zero."""

    items: list[LedgerSum]
    sum: int
