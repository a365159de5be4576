"""What a customer's request is made of: the way and its fare, riders, cars, business account, fare plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.accounts.model import Principal
from daeri.calls import api as calls
from daeri.calls.model import Business, Call, Place
from daeri.calls.request_model import NewRider, Wish
from daeri.customers import api as customers
from daeri.customers.model import CarDetails, Payer
from daeri.infra.database import Tx
from daeri.kernel.errors import Invalid
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import ActorKind, Payment
from daeri.payments import api as payments
from daeri.payments.model import ClaimPolicy
from daeri.policies.model import ReservationPolicy
from daeri.pricing import api as pricing
from daeri.pricing.model import FarePlan, Quote, Route, Trip, WaitingPolicy
from daeri.pricing.plan_model import PlanSheet, ShortageLevel
from daeri.web import signals
from daeri.web.arrivals import arrival_of, drives_before
from daeri.web.context import WebContext
from daeri.web.live.fleet_columns import position_of
from daeri.web.money import deed_of
from daeri.web.principals import customer_of
from daeri.web.receipts import bill_out, used_card
from daeri.web.shown_drivers import learn_standings, shown_driver
from daeri.web.wire import CallIn, CallOut, DriverOut, PlaceIn, QuoteIn, call_out, place
from daeri.web.wire_parts import (
    CarIn,
    ClaimOut,
    DriverPositionOut,
    PayingOut,
    PlanOut,
    QuoteOut,
    RiderIn,
    TypedOut,
    reservation_rules_out,
    waiting_rules_out,
)

MOST_ROUTE_POINTS = 500  # of a line on a phone's map


class RoundTripEndsElsewhere(Invalid):
    """A round trip ends where it began."""

    code = "round_trip_ends_elsewhere"


class CarTwice(Invalid):
    """The car was named and picked at once."""

    code = "car_twice"


@dataclass(frozen=True, slots=True)
class Priced:
    """A trip with its way and the calculator's fare for it."""

    quote: Quote
    route: Route


async def priced(context: WebContext, principal: Principal, data: QuoteIn | CallIn) -> Priced:
    """The way by the router and the calculator's fare at the departure; no transaction may be open."""
    origin, destination = place(data.origin, None), place(data.destination, None)
    vias = [place(via, None) for via in data.vias]
    calls.check_trip(origin, destination, vias)
    now, region = context.clock.now(), context.region_of(origin.point)
    policies = context.request_policies(principal.company_id, region, data.service, now)
    calls.check_time(data.reserved_for, policies, now=now)
    departure = data.reserved_for or now
    trip = Trip(origin.point, destination.point, tuple(via.point for via in vias))
    book, chain = context.shelf.of(principal.company_id), context.region_chain(region)
    pricing.check_trip(trip, book, at=departure, region_chain=chain, service=data.service)
    route = await pricing.find_route(context.router, context.fallback_router, trip)
    quote = pricing.price(route, book, departure=departure, vias=len(vias), region_chain=chain, service=data.service)
    return Priced(quote, route)


async def level_at(
    tx: Tx, context: WebContext, company_id: CompanyId, point: Point, reserved_for: datetime | None = None
) -> ShortageLevel:
    """How short drivers are around `point` now; of a time to come nobody knows it."""
    if reserved_for is not None:
        return ShortageLevel.NONE
    return (await signals.shortage_at(tx, context, company_id, point)).level


async def wish_of(tx: Tx, context: WebContext, principal: Principal, data: CallIn) -> Wish:
    """What the customer asks for, with their own car and account read; the refusals of what does not exist."""
    customer_id = customer_of(principal)
    return Wish(
        company_id=principal.company_id,
        customer_id=customer_id,
        origin=_known(context, data.origin),
        destination=_known(context, data.destination),
        vias=tuple(_known(context, via) for via in data.vias),
        service=data.service,
        options=tuple(dict.fromkeys(data.options)),
        payment=data.payment or await _usual_payment(tx, principal),
        plan=plan_of(data),
        agreed_fare=data.fare_amount,
        note=data.note,
        reserved_for=data.reserved_for,
        riders=_riders(context, principal.company_id, data.riders),
        car=await _car(tx, principal, data),
        business=await _business(tx, principal, data.business_account_id),
    )


async def _usual_payment(tx: Tx, principal: Principal) -> Payment:
    """How somebody pays who does not say: with their card where there is one."""
    return Payment.CARD if await payments.cards(tx, principal.company_id, principal.account_id) else Payment.CASH


def plan_of(data: CallIn) -> FarePlan:
    """Clients from before the plans say nothing, or type an amount."""
    if data.fare_plan is not None:
        return data.fare_plan
    return FarePlan.CALCULATOR if data.fare_amount is None else FarePlan.TYPED


def check_round_trip(data: QuoteIn) -> None:
    """RoundTripEndsElsewhere when the trip that is said to end where it began does not."""
    if data.round_trip and not calls.is_same(place(data.origin, None), place(data.destination, None)):
        raise RoundTripEndsElsewhere()


