"""What the API's JSON looks like: the structs that are decoded and encoded, and how domain values become them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from daeri.calls import api as calls
from daeri.calls.model import Call, Can, Kind, Place, State, Tag
from daeri.dispatch.model import Arrival, Goal, Listed, Offer, Slot
from daeri.kernel.geo import Point
from daeri.kernel.terms import ActorKind, Option, Payment, Service, Source, Timing
from daeri.pricing.model import FarePlan
from daeri.web import wire_parts
from daeri.web.wire_parts import (
    BusinessOut,
    CarIn,
    CarOut,
    DriverPositionOut,
    FareOut,
    GroupOut,
    RideBillOut,
    RiderIn,
    RiderOut,
    Typed,
    WaitingOut,
    business_out,
    car_out,
    fare_out,
    group_out,
    rider_out,
    waiting_out,
)

Latitude = Annotated[float, Meta(ge=-90, le=90, description="Degrees, WGS84.")]
Longitude = Annotated[float, Meta(ge=-180, le=180, description="Degrees, WGS84.")]
NO_NUL = wire_parts.NO_NUL
Name = Annotated[str, Meta(max_length=100, pattern=NO_NUL)]
# Bounds on the body. The company's policies are narrower and name what they allow.
MAX_VIAS = 100
MAX_RIDERS = 100
MAX_NOTE = 20_000


class PlaceIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point with the name that people know it by."""

    lat: Latitude
    lon: Longitude
    name: Name = ""


class PlaceOut(msgspec.Struct, frozen=True):
    lat: float
    lon: float
    name: str
    region: str | None


class QuoteIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trip to be priced for now, or for `reserved_for`; `round_trip` says that it ends where it began."""

    origin: PlaceIn
    destination: PlaceIn
    vias: Annotated[tuple[PlaceIn, ...], Meta(max_length=MAX_VIAS)] = ()
    service: Service = Service.GENERAL
    options: Annotated[tuple[Option, ...], Meta(max_length=len(Option))] = ()
    reserved_for: Annotated[datetime, Meta(tz=True)] | None = None
    round_trip: bool = False


class CallIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's request.

    Without `fare_plan` a `fare_amount` (won) is typed, and without both the calculator's fare holds. With another plan
    than typed, `fare_amount` is what the customer saw: the request is refused when the plan has come to cost something
    else. `riders`: 2 or more for several cars, one call each; 1 for another person; at most 1, who receives the car,
    for a delivery. `car_id` is one of the customer's own cars, in place of `car`. Without `payment` the
    customer's card is charged where there is one, and else it is cash.
    """

    origin: PlaceIn
    destination: PlaceIn
    vias: Annotated[tuple[PlaceIn, ...], Meta(max_length=MAX_VIAS)] = ()
    service: Service = Service.GENERAL
    options: Annotated[tuple[Option, ...], Meta(max_length=len(Option))] = ()
    payment: Payment | None = None
    reserved_for: Annotated[datetime, Meta(tz=True)] | None = None
    fare_amount: Typed | None = None
    note: Annotated[str, Meta(max_length=MAX_NOTE, pattern=NO_NUL)] = ""
    fare_plan: FarePlan | None = None
    riders: Annotated[tuple[RiderIn, ...], Meta(max_length=MAX_RIDERS)] = ()
    car: CarIn | None = None
    car_id: UUID | None = None
    business_account_id: UUID | None = None


class ReasonIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why somebody cancels or releases, in their own words or as a code."""

    reason: Annotated[str, Meta(max_length=200, pattern=NO_NUL)] | None = None


class DriverOut(msgspec.Struct, frozen=True):
    """A call's driver, for its customer; what is null is not known or not shown here."""

    id: UUID
    name: str
    photo: str | None = None
    rating: float | None = None
    runs: int | None = None
    position: DriverPositionOut | None = None


class LabelOut(msgspec.Struct, frozen=True):
    """The kind of a call and its tags; the words for each audience are in the locale files."""

    kind: Kind
    tags: tuple[Tag, ...]


