"""SQL of the shortage signal: free drivers by square, calls that wait there, and the weather."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.dispatch.model import Condition, WaitingArea, Weather
from daeri.dispatch.shortage import ROW, SQUARE_LAT, SQUARE_LON
from daeri.infra.database import Row, Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId

_SAVE_FREE = """
INSERT INTO free_drivers (company_id, counted_at, cells, free) VALUES ($1, $2, $3, $4)
ON CONFLICT (company_id) DO UPDATE SET counted_at = $2, cells = $3, free = $4
"""
_COUNT = f"""
SELECT (SELECT count(*) FROM calls_public c
        WHERE c.state = 'requested' AND c.company_id = $1
          AND (floor((c.origin_lat + 90) / {SQUARE_LAT}::float8) * {ROW}
               + floor((c.origin_lon + 180) / {SQUARE_LON}::float8))::bigint = ANY($2)) AS waiting,
       (SELECT coalesce(sum(u.free) FILTER (WHERE u.cell = ANY($2)), 0)
        FROM free_drivers f LEFT JOIN LATERAL unnest(f.cells, f.free) AS u (cell, free) ON true
        WHERE f.company_id = $1 AND f.counted_at >= $3 HAVING count(f.company_id) > 0) AS free
"""
_AREAS = """
SELECT origin_region, count(*) AS waiting, avg(origin_lat) AS lat, avg(origin_lon) AS lon
FROM calls_public WHERE state = 'requested' AND company_id = $1
GROUP BY origin_region ORDER BY 2 DESC, 1 LIMIT $2
"""
_WEATHER = """
SELECT region, condition, starts_at, ends_at FROM weather
WHERE company_id = $1 AND starts_at <= $2 AND (ends_at IS NULL OR ends_at > $2)
"""
# The last word holds, however wide it was meant.
_WEATHER_AT = _WEATHER + " AND (region IS NULL OR region = ANY($3)) ORDER BY starts_at DESC, id DESC LIMIT 1"
_WEATHER_NOW = _WEATHER + " ORDER BY starts_at DESC, id DESC LIMIT 50"
_END_WEATHER = """
UPDATE weather SET ends_at = greatest($3, starts_at + interval '1 microsecond')
WHERE company_id = $1 AND region IS NOT DISTINCT FROM $2 AND (ends_at IS NULL OR ends_at > $3)
"""
_SAY_WEATHER = """
INSERT INTO weather (id, company_id, region, condition, starts_at, ends_at, by_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


async def save_free(tx: Tx, company_id: CompanyId, cells: Sequence[int], free: Sequence[int], now: datetime) -> None:
    await tx.execute(_SAVE_FREE, company_id, now, list(cells), list(free))


async def count(tx: Tx, company_id: UUID, cells: Sequence[int], counted_since: datetime) -> tuple[int, int | None]:
    """Waiting calls and free drivers in these squares; None when nobody has counted since then."""
    row = await tx.row(_COUNT, company_id, list(cells), counted_since)
    if row is None:
        raise LookupError("a count returned no row")
    return row["waiting"], row["free"]


async def areas(tx: Tx, company_id: UUID, limit: int) -> list[WaitingArea]:
    """Where calls wait, most first."""
    rows = await tx.rows(_AREAS, company_id, limit)
    return [WaitingArea(row["origin_region"], row["waiting"], Point(row["lat"], row["lon"])) for row in rows]


async def weather_at(tx: Tx, company_id: UUID, region_chain: Sequence[str], now: datetime) -> Weather | None:
    row = await tx.row(_WEATHER_AT, company_id, now, list(region_chain))
    return None if row is None else _weather(row)


async def weather_now(tx: Tx, company_id: UUID, now: datetime) -> list[Weather]:
    return [_weather(row) for row in await tx.rows(_WEATHER_NOW, company_id, now)]


async def say_weather(tx: Tx, row_id: UUID, company_id: UUID, weather: Weather, by_id: UUID | None) -> None:
    """From `weather.starts_at` on this holds for its region; what was said of it before ends."""
    await tx.execute(_END_WEATHER, company_id, weather.region, weather.starts_at)
    await tx.execute(
        _SAY_WEATHER,
        row_id,
        company_id,
        weather.region,
        weather.condition,
        weather.starts_at,
        weather.ends_at,
        by_id,
    )


def _weather(row: Row) -> Weather:
    return Weather(row["region"], Condition(row["condition"]), row["starts_at"], row["ends_at"])
