"""The shortage signal now, for phones and for the console, and what staff say of the weather (R-052)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, put
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from daeri.accounts.model import Permission
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Condition, Shortage, ShortageReason, WaitingArea, Weather
from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.pricing.plan_model import ShortageLevel
from daeri.rulebook import RegionUnknown
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context, WebContext
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.signals import region_names, shortage_at

Req = Request[Any, Any, Any]
_LEVELS = (ShortageLevel.NONE, ShortageLevel.TIGHT, ShortageLevel.SHORT)


class NearbyShortageOut(msgspec.Struct, frozen=True):
    """How short drivers are around a place; `free_drivers` null where nobody has counted lately."""

    level: ShortageLevel
    reason: ShortageReason | None
    waiting: int
    free_drivers: int | None


class AreaShortageOut(msgspec.Struct, frozen=True):
    """A region in which calls wait; the numbers are of the surroundings of those calls."""

    region: str | None
    name_ko: str | None
    name_en: str | None
    calls: int
    level: ShortageLevel
    reason: ShortageReason | None
    waiting: int
    free_drivers: int | None


class WeatherOut(msgspec.Struct, frozen=True):
    region: str | None
    condition: Condition
    since: datetime
    until: datetime | None


class BoardShortageOut(msgspec.Struct, frozen=True):
    """The worst level of all areas, the areas with waiting calls, and what is said of the weather."""

    level: ShortageLevel
    areas: tuple[AreaShortageOut, ...]
    weather: tuple[WeatherOut, ...]


class WeatherIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a region for everywhere, without `until` until somebody says otherwise."""

    condition: Condition
    region: Annotated[str, Meta(max_length=10, pattern=r"^[0-9]+$")] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None


@get("/shortage")
async def get_shortage(
    context: Context,
    principal: WhoAsks,
    lat: Annotated[float, QueryParameter(ge=-90, le=90)],
    lon: Annotated[float, QueryParameter(ge=-180, le=180)],
) -> NearbyShortageOut:
    """How short drivers are around a place, for customers and drivers alike."""
    async with context.database.reading() as tx:
        found = await shortage_at(tx, context, principal.company_id, Point(lat, lon))
    return NearbyShortageOut(found.level, found.reason, found.waiting, found.free_drivers)


@get("/console/shortage")
async def get_board(context: Context, principal: WhoAsks) -> BoardShortageOut:
    """Where calls wait and how short drivers are there."""
    require_staff(principal)
    principal.require(Permission.CALLS_READ)
    async with context.database.reading() as tx:
        areas = [
            _area_out(context, area, await shortage_at(tx, context, principal.company_id, area.centre))
            for area in await dispatch.waiting_areas(tx, principal.company_id)
        ]
        weather = await dispatch.weather_now(tx, principal.company_id, now=context.clock.now())
    worst = max((_LEVELS.index(area.level) for area in areas), default=0)
    return BoardShortageOut(_LEVELS[worst], tuple(areas), tuple(map(_weather_out, weather)))


@put("/console/weather", status_code=200, operation_class=Command, responses=answers(200, WeatherOut))
async def say_weather(request: Req, context: Context, principal: WhoAsks, data: JSONBody[WeatherIn]) -> Response[bytes]:
    """Say what the weather is from now on; it raises the shortage signal by the company's policy."""
    require_staff(principal)
    principal.require(Permission.CALLS_ASSIGN)
    if data.region is not None and context.regions.by_code(data.region) is None:
        raise RegionUnknown(region=data.region)

    async def work(tx: Tx) -> WeatherOut:
        said = await dispatch.say_weather(
            tx,
            principal.company_id,
            data.condition,
            principal.actor,
            region=data.region,
            until=data.until,
            now=context.clock.now(),
            ids=context.ids,
        )
        return _weather_out(said)

    return await context.commands.run(request, principal, work)


def _weather_out(weather: Weather) -> WeatherOut:
    return WeatherOut(weather.region, weather.condition, weather.starts_at, weather.ends_at)


def _area_out(context: WebContext, area: WaitingArea, found: Shortage) -> AreaShortageOut:
    name_ko, name_en = region_names(context, area.region)
    return AreaShortageOut(
        area.region,
        name_ko,
        name_en,
        area.waiting,
        found.level,
        found.reason,
        found.waiting,
        found.free_drivers,
    )


router = Router(path="/", route_handlers=[get_shortage, get_board, say_weather], tags=["shortage"])
