"""The door of pricing: the fare calculator, and the fare plans."""

from collections.abc import Sequence
from datetime import datetime

from daeri.kernel.money import Won
from daeri.kernel.terms import Service
from daeri.policies.api import PolicyBook
from daeri.policies.model import RequestLimits
from daeri.pricing import policy
from daeri.pricing.earnings import net_of, share_of
from daeri.pricing.meter import Fix, fixes_of, measure, read_meter
from daeri.pricing.model import FarePlan, Quote, Route, RouteUnavailable, Tariff, TooManyVias, Trip, TripInvalid
from daeri.pricing.plan_model import FarePlanPolicy, PlanSheet, PlanTerms, ShortageLevel
from daeri.pricing.ports import Router

__all__ = [
    "Fix",
    "calculate",
    "check_trip",
    "choose",
    "find_route",
    "fixes_of",
    "is_low",
    "measure",
    "net_of",
    "plan_sheet",
    "plan_terms",
    "price",
    "raised",
    "read_meter",
    "share_of",
]


async def calculate(
    router: Router,
    fallback: Router,
    book: PolicyBook,
    trip: Trip,
    *,
    departure: datetime,
    region_chain: Sequence[str] = (),
    service: Service = Service.GENERAL,
) -> Quote:
    """The fare of `trip` by the tariff in force at `departure` in the region where it begins (I-026).

    `router` goes over the network, so call this while no transaction is open. When it cannot answer, `fallback`
    does, and the quote says `exact: false`. TripInvalid, TooManyVias.
    """
    check_trip(trip, book, at=departure, region_chain=region_chain, service=service)
    route = await find_route(router, fallback, trip)
    return price(route, book, departure=departure, vias=len(trip.vias), region_chain=region_chain, service=service)


def price(
    route: Route,
    book: PolicyBook,
    *,
    departure: datetime,
    vias: int = 0,
    region_chain: Sequence[str] = (),
    service: Service = Service.GENERAL,
) -> Quote:
    """The fare of a way that is known already, by the tariff in force at `departure`."""
    tariff = book.read(Tariff, at=departure, region_chain=region_chain, service=service)
    return policy.quote(tariff, route, departure=departure, vias=vias, service=service)


def plan_terms(
    book: PolicyBook, *, at: datetime, region_chain: Sequence[str] = (), service: Service | None = None
) -> PlanTerms:
    """What fare plans are made by, where and when a trip begins."""
    limits = book.read(RequestLimits, at=at, region_chain=region_chain, service=service).value
    return PlanTerms(
        book.read(FarePlanPolicy, at=at, region_chain=region_chain, service=service),
        limits.fare_floor_won,
        limits.fare_ceiling_won,
        book.read(Tariff, at=at, region_chain=region_chain, service=service).value.rounding_unit_won,
    )


def plan_sheet(quote: Quote, terms: PlanTerms, level: ShortageLevel) -> PlanSheet:
    """The fare plans side by side, while drivers are `level` short (R-054, R-055). Pure."""
    return policy.plan_sheet(quote.amount, terms, level)


def choose(sheet: PlanSheet, plan: FarePlan, given: int | None) -> Won:
    """What `plan` costs; `given` is what was typed, or what the customer agreed to, where they say. Pure.

    FareNotTyped, FareOutOfRange, FareMoved, PlanNotOffered.
    """
    return policy.choose(sheet, plan, given)


def raised(current: Won, sheet: PlanSheet, terms: PlanTerms) -> tuple[FarePlan, Won] | None:
    """What to raise an unmet call's fare to; None where nothing is left to raise (R-056). Pure."""
    return policy.raised(current, sheet, terms)


def is_low(amount: Won, sheet: PlanSheet) -> bool:
    """Whether the chance of a driver is low at that fare. Pure."""
    return amount < sheet.typed.low_below_won


async def find_route(router: Router, fallback: Router, trip: Trip) -> Route:
    """The way by `router`, or by `fallback` when it cannot answer."""
    try:
        return await router.route(trip.points)
    except RouteUnavailable:
        return await fallback.route(trip.points)


def check_trip(
    trip: Trip,
    book: PolicyBook,
    *,
    at: datetime,
    region_chain: Sequence[str] = (),
    service: Service | None = None,
) -> None:
    """TripInvalid when a point is no place on earth, TooManyVias when the company takes fewer."""
    if not all(point.is_valid() for point in trip.points):
        raise TripInvalid()
    limits = book.read(RequestLimits, at=at, region_chain=region_chain, service=service).value
    if len(trip.vias) > limits.max_vias:
        raise TooManyVias(given=len(trip.vias), most=limits.max_vias)
