"""Valhalla's route service over HTTP."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import httpx
import msgspec
from msgspec import Meta

from daeri.adapters.maps.http import TIMEOUT_S, ask, decode
from daeri.kernel.geo import Point
from daeri.pricing.model import Route, RouteFailure, RouteUnavailable

_NAME = "valhalla"
_SNAP_M = 2_000  # a point further from any road lies outside the map that the server holds
_METRES_PER_KM = 1_000
_PRECISION = 1_000_000  # its lines have six decimals
_NO_ROUTE = frozenset({171, 442})  # no road near a point; no path between the points

_Amount = Annotated[float, Meta(ge=0)]


class _Summary(msgspec.Struct, frozen=True):
    length: _Amount  # kilometres, as asked for
    time: _Amount  # seconds


class _Leg(msgspec.Struct, frozen=True):
    shape: str = ""


class _Trip(msgspec.Struct, frozen=True):
    summary: _Summary
    legs: tuple[_Leg, ...] = ()


class _Answer(msgspec.Struct, frozen=True):
    trip: _Trip | None = None
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class ValhallaRouter:
    """Asks the server at `base_url` (scheme, host, port and any path before `/route`)."""

    client: httpx.AsyncClient
    base_url: str
    costing: str = "auto"

    async def route(self, points: Sequence[Point]) -> Route:
        response = await ask(self.client, self._request(points), _NAME)
        answer = decode(response, _Answer, _NAME)
        if answer.error_code in _NO_ROUTE:
            raise RouteUnavailable(_NAME, RouteFailure.NO_ROUTE)
        if answer.trip is None:
            raise RouteUnavailable(_NAME, RouteFailure.BAD_ANSWER)
        summary = answer.trip.summary
        line = tuple(point for leg in answer.trip.legs for point in _points(leg.shape))
        return Route(round(summary.length * _METRES_PER_KM), round(summary.time), exact=True, geometry=line)

    def _request(self, points: Sequence[Point]) -> httpx.Request:
        body = {
            "locations": [{"lat": point.lat, "lon": point.lon, "search_cutoff": _SNAP_M} for point in points],
            "costing": self.costing,
            "units": "kilometers",
            "directions_type": "none",
        }
        return self.client.build_request("POST", f"{self.base_url.rstrip('/')}/route", json=body)


def _points(shape: str) -> Iterator[Point]:
    """The points of an encoded polyline (Google's algorithm, six decimals as Valhalla writes it)."""
    lat = lon = 0
    deltas = _deltas(shape)
    for step_lat, step_lon in zip(deltas, deltas, strict=False):
        lat, lon = lat + step_lat, lon + step_lon
        yield Point(lat / _PRECISION, lon / _PRECISION)


def _deltas(shape: str) -> Iterator[int]:
    """Signed numbers in chunks of five bits, the lowest first; a set sixth bit announces another chunk."""
    value = shift = 0
    for character in shape:
        chunk = ord(character) - 63
        value |= (chunk & 0x1F) << shift
        shift += 5
        if chunk < 0x20:
            yield ~(value >> 1) if value & 1 else value >> 1
            value = shift = 0


@asynccontextmanager
async def open_valhalla(base_url: str, *, timeout_s: float = TIMEOUT_S) -> AsyncIterator[ValhallaRouter]:
    """A router with connections of its own, closed on leaving."""
    async with httpx.AsyncClient(timeout=timeout_s) as client:
        yield ValhallaRouter(client, base_url)
