"""One contract for every router: the straight line, OSRM and Valhalla, the latter two against a local server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from daeri.adapters.maps.osrm import open_osrm
from daeri.adapters.maps.straight import StraightLineRouter
from daeri.adapters.maps.valhalla import open_valhalla
from daeri.kernel.geo import Point, distance_m
from daeri.pricing.model import Route, RouteFailure, RouteUnavailable
from daeri.pricing.ports import Router

CITY_HALL = Point(37.5663, 126.9779)
GANGNAM = Point(37.4979, 127.0276)
JAMSIL = Point(37.5133, 127.1002)
DETOUR = 1.3
SPEED_MPS = 10.0
NEAR_M = 1.0  # what six decimals may lose

Handler = Callable[[str, str, bytes], Awaitable[tuple[int, object]]]


def road(points: Sequence[Point]) -> tuple[float, float]:
    """Metres and seconds of the made-up roads that both servers know."""
    metres = sum(distance_m(a, b) for a, b in pairwise(points)) * DETOUR
    return metres, metres / SPEED_MPS


async def osrm_server(method: str, target: str, _body: bytes) -> tuple[int, object]:
    """Answers as OSRM's route service does."""
    url = urlsplit(target)
    service, version, profile, coordinates = url.path.strip("/").split("/")
    assert (method, service, version, profile) == ("GET", "route", "v1", "driving")
    assert parse_qs(url.query)["geometries"] == ["geojson"]
    pairs = [tuple(map(float, pair.split(","))) for pair in coordinates.split(";")]
    points = [Point(lat, lon) for lon, lat in pairs]
    if any(point.lon > 129 for point in points):
        return 400, {"code": "NoSegment", "message": "Could not find a matching segment for coordinate 1"}
    metres, seconds = road(points)
    line = {"type": "LineString", "coordinates": [[point.lon, point.lat] for point in points]}
    route = {"distance": metres, "duration": seconds, "weight": seconds, "geometry": line, "legs": []}
    return 200, {"code": "Ok", "routes": [route], "waypoints": [{"distance": 1.2} for _ in points]}


class AskedPlace(msgspec.Struct):
    lat: float
    lon: float


class AskedRoute(msgspec.Struct):
    locations: list[AskedPlace]
    costing: str
    units: str


async def valhalla_server(method: str, target: str, body: bytes) -> tuple[int, object]:
    """Answers as Valhalla's route service does: a leg between each two locations, kilometres."""
    asked = msgspec.json.decode(body, type=AskedRoute)
    assert (method, target, asked.costing, asked.units) == ("POST", "/route", "auto", "kilometers")
    points = [Point(place.lat, place.lon) for place in asked.locations]
    if any(point.lon > 129 for point in points):
        return 400, {"error_code": 171, "error": "No suitable edges near location", "status_code": 400}
    metres, seconds = road(points)
    legs = [{"shape": polyline6([a, b]), "summary": {}} for a, b in pairwise(points)]
    summary = {"length": metres / 1_000, "time": seconds, "has_toll": False}
    return 200, {"trip": {"locations": [], "legs": legs, "summary": summary, "status": 0, "units": "kilometers"}}


def polyline6(points: Sequence[Point]) -> str:
    """Google's encoded polyline with six decimals, written from its description."""
    text, before = "", (0, 0)
    for point in points:
        place = (round(point.lat * 1e6), round(point.lon * 1e6))
        for now, last in zip(place, before, strict=True):
            step = now - last
            value = ~(step << 1) if step < 0 else step << 1
            while value >= 0x20:
                text += chr((0x20 | value & 0x1F) + 63)
                value >>= 5
            text += chr(value + 63)
        before = place
    return text


@dataclass
class LocalServer:
    """A small HTTP/1.1 server on 127.0.0.1 that closes after each answer."""

    handler: Handler
    port: int = 0
    seen: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        length = next((int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0)
        self.seen.append(target)
        status, content = await self.handler(method, target, await reader.readexactly(length))
        body = content if isinstance(content, bytes) else msgspec.json.encode(content)
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[LocalServer]:
    local = LocalServer(handler)
    server = await asyncio.start_server(local.answer, "127.0.0.1", 0)
    local.port = server.sockets[0].getsockname()[1]
    try:
        yield local
    finally:
        server.close()


OPEN = {"osrm": open_osrm, "valhalla": open_valhalla}
SERVE: dict[str, Handler] = {"osrm": osrm_server, "valhalla": valhalla_server}


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Router]:
    if name == "straight":
        yield StraightLineRouter(DETOUR, SPEED_MPS * 3.6)
        return
    async with serving(SERVE[name]) as server, OPEN[name](server.url) as router:
        yield router


