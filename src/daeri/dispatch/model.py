"""Offers, engagements and decisions as rows, and the refusals that they lead to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from daeri.dispatch.plan import Mode, Outcome, Reason
from daeri.kernel.errors import Category, Conflict, DaeriError, NotFound
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, DriverId, OfferId
from daeri.kernel.terms import Service


class OfferState(StrEnum):
    LIVE = "live"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    IGNORED = "ignored"
    WITHDRAWN = "withdrawn"  # the call ended, or the driver went off duty


class Slot(StrEnum):
    """The places that a driver has for calls: the one under way, and the one that follows it."""

    NOW = "now"
    NEXT = "next"


@dataclass(frozen=True, slots=True)
class Offer:
    """One call offered to one driver; `pickup_m` metres and `pickup_s` seconds by road to the customer.

    In the slot `next` it is for after the drive under way, whose rest is part of the way.
    """

    id: OfferId
    company_id: CompanyId
    call_id: CallId
    driver_id: DriverId
    mode: Mode
    state: OfferState
    offered_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    pickup_m: int
    pickup_s: int
    slot: Slot = Slot.NOW


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer that a plan asks for."""

    id: OfferId
    call_id: CallId
    driver_id: DriverId
    expires_at: datetime
    pickup_m: int
    pickup_s: int
    policy_version: int
    slot: Slot = Slot.NOW


@dataclass(frozen=True, slots=True)
class NewListing:
    """Who is to see a call of the open list, nearest first, with straight metres."""

    call_id: CallId
    driver_ids: tuple[DriverId, ...]
    metres: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A call of the open list as one driver sees it since `listed_at`.

    `is_barred`: it must not go to this driver, who is not shown it.
    """

    call_id: CallId
    metres: int
    listed_at: datetime
    is_barred: bool = False


@dataclass(frozen=True, slots=True)
class Considered:
    """One driver in the log of a decision; `other` is the call that the driver went to instead.

    `age_s` is how old the position was, where that is the reason, else 0.
    """

    driver_id: DriverId
    metres: int
    reason: Reason
    other: CallId | None
    age_s: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick meant for one call, with up to 64 of the drivers considered and counts of the rest by reason."""

    call_id: CallId
    company_id: CompanyId
    decided_at: datetime
    outcome: Outcome
    radius_m: int
    beaten_by: CallId | None
    considered: tuple[Considered, ...]
    rest: Mapping[Reason, int]
    policy_version: int


@dataclass(frozen=True, slots=True)
class PastOffer:
    """An earlier offer of a waiting call that ended without a driver.

    `closed_at` of an accepted one is when its driver was taken off the call.
    """

    driver_id: DriverId
    state: OfferState
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that waits for a driver and has no live offer; `is_listed` where drivers see it in the open list."""

    call_id: CallId
    company_id: CompanyId
    origin: Point
    region: str | None
    service: Service
    dispatch_at: datetime
    asked: tuple[PastOffer, ...]
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class DriverState:
    """What the live fleet must know of a driver; `call_id` is the call that they are on.

    `ends_at` is where their drive ends, for those who may be offered a call for after it.
    """

    driver_id: DriverId
    company_id: CompanyId
    on_duty: bool
    services: tuple[Service, ...]
    revision: int
    call_id: CallId | None
    offer_id: UUID | None
    ends_at: Point | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a driver's phone should know: their calls at their versions, the offers to answer, the calls listed."""

    call_id: UUID | None = None
    call_version: int = 0
    offers: frozenset[UUID] = frozenset()
    next_call_id: UUID | None = None
    next_call_version: int = 0
    listed: frozenset[UUID] = frozenset()


class OfferNotFound(NotFound):
    """There is no such offer for this driver."""

    code = "offer_not_found"


class OfferClosed(DaeriError):
    """Too late: the offer was declined, withdrawn or accepted before, or its time ran out; facts: state."""

    code = "offer_closed"
    category = Category.GONE


class AlreadyTaken(Conflict):
    """Another driver was faster, or the call has ended; facts: state."""

    code = "call_already_taken"


class DriverEngaged(Conflict):
    """The driver has a call to finish first."""

    code = "driver_engaged"


class CallBarred(Conflict):
    """A policy keeps this call from this driver; it does not say which, nor whom it protects (I-006)."""

    code = "call_barred"


class NotEligible(Conflict):
    """The driver may not do calls of this service; facts: service."""

    code = "driver_not_eligible"


class DriveFirst(Conflict):
    """The call is the driver's next one: the drive under way is to be finished first."""

    code = "finish_current_call_first"


class DriverOffDuty(Conflict):
    """Only drivers on duty take calls."""

    code = "driver_off_duty"


class NotListed(NotFound):
    """This driver does not see that call in the open list."""

    code = "call_not_listed"
