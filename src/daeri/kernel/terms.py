"""The orthogonal facts of a call, and who acts. Labels are derived from these, never stored (R-001)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Source(StrEnum):
    """Where the call came from: our own customer, or a partner's order with its grade (R-001, R-006)."""

    OWN = "own"
    AFFILIATE = "affiliate"
    PHONE = "phone"


class Service(StrEnum):
    """R-002, R-003."""

    GENERAL = "general"
    VIP = "vip"
    TAILORED = "tailored"
    DELIVERY = "delivery"


class Timing(StrEnum):
    NOW = "now"
    RESERVED = "reserved"


class Option(StrEnum):
    """R-005; a via is a row of its own, not an option."""

    MULTI = "multi"
    FOR_ANOTHER = "for_another"
    BUSINESS = "business"


class Payment(StrEnum):
    CARD = "card"
    CASH = "cash"


class ActorKind(StrEnum):
    CUSTOMER = "customer"
    DRIVER = "driver"
    STAFF = "staff"
    PARTNER = "partner"
    GATEWAY = "gateway"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something; `id` is the account, None for the system itself."""

    kind: ActorKind
    id: UUID | None = None


SYSTEM = Actor(ActorKind.SYSTEM)
