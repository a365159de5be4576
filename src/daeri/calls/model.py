"""What a call is: its facts, how it is found, and the refusals of what is done to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from daeri.customers.model import BusinessId, CarDetails, Payer
from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind, Option, Payment, Service, Source, Timing
from daeri.pricing.model import FarePlan, Quote, QuoteLine, WaitingPolicy

AGGREGATE = "call"
NOTHING = Won(0)


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
    FARE_CHANGED = "call.fare_changed"
    RIDER_CORRECTED = "call.rider_corrected"
    VIA_REACHED = "call.via_reached"
    REOPENED = "call.reopened"


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


@dataclass(frozen=True, slots=True)
class Place:
    """A point with the name that people know it by and the code of its region, where known."""

    point: Point
    name: str = ""
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Fare:
    """The price in won that was agreed, by meter its estimate, and the tariff record that it comes from."""

    amount: Won
    plan: FarePlan
    tariff_version: int


@dataclass(frozen=True, slots=True)
class Rider:
    """Who is driven home, or receives the car, when that is not the caller."""

    name: str
    phone_masked: str


@dataclass(frozen=True, slots=True)
class Business:
    """The business account that a call goes on, as it was when it was requested."""

    id: BusinessId
    name: str
    payer: Payer


@dataclass(frozen=True, slots=True)
class GroupMember:
    place: int
    id: CallId
    number: str
    state: State


@dataclass(frozen=True, slots=True)
class Group:
    """The calls that were requested together, in the order of their riders; `members` as they stood when read."""

    id: UUID
    size: int
    members: tuple[GroupMember, ...]


class Can(StrEnum):
    """What somebody may do with a call now."""

    CANCEL = "cancel"
    CANCEL_WARNED = "cancel_warned"  # a driver is on the way or drives: it counts
    CORRECT_RIDER = "correct_rider"
    CHANGE_FARE = "change_fare"
    RATE = "rate"
    NEVER_MEET = "never_meet"
    LOST_ITEM = "lost_item"
    REQUEST_AGAIN = "request_again"


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
    quote: Quote | None = None  # what the calculator said when it was requested
    rider: Rider | None = None
    car: CarDetails | None = None
    business: Business | None = None
    group: Group | None = None
    final_amount: Won | None = None  # what the drive cost in the end, waiting included
    waiting: WaitingPolicy | None = None  # by which the driver's waiting counts, since their arrival
    waiting_won: Won = NOTHING  # what waiting added, known when the drive begins
    no_show_fee_won: Won | None = None  # what a customer who did not come is to pay
    cash_received: bool | None = None  # what the driver said
    vias_reached: tuple[int, ...] = ()  # places in `vias`, in the order in which they were passed
    reconnects_call_id: CallId | None = None  # the customer's own call, which ended by mistake and goes on as this one
    goes_on_as: CallId | None = None  # of a customer's ride: the call that this one goes on as

    @property
    def driven_as(self) -> CallId:
        """The call that a driver has or had for this ride; what is done to the ride is done to it."""
        return self.goes_on_as or self.id

    @property
    def route_m(self) -> int | None:
        """The way from the origin to the destination, by road, as it was quoted."""
        return None if self.quote is None else self.quote.distance_m

    @property
    def route_s(self) -> int | None:
        return None if self.quote is None else self.quote.duration_s

    @property
    def lines(self) -> tuple[QuoteLine, ...]:
        """What the agreed fare is made of, where that is known."""
        return () if self.quote is None else self.quote.lines_of(self.fare.plan, self.fare.amount)


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a call list shows; every given field narrows it. `people` are customers or drivers.

    `rider_hash` finds calls by their rider's whole number or its last four digits, beside `people`.
    """

    company_id: CompanyId
    states: Sequence[State] = ()
    services: Sequence[Service] = ()
    number: str | None = None
    people: Sequence[UUID] | None = None
    rider_hash: bytes | None = None
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


class CallAssigned(Conflict):
    """A driver has the call by now, and whoever cancels wanted to only while none had."""

    code = "call_assigned"


class RiderFixed(Conflict):
    """There is no rider whose number could be corrected now. Facts: reason (no_rider, ended)."""

    code = "rider_fixed"


class FareFixed(Conflict):
    """The fare may be changed only while the call waits for a driver. Facts: state."""

    code = "fare_fixed"


class NotWaiting(Conflict):
    """Only a driver who stands at the origin waits there. Facts: state."""

    code = "not_waiting"


class NoShowTooEarly(Conflict):
    """The customer still has time to come. Facts: left_s."""

    code = "no_show_too_early"


class ViaUnknown(Invalid):
    """The call has no such via. Facts: index (from 0), vias."""

    code = "via_unknown"


class NotReconnectable(Conflict):
    """Only a customer's own call that ended after its assignment can go on as another one (R-082). Facts: state."""

    code = "not_reconnectable"


class AlreadyReconnected(Conflict):
    """It went on as another call already: one time only (R-095)."""

    code = "already_reconnected"


class NoMeter(NotFound):
    """The call's fare comes from no meter, or its drive has not begun."""

    code = "no_meter"


class NoReceipt(Conflict):
    """The drive is not over, or there was none. Facts: state."""

    code = "no_receipt"
