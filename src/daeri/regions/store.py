"""All SQL of the regions."""

from collections.abc import Sequence
from datetime import date, datetime

from daeri.infra.database import Row, Tx
from daeri.kernel.geo import Point
from daeri.regions.geometry import pack_shape, unpack_shape
from daeri.regions.model import Boundary, Level, Region
from daeri.regions.shipped import ShippedRow

_UPSERT_REGION = """
INSERT INTO regions (code, parent, level, name_ko, name_en, lat, lon, valid_from, valid_to, successors, point_source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (code) DO UPDATE SET
    parent = excluded.parent, level = excluded.level, name_ko = excluded.name_ko, name_en = excluded.name_en,
    lat = excluded.lat, lon = excluded.lon, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
    successors = excluded.successors, point_source = excluded.point_source
"""

_REGIONS = """
SELECT code, parent, level, name_ko, name_en, lat, lon, valid_from, valid_to, successors
FROM regions ORDER BY code
"""

_LINEAGE = """
WITH RECURSIVE line AS (
    SELECT code, parent, 0 AS steps FROM regions WHERE code = $1
    UNION ALL
    SELECT r.code, r.parent, l.steps + 1 FROM regions r JOIN line l ON r.code = l.parent
)
SELECT code FROM line ORDER BY steps
"""

_UPSERT_BOUNDARY = """
INSERT INTO region_boundaries (code, as_of, file_name, imported_at, shape) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (code) DO UPDATE SET
    as_of = excluded.as_of, file_name = excluded.file_name, imported_at = excluded.imported_at, shape = excluded.shape
"""

# Every import dates the rows that it writes, so the sum changes with any of them; a maximum would miss imports that
# commit in another order than they began in.
_MARK = "SELECT count(*) || ':' || coalesce(sum(extract(epoch FROM imported_at)), 0) FROM region_boundaries"
_BOUNDARIES = "SELECT code, as_of, shape FROM region_boundaries ORDER BY code"

_YOUNGER_BOUNDARIES = "SELECT code FROM region_boundaries WHERE as_of > $1 FOR UPDATE"


async def save_regions(tx: Tx, rows: Sequence[ShippedRow]) -> None:
    await tx.execute_many(_UPSERT_REGION, [_columns(row) for row in rows])


async def regions(tx: Tx) -> list[Region]:
    """All regions, in force or not, by code."""
    return [_region(row) for row in await tx.rows(_REGIONS)]


async def lineage(tx: Tx, code: str) -> tuple[str, ...]:
    """The region, its parent, its grandparent; nothing for an unknown code."""
    return tuple(row["code"] for row in await tx.rows(_LINEAGE, code))


async def save_boundaries(tx: Tx, boundaries: Sequence[Boundary], *, file_name: str, now: datetime) -> None:
    rows = [(b.code, b.as_of, file_name, now, pack_shape(b.shape)) for b in boundaries]
    await tx.execute_many(_UPSERT_BOUNDARY, rows)


async def codes_drawn_after(tx: Tx, as_of: date) -> frozenset[str]:
    """Regions whose known boundary is younger than `as_of`; their rows stay locked."""
    return frozenset(row["code"] for row in await tx.rows(_YOUNGER_BOUNDARIES, as_of))


async def boundaries(tx: Tx) -> list[Boundary]:
    return [Boundary(row["code"], row["as_of"], unpack_shape(row["shape"])) for row in await tx.rows(_BOUNDARIES)]


async def boundaries_mark(tx: Tx) -> str:
    return str(await tx.value(_MARK))


def _columns(row: ShippedRow) -> tuple[object, ...]:
    r = row.region
    where = (r.point.lat, r.point.lon)
    names = (r.code, r.parent, r.level, r.name_ko, r.name_en)
    return (*names, *where, r.valid_from, r.valid_to, list(r.successors), row.point_source)


def _region(row: Row) -> Region:
    return Region(
        code=row["code"],
        parent=row["parent"],
        level=Level(row["level"]),
        name_ko=row["name_ko"],
        name_en=row["name_en"],
        point=Point(row["lat"], row["lon"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        successors=tuple(row["successors"]),
    )
