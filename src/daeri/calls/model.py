"""What a call is: its facts, the command that requests one, and the refusals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind, Option, Payment, Service, Source, Timing
from daeri.policies.model import DispatchPolicy, RequestLimits, ReservationPolicy, Versioned

AGGREGATE = "call"


class State(StrEnum):
    RESERVED = "reserved"
    REQUESTED = "requested"
    ASSIGNED = "assigned"
    ARRIVED = "arrived"
    DRIVING = "driving"
    COMPLETED = "completed"
    CANCELLED_BEFORE_ASSIGNMENT = "cancelled_before_assignment"
    CANCELLED_AFTER_ASSIGNMENT = "cancelled_after_assignment"
    EXPIRED = "expired"


class Move(StrEnum):
    COME_DUE = "come_due"  # a reserved call's time to look for a driver has come
    ASSIGN = "assign"
    RELEASE = "release"  # the driver is taken off; the call waits again
    ARRIVE = "arrive"
    START = "start"
    COMPLETE = "complete"
    CANCEL = "cancel"
    EXPIRE = "expire"  # nobody took it in time


class IllegalMove(Conflict):
    """The call's state does not allow this; facts: state, move."""

    code = "illegal_move"


class EventKind(StrEnum):
    """The kinds of event in a call's timeline."""

    REQUESTED = "call.requested"
    RESERVED = "call.reserved"
    CAME_DUE = "call.came_due"
    ASSIGNED = "call.assigned"
    RELEASED = "call.released"
    ARRIVED = "call.arrived"
    STARTED = "call.started"
    COMPLETED = "call.completed"
    CANCELLED = "call.cancelled"
    EXPIRED = "call.expired"


class Kind(StrEnum):
    """The kind of a call by who ordered and who performs; the locale files have its name for each audience."""

    OWN = "own"
    AFFILIATE = "affiliate"
    PHONE = "phone"
    CONSIGNED = "consigned"


class Tag(StrEnum):
    """What else a reader must know about a call."""

    VIP = "vip"
    TAILORED = "tailored"
    DELIVERY = "delivery"
    RESERVED = "reserved"
    MULTI = "multi"
    FOR_ANOTHER = "for_another"
    BUSINESS = "business"
    VIA = "via"


@dataclass(frozen=True, slots=True)
class Label:
    kind: Kind
    tags: tuple[Tag, ...]


class FarePlan(StrEnum):
    CALCULATOR = "calculator"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Place:
    """A point with the name that people know it by and the code of its region, where known."""

    point: Point
    name: str = ""
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Fare:
    """The price in won that was agreed on the request, and the tariff record that it comes from."""

    amount: Won
    plan: FarePlan
    tariff_version: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """What the fare calculator says of the trip."""

    amount: Won
    tariff_version: int


@dataclass(frozen=True, slots=True)
class RequestPolicies:
    """The records that a request is decided by."""

    limits: RequestLimits
    reservation: ReservationPolicy
    dispatch: Versioned[DispatchPolicy]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer asks for, before it is checked."""

    company_id: CompanyId
    customer_id: CustomerId
    origin: Place
    destination: Place
    vias: tuple[Place, ...] = ()
    service: Service = Service.GENERAL
    options: tuple[Option, ...] = ()
    payment: Payment = Payment.CARD
    typed_fare: int | None = None
    note: str = ""
    reserved_for: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestCall:
    """A validated wish for a driver. `dispatch_at` is when matching may begin, `expires_at` when it gives up.

    `most_open` is how many calls the customer may have under way with this one; None where nobody limits them.
    """

    company_id: CompanyId
    orderer_id: CompanyId
    source: Source
    customer_id: CustomerId | None
    service: Service
    options: tuple[Option, ...]
    payment: Payment
    fare: Fare
    origin: Place
    destination: Place
    vias: tuple[Place, ...]
    note: str
    reserved_for: datetime | None
    dispatch_at: datetime
    expires_at: datetime
    policy_version: int
    most_open: int | None = None

    @property
    def timing(self) -> Timing:
        return Timing.NOW if self.reserved_for is None else Timing.RESERVED


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it stands; instants are UTC, money is won."""

    id: CallId
    company_id: CompanyId
    number: str
    version: int
    state: State
    source: Source
    orderer_id: CompanyId
    performer_id: CompanyId | None
    driver_id: DriverId | None
    customer_id: CustomerId | None
    service: Service
    timing: Timing
    options: tuple[Option, ...]
    payment: Payment
    fare: Fare
    origin: Place
    destination: Place
    vias: tuple[Place, ...]
    note: str
    requested_at: datetime
    reserved_for: datetime | None
    dispatch_at: datetime
    expires_at: datetime
    assigned_at: datetime | None
    arrived_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    ended_by: ActorKind | None
    cancelled_from: State | None
    end_reason: str | None
    releases: int
    policy_version: int


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a call list shows; every given field narrows it. `people` are customers or drivers."""

    company_id: CompanyId
    states: Sequence[State] = ()
    services: Sequence[Service] = ()
    number: str | None = None
    people: Sequence[UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes a call and why; `cause` is the event or command behind it."""

    actor: Actor
    reason: str | None = None
    cause: UUID | None = None


class CallNotFound(NotFound):
    """There is no such call for whoever asks."""

    code = "call_not_found"


class CallChanged(Conflict):
    """The call is at another version than the one that was expected."""

    code = "call_changed"


class OrdererMissing(Invalid):
    """A partner's order names its orderer and grade; an own call is ordered by its own company (R-001)."""

    code = "orderer_mismatch"


class RoundTripNeedsVia(Invalid):
    """Where a drive ends where it began, it must say what lies between."""

    code = "round_trip_needs_via"


class TooManyOpenCalls(Conflict):
    """The customer has as many calls under way as one may have; facts: most."""

    code = "too_many_open_calls"


class NoteTooLong(Invalid):
    """Facts: given, most (characters)."""

    code = "note_too_long"


class FareOutOfRange(Invalid):
    """A typed fare is below the floor or above the ceiling; facts: floor_won, ceiling_won."""

    code = "fare_out_of_range"


class ReservedTooEarly(Invalid):
    """Facts: min_minutes_ahead."""

    code = "reserved_too_early"


class ReservedTooFarAhead(Invalid):
    """Facts: max_days_ahead."""

    code = "reserved_too_far_ahead"
