"""Cards, what is asked of their provider and what shall be given back, and the refusals."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from daeri.kernel.errors import Category, Conflict, DaeriError, NotFound
from daeri.kernel.ids import CallId, CompanyId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor


class Purpose(StrEnum):
    """What a charge is for."""

    FARE = "fare"
    BY_AGENT = "by_agent"
    ADJUSTMENT = "adjustment"
    CLAIM = "claim"
    TOP_UP = "top_up"


class ChargeState(StrEnum):
    INTENDED = "intended"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    UNKNOWN = "unknown"  # the provider was asked, and its answer is not known


class CancelState(StrEnum):
    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class CardRefusal(StrEnum):
    """Why a provider said no, in our words."""

    DECLINED = "declined"
    INSUFFICIENT = "insufficient"
    CARD_INVALID = "card_invalid"  # expired, lost, stopped, or of no use for this
    OVER_LIMIT = "over_limit"
    KEY_GONE = "key_gone"  # the provider knows this registration no more
    AMOUNT_INVALID = "amount_invalid"
    CANCEL_REFUSED = "cancel_refused"
    REJECTED = "rejected"  # anything else that will not change by asking again


@dataclass(frozen=True, slots=True)
class Card:
    """A registered card as its owner knows it."""

    id: UUID
    company_id: CompanyId
    owner_id: UUID
    customer_key: str
    issuer: str
    number_masked: str
    is_default: bool
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Charge:
    """What was asked of the provider; `cancelled` is how much of it was given back, in won."""

    id: UUID
    company_id: CompanyId
    call_id: CallId | None
    payer_id: UUID
    card_id: UUID
    purpose: Purpose
    amount: Won
    cancelled: Won
    state: ChargeState
    order_id: str
    payment_key: str | None
    refusal: CardRefusal | None
    attempts: int
    created_at: datetime
    ended_at: datetime | None
    actor: Actor
    version: int

    @property
    def standing(self) -> Won:
        """What of it the customer has paid."""
        return Won(self.amount - self.cancelled) if self.state is ChargeState.CAPTURED else Won(0)


@dataclass(frozen=True, slots=True)
class Cancel:
    """What shall be given back of a charge, and what the ride costs instead."""

    id: UUID
    company_id: CompanyId
    charge_id: UUID
    call_id: CallId | None
    amount: Won
    then_amount: Won | None
    state: CancelState
    reason: str
    refusal: CardRefusal | None
    attempts: int
    created_at: datetime
    ended_at: datetime | None
    actor: Actor
    version: int


class CardNotFound(NotFound):
    code = "card_not_found"


class CardsFull(Conflict):
    """Nobody needs more cards than that. Facts: most."""

    code = "cards_full"


class CardMissing(Conflict):
    """A call by card needs a registered card."""

    code = "card_missing"


class ChargeUnderWay(Conflict):
    """The provider is being asked already; of two who do this at once, the second hears it."""

    code = "charge_under_way"


class CardRefused(DaeriError):
    """The provider said no to a card that somebody registers or uses now. Facts: refusal."""

    code = "card_refused"
    category = Category.CONFLICT

    def __init__(self, refusal: CardRefusal) -> None:
        super().__init__(refusal=refusal.value)
        self.refusal = refusal


class CardsUnreachable(DaeriError):
    """The provider gave no answer that means anything: it may have done what it was asked, or not."""

    code = "cards_unreachable"
    category = Category.UNAVAILABLE
