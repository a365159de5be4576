"""The embedded place finder: well-known public places of Korea, shipped with the package (`gazetteer.csv`)."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from daeri.adapters.places.hangul import find, fold
from daeri.kernel.geo import Point, distance_m
from daeri.regions.model import FoundPlace, PlaceKind

_NEAR_M = 300.0  # a point is called after a place that is no farther away than this
_NAME_STARTS, _NAME_HAS, _ADDRESS_HAS = range(3)


@dataclass(frozen=True, slots=True)
class _Entry:
    place: FoundPlace
    names: tuple[str, ...]  # folded
    address: str  # folded


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """No input or output: names by beginning, then by part, then addresses; among equals the nearer first."""

    entries: Sequence[_Entry]

    async def search(self, query: str, near: Point | None, limit: int) -> Sequence[FoundPlace]:
        """An empty query finds what is nearest; without a point, the table's order decides."""
        typed = fold(query)
        ranked = sorted(self._ranked(typed, near), key=lambda found: found[:2])
        return [place for *_, place in ranked[:limit]]

    async def at(self, point: Point) -> FoundPlace | None:
        nearest = min((entry.place for entry in self.entries), key=lambda place: distance_m(place.point, point))
        return nearest if distance_m(nearest.point, point) <= _NEAR_M else None

    def _ranked(self, typed: str, near: Point | None) -> Iterator[tuple[int, float, FoundPlace]]:
        for entry in self.entries:
            rank = _rank(typed, entry)
            if rank is not None:
                yield rank, 0.0 if near is None else distance_m(near, entry.place.point), entry.place


def open_gazetteer() -> Gazetteer:
    """The shipped table, read once."""
    text = files("daeri.adapters.places").joinpath("gazetteer.csv").read_text(encoding="utf-8")
    return Gazetteer([_entry(record) for record in csv.DictReader(text.splitlines())])


def _rank(typed: str, entry: _Entry) -> int | None:
    begins = [place for name in entry.names if (place := find(typed, name)) is not None]
    if begins:
        return _NAME_HAS if min(begins) else _NAME_STARTS
    return None if find(typed, entry.address) is None else _ADDRESS_HAS


def _entry(record: dict[str, str]) -> _Entry:
    place = FoundPlace(
        name=record["name_ko"],
        address=record["address"],
        point=Point(float(record["lat"]), float(record["lon"])),
        kind=PlaceKind(record["kind"]),
        name_en=record["name_en"],
    )
    return _Entry(place, (fold(record["name_ko"]), fold(record["name_en"])), fold(place.address))
