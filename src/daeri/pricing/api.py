"""The door of pricing: the fare calculator."""

from collections.abc import Sequence
from datetime import datetime

from daeri.kernel.terms import Service
from daeri.policies.api import PolicyBook
from daeri.policies.model import RequestLimits
from daeri.pricing import policy
from daeri.pricing.earnings import net_of
from daeri.pricing.model import Quote, Route, RouteUnavailable, Tariff, TooManyVias, Trip, TripInvalid
from daeri.pricing.ports import Router

__all__ = ["calculate", "check_trip", "find_route", "net_of"]


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
    tariff = book.read(Tariff, at=departure, region_chain=region_chain, service=service)
    route = await find_route(router, fallback, trip)
    return policy.quote(tariff, route, departure=departure, vias=len(trip.vias), service=service)


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
