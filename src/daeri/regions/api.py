"""The door of the regions: seed the table, import boundaries, load the index, resolve points, draw the outline."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.regions import store
from daeri.regions.boundary_files import Feature, read_features
from daeri.regions.index import RegionIndex
from daeri.regions.model import (
    CHANGED_TOPIC,
    Boundary,
    FoundPlace,
    ImportReport,
    MatchedFeature,
    PlacesUnavailable,
    Region,
    Resolution,
    UnmatchedFeature,
    UnmatchedReason,
)
from daeri.regions.names import RegionNames
from daeri.regions.outline import outline
from daeri.regions.ports import PlaceFinder
from daeri.regions.shipped import shipped_rows, table_notice

__all__ = [
    "RegionIndex",
    "boundaries_mark",
    "find_places",
    "import_boundaries",
    "lineage",
    "load_index",
    "outline",
    "place_at",
    "resolve",
    "seed",
    "table_notice",
]


async def seed(tx: Tx) -> int:
    """Write the shipped table into `regions`, over what is there; returns the number of rows. Idempotent."""
    rows = shipped_rows()
    await store.save_regions(tx, rows)
    tx.hint(CHANGED_TOPIC)
    return len(rows)


async def load_index(tx: Tx, *, on: date | None = None) -> RegionIndex:
    """All regions and boundaries in memory, for the division in force on the day `on` (None: the table's own day).

    Load it once per process, and again when `boundaries_mark` has changed; it answers tens of thousands of points a
    second.
    """
    known, drawn = await store.regions(tx), await store.boundaries(tx)
    return await asyncio.to_thread(RegionIndex, known, drawn, on=on or table_notice().as_of)


async def lineage(tx: Tx, code: str) -> tuple[str, ...]:
    """The region and what it lies in, smallest first, for work that has no index at hand."""
    return await store.lineage(tx, code) or (code,)


async def boundaries_mark(tx: Tx) -> str:
    """A text that is another one once any boundary was taken in; cheap enough to ask every few seconds."""
    return await store.boundaries_mark(tx)


async def resolve(tx: Tx, point: Point, *, on: date | None = None) -> Resolution:
    """The region of one point. It loads the whole index: a process that resolves many keeps `load_index` instead."""
    return (await load_index(tx, on=on)).resolve(point)


async def import_boundaries(tx: Tx, file: Path, *, as_of: date, now: datetime) -> ImportReport:
    """Read a GeoJSON or TopoJSON file that shows the division of the day `as_of` and keep its boundaries.

    A region's boundary is replaced unless the one known is younger. Features of one region are put together. Those
    that match no region for certain, or that come too late, are in the report.

    Raises:
        BoundaryFileUnreadable: it is neither format, or its coordinates are not WGS84 degrees.
        OSError: the file cannot be read.
    """
    features = read_features(await asyncio.to_thread(file.read_bytes))
    boundaries, report = match_features(features, await store.regions(tx), as_of=as_of)
    younger = await store.codes_drawn_after(tx, as_of)
    fresh = [boundary for boundary in boundaries if boundary.code not in younger]
    await store.save_boundaries(tx, fresh, file_name=file.name, now=now)
    tx.hint(CHANGED_TOPIC)
    return replace(
        report,
        matched=tuple(match for match in report.matched if match.code not in younger),
        outdated=tuple(match for match in report.matched if match.code in younger),
    )


def match_features(
    features: Sequence[Feature], regions: Sequence[Region], *, as_of: date
) -> tuple[list[Boundary], ImportReport]:
    """The boundaries that a file's features give, and what became of each feature."""
    names = RegionNames(regions, as_of=as_of)
    by_code: dict[str, Boundary] = {}
    matched: list[MatchedFeature] = []
    unmatched: list[UnmatchedFeature] = []
    for position, feature in enumerate(features):
        code = names.find(feature.name, parent_name=feature.parent_name, code=feature.code)
        if not feature.shape:
            code = UnmatchedReason.NO_POLYGON
        if isinstance(code, UnmatchedReason):
            unmatched.append(UnmatchedFeature(position, feature.name, feature.code, code))
            continue
        before = by_code[code].shape if code in by_code else ()
        by_code[code] = Boundary(code, as_of, (*before, *feature.shape))
        matched.append(MatchedFeature(feature.name, code))
    return list(by_code.values()), ImportReport(as_of, tuple(matched), tuple(unmatched))


async def find_places(
    finder: PlaceFinder, fallback: PlaceFinder, query: str, *, near: Point | None = None, limit: int = 10
) -> Sequence[FoundPlace]:
    """Places for what somebody typed, by `finder`, or by `fallback` when that cannot answer or knows none.

    `finder` goes over the network, so call this while no transaction is open.
    """
    try:
        found = await finder.search(query, near, limit)
    except PlacesUnavailable:
        found = ()
    return found or await fallback.search(query, near, limit)


async def place_at(finder: PlaceFinder, fallback: PlaceFinder, point: Point) -> FoundPlace | None:
    """What people call the point, by `finder`, or by `fallback` when that cannot answer or knows nothing there."""
    try:
        found = await finder.at(point)
    except PlacesUnavailable:
        found = None
    return found or await fallback.at(point)
