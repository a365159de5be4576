"""Places: what somebody types becomes points, and a point becomes what people call it."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.params import Parameter, QueryParameter

from daeri.accounts.model import Principal
from daeri.customers.model import CustomerLimits
from daeri.kernel.geo import Point
from daeri.regions import api as regions
from daeri.regions.model import FoundPlace, PlaceKind
from daeri.web.context import Context, WebContext
from daeri.web.principals import WhoAsks
from daeri.web.words import Language, choose_language

Req = Request[Any, Any, Any]
Latitude = Annotated[float, Parameter(ge=-90, le=90)]
Longitude = Annotated[float, Parameter(ge=-180, le=180)]
_MOST_FOUND = 10


class FoundPlaceOut(msgspec.Struct, frozen=True):
    """`name` in the reader's language where it is known."""

    name: str
    address: str
    lat: float
    lon: float
    kind: PlaceKind


class FoundPlacesOut(msgspec.Struct, frozen=True):
    items: tuple[FoundPlaceOut, ...]


class NamedPointOut(msgspec.Struct, frozen=True):
    """The point that was asked for, with what people call it; both texts are empty outside of all regions."""

    name: str
    address: str
    lat: float
    lon: float
    region: str | None


@get("/places")
async def find_places(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    q: Annotated[str, QueryParameter(max_length=100, description="A name, a part of it, its initials, an address.")],
    lat: Annotated[float | None, QueryParameter(ge=-90, le=90)] = None,
    lon: Annotated[float | None, QueryParameter(ge=-180, le=180)] = None,
) -> FoundPlacesOut:
    """Places and addresses for what somebody types, the nearer first among equals."""
    _count(context, principal)
    near = None if lat is None or lon is None else Point(lat, lon)
    found = await regions.find_places(context.places, context.fallback_places, q, near=near, limit=_MOST_FOUND)
    language = _language(request)
    return FoundPlacesOut(tuple(_out(place, language) for place in found))


@get("/places/at")
async def name_point(
    request: Req, context: Context, principal: WhoAsks, lat: Latitude, lon: Longitude
) -> NamedPointOut:
    """What people call a point: a place near it, its address, or its region."""
    _count(context, principal)
    point, language = Point(lat, lon), _language(request)
    found = await regions.place_at(context.places, context.fallback_places, point)
    region = context.regions.resolve(point)
    of_region = (region.name_en if language is Language.EN else region.name_ko) or ""
    if found is None:
        return NamedPointOut(of_region, of_region, lat, lon, region.code)
    return NamedPointOut(_name(found, language), found.address, lat, lon, region.code)


def _count(context: WebContext, principal: Principal) -> None:
    limits = context.shelf.of(principal.company_id).read(CustomerLimits, at=context.clock.now()).value
    context.place_limit.count(principal.account_id, limits.place_searches_per_minute)


def _out(place: FoundPlace, language: Language) -> FoundPlaceOut:
    return FoundPlaceOut(_name(place, language), place.address, place.point.lat, place.point.lon, place.kind)


def _name(place: FoundPlace, language: Language) -> str:
    return place.name_en if language is Language.EN and place.name_en else place.name


def _language(request: Req) -> Language:
    return choose_language(request.cookies.get("lang"), request.headers.get("accept-language"))


router = Router(path="/", route_handlers=[find_places, name_point], tags=["places"])
