"""One contract for both place finders: the shipped gazetteer, and VWorld against a small server over the network."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from daeri.adapters.places.gazetteer import Gazetteer, open_gazetteer
from daeri.adapters.places.vworld import open_vworld
from daeri.kernel.geo import Point, distance_m
from daeri.regions import api as regions
from daeri.regions.model import PlaceFailure, PlaceKind, PlacesUnavailable
from daeri.regions.ports import PlaceFinder

KEY = "0000-TEST-KEY"
GANGNAM = Point(37.4979, 127.0276)
BUSAN = Point(35.1151, 129.0414)
OPEN_SEA = Point(36.9, 124.2)
KNOWN = open_gazetteer()
_CATEGORY = {
    PlaceKind.STATION: "교통시설 > 지하철역",
    PlaceKind.HOSPITAL: "의료 > 종합병원",
    PlaceKind.OFFICE: "공공기관 > 시청",
}
Fields = dict[str, str]
Handler = Callable[[str, Fields], tuple[int, object]]


def vworld(path: str, fields: Fields) -> tuple[int, object]:
    """Answers as the service does, over the same places; coordinates are texts there."""
    if fields.get("key") != KEY:
        return 200, error("INCORRECT_KEY")
    assert (fields["version"], fields["crs"].upper(), fields["format"]) == ("2.0", "EPSG:4326", "json")
    return 200, {"response": at(fields) if path == "/req/address" else found(fields)}


def found(fields: Fields) -> object:
    assert (fields["service"], fields["request"]) == ("search", "search")
    assert int(fields["size"]) <= 1_000
    items = []
    for entry in KNOWN.entries:
        place = entry.place
        point = {"x": str(place.point.lon), "y": str(place.point.lat)}
        if fields["type"] == "place" and fields["query"] in place.name:
            address = {"road": place.address, "parcel": ""}
            category = _CATEGORY.get(place.kind, "기타")
            items.append({"id": "1", "title": place.name, "category": category, "address": address, "point": point})
        if fields["type"] == "address" and fields["category"] == "road" and fields["query"] in place.address:
            address = {"zipcode": "04524", "category": "road", "road": place.address, "parcel": "", "bldnm": ""}
            items.append({"id": "2", "address": address, "point": point})
    if not items:
        return {"service": {"name": "search"}, "status": "NOT_FOUND", "record": {"total": "0", "current": "0"}}
    return {
        "status": "OK",
        "result": {"crs": "EPSG:4326", "type": fields["type"], "items": items[: int(fields["size"])]},
    }


def at(fields: Fields) -> object:
    assert (fields["service"], fields["request"]) == ("address", "getAddress")
    lon, lat = map(float, fields["point"].split(","))
    near = [entry.place for entry in KNOWN.entries if distance_m(entry.place.point, Point(lat, lon)) < 300]
    if not near:
        return {"status": "NOT_FOUND"}
    lines = [
        {"type": "parcel", "text": "지번", "structure": {"level0": "대한민국", "detail": ""}},
        {"type": "road", "text": near[0].address, "structure": {"level0": "대한민국", "detail": near[0].name}},
    ]
    return {"status": "OK", "input": {"point": {"x": str(lon), "y": str(lat)}}, "result": lines}


def error(code: str) -> object:
    return {"response": {"status": "ERROR", "error": {"level": "1", "code": code, "text": "…"}}}


@asynccontextmanager
async def serving(handler: Handler | None = vworld) -> AsyncIterator[str]:
    """The address of a small HTTP/1.1 server; without a handler it never answers."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)[1]
        if handler is None:
            await asyncio.sleep(1)
        else:
            url = urlsplit(target)
            status, content = handler(url.path, {name: values[0] for name, values in parse_qs(url.query).items()})
            body = content if isinstance(content, bytes) else msgspec.json.encode(content)
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
            writer.write(body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.fixture(params=["gazetteer", "vworld"])
async def finder(request: pytest.FixtureRequest) -> AsyncIterator[PlaceFinder]:
    if request.param == "gazetteer":
        yield open_gazetteer()
        return
    async with serving() as url, open_vworld(url, KEY) as made:
        yield made


async def test_a_place_is_found_by_its_name(finder: PlaceFinder) -> None:
    best = (await finder.search("강남역", None, 10))[0]
    assert (best.name, best.kind) == ("강남역", PlaceKind.STATION)
    assert distance_m(best.point, GANGNAM) < 50
    assert best.address


async def test_a_part_of_a_name_will_do(finder: PlaceFinder) -> None:
    names = {place.name for place in await finder.search("시민공원", None, 10)}
    assert "부산시민공원" in names


async def test_among_equals_the_nearer_comes_first(finder: PlaceFinder) -> None:
    found = await finder.search("대학교병원", BUSAN, 10)
    distances = [distance_m(place.point, BUSAN) for place in found]
    assert len(found) > 3
    assert found[0].name == "부산대학교병원"
    assert all(a <= b for a, b in pairwise(distances))


async def test_a_name_that_begins_so_comes_before_one_that_only_has_it(finder: PlaceFinder) -> None:
    found = await finder.search("서울대", BUSAN, 10)
    begins = [place.name.startswith("서울대") for place in found]
    assert begins[0]
    assert begins == sorted(begins, reverse=True)
    assert not all(begins)


async def test_an_address_is_found(finder: PlaceFinder) -> None:
    found = await finder.search("세종대로 110", None, 10)
    assert any(distance_m(place.point, Point(37.5663, 126.9779)) < 50 for place in found)


async def test_no_more_than_asked_for(finder: PlaceFinder) -> None:
    assert len(await finder.search("역", None, 3)) == 3


async def test_what_nobody_knows_is_nothing(finder: PlaceFinder) -> None:
    assert list(await finder.search("없는곳없는곳", GANGNAM, 10)) == []
    assert await finder.at(OPEN_SEA) is None


async def test_a_point_has_a_name_and_an_address(finder: PlaceFinder) -> None:
    place = await finder.at(GANGNAM)
    assert place is not None
    assert place.name == "강남역"
    assert place.address == "서울 강남구 강남대로 396"


# The gazetteer alone.


async def test_initials_and_english_find_too() -> None:
    gazetteer = open_gazetteer()
    assert (await gazetteer.search("ㄱㄴㅇ", GANGNAM, 1))[0].name == "강남역"
    assert (await gazetteer.search("busan st", None, 1))[0].name == "부산역"


async def test_nothing_typed_is_what_is_nearest() -> None:
    assert (await open_gazetteer().search("  ", BUSAN, 1))[0].name == "부산역"


def test_every_shipped_place_is_whole() -> None:
    places = [entry.place for entry in KNOWN.entries]
    assert len(places) >= 200
    assert len({place.name for place in places}) == len(places)
    for place in places:
        assert place.address, place
        assert place.name_en, place
        assert 33 < place.point.lat < 38.7, place
        assert 126 < place.point.lon < 130, place


# What may go wrong with the service.


async def failure(handler: Handler | None, key: str = KEY) -> PlaceFailure:
    async with serving(handler) as url, open_vworld(url, key, timeout_s=0.3) as made:
        with pytest.raises(PlacesUnavailable) as searched:
            await made.search("강남역", None, 10)
        with pytest.raises(PlacesUnavailable) as named:
            await made.at(GANGNAM)
    assert searched.value.reason is named.value.reason
    assert key not in str(searched.value)
    return searched.value.reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("PARAM_REQUIRED", PlaceFailure.BAD_QUESTION),
        ("INVALID_RANGE", PlaceFailure.BAD_QUESTION),
        ("INVALID_KEY", PlaceFailure.REFUSED),
        ("INCORRECT_KEY", PlaceFailure.REFUSED),
        ("UNAVAILABLE_KEY", PlaceFailure.REFUSED),
        ("OVER_REQUEST_LIMIT", PlaceFailure.BUSY),
        ("SYSTEM_ERROR", PlaceFailure.UNREACHABLE),
        ("UNKNOWN_ERROR", PlaceFailure.UNREACHABLE),
        ("SOMETHING_NEW", PlaceFailure.BAD_ANSWER),
    ],
)
async def test_documented_errors_have_their_reason(code: str, reason: PlaceFailure) -> None:
    assert await failure(lambda _path, _fields: (200, error(code))) is reason


async def test_a_wrong_key_is_refused() -> None:
    assert await failure(vworld, "another key") is PlaceFailure.REFUSED


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe", b"[]", b"{}", b'{"response": {"result": {}}}'])
async def test_anything_else_than_the_format_is_a_bad_answer(content: bytes) -> None:
    assert await failure(lambda _path, _fields: (200, content)) is PlaceFailure.BAD_ANSWER


async def test_a_failing_or_silent_server_is_unreachable() -> None:
    assert await failure(lambda _path, _fields: (502, b"bad gateway")) is PlaceFailure.UNREACHABLE
    assert await failure(None) is PlaceFailure.UNREACHABLE


async def test_the_gazetteer_answers_when_the_service_cannot() -> None:
    gazetteer = Gazetteer(KNOWN.entries)
    async with serving(lambda _path, _fields: (200, error("SYSTEM_ERROR"))) as url, open_vworld(url, KEY) as made:
        found = await regions.find_places(made, gazetteer, "강남역", near=GANGNAM)
        place = await regions.place_at(made, gazetteer, GANGNAM)
    assert found[0].name == "강남역"
    assert place is not None
    assert place.name == "강남역"


async def test_the_gazetteer_answers_what_the_service_does_not_understand() -> None:
    async with serving() as url, open_vworld(url, KEY) as made:
        found = await regions.find_places(made, KNOWN, "ㄱㄴㅇ", near=GANGNAM)
    assert found[0].name == "강남역"
