"""The words of the sandbox provider's own protocol: JSON over HTTP, commands with the header `Idempotency-Key`.

POST   /registrations                    Register -> Registered
DELETE /registrations/{billing key}      -> nothing
POST   /orders                           NewOrder -> Payment (held)
GET    /orders/{order id}                -> Payment
POST   /payments/{payment key}/capture   Capture  -> Payment
POST   /payments/{payment key}/cancel    Cancel   -> Payment

A refusal is `{"error": a Problem}` with a status of 4xx.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

LONGEST_NAME: Final = 100
LONGEST_REASON: Final = 200
Key = Annotated[str, Meta(min_length=1, max_length=300)]
OrderId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{6,64}$")]
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Reason = Annotated[str, Meta(min_length=1, max_length=LONGEST_REASON)]


class Problem(StrEnum):
    """Why the provider says no; it speaks of cards in the words of payments.charge_model.CardRefusal."""

    DECLINED = "declined"
    INSUFFICIENT = "insufficient"
    OVER_LIMIT = "over_limit"
    KEY_GONE = "key_gone"
    AMOUNT_INVALID = "amount_invalid"
    CANCEL_REFUSED = "cancel_refused"
    CANCEL_TOO_MUCH = "cancel_too_much"
    ALREADY_CANCELLED = "already_cancelled"
    UNKNOWN_PAYMENT = "unknown_payment"
    BAD_REQUEST = "bad_request"
    # No answers to the question: the order or the key has a story already.
    IN_PROGRESS = "in_progress"
    DUPLICATE_ORDER = "duplicate_order"
    KEY_REUSED = "key_reused"
    # Toss Payments' face alone has keys of shops.
    UNAUTHORISED = "unauthorised"


class State(StrEnum):
    """The words of payments.ports.PaymentState."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    PENDING = "pending"


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    auth_key: Key
    customer_key: Key


class Registered(msgspec.Struct, frozen=True):
    billing_key: Key
    customer_key: Key
    issuer: str
    number_masked: str


class NewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order_id: OrderId
    billing_key: Key
    customer_key: Key
    amount: int
    name: Name


class Capture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: int


class Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: int
    reason: Reason


class Payment(msgspec.Struct, frozen=True):
    """`cancelled` is what was given back, or let go of, in won."""

    payment_key: Key
    order_id: OrderId
    state: State
    amount: Annotated[int, Meta(ge=1)]
    cancelled: Annotated[int, Meta(ge=0)]
    approved_at: Annotated[datetime, Meta(tz=True)] | None = None


class Refusal(msgspec.Struct, frozen=True):
    error: str


class Refused(Exception):
    """The provider says no."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem
