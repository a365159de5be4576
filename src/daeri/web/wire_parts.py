"""The parts of a request and of a call on the wire: riders, cars, fares, plans, progress, receipts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from daeri.calls.model import Call, State
from daeri.customers.model import Payer, Transmission
from daeri.payments.model import BillState, Method
from daeri.policies.model import ReservationPolicy
from daeri.pricing.model import FarePlan, QuoteLine, WaitingPolicy
from daeri.pricing.plan_model import Chance, PlanReason, ShortageLevel

NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps every character in text but this one
Short = Annotated[str, Meta(max_length=40, pattern=NO_NUL)]
MOST_WON = 10**15  # a bound on the body; what may be typed comes with the quote
Typed = Annotated[int, Meta(ge=-MOST_WON, le=MOST_WON, description="Whole won; the bounds come with the quote.")]


class CarIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The car that is driven; `plate` is a Korean number plate."""

    plate: Short
    model: Short = ""
    transmission: Transmission = Transmission.AUTO
    note: Annotated[str, Meta(max_length=200, pattern=NO_NUL)] = ""


class RiderIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is driven home, or receives the car, with the number that their driver calls."""

    phone: Short
    name: Short = ""
    car: CarIn | None = None


class RiderPhoneIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The right number; without `name` the name stays."""

    phone: Short
    name: Short | None = None


class FareIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another plan. `amount` is what is typed, or what the customer saw of another plan."""

    plan: FarePlan
    amount: Typed | None = None


class CarOut(msgspec.Struct, frozen=True):
    plate: str
    model: str
    transmission: Transmission
    note: str


class RiderOut(msgspec.Struct, frozen=True):
    name: str
    phone_masked: str


class BusinessOut(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    payer: Payer


class GroupMemberOut(msgspec.Struct, frozen=True):
    id: UUID
    number: str
    state: State


class GroupOut(msgspec.Struct, frozen=True):
    """The calls of one request for several cars, in the order of their riders."""

    id: UUID
    size: int
    calls: tuple[GroupMemberOut, ...]


class FareOut(msgspec.Struct, frozen=True):
    """What was agreed, in won. By meter `amount` is null until the drive is over; `estimate` is never null."""

    plan: FarePlan
    amount: int | None
    estimate: int
    lines: tuple[QuoteLine, ...]


class WaitingOut(msgspec.Struct, frozen=True):
    """The driver's waiting at the origin: how long it is free, since when it counts, what it has added to the fare.

    `extra_won` is known when the drive begins; until then every minute begun after the free time costs `per_min_won`.
    From `no_show_at` on the driver may say that nobody came, which costs `no_show_fee_won`.
    """

    free_s: int
    since: datetime
    extra_won: int
    per_min_won: int
    no_show_at: datetime
    no_show_fee_won: int


class DriverPositionOut(msgspec.Struct, frozen=True):
    lat: float
    lon: float
    at: datetime


class PlanOut(msgspec.Struct, frozen=True):
    """One fare plan; `amount` is null where nobody knows it yet."""

    plan: FarePlan
    amount: int | None
    chance: Chance
    is_default: bool
    reason: PlanReason


class TypedOut(msgspec.Struct, frozen=True):
    """What may be typed, and below which the chance of a driver is low."""

    floor_won: int
    ceiling_won: int
    low_below_won: int


class ReservationRulesOut(msgspec.Struct, frozen=True):
    """How soon and how late a trip like this may be reserved for."""

    min_minutes_ahead: int
    max_days_ahead: int


class WaitingRulesOut(msgspec.Struct, frozen=True):
    """What it costs that a driver waits at the origin, and when nobody counts as having come."""

    free_min: int
    per_min_won: int
    no_show_after_min: int
    no_show_fee_won: int


class UsedCardOut(msgspec.Struct, frozen=True):
    """A card that is charged, as its owner knows it."""

    id: UUID
    issuer: str
    number_masked: str


class ClaimOut(msgspec.Struct, frozen=True):
    """An earlier ride that must be paid first."""

    number: str
    amount: int


class PayingOut(msgspec.Struct, frozen=True):
    """What a request by card would be charged to; without a card it is refused where `is_card_needed`.

    While there is a `claim` any request is refused.
    """

    is_card_needed: bool
    card: UsedCardOut | None
    claim: ClaimOut | None


class RideBillOut(msgspec.Struct, frozen=True):
    """What a ride costs and how far it is paid, in short, for its customer."""

    amount: int
    state: BillState
    method: Method


class QuoteOut(msgspec.Struct, frozen=True):
    """The calculator's fare with its lines, the route as [latitude, longitude], and the plans side by side.

    `reservation` and `waiting` are the rules that a request from here would be held to, `paying` says what it needs of
    the customer's cards.
    """

    amount: int
    distance_m: int
    duration_s: int
    exact: bool
    lines: tuple[QuoteLine, ...]
    tariff_version: int
    route: tuple[tuple[float, float], ...]
    plans: tuple[PlanOut, ...]
    typed: TypedOut
    shortage: ShortageLevel
    reservation: ReservationRulesOut
    waiting: WaitingRulesOut
    paying: PayingOut


class ShortageOut(msgspec.Struct, frozen=True):
    """How short drivers are near the origin, and why where that is known (R-052)."""

    level: ShortageLevel
    reason: str | None


class RaiseOut(msgspec.Struct, frozen=True):
    plan: FarePlan
    amount: int


class ProgressOut(msgspec.Struct, frozen=True):
    """What has been done to find a driver, as far as it is known; nothing is made up.

    `asked` drivers saw the call, within `radius_m`. `nearest_m` is the nearest driver who might come, `expected_s` how
    long one who answers now would take; both are null while nobody is in sight, so also where `reason` says that all
    are busy. `reason` is the outcome of the last decision (I-038), `is_fare_low` says that the fare makes a driver
    unlikely, `raise` what would help: only once the first radius was searched in vain, or the fare is low.
    """

    call_id: UUID
    waiting_s: int
    asked: int
    radius_m: int
    nearest_m: int | None
    expected_s: int | None
    reason: str | None
    is_fare_low: bool
    shortage: ShortageOut
    raise_to: RaiseOut | None = msgspec.field(name="raise")


def reservation_rules_out(policy: ReservationPolicy) -> ReservationRulesOut:
    return ReservationRulesOut(policy.min_minutes_ahead, policy.max_days_ahead)


def waiting_rules_out(policy: WaitingPolicy) -> WaitingRulesOut:
    return WaitingRulesOut(policy.free_min, policy.per_min_won, policy.no_show_after_min, policy.no_show_fee_won)


def fare_out(call: Call) -> FareOut:
    """The agreed fare; what a meter will show is not known before the end."""
    amount = call.final_amount if call.fare.plan is FarePlan.METER else call.fare.amount
    return FareOut(call.fare.plan, amount, call.fare.amount, call.lines)


def rider_out(call: Call) -> RiderOut | None:
    rider = call.rider
    return None if rider is None else RiderOut(rider.name, rider.phone_masked)


def car_out(call: Call) -> CarOut | None:
    car = call.car
    return None if car is None else CarOut(car.plate, car.model, car.transmission, car.note)


def business_out(call: Call) -> BusinessOut | None:
    business = call.business
    return None if business is None else BusinessOut(business.id, business.name, business.payer)


def waiting_out(call: Call) -> WaitingOut | None:
    policy, since = call.waiting, call.arrived_at
    if policy is None or since is None:
        return None
    return WaitingOut(
        free_s=policy.free_min * 60,
        since=since,
        extra_won=call.waiting_won,
        per_min_won=policy.per_min_won,
        no_show_at=policy.no_show_at(since),
        no_show_fee_won=policy.no_show_fee_won,
    )


def group_out(call: Call) -> GroupOut | None:
    group = call.group
    if group is None:
        return None
    return GroupOut(group.id, group.size, tuple(GroupMemberOut(m.id, m.number, m.state) for m in group.members))
