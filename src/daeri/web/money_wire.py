"""What customers read of their money: receipts, what they owe, which card is charged."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from daeri.customers.model import Payer
from daeri.kernel.terms import Payment
from daeri.payments.charge_model import CardRefusal
from daeri.payments.model import BillKind, ClaimReason, Method
from daeri.pricing.model import QuoteLine
from daeri.web.wire_parts import UsedCardOut


class MoneyState(StrEnum):
    """How the money of a ride stands, as its customer is told."""

    PREPARING = "preparing"  # the drive has just ended
    CHARGING = "charging"
    CONFIRMING = "confirming"  # the provider was asked, and its answer is not known yet
    CHANGING = "changing"  # given back, to be charged anew
    PAID = "paid"
    WITH_AGENT = "with_agent"  # a person settles it
    UNPAID = "unpaid"
    NOT_CHARGED = "not_charged"  # no card is known, and none was asked for
    ON_ACCOUNT = "on_account"
    GIVEN_UP = "given_up"


class MoveKind(StrEnum):
    CHARGED = "charged"
    GIVEN_BACK = "given_back"
    CASH = "cash"
    TRANSFERRED = "transferred"


class MoveState(StrEnum):
    UNDER_WAY = "under_way"
    DONE = "done"
    REFUSED = "refused"


class MoneyMoveOut(msgspec.Struct, frozen=True):
    """Money that was taken or given back, or is to be; `refusal` is why the provider said no."""

    kind: MoveKind
    state: MoveState
    amount: int
    at: datetime
    card: UsedCardOut | None = None
    refusal: CardRefusal | None = None


class ReceiptOut(msgspec.Struct, frozen=True):
    """What a ride has cost, in won, and how it is or will be paid; the lines add up to `total`.

    `card` is the one that is or was charged. `reason` and `refusal` say why it is not paid. `to_be` is what it shall
    cost instead, where that was agreed and is not done yet. `moves` is what was charged and given back, oldest first.
    A ride that was reconnected is one ride: `duration_s` is not known then.
    """

    number: str
    kind: BillKind
    lines: tuple[QuoteLine, ...]
    total: int
    payment: Payment
    payer: Payer
    started_at: datetime | None
    ended_at: datetime | None
    distance_m: int | None
    duration_s: int | None
    driver_name: str | None
    method: Method
    state: MoneyState
    card: UsedCardOut | None
    paid_at: datetime | None
    reason: ClaimReason | None
    refusal: CardRefusal | None
    outstanding: int
    to_be: int | None
    can_pay: bool
    moves: tuple[MoneyMoveOut, ...]


class OwedOut(msgspec.Struct, frozen=True):
    """A ride that is not paid: how much of it, since when, and why."""

    call_id: UUID
    number: str
    kind: BillKind
    amount: int
    since: datetime
    ended_at: datetime
    reason: ClaimReason
    refusal: CardRefusal | None
    is_being_charged: bool
    origin: str
    destination: str


class OwedPageOut(msgspec.Struct, frozen=True):
    """What the customer owes, oldest first; `can_pay` is false where no card provider is set."""

    items: tuple[OwedOut, ...]
    can_pay: bool