@pytest.fixture(params=["straight", "osrm", "valhalla"])
async def router(request: pytest.FixtureRequest) -> AsyncIterator[Router]:
    async with opened(request.param) as made:
        yield made


@pytest.fixture(params=["osrm", "valhalla"])
def remote(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def test_metres_and_seconds_are_whole_and_right(router: Router) -> None:
    route = await router.route([CITY_HALL, GANGNAM])
    metres, seconds = road([CITY_HALL, GANGNAM])
    assert (type(route.distance_m), type(route.duration_s)) == (int, int)
    assert route.distance_m == pytest.approx(metres, abs=1)
    assert route.duration_s == pytest.approx(seconds, abs=1)


async def test_only_roads_are_exact(router: Router) -> None:
    route = await router.route([CITY_HALL, GANGNAM])
    assert route.exact is not isinstance(router, StraightLineRouter)


async def test_vias_are_passed_in_their_order(router: Router) -> None:
    through = await router.route([CITY_HALL, JAMSIL, GANGNAM])
    assert through.distance_m > (await router.route([CITY_HALL, GANGNAM])).distance_m
    assert through.distance_m == pytest.approx(road([CITY_HALL, JAMSIL, GANGNAM])[0], abs=1)


async def test_the_line_runs_through_every_point(router: Router) -> None:
    points = [CITY_HALL, JAMSIL, GANGNAM]
    line = (await router.route(points)).geometry
    assert distance_m(line[0], CITY_HALL) < NEAR_M
    assert distance_m(line[-1], GANGNAM) < NEAR_M
    assert min(distance_m(place, JAMSIL) for place in line) < NEAR_M


async def test_the_same_point_twice_is_no_way(router: Router) -> None:
    assert (await router.route([GANGNAM, GANGNAM])).distance_m == 0


async def refusal(name: str, handler: Handler) -> RouteFailure:
    """How the router of this name fails against this server."""
    async with serving(handler) as server, OPEN[name](server.url, timeout_s=0.3) as made:
        with pytest.raises(RouteUnavailable) as failed:
            await made.route([CITY_HALL, GANGNAM])
    assert failed.value.facts["router"] == name
    return failed.value.reason


async def test_a_point_without_a_road_is_no_route(remote: str) -> None:
    async with opened(remote) as made:
        with pytest.raises(RouteUnavailable) as failed:
            await made.route([CITY_HALL, Point(37.5, 131.9)])
    assert failed.value.reason is RouteFailure.NO_ROUTE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>hello</html>",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"code": "Ok"}',
        b'{"code": "InvalidQuery", "error_code": 100}',
        b'{"code": "Ok", "routes": [{"distance": -1, "duration": 1}], "trip": {"summary": {"length": -1, "time": 1}}}',
        b'{"code": "Ok", "routes": [{"distance": "far", "duration": 1}], "trip": {"summary": {"length": "far"}}}',
    ],
)
async def test_anything_else_than_the_format_is_a_bad_answer(remote: str, content: bytes) -> None:
    async def broken(_method: str, _target: str, _body: bytes) -> tuple[int, object]:
        return 200, content

    assert await refusal(remote, broken) is RouteFailure.BAD_ANSWER


async def test_a_failing_server_is_unreachable(remote: str) -> None:
    async def failing(_method: str, _target: str, _body: bytes) -> tuple[int, object]:
        return 502, b"bad gateway"

    assert await refusal(remote, failing) is RouteFailure.UNREACHABLE


async def test_a_silent_server_is_unreachable_after_the_timeout(remote: str) -> None:
    async def silent(_method: str, _target: str, _body: bytes) -> tuple[int, object]:
        await asyncio.sleep(1)
        return 200, b"{}"

    assert await refusal(remote, silent) is RouteFailure.UNREACHABLE


async def test_nobody_listening_is_unreachable(remote: str) -> None:
    async with serving(SERVE[remote]) as server:
        url = server.url
    async with OPEN[remote](url) as made:
        with pytest.raises(RouteUnavailable) as failed:
            await made.route([CITY_HALL, GANGNAM])
    assert failed.value.reason is RouteFailure.UNREACHABLE


async def test_a_base_address_may_have_a_path(remote: str) -> None:
    async def elsewhere(method: str, target: str, body: bytes) -> tuple[int, object]:
        return await SERVE[remote](method, target.removeprefix("/maps"), body)

    async with serving(elsewhere) as server, OPEN[remote](f"{server.url}/maps/") as made:
        route: Route = await made.route([CITY_HALL, GANGNAM])
    assert route.exact
    assert server.seen[0].startswith("/maps/route")
