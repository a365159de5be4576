"""The embedded router: straight lines, stretched by how much longer roads are, at one speed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from daeri.kernel.geo import Point, distance_m
from daeri.pricing.model import Route


@dataclass(frozen=True, slots=True)
class StraightLineRouter:
    """No input or output: `detour_factor` road metres for each straight metre, `speed_kmh` all the way."""

    detour_factor: float = 1.3
    speed_kmh: float = 30.0

    async def route(self, points: Sequence[Point]) -> Route:
        metres = sum(distance_m(a, b) for a, b in pairwise(points)) * self.detour_factor
        seconds = metres * 3.6 / self.speed_kmh
        return Route(round(metres), round(seconds), exact=False, geometry=tuple(points))
