"""What a call is: its facts, the command that requests one, and the refusals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from daeri.customers.model import BusinessId, CarDetails, Payer
from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind, Option, Payment, Service, Source, Timing
from daeri.policies.model import DispatchPolicy, RequestLimits, ReservationPolicy, Versioned
from daeri.pricing.model import FarePlan, PlanTerms, Quote, QuoteLine, ShortageLevel, WaitingPolicy

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
class RequestPolicies:
    """The records that a request is decided by."""

    limits: RequestLimits
    reservation: ReservationPolicy
    dispatch: Versioned[DispatchPolicy]
    plans: PlanTerms


@dataclass(frozen=True, slots=True)
class RiderPhone:
    """A rider's number as it is kept: sealed, found by its hashes, shown masked."""

    sealed: bytes
    whole_hash: bytes
    last4_hash: bytes
    masked: str


@dataclass(frozen=True, slots=True)
class NewRider:
    """Who is driven home, or receives the car, with the number that voice binds to (I-058); and their own car."""

    name: str
    phone: RiderPhone
    car: CarDetails | None = None


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
class GroupKey:
    """What ties the calls of one multi request together; `place` is this call's, from 1."""

    id: UUID
    size: int
    place: int


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
    plan: FarePlan = FarePlan.CALCULATOR
    agreed_fare: int | None = None  # won: what was typed, or what the customer saw and agreed to
    note: str = ""
    reserved_for: datetime | None = None
    riders: tuple[NewRider, ...] = ()
    car: CarDetails | None = None
    business: Business | None = None


@dataclass(frozen=True, slots=True)
class NewFare:
    """Another fare for a call: the plan, what was typed or seen, and what the plans are made by now.

    The call waits for at least `waits_for` from then on.
    """

    plan: FarePlan
    amount: int | None
    terms: PlanTerms
    shortage: ShortageLevel
    waits_for: timedelta


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
    quote: Quote | None = None
    plans_version: int = 0
    shortage: ShortageLevel | None = None  # where the fare depends on it
    rider: NewRider | None = None
    car: CarDetails | None = None
    business: Business | None = None
    group: GroupKey | None = None

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


@dataclass(frozen=True, slots=True)
class MemoLink:
    """Another call that a memo names."""

    call_id: CallId
    number: str


@dataclass(frozen=True, slots=True)
class Memo:
    """What a member of staff wrote down about a call; `call_number` is the call that it was written on."""

    id: UUID
    call_id: CallId
    call_number: str
    author_id: UUID
    at: datetime
    text: str
    links: tuple[MemoLink, ...]


@dataclass(frozen=True, slots=True)
class FareCalculation:
    """A fare that a member of staff had calculated: origin, vias and destination, and the answer (R-109, I-026)."""

    id: UUID
    call_id: CallId
    by_id: UUID
    at: datetime
    way: tuple[Place, ...]
    service: Service
    departure: datetime
    quote: Quote


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


class ReservedInThePast(Invalid):
    """The wanted time is over."""

    code = "reserved_in_the_past"


class ReservedTooEarly(Invalid):
    """Facts: min_minutes_ahead."""

    code = "reserved_too_early"


class ReservedTooFarAhead(Invalid):
    """Facts: max_days_ahead."""

    code = "reserved_too_far_ahead"


class RidersMismatch(Invalid):
    """As many riders as the options ask for: 2 to `most` for several cars, 1 for another. Facts: given, least, most."""

    code = "riders_mismatch"


class RidersUnexpected(Invalid):
    """Riders came with a request that takes none."""

    code = "riders_unexpected"


class OptionsExclude(Invalid):
    """Several cars have their riders already: it is no request for one other person too."""

    code = "options_exclude"


class RiderPhoneInvalid(Invalid):
    """A rider's number is none. Facts: rider (from 1), problem; the number itself is left out."""

    code = "rider_phone_invalid"


class RiderPhoneRepeated(Invalid):
    """Each car's driver calls a number of its own. Facts: rider (from 1)."""

    code = "rider_phone_repeated"


class DeliveryNeedsCar(Invalid):
    """To deliver a vehicle, one must know which."""

    code = "delivery_needs_car"


class BusinessNeedsAccount(Invalid):
    """The option business and a business account go together."""

    code = "business_needs_account"


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


class MemoLinkUnknown(Invalid):
    """No call of the company has this number. Facts: number."""

    code = "memo_link_unknown"


class MemoLinksItself(Invalid):
    """A memo links to other calls than its own."""

    code = "memo_links_itself"


class NoReceipt(Conflict):
    """The drive is not over, or there was none. Facts: state."""

    code = "no_receipt"
