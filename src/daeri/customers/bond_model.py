"""Bonds: cancels and what follows from them, who shall not meet again, ratings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.terms import ActorKind
from daeri.policies.model import Policy

CUSTOMER_AGGREGATE = "customer"
NEVER_MEET_AGGREGATE = "never_meet"
RATING_AGGREGATE = "rating"  # its id is the call's
MOST_TAGS = 5
LONGEST_COMMENT = 500  # characters
LONGEST_REASON = 200


class RatingPolicy(Policy, frozen=True, kw_only=True):
    """How long a customer may change what they said of a drive."""

    name: ClassVar[str] = "ratings"

    change_hours: Annotated[int, Meta(ge=0, le=8_760)] = 24  # from the first time that it was said


class BondEvent(StrEnum):
    """What happens between a customer and the company, or a driver."""

    CANCEL_COUNTED = "customer.cancel_counted"
    CANCEL_FORGIVEN = "customer.cancel_forgiven"
    RESTRICTED = "customer.restricted"
    RESTRICTION_LIFTED = "customer.restriction_lifted"
    NEVER_MEET_ASKED = "never_meet.asked"
    NEVER_MEET_LIFTED = "never_meet.lifted"
    RATED = "rating.given"
    RATING_CHANGED = "rating.changed"


class RestrictionReason(StrEnum):
    CANCELLATIONS = "cancellations"


class LiftedAs(StrEnum):
    BY_STAFF = "by_staff"
    FORGIVEN = "forgiven"  # a cancel was taken off the count, which is below the limit without it


class RatingTag(StrEnum):
    """What a customer may say with a tap."""

    KIND = "kind"
    SAFE_DRIVING = "safe_driving"
    ON_TIME = "on_time"
    QUIET = "quiet"
    KNEW_THE_WAY = "knew_the_way"
    UNKIND = "unkind"
    ROUGH_DRIVING = "rough_driving"
    LATE = "late"
    TALKATIVE = "talkative"
    WRONG_WAY = "wrong_way"


@dataclass(frozen=True, slots=True)
class Ride:
    """What the bonds must know of a call, told by whoever holds calls."""

    call_id: CallId
    company_id: CompanyId
    customer_id: CustomerId | None
    driver_id: DriverId | None
    is_completed: bool


@dataclass(frozen=True, slots=True)
class Cancel:
    """A customer's own cancel after assignment; `cancelled_from` is the state that the call was in."""

    call_id: CallId
    customer_id: CustomerId
    cancelled_from: str
    at: datetime
    forgiven_at: datetime | None
    forgiven_by: UUID | None
    forgiven_for: str | None


@dataclass(frozen=True, slots=True)
class Restriction:
    """New own calls are refused from `starts_at` until `ends_at`; the figures are the policy's of that time."""

    id: UUID
    company_id: CompanyId
    customer_id: CustomerId
    call_id: CallId
    reason: RestrictionReason
    starts_at: datetime
    ends_at: datetime
    count: int
    limit: int
    window_days: int
    policy_version: int
    lifted_at: datetime | None
    lifted_as: LiftedAs | None
    lifted_by: UUID | None
    lifted_for: str | None


@dataclass(frozen=True, slots=True)
class InForce:
    """Why and until when new own calls are refused now."""

    until: datetime
    count: int
    limit: int
    reason: RestrictionReason


@dataclass(frozen=True, slots=True)
class Standing:
    """How a customer stands with their cancels: how many count, what is allowed, and what holds now."""

    count: int
    limit: int
    window_days: int
    length_hours: int
    in_force: InForce | None
    cancels: tuple[tuple[Cancel, bool], ...]  # newest first, each with whether it counts now


@dataclass(frozen=True, slots=True)
class NeverMeet:
    """One side asked never to meet the other again; neither is ever told of it."""

    id: UUID
    company_id: CompanyId
    customer_id: CustomerId
    driver_id: DriverId
    asked_by: ActorKind
    call_id: CallId
    reason: str
    asked_at: datetime
    lifted_at: datetime | None
    lifted_by_kind: ActorKind | None
    lifted_by: UUID | None
    lifted_for: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer says of a drive."""

    stars: int
    tags: tuple[RatingTag, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a customer said of a completed call; `changeable_until` is the policy's."""

    call_id: CallId
    customer_id: CustomerId
    driver_id: DriverId
    said: Said
    rated_at: datetime
    changed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class DriverRating:
    """What a driver's ratings add up to: the mean of their stars with two digits, and how many there are."""

    average: float
    count: int


class CustomerRestricted(Conflict):
    """Too many cancels after assignment: new calls are refused for a while. Facts: until, count, limit, reason."""

    code = "customer_restricted"


class NotRestricted(Conflict):
    """There is no restriction in force to lift."""

    code = "customer_not_restricted"


class CancelNotCounted(NotFound):
    """This call is no cancel that counts, or was forgiven already. Facts: call_id."""

    code = "cancel_not_counted"


class NobodyToAvoid(Conflict):
    """The call has nobody on its other side whom one could ask never to meet again."""

    code = "nobody_to_avoid"


class NeverMeetNotFound(NotFound):
    """There is no such pair, or it is lifted already."""

    code = "never_meet_not_found"


class NotRateable(Conflict):
    """Only a completed call can be rated."""

    code = "not_rateable"


class RatingFixed(Conflict):
    """The time in which it may be changed is over. Facts: hours."""

    code = "rating_fixed"


class RatingInvalid(Invalid):
    """Facts: field."""

    code = "rating_invalid"


class RatingNotFound(NotFound):
    """The call has not been rated."""

    code = "rating_not_found"