class CallOut(msgspec.Struct, frozen=True):
    """One call; amounts in won, instants in UTC.

    `fare_amount` is the agreed fare, or its estimate where a meter runs; `final_amount` is what the drive came to cost.
    `can` is what whoever asks may do with it now. `vias_reached` are places in `vias`. `cash_received` is what the
    driver said, `no_show_fee_won` what a customer who did not come is to pay. `eta_s` is how long the driver still
    takes to `eta_to`, for the customer: null while nobody goes anywhere or knows where the driver is.
    """

    id: UUID
    number: str
    version: int
    state: State
    label: LabelOut
    source: Source
    service: Service
    timing: Timing
    options: tuple[Option, ...]
    origin: PlaceOut
    destination: PlaceOut
    vias: tuple[PlaceOut, ...]
    payment: Payment
    fare_amount: int
    fare_plan: str
    note: str
    requested_at: datetime
    reserved_for: datetime | None
    assigned_at: datetime | None
    arrived_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime
    driver: DriverOut | None
    ended_by: ActorKind | None
    cancelled_from: State | None
    end_reason: str | None
    fare: FareOut
    rider: RiderOut | None
    car: CarOut | None
    group: GroupOut | None
    business: BusinessOut | None
    route_m: int | None
    route_s: int | None
    waiting: WaitingOut | None
    final_amount: int | None
    can: tuple[Can, ...]
    vias_reached: tuple[int, ...] = ()
    no_show_fee_won: int | None = None
    cash_received: bool | None = None
    eta_s: int | None = None
    eta_to: Goal | None = None
    bill: RideBillOut | None = None


class CallPageOut(msgspec.Struct, frozen=True):
    items: tuple[CallOut, ...]
    next_cursor: str | None


class NetOut(msgspec.Struct, frozen=True):
    """What a driver keeps of a fare, in won."""

    fare: int
    commission: int
    premium: int
    net: int


class CardOut(msgspec.Struct, frozen=True):
    """A call card: what a driver needs to decide. `pickup_*` are by road to the customer, `route_*` the drive itself.

    `slot` is `next` where the drive under way is to be finished first. `score` is what the run will count for the
    driver's level (R-015). `received_at` is when the card came.
    """

    offer_id: UUID | None
    call_id: UUID
    number: str
    label: LabelOut
    service: Service
    options: tuple[Option, ...]
    origin: PlaceOut
    destination: PlaceOut
    vias: tuple[PlaceOut, ...]
    fare_amount: int
    payment: Payment
    pickup_m: int
    pickup_s: int | None
    expires_at: datetime | None
    slot: Slot = Slot.NOW
    route_m: int | None = None
    route_s: int | None = None
    net: NetOut | None = None
    score: int | None = None
    received_at: datetime | None = None


class CardsOut(msgspec.Struct, frozen=True):
    items: tuple[CardOut, ...]


class SuspendedOut(msgspec.Struct, frozen=True):
    """The suspension that keeps a driver from work now; without `ends_at` until it is lifted."""

    id: UUID
    reason: str
    evidence: str
    starts_at: datetime
    ends_at: datetime | None


class ExpiryOut(msgspec.Struct, frozen=True):
    """A document that ends soon or has ended: `what` is its kind, `days` are those left (negative: over)."""

    what: str
    on: date
    days: int


class DriverStateOut(msgspec.Struct, frozen=True):
    """A driver's truth: duty, the calls they have, the cards to answer, and how to report positions.

    `call` is under way, `next_call` begins after it; `listed` is what the open list shows to this driver.
    """

    status: str
    duty: str
    call: CallOut | None
    offers: tuple[CardOut, ...]
    cadence_s: int
    socket: str
    next_call: CallOut | None = None
    listed: tuple[CardOut, ...] = ()
    suspension: SuspendedOut | None = None
    expiries: tuple[ExpiryOut, ...] = ()


class PositionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lat: Latitude
    lon: Longitude


class DutyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool
    position: PositionIn | None = None


def place(given: PlaceIn, region: str | None) -> Place:
    """The wire's place as the domain's."""
    return Place(Point(given.lat, given.lon), given.name, region)


