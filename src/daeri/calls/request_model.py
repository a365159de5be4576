"""What is asked for: the wish for a driver, its riders, another fare, and the refusals of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from daeri.calls.model import Business, Fare, Place
from daeri.customers.model import CarDetails
from daeri.kernel.errors import Conflict, Invalid
from daeri.kernel.ids import CompanyId, CustomerId
from daeri.kernel.terms import Option, Payment, Service, Source, Timing
from daeri.policies.model import DispatchPolicy, RequestLimits, ReservationPolicy, Versioned
from daeri.pricing.model import FarePlan, Quote
from daeri.pricing.plan_model import PlanTerms, ShortageLevel


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
class GroupKey:
    """What ties the calls of one multi request together; `place` is this call's, from 1."""

    id: UUID
    size: int
    place: int


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
