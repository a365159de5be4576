"""The policies: every threshold once, with its unit, and the record that says from when it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from daeri.kernel.errors import Invalid
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Service

CHANGED_TOPIC = "policies.changed"  # message: the 16 bytes of the company's id

Positive = Annotated[int, Meta(gt=0, le=10_000_000)]
NotNegative = Annotated[int, Meta(ge=0, le=10_000_000)]
Days = Annotated[int, Meta(ge=1, le=36_500)]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every policy: all fields have defaults, which hold until a company writes a record."""

    name: ClassVar[str]


class DispatchMode(StrEnum):
    EXCLUSIVE = "exclusive"  # one driver at a time is offered the call
    OPEN_LIST = "open_list"  # drivers near the call see it, the first to take it wins


class DispatchPolicy(Policy, frozen=True, kw_only=True):
    """How a call finds its driver: the radius widens by a step every so often, never past its cap (R-051)."""

    name: ClassVar[str] = "dispatch"

    mode: DispatchMode = DispatchMode.EXCLUSIVE
    radius_start_m: Positive = 1_500
    radius_step_m: NotNegative = 1_000
    radius_step_every_s: Positive = 15
    radius_cap_m: Positive = 5_000
    offer_limit_s: Positive = 12
    position_max_age_s: Positive = 20  # I-040: an older position does not count
    reoffer_pause_s: NotNegative = 20  # before a call goes back to a driver who did not take it
    call_expiry_s: Positive = 900  # an unserved call ends after this
    k: Annotated[int, Meta(ge=1, le=64)] = 16  # nearest eligible drivers weighed for each call
    pickup_speed_kmh: Annotated[float, Meta(gt=0, le=200)] = 20.0
    detour_factor: Annotated[float, Meta(ge=1, le=5)] = 1.3  # road metres for each straight metre
    next_call: bool = True  # who is about to finish a drive may be offered the call for after it
    next_call_radius_m: Positive = 1_500  # how near to its end, in a straight line

    def __post_init__(self) -> None:
        if self.radius_start_m > self.radius_cap_m:
            raise ValueError("radius_start_m may not exceed radius_cap_m")


class PositionPolicy(Policy, frozen=True, kw_only=True):
    """How often drivers report, and which reports are plausible."""

    name: ClassVar[str] = "positions"

    cadence_s: Annotated[int, Meta(ge=1, le=300)] = 3
    future_limit_s: NotNegative = 5  # a phone's clock may be ahead by this much
    past_limit_s: Positive = 120  # an older report tells nothing about now
    max_speed_mps: Annotated[float, Meta(gt=0, le=1_000)] = 60.0
    max_accuracy_m: Positive = 200  # a vaguer fix is dropped


class ReservationPolicy(Policy, frozen=True, kw_only=True):
    """When a reserved call may be ordered, and when it becomes a request."""

    name: ClassVar[str] = "reservation"

    reservation_lead_min: Positive = 30  # minutes before the reserved time at which the search begins
    min_minutes_ahead: Positive = 40
    max_days_ahead: Annotated[int, Meta(ge=1, le=365)] = 14

    def __post_init__(self) -> None:
        if self.min_minutes_ahead < self.reservation_lead_min:
            raise ValueError("min_minutes_ahead may not be less than reservation_lead_min")


class CancellationPolicy(Policy, frozen=True, kw_only=True):
    """How many cancels after assignment a customer may gather, and what follows (R-062, I-008)."""

    name: ClassVar[str] = "cancellation"

    limit: Annotated[int, Meta(ge=1, le=1_000)] = 5
    window_days: Days = 30
    length_hours: Positive = 24  # how long new calls are refused once the limit is reached


class RetentionPolicy(Policy, frozen=True, kw_only=True):
    """How many days each kind of row is kept. The audit log and the ledger are append-only: they stay."""

    name: ClassVar[str] = "retention"

    events_days: Days = 1_825
    calls_days: Days = 1_825  # then a call loses what is personal in it
    decisions_days: Days = 30
    offers_days: Days = 180
    tracks_days: Days = 180
    sessions_days: Days = 90  # after a session has ended
    challenges_days: Days = 1  # one-time sign-in codes
    idempotency_days: Days = 1


class RequestLimits(Policy, frozen=True, kw_only=True):
    """What a request for a call may hold, and how many calls one customer may have under way."""

    name: ClassVar[str] = "request_limits"

    max_vias: Annotated[int, Meta(ge=0, le=20)] = 5
    max_note_length: Annotated[int, Meta(ge=0, le=2_000)] = 200  # characters
    fare_floor_won: NotNegative = 5_000
    fare_ceiling_won: Positive = 1_000_000
    max_open_calls: Annotated[int, Meta(ge=1, le=50)] = 5  # of one customer, reserved ones too
    max_group: Annotated[int, Meta(ge=2, le=20)] = 5  # cars of one multi request, a call each

    def __post_init__(self) -> None:
        if self.fare_floor_won > self.fare_ceiling_won:
            raise ValueError("fare_floor_won may not exceed fare_ceiling_won")


# The policies of this room by name; a room above may define one of its own (pricing's tariff).
POLICIES: Mapping[str, type[Policy]] = {
    kind.name: kind
    for kind in (
        DispatchPolicy,
        PositionPolicy,
        ReservationPolicy,
        CancellationPolicy,
        RetentionPolicy,
        RequestLimits,
    )
}

PolicyT = TypeVar("PolicyT", bound=Policy)


@dataclass(frozen=True, slots=True)
class Versioned(Generic[PolicyT]):
    """A policy as it was read for one decision; the decision keeps `version`. 0 is the built-in default."""

    value: PolicyT
    version: int
    record_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a record speaks for; None means every region, or every service."""

    region: str | None = None
    service: Service | None = None


EVERYONE = Scope()


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """One row: `value` as stored, None when the scope was withdrawn from `effective_from` on."""

    id: UUID
    company_id: CompanyId
    name: str
    version: int
    scope: Scope
    value: Mapping[str, object] | None
    effective_from: datetime
    created_at: datetime
    created_by: UUID | None
    note: str


class PolicyInvalid(Invalid):
    """The value breaks a bound of its policy; `problem` names the field and the bound."""

    code = "policy_invalid"


class PolicyInThePast(Invalid):
    """A record would change what held before it was written."""

    code = "policy_in_the_past"


def parse(kind: type[PolicyT], value: object) -> PolicyT:
    """`value` (decoded JSON) as a policy of `kind`; PolicyInvalid names what is wrong or unknown."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    if isinstance(value, Mapping) and (unknown := sorted(str(key) for key in value if key not in known)):
        raise PolicyInvalid(name=kind.name, problem=f"unknown field {unknown[0]!r}")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise PolicyInvalid(name=kind.name, problem=str(error)) from error
