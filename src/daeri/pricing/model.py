"""Tariffs, trips, routes, quotes, waiting and the meter. Tariffs are policy records: dated, by region and service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from daeri.kernel.errors import Category, DaeriError, Invalid
from daeri.kernel.geo import Point
from daeri.kernel.money import Won
from daeri.kernel.terms import Service
from daeri.policies.model import NotNegative, Policy, Positive


class ServiceRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a service makes of the fare: `percent` of it, then `addition_won` on top."""

    percent: Annotated[int, Meta(ge=0, le=1_000)] = 100
    addition_won: NotNegative = 0


def _service_rates() -> Mapping[Service, ServiceRate]:
    return {
        Service.VIP: ServiceRate(percent=150),
        Service.TAILORED: ServiceRate(percent=120),
        Service.DELIVERY: ServiceRate(addition_won=10_000),
    }


class Tariff(Policy, frozen=True, kw_only=True):
    """The prices of one company and scope, in whole won.

    The night runs from `night_from` (included) to `night_until` (excluded) in Korean time and may cross midnight;
    equal times mean that there is no night. The departure decides. The fare is rounded to the nearest
    `rounding_unit_won`, halves away from zero, and is never below `minimum_won`.
    """

    name: ClassVar[str] = "tariff"

    base_won: NotNegative = 10_000
    included_m: NotNegative = 2_000  # metres that the base pays for
    per_km_won: NotNegative = 900
    per_minute_won: NotNegative = 50
    per_via_won: NotNegative = 5_000
    night_percent: Annotated[int, Meta(ge=0, le=500)] = 20
    night_from: time = time(22, 0)
    night_until: time = time(4, 0)
    minimum_won: NotNegative = 10_000
    rounding_unit_won: Positive = 100
    services: Mapping[Service, ServiceRate] = msgspec.field(default_factory=_service_rates)

    def __post_init__(self) -> None:
        # Otherwise rounding could end below the minimum.
        if self.minimum_won % self.rounding_unit_won:
            raise ValueError("minimum_won must be a multiple of rounding_unit_won")


@dataclass(frozen=True, slots=True)
class Trip:
    """Where a drive begins, passes and ends."""

    origin: Point
    destination: Point
    vias: tuple[Point, ...] = ()

    @property
    def points(self) -> tuple[Point, ...]:
        return (self.origin, *self.vias, self.destination)


@dataclass(frozen=True, slots=True)
class Route:
    """A way by car through some points in order; `exact` is false when it was estimated without roads.

    `geometry` is the line on the map, empty when the router has none.
    """

    distance_m: int
    duration_s: int
    exact: bool
    geometry: tuple[Point, ...] = ()


class RouteFailure(StrEnum):
    UNREACHABLE = "unreachable"  # no connection, too slow, or the server's own fault
    NO_ROUTE = "no_route"  # the server knows no road between these points
    BAD_ANSWER = "bad_answer"  # not the format that the server promises


class RouteUnavailable(DaeriError):
    """A router could not answer; whoever asked may ask another one."""

    code = "route_unavailable"
    category = Category.UNAVAILABLE

    def __init__(self, router: str, reason: RouteFailure) -> None:
        super().__init__(router=router, reason=reason.value)
        self.reason = reason


class FarePlan(StrEnum):
    """How the fare of a call comes about."""

    RECOMMENDED = "recommended"  # the calculator's fare, raised while drivers are short
    CALCULATOR = "calculator"
    TYPED = "typed"  # by the customer
    METER = "meter"  # what the drive turns out to be; until then the calculator's fare is its estimate


class LineKind(StrEnum):
    """What a line of a quote or of a receipt is for."""

    BASE = "base"
    DISTANCE = "distance"
    TIME = "time"
    VIAS = "vias"
    NIGHT = "night"
    SERVICE = "service"
    MINIMUM = "minimum"  # what lifts the fare to the minimum
    ROUNDING = "rounding"
    RECOMMENDED = "recommended"  # what the recommended plan adds to the calculator's fare
    TYPED = "typed"  # the whole fare, as agreed by hand
    METER = "meter"  # the whole fare, as the meter showed it
    WAITING = "waiting"
    NO_SHOW = "no_show"  # the fee of a customer who did not come
    ADJUSTED = "adjusted"  # what was added or taken off afterwards


class QuoteLine(msgspec.Struct, frozen=True):
    kind: LineKind
    amount: Won


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A fare and what it is made of; the lines add up to `amount`. Storable: same input, same quote (I-026)."""

    amount: Won
    distance_m: int
    duration_s: int
    exact: bool  # false when the route was estimated without roads
    lines: tuple[QuoteLine, ...]
    tariff_version: int  # 0: the built-in tariff

    def lines_of(self, plan: FarePlan, amount: Won) -> tuple[QuoteLine, ...]:
        """What a fare of `amount` on that plan is made of; the lines add up to it."""
        if plan is FarePlan.TYPED:
            return (QuoteLine(LineKind.TYPED, amount),)
        if amount == self.amount:
            return self.lines
        if plan is FarePlan.METER:
            return (QuoteLine(LineKind.METER, amount),)
        return (*self.lines, QuoteLine(LineKind.RECOMMENDED, Won(amount - self.amount)))


class PremiumKind(StrEnum):
    """The kinds of call that a per-call premium may differ for; their values are those of calls' `Kind`."""

    OWN = "own"
    AFFILIATE = "affiliate"
    PHONE = "phone"
    CONSIGNED = "consigned"


class CommissionPolicy(Policy, frozen=True, kw_only=True):
    """The share of a fare that the company keeps."""

    name: ClassVar[str] = "commission"

    percent: Annotated[int, Meta(ge=0, le=100)] = 20


class PremiumPolicy(Policy, frozen=True, kw_only=True):
    """What a driver is charged for each call's insurance, by its kind, in won (R-022, R-025, I-059).

    0 means that the company bears it; that holds for every kind until a company says otherwise.
    """

    name: ClassVar[str] = "premium"

    own_won: NotNegative = 0
    affiliate_won: NotNegative = 0
    phone_won: NotNegative = 0
    consigned_won: NotNegative = 0

    def of(self, kind: PremiumKind) -> Won:
        """The premium of one call of this kind."""
        amounts = {
            PremiumKind.OWN: self.own_won,
            PremiumKind.AFFILIATE: self.affiliate_won,
            PremiumKind.PHONE: self.phone_won,
            PremiumKind.CONSIGNED: self.consigned_won,
        }
        return Won(amounts[kind])


class Net(msgspec.Struct, frozen=True, kw_only=True):
    """What a fare leaves to the driver: `net` is `fare` less `commission` and `premium`, and may be below zero."""

    fare: Won
    commission: Won
    premium: Won
    net: Won


class TripInvalid(Invalid):
    """A point of the trip is no place on earth."""

    code = "trip_invalid"


class TooManyVias(Invalid):
    code = "too_many_vias"


class WaitingPolicy(Policy, frozen=True, kw_only=True):
    """What a driver's waiting at the origin costs, and when the customer counts as not having come.

    Waiting is counted from the arrival. The first `free_min` are free, every minute begun after them costs
    `per_min_won`. After `no_show_after_min` the driver may end the call as a no-show, which costs `no_show_fee_won`.
    """

    name: ClassVar[str] = "waiting"

    free_min: Annotated[int, Meta(ge=0, le=240)] = 10
    per_min_won: NotNegative = 500
    no_show_after_min: Annotated[int, Meta(ge=1, le=240)] = 15
    no_show_fee_won: NotNegative = 10_000

    def __post_init__(self) -> None:
        if self.no_show_after_min < self.free_min:
            raise ValueError("no_show_after_min may not be less than free_min")

    def cost(self, arrived_at: datetime, until: datetime) -> Won:
        """What it costs that a driver waited from `arrived_at` until `until`."""
        over = until - arrived_at - timedelta(minutes=self.free_min)
        minutes = max(0, -(-over // timedelta(minutes=1)))
        return Won(minutes * self.per_min_won)

    def no_show_at(self, arrived_at: datetime) -> datetime:
        """From when on the driver may say that nobody came."""
        return arrived_at + timedelta(minutes=self.no_show_after_min)


class MeterPolicy(Policy, frozen=True, kw_only=True):
    """How a drive's positions become a distance.

    Two points more than `gap_s` apart are a gap, which counts as the straight line. A point that nobody could have
    reached at `max_speed_mps` is a jump, which does not count. A vaguer fix than `max_accuracy_m` is left out, and so
    is a movement of less than `min_step_m`. Where gaps take more than `max_gap_percent` of the drive, its meter tells
    nothing, and the estimate holds.
    """

    name: ClassVar[str] = "meter"

    gap_s: Positive = 30
    max_speed_mps: Annotated[float, Meta(gt=0, le=200)] = 60.0
    max_accuracy_m: Positive = 100
    min_step_m: NotNegative = 10
    max_gap_percent: Annotated[int, Meta(ge=0, le=100)] = 50


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without positions."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> int:
        return round((self.until - self.since).total_seconds())


@dataclass(frozen=True, slots=True)
class Metered:
    """What the positions of a drive say: whole metres, from the first to the last instant of the drive.

    `jumps` are points that were left out because nobody could have come there so soon. `is_trusted` is false where
    gaps take so much of the drive that the distance tells nothing.
    """

    distance_m: int
    duration_s: int
    gaps: tuple[Gap, ...]
    jumps: int
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class MeterReading:
    """What the meter shows: the fare by the tariff, or the estimate where the positions tell too little."""

    amount: Won
    metered: Metered
    tariff_version: int