def quote_out(
    found: Priced, sheet: PlanSheet, reservation: ReservationPolicy, waiting: WaitingPolicy, paying: PayingOut
) -> QuoteOut:
    quote, typed = found.quote, sheet.typed
    return QuoteOut(
        amount=quote.amount,
        distance_m=quote.distance_m,
        duration_s=quote.duration_s,
        exact=quote.exact,
        lines=quote.lines,
        tariff_version=quote.tariff_version,
        route=tuple((point.lat, point.lon) for point in _thinned(found.route.geometry)),
        plans=tuple(PlanOut(o.plan, o.amount, o.chance, o.is_default, o.reason) for o in sheet.plans),
        typed=TypedOut(typed.floor_won, typed.ceiling_won, typed.low_below_won),
        shortage=sheet.shortage,
        reservation=reservation_rules_out(reservation),
        waiting=waiting_rules_out(waiting),
        paying=paying,
    )


async def paying_of(tx: Tx, context: WebContext, principal: Principal) -> PayingOut:
    """Whether a request by card needs one, which one of theirs would be charged, and what must be paid first."""
    deed, company_id = deed_of(tx, context, principal), principal.company_id
    own = await payments.cards(tx, company_id, principal.account_id)
    is_barred = deed.book.read(ClaimPolicy, at=deed.now).value.blocks_requests
    claims = await payments.claims_of(tx, company_id, principal.account_id) if is_barred else []
    claim = ClaimOut(claims[0].number, claims[0].amount) if claims else None
    return PayingOut(deed.policy.card_needed, used_card(next(iter(own), None)), claim)


async def check_money(tx: Tx, context: WebContext, principal: Principal, wish: Wish) -> None:
    """ClaimOpen or CardMissing where money stands against the request."""
    on_account = wish.business is not None and wish.business.payer is Payer.COMPANY
    by_card = wish.payment is Payment.CARD and not on_account
    await payments.check_may_request(deed_of(tx, context, principal), wish.customer_id, by_card=by_card)


async def seen(tx: Tx, context: WebContext, call: Call) -> CallOut:
    """The ride as its customer sees it."""
    driver, before = await driver_out(tx, context, call), await drives_before(tx, [call])
    arrival = arrival_of(context, call, before.get(call.id))
    bills = {bill.call_id: bill_out(bill) for bill in await payments.bills_named(tx, [call.id])}
    return call_out(call, {}, viewer=ActorKind.CUSTOMER, driver=driver, arrival=arrival, bill=bills.get(call.id))


async def one_ride(tx: Tx, call: Call) -> Call:
    """A call of a customer's as the ride that it is part of (I-057)."""
    (ride,) = await calls.as_rides(tx, [call])
    return ride


async def driver_out(tx: Tx, context: WebContext, call: Call) -> DriverOut | None:
    """The call's driver as its customer sees them: name, and where they are while they come or drive."""
    driver_id = call.driver_id
    if driver_id is None:
        return None
    names = await context.names.of(tx, call.company_id, [driver_id])
    slot = context.fleet.slot_of(driver_id) if call.ended_at is None else None
    found = None if slot is None else position_of(context.fleet, slot)
    position = None if found is None else DriverPositionOut(found[0].lat, found[0].lon, found[1])
    await learn_standings(tx, context.names, [call])
    return shown_driver(context.names, call, names, position)


def _known(context: WebContext, given: PlaceIn) -> Place:
    return place(given, context.region_of(Point(given.lat, given.lon)))


def _riders(context: WebContext, company_id: CompanyId, given: Sequence[RiderIn]) -> tuple[NewRider, ...]:
    vault = context.gate.vault
    return tuple(
        NewRider(
            rider.name.strip(),
            calls.rider_phone(vault, company_id, rider.phone, rider=place_of),
            None if rider.car is None else _details(rider.car),
        )
        for place_of, rider in enumerate(given, 1)
    )


async def _car(tx: Tx, principal: Principal, data: CallIn) -> CarDetails | None:
    if data.car is not None and data.car_id is not None:
        raise CarTwice()
    if data.car is not None:
        return _details(data.car)
    if data.car_id is None:
        return None
    own = await customers.car(tx, customer_of(principal), data.car_id)
    return CarDetails(own.plate, own.model, own.transmission, own.note)


def _details(given: CarIn) -> CarDetails:
    return CarDetails(customers.plate(given.plate), given.model.strip(), given.transmission, given.note.strip())


async def _business(tx: Tx, principal: Principal, account_id: UUID | None) -> Business | None:
    if account_id is None:
        return None
    account = await customers.business_account(tx, principal.company_id, customer_of(principal), account_id)
    return Business(account.id, account.name, account.payer)


def _thinned(line: Sequence[Point]) -> Sequence[Point]:
    """At most MOST_ROUTE_POINTS of the line, its ends among them."""
    if len(line) <= MOST_ROUTE_POINTS:
        return line
    step = (len(line) - 1) / (MOST_ROUTE_POINTS - 1)
    return [line[round(place_of * step)] for place_of in range(MOST_ROUTE_POINTS)]
