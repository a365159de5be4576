"""Reads the table of regions that is shipped with the package (`table.csv`, described by `table.json`)."""

import csv
from datetime import date
from importlib.resources import files

import msgspec

from daeri.kernel.geo import Point
from daeri.regions.model import Level, Region


class TableNotice(msgspec.Struct, frozen=True):
    """What the shipped table is: the day that it describes, the day from which it keeps changes, and its sources."""

    as_of: date
    since: date
    codes: str
    sources: tuple[str, ...]
    points: dict[str, str]


class ShippedRow(msgspec.Struct, frozen=True):
    """A region and where its representative point comes from (see the notice)."""

    region: Region
    point_source: str


def table_notice() -> TableNotice:
    return msgspec.json.decode(files("daeri.regions").joinpath("table.json").read_bytes(), type=TableNotice)


def shipped_rows() -> list[ShippedRow]:
    """All rows of the shipped table, parents before their children."""
    text = files("daeri.regions").joinpath("table.csv").read_text(encoding="utf-8")
    return [_row(record) for record in csv.DictReader(text.splitlines())]


def shipped_regions() -> list[Region]:
    return [row.region for row in shipped_rows()]


def _row(record: dict[str, str]) -> ShippedRow:
    region = Region(
        code=record["code"],
        parent=record["parent"] or None,
        level=Level(record["level"]),
        name_ko=record["name_ko"],
        name_en=record["name_en"],
        point=Point(float(record["lat"]), float(record["lon"])),
        valid_from=_day(record["valid_from"]),
        valid_to=_day(record["valid_to"]),
        successors=tuple(record["successors"].split()),
    )
    return ShippedRow(region, record["point_source"])


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
