"""The shortage signal as use cases: how short drivers are around a place, and what is said of the weather (R-052)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from daeri.dispatch import shortage_store
from daeri.dispatch.model import Condition, Shortage, ShortagePolicy, WaitingArea, Weather, WeatherEndsBeforeItBegins
from daeri.dispatch.shortage import judge, squares_around
from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Actor

_COUNTED_WITHIN = timedelta(minutes=1)
_MOST_AREAS = 20


async def shortage(
    tx: Tx,
    company_id: CompanyId,
    point: Point,
    policy: ShortagePolicy,
    *,
    region_chain: Sequence[str] = (),
    now: datetime,
) -> Shortage:
    """How short drivers are around `point`, whose regions are `region_chain`, smallest first."""
    squares = squares_around(point, policy.area_radius_m)
    waiting, free = await shortage_store.count(tx, company_id, squares, now - _COUNTED_WITHIN)
    weather = await shortage_store.weather_at(tx, company_id, region_chain, now)
    condition = Condition.CLEAR if weather is None else weather.condition
    return judge(policy, waiting=waiting, free_drivers=free, condition=condition)


async def waiting_areas(tx: Tx, company_id: CompanyId) -> list[WaitingArea]:
    """The regions in which calls wait, most first."""
    return await shortage_store.areas(tx, company_id, _MOST_AREAS)


async def weather_now(tx: Tx, company_id: UUID, *, now: datetime) -> list[Weather]:
    """What is said of the weather now, the last word first."""
    return await shortage_store.weather_now(tx, company_id, now)


async def say_weather(
    tx: Tx,
    company_id: CompanyId,
    condition: Condition,
    actor: Actor,
    *,
    region: str | None = None,
    until: datetime | None = None,
    now: datetime,
    ids: Ids,
) -> Weather:
    """From now on this holds for the region, or everywhere; WeatherEndsBeforeItBegins."""
    if until is not None and until <= now:
        raise WeatherEndsBeforeItBegins()
    weather = Weather(region, condition, now, until)
    await shortage_store.say_weather(tx, ids.new(), company_id, weather, actor.id)
    return weather


async def save_free_drivers(
    tx: Tx, counted: Mapping[CompanyId, tuple[Sequence[int], Sequence[int]]], *, now: datetime
) -> None:
    """Keep what the engine has counted: the squares with free drivers of each company, and how many in each."""
    for company_id, (squares, free) in sorted(counted.items()):
        await shortage_store.save_free(tx, company_id, squares, free, now)
