"""The Korean government's open map service over HTTP: its search API 2.0, and its address API 2.0 for points.

What it answers may be shown to whoever asked, and is kept here nowhere: its terms allow no copies.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx
import msgspec
import structlog

from daeri.kernel.geo import Point, distance_m
from daeri.regions.model import FoundPlace, PlaceFailure, PlaceKind, PlacesUnavailable

log = structlog.get_logger(__name__)

TIMEOUT_S = 2.0  # somebody types; the gazetteer answers at once
_NAME: Final = "vworld"
_FAILURES: Final[Mapping[str, PlaceFailure]] = {
    "PARAM_REQUIRED": PlaceFailure.BAD_QUESTION,
    "INVALID_TYPE": PlaceFailure.BAD_QUESTION,
    "INVALID_RANGE": PlaceFailure.BAD_QUESTION,
    "INVALID_KEY": PlaceFailure.REFUSED,
    "INCORRECT_KEY": PlaceFailure.REFUSED,
    "UNAVAILABLE_KEY": PlaceFailure.REFUSED,
    "OVER_REQUEST_LIMIT": PlaceFailure.BUSY,
    "SYSTEM_ERROR": PlaceFailure.UNREACHABLE,
    "UNKNOWN_ERROR": PlaceFailure.UNREACHABLE,
}
_ADDRESS: Final = re.compile(r"\d|[가-힣](?:로|길|동|읍|면|리)\b")  # worth asking the address index too
# The end of a category's path tells the kind best.
_KINDS: Final[Sequence[tuple[str, PlaceKind]]] = (
    ("병원", PlaceKind.HOSPITAL),
    ("의료", PlaceKind.HOSPITAL),
    ("터미널", PlaceKind.TERMINAL),
    ("공항", PlaceKind.AIRPORT),
    ("역", PlaceKind.STATION),
    ("대학", PlaceKind.UNIVERSITY),
    ("시장", PlaceKind.MARKET),
    ("공원", PlaceKind.PARK),
    ("관광", PlaceKind.SIGHT),
    ("청", PlaceKind.OFFICE),
)


class _Point(msgspec.Struct, frozen=True):
    x: float  # longitude; a text in the answer
    y: float


class _Address(msgspec.Struct, frozen=True):
    road: str = ""
    parcel: str = ""
    bldnm: str = ""


class _Item(msgspec.Struct, frozen=True):
    point: _Point
    title: str = ""
    category: str = ""
    address: _Address = msgspec.field(default_factory=_Address)


class _Items(msgspec.Struct, frozen=True):
    items: tuple[_Item, ...] = ()


class _Error(msgspec.Struct, frozen=True):
    code: str = ""


class _Found(msgspec.Struct, frozen=True):
    status: str
    result: _Items | None = None
    error: _Error | None = None


class _FoundAnswer(msgspec.Struct, frozen=True):
    response: _Found


class _Structure(msgspec.Struct, frozen=True):
    detail: str = ""


class _Line(msgspec.Struct, frozen=True):
    text: str
    type: str = ""
    structure: _Structure = msgspec.field(default_factory=_Structure)


class _At(msgspec.Struct, frozen=True):
    status: str
    result: tuple[_Line, ...] = ()
    error: _Error | None = None


class _AtAnswer(msgspec.Struct, frozen=True):
    response: _At


Answer = TypeVar("Answer", _FoundAnswer, _AtAnswer)


@dataclass(frozen=True, slots=True)
class VWorldFinder:
    """Asks the service at `base_url` with the operator's key."""

    client: httpx.AsyncClient
    base_url: str
    key: str = field(repr=False)

    async def search(self, query: str, near: Point | None, limit: int) -> Sequence[FoundPlace]:
        """Places, and addresses where the query looks like one."""
        wanted = query.strip()
        if not wanted:
            return ()
        questions = [{"type": "place"}]
        if _ADDRESS.search(wanted):
            questions += [{"type": "address", "category": "road"}, {"type": "address", "category": "parcel"}]
        answers = await asyncio.gather(*(self._search(wanted, question, limit) for question in questions))
        found = list(dict.fromkeys(place for answer in answers for place in answer))
        return sorted(found, key=lambda place: _order(place, wanted, near))[:limit]

    async def at(self, point: Point) -> FoundPlace | None:
        """The road address of the point, or its parcel's; named after the building where it has a name."""
        question = {"service": "address", "request": "getAddress", "point": f"{point.lon:.7f},{point.lat:.7f}"}
        answer = await self._ask("address", question | {"type": "both", "zipcode": "false"}, _AtAnswer)
        lines = {line.type: line for line in reversed(answer.response.result)}
        best = lines.get("road") or lines.get("parcel")
        if best is None:
            return None
        return FoundPlace(best.structure.detail or best.text, best.text, point, PlaceKind.ADDRESS)

    async def _search(self, query: str, question: Mapping[str, str], limit: int) -> list[FoundPlace]:
        asked = {"service": "search", "request": "search", "query": query, "size": str(limit), "page": "1"}
        answer = await self._ask("search", {**asked, **question}, _FoundAnswer)
        items = answer.response.result.items if answer.response.result else ()
        return list(_places(items, is_address=question["type"] == "address"))

    async def _ask(self, path: str, question: Mapping[str, str], kind: type[Answer]) -> Answer:
        always = {"version": "2.0", "crs": "EPSG:4326", "format": "json", "errorFormat": "json", "key": self.key}
        try:
            response = await self.client.get(f"{self.base_url.rstrip('/')}/req/{path}", params={**question, **always})
        except httpx.HTTPError as error:
            raise _unavailable(PlaceFailure.UNREACHABLE, type(error).__name__) from error
        if response.is_server_error:
            raise _unavailable(PlaceFailure.UNREACHABLE, str(response.status_code))
        try:
            answer = msgspec.json.decode(response.content, type=kind, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unavailable(PlaceFailure.BAD_ANSWER, str(response.status_code)) from error
        status, failed = answer.response.status, answer.response.error
        if status not in {"OK", "NOT_FOUND"}:
            code = failed.code if failed else status
            raise _unavailable(_FAILURES.get(code, PlaceFailure.BAD_ANSWER), code)
        return answer


@asynccontextmanager
async def open_vworld(base_url: str, key: str, *, timeout_s: float = TIMEOUT_S) -> AsyncIterator[VWorldFinder]:
    """A finder with connections of its own, closed on leaving."""
    async with httpx.AsyncClient(timeout=timeout_s) as client:
        yield VWorldFinder(client, base_url, key)


def _unavailable(reason: PlaceFailure, code: str) -> PlacesUnavailable:
    """Told to the operator too: people only see that fewer places are found."""
    log.warning("places_unavailable", finder=_NAME, reason=reason.value, code=code)
    return PlacesUnavailable(_NAME, reason)


def _places(items: Sequence[_Item], *, is_address: bool) -> Iterator[FoundPlace]:
    for item in items:
        point, address = Point(item.point.y, item.point.x), item.address.road or item.address.parcel
        name = item.address.bldnm or address if is_address else item.title
        if name and point.is_valid():
            yield FoundPlace(name, address or name, point, PlaceKind.ADDRESS if is_address else _kind(item.category))


def _kind(category: str) -> PlaceKind:
    last = category.rpartition(">")[2]
    return next((kind for word, kind in _KINDS if word in last), PlaceKind.PLACE)


def _order(place: FoundPlace, query: str, near: Point | None) -> tuple[bool, float]:
    return not place.name.startswith(query), 0.0 if near is None else distance_m(near, place.point)
