"""Offers, engagements and decisions as rows, and the refusals that they lead to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from daeri.calls.model import State
from daeri.dispatch.plan import Mode, Outcome, Reason
from daeri.kernel.errors import Category, Conflict, DaeriError, Invalid, NotFound
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, DriverId, OfferId
from daeri.kernel.money import Won
from daeri.kernel.result import Fact
from daeri.kernel.terms import Service
from daeri.policies.model import Policy
from daeri.pricing.plan_model import ShortageLevel

Levels = Annotated[int, Meta(ge=0, le=2)]


class OfferState(StrEnum):
    LIVE = "live"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    IGNORED = "ignored"
    WITHDRAWN = "withdrawn"  # the call ended, or the driver went off duty


class Goal(StrEnum):
    """Where a driver goes next."""

    ORIGIN = "origin"
    VIA = "via"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True)
class Arrival:
    """How many seconds until the driver is at the goal."""

    seconds: int
    goal: Goal


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

    `ends_at` is where their drive ends, for those who may be offered a call for after it. `is_short`: their balance is
    too low for new calls.
    """

    driver_id: DriverId
    company_id: CompanyId
    on_duty: bool
    services: tuple[Service, ...]
    revision: int
    call_id: CallId | None
    offer_id: UUID | None
    ends_at: Point | None = None
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a driver's phone should know: their calls at their versions, the offers to answer, the calls listed."""

    call_id: UUID | None = None
    call_version: int = 0
    offers: frozenset[UUID] = frozenset()
    next_call_id: UUID | None = None
    next_call_version: int = 0
    listed: frozenset[UUID] = frozenset()


class ShortagePolicy(Policy, frozen=True, kw_only=True):
    """When drivers count as short around a place: waiting calls for each free driver, raised by the weather (R-052)."""

    name: ClassVar[str] = "shortage"

    area_radius_m: Annotated[int, Meta(gt=0, le=50_000)] = 5_000  # what counts as around a place
    least_waiting: Annotated[int, Meta(ge=1, le=10_000)] = 3  # fewer waiting calls are no shortage
    tight_ratio: Annotated[float, Meta(gt=0, le=100)] = 0.5  # waiting calls for each free driver
    short_ratio: Annotated[float, Meta(gt=0, le=100)] = 1.0
    rain_raises: Levels = 1  # by so many levels
    snow_raises: Levels = 1
    storm_raises: Levels = 2

    def __post_init__(self) -> None:
        if self.tight_ratio > self.short_ratio:
            raise ValueError("tight_ratio may not exceed short_ratio")


class Condition(StrEnum):
    CLEAR = "clear"
    RAIN = "rain"
    SNOW = "snow"
    STORM = "storm"


@dataclass(frozen=True, slots=True)
class Weather:
    """What somebody said of the weather; without `region` everywhere, without `ends_at` until further word."""

    region: str | None
    condition: Condition
    starts_at: datetime
    ends_at: datetime | None


class WeatherEndsBeforeItBegins(Invalid):
    """What is said of the weather would be over already."""

    code = "weather_ends_in_the_past"


class ShortageReason(StrEnum):
    VOLUME = "volume"  # more calls than drivers
    WEATHER = "weather"


@dataclass(frozen=True, slots=True)
class Shortage:
    """How short drivers are around a place now, and why; `free_drivers` None when nobody has counted lately."""

    level: ShortageLevel
    reason: ShortageReason | None
    waiting: int
    free_drivers: int | None


@dataclass(frozen=True, slots=True)
class WaitingArea:
    """The calls that wait in one region, and the middle of their origins."""

    region: str | None
    waiting: int
    centre: Point


class WhyReason(StrEnum):
    """What stood between a driver and a call."""

    FARTHER = "farther"  # metres, by_m
    FARTHER_AFTER_DRIVE = "farther_after_drive"  # metres, by_m: with the rest of the drive under way
    BUSY = "busy"
    ANSWERING_ANOTHER = "answering_another"
    STALE_POSITION = "stale_position"  # age_s
    OUT_OF_RADIUS = "out_of_radius"  # metres, radius_m
    NOT_ELIGIBLE = "not_eligible"  # service
    DECLINED = "declined"
    IGNORED = "ignored"
    WITHDRAWN = "withdrawn"  # the card went back before it was answered
    OFFERED = "offered"  # the card is there now
    NEARER_TO_ANOTHER = "nearer_to_another"
    BARRED = "barred"
    LISTED = "listed"  # it was in the open list
    NOT_REACHED = "not_reached"  # the search ended before it came to the driver
    LOW_BALANCE = "low_balance"


class WhyOutcome(StrEnum):
    """What has become of the call."""

    WAITING = "waiting"
    TAKEN = "taken"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Passed:
    """One decision about a call as far as it concerns one driver. Metres are straight, to the customer.

    `chosen_m` is how far the chosen driver was, `answer` how the driver's own last offer of the call ended.
    """

    call_id: CallId
    at: datetime
    reason: Reason
    metres: int
    age_s: int
    radius_m: int
    chosen_m: int | None
    answer: OfferState | None
    region: str | None
    service: Service
    fare: Won
    state: State


@dataclass(frozen=True, slots=True)
class Why:
    """One decision as the driver is told of it."""

    call_id: CallId
    at: datetime
    region: str | None
    distance_m: int
    service: Service
    fare: Won
    outcome: WhyOutcome
    reason: WhyReason
    facts: Mapping[str, Fact]


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


class PairBarred(Conflict):
    """What staff are told of it: this driver and this customer shall not meet (I-006)."""

    code = "pair_barred"


class NotEligible(Conflict):
    """The driver may not do calls of this service; facts: service."""

    code = "driver_not_eligible"


class DriveFirst(Conflict):
    """The call is the driver's next one: the drive under way is to be finished first."""

    code = "finish_current_call_first"


class DriverOffDuty(Conflict):
    """Only drivers on duty take calls."""

    code = "driver_off_duty"


class BalanceTooLow(Conflict):
    """The driver's prepaid balance is too low for new calls; what is under way can be finished."""

    code = "balance_too_low"


class NotListed(NotFound):
    """This driver does not see that call in the open list."""

    code = "call_not_listed"
