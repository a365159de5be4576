"""Seeding, importing and loading, on a real database."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from daeri.infra.database import Database
from daeri.kernel.geo import Point
from daeri.regions import store
from daeri.regions.api import import_boundaries, load_index, resolve, seed, table_notice
from daeri.regions.model import NOWHERE, BoundaryFileUnreadable, How, MatchedFeature, Region, UnmatchedReason

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
DRAWN = date(2018, 12, 31)
SUWON = Point(37.30, 127.01)


def write(path: Path, *features: tuple[str, str, float]) -> Path:
    """A GeoJSON file of squares around (37.3, 127.0): name, code, half a side in degrees."""
    items = []
    for name, code, half in features:
        west, east, south, north = 127.0 - half, 127.0 + half, 37.3 - half, 37.3 + half
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        geometry = {"type": "Polygon", "coordinates": [ring]} if half else None
        items.append({"type": "Feature", "properties": {"name": name, "code": code}, "geometry": geometry})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items}), encoding="utf-8")
    return path


async def test_seeding_twice_leaves_the_shipped_table(database: Database, regions: list[Region]) -> None:
    for _ in range(2):
        async with database.transaction() as tx:
            assert await seed(tx) == len(regions)
    async with database.reading() as tx:
        assert await store.regions(tx) == regions


async def test_seeding_mends_a_row_that_was_changed(database: Database) -> None:
    async with database.transaction() as tx:
        await seed(tx)
        await tx.execute("UPDATE regions SET name_ko = '수원' WHERE code = '41110'")
        await seed(tx)
        assert await tx.value("SELECT name_ko FROM regions WHERE code = '41110'") == "수원시"


async def test_the_index_shows_the_division_of_the_day(database: Database) -> None:
    async with database.transaction() as tx:
        await seed(tx)
        assert (await load_index(tx)).on == table_notice().as_of
        assert len((await load_index(tx)).provinces()) == 16
        assert len((await load_index(tx, on=date(2026, 6, 30))).provinces()) == 17


async def test_a_point_without_boundaries(database: Database) -> None:
    async with database.transaction() as tx:
        await seed(tx)
        assert (await resolve(tx, SUWON)).how is How.NEAREST
        assert await resolve(tx, Point(40.75, -73.98)) == NOWHERE


async def test_an_imported_boundary_answers(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "a.geojson", ("수원시장안구", "31011", 0.1))
    async with database.transaction() as tx:
        await seed(tx)
        report = await import_boundaries(tx, file, as_of=DRAWN, now=NOW)
    assert report.matched == (MatchedFeature("수원시장안구", "41111"),)
    async with database.reading() as tx:
        found = await resolve(tx, SUWON)
        kept = await tx.row("SELECT file_name, imported_at FROM region_boundaries")
    assert (found.code, found.how, found.name_ko) == ("41111", How.BOUNDARY, "경기도 수원시 장안구")
    assert kept is not None
    assert (kept["file_name"], kept["imported_at"]) == ("a.geojson", NOW)


async def test_what_matches_nothing_is_in_the_report(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "a.geojson", ("중구", "", 0.1), ("뉴욕시", "", 0.1), ("수원시", "", 0), ("오산시", "", 0.1))
    async with database.transaction() as tx:
        await seed(tx)
        report = await import_boundaries(tx, file, as_of=DRAWN, now=NOW)
    assert [match.code for match in report.matched] == ["41370"]
    assert [(left.position, left.name, left.reason) for left in report.unmatched] == [
        (0, "중구", UnmatchedReason.AMBIGUOUS_NAME),
        (1, "뉴욕시", UnmatchedReason.UNKNOWN_NAME),
        (2, "수원시", UnmatchedReason.NO_POLYGON),
    ]


async def test_two_features_of_one_region_are_put_together(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "a.geojson", ("오산시", "", 0.01), ("오산시", "", 0.02))
    async with database.transaction() as tx:
        await seed(tx)
        await import_boundaries(tx, file, as_of=DRAWN, now=NOW)
        (boundary,) = await store.boundaries(tx)
    assert len(boundary.shape) == 2


async def test_an_older_file_does_not_replace_a_younger_boundary(database: Database, tmp_path: Path) -> None:
    file = write(tmp_path / "a.geojson", ("오산시", "", 0.1))
    async with database.transaction() as tx:
        await seed(tx)
        await import_boundaries(tx, file, as_of=date(2026, 8, 1), now=NOW)
        late = await import_boundaries(tx, file, as_of=DRAWN, now=NOW)
        again = await import_boundaries(tx, file, as_of=date(2026, 8, 1), now=NOW)
        (boundary,) = await store.boundaries(tx)
    assert (late.matched, late.outdated) == ((), (MatchedFeature("오산시", "41370"),))
    assert again.outdated == ()
    assert boundary.as_of == date(2026, 8, 1)


async def test_an_unreadable_file_changes_nothing(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    file.write_bytes(b"<html>")
    async with database.transaction() as tx:
        await seed(tx)
    with pytest.raises(BoundaryFileUnreadable):
        async with database.transaction() as tx:
            await import_boundaries(tx, file, as_of=DRAWN, now=NOW)
    async with database.reading() as tx:
        assert await store.boundaries(tx) == []


@pytest.mark.shared
@pytest.mark.rule("I-007")
async def test_the_boundaries_of_2018(database: Database, file_2018: Path) -> None:
    async with database.transaction() as tx:
        await seed(tx)
        report = await import_boundaries(tx, file_2018, as_of=DRAWN, now=NOW)
    assert (len(report.matched), report.unmatched, report.outdated) == (250, (), ())
    async with database.reading() as tx:
        index = await load_index(tx)
    assert index.resolve(Point(37.4095, 127.2570)).name_ko == "경기도 광주시"
    assert index.resolve(Point(35.1601, 126.8514)).name_ko == "전남광주통합특별시 서구"


async def test_processes_are_told_to_load_again(database: Database, tmp_path: Path) -> None:
    heard: list[str] = []
    file = write(tmp_path / "a.geojson", ("오산시", "", 0.1))
    async with database.transaction() as tx:
        await seed(tx)
        await import_boundaries(tx, file, as_of=DRAWN, now=NOW)
        heard.extend(topic for topic, _ in tx.hints)
    assert heard == ["regions.changed", "regions.changed"]
