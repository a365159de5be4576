"""OSRM's route service over HTTP (its API version 1)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import httpx
import msgspec
from msgspec import Meta

from daeri.adapters.maps.http import TIMEOUT_S, ask, decode
from daeri.kernel.geo import Point
from daeri.pricing.model import Route, RouteFailure, RouteUnavailable

_NAME = "osrm"
_SNAP_M = 2_000  # a point further from any road lies outside the map that the server holds
_NO_ROUTE = frozenset({"NoRoute", "NoSegment"})

_LonLat = tuple[float, float]
_Amount = Annotated[float, Meta(ge=0)]


class _Line(msgspec.Struct, frozen=True):
    coordinates: tuple[_LonLat, ...] = ()


class _Route(msgspec.Struct, frozen=True):
    distance: _Amount  # metres
    duration: _Amount  # seconds
    geometry: _Line = msgspec.field(default_factory=_Line)


class _Answer(msgspec.Struct, frozen=True):
    code: str
    routes: tuple[_Route, ...] = ()


@dataclass(frozen=True, slots=True)
class OsrmRouter:
    """Asks the server at `base_url` (scheme, host, port and any path before `/route`)."""

    client: httpx.AsyncClient
    base_url: str
    profile: str = "driving"

    async def route(self, points: Sequence[Point]) -> Route:
        response = await ask(self.client, self._request(points), _NAME)
        answer = decode(response, _Answer, _NAME)
        if answer.code in _NO_ROUTE:
            raise RouteUnavailable(_NAME, RouteFailure.NO_ROUTE)
        if answer.code != "Ok" or not answer.routes:
            raise RouteUnavailable(_NAME, RouteFailure.BAD_ANSWER)
        best = answer.routes[0]
        line = tuple(Point(lat, lon) for lon, lat in best.geometry.coordinates)
        return Route(round(best.distance), round(best.duration), exact=True, geometry=line)

    def _request(self, points: Sequence[Point]) -> httpx.Request:
        coordinates = ";".join(f"{point.lon:.6f},{point.lat:.6f}" for point in points)
        url = f"{self.base_url.rstrip('/')}/route/v1/{self.profile}/{coordinates}"
        snapping = ";".join(str(_SNAP_M) for _ in points)
        options = {"overview": "simplified", "geometries": "geojson", "radiuses": snapping}
        return self.client.build_request("GET", url, params=options)


@asynccontextmanager
async def open_osrm(base_url: str, *, timeout_s: float = TIMEOUT_S) -> AsyncIterator[OsrmRouter]:
    """A router with connections of its own, closed on leaving."""
    async with httpx.AsyncClient(timeout=timeout_s) as client:
        yield OsrmRouter(client, base_url)
