"""The regions in memory: which region a point lies in, ancestors, look-ups. Pure; built once per process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import cos, radians

import numpy as np

from daeri.kernel.geo import METRES_PER_DEGREE, Point
from daeri.regions.geometry import Edges
from daeri.regions.korea import in_korea
from daeri.regions.model import (
    NEAREST_CAP_M,
    NOWHERE,
    SHORE_TOLERANCE_M,
    TABLE_SINCE,
    Boundary,
    How,
    Level,
    Region,
    Resolution,
)

_DEPTH = {Level.PROVINCE: 0, Level.MUNICIPALITY: 1, Level.DISTRICT: 2}
_SHORE_MARGIN_DEGREES = SHORE_TOLERANCE_M / METRES_PER_DEGREE / cos(radians(39))
_FULL_CODE_LENGTH = 10


@dataclass(frozen=True, slots=True)
class _Ground:
    """A boundary made ready: its region's code and its edges."""

    code: str
    edges: Edges


class RegionIndex:
    """All regions as of one day, with the boundaries that are known. Immutable, so safe to share and to swap."""

    def __init__(self, regions: Iterable[Region], boundaries: Iterable[Boundary], *, on: date) -> None:
        """`on` is the day whose division counts; a day before the table was kept is answered with its first."""
        self.on = max(on, TABLE_SINCE)
        self._known = {region.code: region for region in regions}
        self._in_force = {code: region for code, region in self._known.items() if region.in_force(self.on)}
        parents = {region.parent for region in self._in_force.values()}
        self.leaves = tuple(region for code, region in self._in_force.items() if code not in parents)
        self._leaf_lat = np.array([leaf.point.lat for leaf in self.leaves])
        self._leaf_lon = np.array([leaf.point.lon for leaf in self.leaves])
        self._predecessors = _predecessors(self._known.values())
        # Where several contain a point, the finer region counts, and of two drawings the younger.
        ranked = sorted(boundaries, key=lambda b: (_DEPTH[self._known[b.code].level], b.as_of), reverse=True)
        self.boundaries = tuple(ranked)
        self._grounds = [_Ground(boundary.code, Edges.of(boundary.shape)) for boundary in ranked]
        self._bounds = np.array([ground.edges.bounds() for ground in self._grounds]).reshape(-1, 4)
        self._covered = self._covered_leaves()

    def resolve(self, point: Point) -> Resolution:
        """The finest known region of the point (I-007).

        "boundary": inside an imported boundary. "nearest": by the nearest representative point within 100 km, where
        no boundary is known, where a region was divided since its boundary was drawn, or within 2 km of a simplified
        shore. "none": in no region of Korea.
        """
        if not point.is_valid() or not in_korea(point):
            return NOWHERE
        ground = self._around(point, 0.0)
        if ground is not None:
            return self._as_of_today(ground.code, point, How.BOUNDARY)
        ground = self._at_shore(point)
        if ground is not None:
            return self._as_of_today(ground.code, point, How.NEAREST)
        leaf = self._nearest_leaf(point)
        # Beyond the boundary of its own nearest region a point is at sea: the boundary knows better.
        return NOWHERE if leaf is None or leaf.code in self._covered else self._answer(leaf, How.NEAREST)

    def by_code(self, code: str) -> Region | None:
        """The region of a legal code, in force or not; a ten-digit code may be given, of a 동 too."""
        if len(code) == _FULL_CODE_LENGTH:
            code = code[:2] if code[2:5] == "000" else code[:5]
        return self._known.get(code)

    def ancestors(self, code: str) -> tuple[Region, ...]:
        """Parent, then grandparent; empty for a province or an unknown code."""
        found: list[Region] = []
        region = self._known.get(code)
        while region is not None and region.parent is not None:
            region = self._known[region.parent]
            found.append(region)
        return tuple(found)

    def children(self, code: str) -> tuple[Region, ...]:
        """The regions in force right below `code`, by code."""
        return tuple(region for region in self._in_force.values() if region.parent == code)

    def provinces(self) -> tuple[Region, ...]:
        """The provinces in force, by code."""
        return tuple(region for region in self._in_force.values() if region.level is Level.PROVINCE)

    def lies_in(self, code: str, container: str) -> bool:
        """Whether region `code` is `container` or a part of it."""
        return code == container or any(region.code == container for region in self.ancestors(code))

    def full_name_ko(self, code: str) -> str:
        """The name with those of its ancestors, the largest first: 경기도 수원시 장안구."""
        return " ".join(dict.fromkeys(region.name_ko for region in reversed(self._lineage(code))))

    def full_name_en(self, code: str) -> str:
        """The name with those of its ancestors, the smallest first: Jangan-gu, Suwon-si, Gyeonggi-do."""
        return ", ".join(dict.fromkeys(region.name_en for region in self._lineage(code)))

    def search(self, name: str) -> tuple[Region, ...]:
        """Regions in force whose Korean or English name begins with or contains `name`, best first.

        Words narrow from large to small: "경기 광주" finds only the 광주 of 경기도.
        """
        words = name.casefold().split()
        if not words:
            return ()
        found = [region for region in self._in_force.values() if self._matches(region, words)]
        return tuple(sorted(found, key=lambda region: (_search_rank(region, words[-1]), region.code)))

    def equivalents(self, code: str) -> tuple[Region, ...]:
        """The regions in force on the ground of `code`: itself, or its successors, or what it was made of."""
        if code in self._in_force:
            return (self._in_force[code],)
        known = self._known.get(code)
        later = known.successors if known else ()
        codes = [c for c in (*later, *self._predecessors.get(code, ())) if c in self._in_force]
        return tuple(self._in_force[c] for c in codes)

    @property
    def covered(self) -> frozenset[str]:
        """Codes of the leaves whose ground lies in an imported boundary."""
        return self._covered

    def _covered_leaves(self) -> frozenset[str]:
        drawn = {region.code for ground in self._grounds for region in self.equivalents(ground.code)}
        return frozenset(leaf.code for leaf in self.leaves if any(r.code in drawn for r in self._lineage(leaf.code)))

    def _lineage(self, code: str) -> tuple[Region, ...]:
        region = self._known.get(code)
        return () if region is None else (region, *self.ancestors(code))

    def _boxed(self, point: Point, margin: float) -> list[_Ground]:
        west, south, east, north = self._bounds.T
        inside = (west - margin <= point.lon) & (point.lon <= east + margin)
        inside &= (south - margin <= point.lat) & (point.lat <= north + margin)
        return [self._grounds[i] for i in np.nonzero(inside)[0]]

    def _around(self, point: Point, margin: float) -> _Ground | None:
        return next((ground for ground in self._boxed(point, margin) if ground.edges.contain(point)), None)

    def _at_shore(self, point: Point) -> _Ground | None:
        near = [(ground.edges.distance_m(point), ground) for ground in self._boxed(point, _SHORE_MARGIN_DEGREES)]
        distance, ground = min(near, key=lambda pair: pair[0], default=(np.inf, None))
        return ground if distance <= SHORE_TOLERANCE_M else None

    def _nearest_leaf(self, point: Point) -> Region | None:
        if not self.leaves:
            return None
        # On a plane that touches the earth at the point: good to a metre in a thousand within the cap.
        dx = (self._leaf_lon - point.lon) * cos(radians(point.lat))
        squares = dx * dx + (self._leaf_lat - point.lat) ** 2
        nearest = int(squares.argmin())
        return self.leaves[nearest] if squares[nearest] ** 0.5 * METRES_PER_DEGREE <= NEAREST_CAP_M else None

    def _as_of_today(self, code: str, point: Point, how: How) -> Resolution:
        """The answer for a point on the ground of `code`, which may have been divided or renamed since."""
        current = self.equivalents(code)
        if not current:
            return NOWHERE
        if len(current) == 1:
            return self._answer(current[0], how)
        return self._answer(_nearest_of(current, point), How.NEAREST)

    def _answer(self, region: Region, how: How) -> Resolution:
        return Resolution(how, region.code, self.full_name_ko(region.code), self.full_name_en(region.code))

    def _matches(self, region: Region, words: Sequence[str]) -> bool:
        *outer, own = words
        if own not in region.name_ko and own not in region.name_en.casefold():
            return False
        above = f"{self.full_name_ko(region.code)} {self.full_name_en(region.code)}".casefold()
        return all(word in above for word in outer)


def _predecessors(regions: Iterable[Region]) -> dict[str, tuple[str, ...]]:
    before: dict[str, tuple[str, ...]] = {}
    for region in regions:
        for successor in region.successors:
            before[successor] = (*before.get(successor, ()), region.code)
    return before


def _nearest_of(regions: Sequence[Region], point: Point) -> Region:
    scale = cos(radians(point.lat))
    return min(regions, key=lambda r: ((r.point.lon - point.lon) * scale) ** 2 + (r.point.lat - point.lat) ** 2)


def _search_rank(region: Region, word: str) -> int:
    names = (region.name_ko, region.name_en.casefold())
    if word in names:
        return 0
    return 1 if any(name.startswith(word) for name in names) else 2