def place_out(known: Place) -> PlaceOut:
    return PlaceOut(known.point.lat, known.point.lon, known.name, known.region)


def call_out(
    call: Call,
    names: Mapping[UUID, str],
    *,
    viewer: ActorKind | None = None,
    driver: DriverOut | None = None,
    arrival: Arrival | None = None,
    bill: RideBillOut | None = None,
) -> CallOut:
    """A call for whoever may see it; `names` has its driver's display name where they may see that.

    `viewer` is who asks, for `can`; `driver` is more about the driver than the name, where it was read; `arrival` is
    when the driver will be there.
    """
    driver_id = call.driver_id
    if driver is None and driver_id is not None:
        driver = DriverOut(driver_id, names.get(driver_id, ""))
    return msgspec.structs.replace(
        _call_alone(call),
        driver=driver,
        can=calls.may(call, viewer),
        eta_s=None if arrival is None else arrival.seconds,
        eta_to=None if arrival is None else arrival.goal,
        bill=bill,
    )


def _call_alone(call: Call) -> CallOut:
    """What the call's row says to everybody, without what depends on who asks and on what else was read."""
    return CallOut(
        id=call.id,
        number=call.number,
        version=call.version,
        state=call.state,
        label=label_out(call),
        source=call.source,
        service=call.service,
        timing=call.timing,
        options=call.options,
        origin=place_out(call.origin),
        destination=place_out(call.destination),
        vias=tuple(map(place_out, call.vias)),
        payment=call.payment,
        fare_amount=call.fare.amount,
        fare_plan=call.fare.plan,
        note=call.note,
        requested_at=call.requested_at,
        reserved_for=call.reserved_for,
        assigned_at=call.assigned_at,
        arrived_at=call.arrived_at,
        started_at=call.started_at,
        ended_at=call.ended_at,
        expires_at=call.expires_at,
        driver=None,
        ended_by=call.ended_by,
        cancelled_from=call.cancelled_from,
        end_reason=call.end_reason,
        fare=fare_out(call),
        rider=rider_out(call),
        car=car_out(call),
        group=group_out(call),
        business=business_out(call),
        route_m=call.route_m,
        route_s=call.route_s,
        waiting=waiting_out(call),
        final_amount=call.final_amount,
        can=(),
        vias_reached=call.vias_reached,
        no_show_fee_won=call.no_show_fee_won,
        cash_received=call.cash_received,
    )


def offer_card(offer: Offer, call: Call, net: NetOut | None = None, score: int | None = None) -> CardOut:
    """The card of a live offer."""
    card = _card(call, net, score, offer.pickup_m, offer.offered_at)
    return msgspec.structs.replace(
        card, offer_id=offer.id, pickup_s=offer.pickup_s, expires_at=offer.expires_at, slot=offer.slot
    )


def listed_card(listed: Listed, call: Call, net: NetOut | None = None, score: int | None = None) -> CardOut:
    """The card of a call in the open list; its `pickup_m` as the crow flies."""
    return _card(call, net, score, listed.metres, listed.listed_at)


def _card(call: Call, net: NetOut | None, score: int | None, pickup_m: int, received_at: datetime) -> CardOut:
    return CardOut(
        offer_id=None,
        call_id=call.id,
        number=call.number,
        label=label_out(call),
        service=call.service,
        options=call.options,
        origin=place_out(call.origin),
        destination=place_out(call.destination),
        vias=tuple(map(place_out, call.vias)),
        fare_amount=call.fare.amount,
        payment=call.payment,
        pickup_m=pickup_m,
        pickup_s=None,
        expires_at=None,
        route_m=call.route_m,
        route_s=call.route_s,
        net=net,
        score=score,
        received_at=received_at,
    )


def label_out(call: Call) -> LabelOut:
    label = calls.label(call)
    return LabelOut(label.kind, label.tags)


def driver_ids_of(found: Sequence[Call]) -> list[UUID]:
    """Whose names a list of calls needs."""
    return [call.driver_id for call in found if call.driver_id is not None]
