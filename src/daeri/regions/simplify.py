"""Simplifies many shapes at once so that neighbours keep their common border. Pure.

Rings are cut where the set of rings that share a vertex changes. Within a piece every vertex is weighed once by
Douglas and Peucker's distance; a shape for a tolerance is then those vertices that weigh more. A border between two
regions is the same piece in both, so it comes out the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from daeri.regions.geometry import Ring, Shape, is_ring, ring_area

Vertex = tuple[int, int]
_GRID = 10_000  # vertices are written in 1e-4 degrees, about ten metres
_MIN_TOLERANCES = 4  # islands and holes of fewer tolerances squared are left out


@dataclass(frozen=True, slots=True)
class WeighedRing:
    """A ring on the grid, in degrees, with the tolerance up to which each vertex stays, and its area (degrees²)."""

    vertices: Ring
    weights: NDArray[np.float64]
    area: float

    def simplified(self, tolerance: float) -> Ring:
        """At least three vertices, if it has as many, so that a region stays visible."""
        kept = self.vertices[self.weights > tolerance]
        return kept if is_ring(kept) else self.vertices[np.sort(np.argsort(self.weights)[-3:])]


@dataclass(frozen=True, slots=True)
class WeighedShape:
    polygons: tuple[tuple[WeighedRing, ...], ...]

    def simplified(self, tolerance: float) -> Shape:
        """True to `tolerance` degrees; specks are left out, but never the largest part."""
        smallest = _MIN_TOLERANCES * tolerance * tolerance
        largest = max(polygon[0].area for polygon in self.polygons)
        seen = [p for p in self.polygons if p[0].area >= min(smallest, largest)]
        return tuple(
            (p[0].simplified(tolerance), *(h.simplified(tolerance) for h in p[1:] if h.area >= smallest)) for p in seen
        )


def weigh_shapes(shapes: Sequence[Shape], finest: float) -> list[WeighedShape]:
    """Prepare shapes to be simplified with tolerances of at least `finest` degrees."""
    owners = _owners(shapes)
    return [
        WeighedShape(tuple(tuple(_weigh(ring, owners, finest) for ring in polygon) for polygon in shape))
        for shape in shapes
    ]


def _vertices(ring: Ring) -> list[Vertex]:
    """On the grid, without repetitions."""
    grid: list[Vertex] = [(x, y) for x, y in np.round(ring * _GRID).astype(int).tolist()]
    return [vertex for i, vertex in enumerate(grid) if vertex != grid[i - 1]] or grid[:1]


def _owners(shapes: Sequence[Shape]) -> dict[Vertex, tuple[int, ...]]:
    """For every vertex the numbers of the rings that it belongs to, in order."""
    owners: dict[Vertex, tuple[int, ...]] = {}
    rings = (ring for shape in shapes for polygon in shape for ring in polygon)
    for number, ring in enumerate(rings):
        for vertex in dict.fromkeys(_vertices(ring)):
            owners[vertex] = (*owners.get(vertex, ()), number)
    return owners


def _weigh(ring: Ring, owners: dict[Vertex, tuple[int, ...]], finest: float) -> WeighedRing:
    vertices = _vertices(ring)
    weights = np.full(len(vertices), np.inf)
    for indexes in _pieces(vertices, owners):
        # Both sides weigh the piece in the same direction, so that ties fall the same way.
        ordered = indexes if vertices[indexes[0]] <= vertices[indexes[-1]] else indexes[::-1]
        points = np.array([vertices[i] for i in ordered], dtype=np.float64) / _GRID
        inner = ordered[1:-1]
        if inner:
            weights[inner] = _douglas_peucker(points, finest)[1:-1]
    return WeighedRing(np.array(vertices, dtype=np.float64) / _GRID, weights, ring_area(ring))


def _pieces(vertices: list[Vertex], owners: dict[Vertex, tuple[int, ...]]) -> Iterator[list[int]]:
    """The ring's positions cut at its junctions; each piece begins where the one before ends."""
    count = len(vertices)
    changes = [i for i in range(count) if owners[vertices[i]] != owners[vertices[i - 1]]]
    # A border ends at the vertex that more rings share: of the two beside a change, the one with more owners.
    cuts = sorted({max(i, (i - 1) % count, key=lambda k: len(owners[vertices[k]])) for i in changes})
    if len(cuts) < 2:
        cuts = _island_cuts(vertices)
    for start, end in pairwise([*cuts, cuts[0] + count]):
        yield [i % count for i in range(start, end + 1)]


def _island_cuts(vertices: list[Vertex]) -> list[int]:
    """The smallest vertex and the one farthest from it: the same two wherever the ring is said to begin."""
    first = min(range(len(vertices)), key=lambda i: vertices[i])
    x, y = vertices[first]
    far = max(range(len(vertices)), key=lambda i: ((vertices[i][0] - x) ** 2 + (vertices[i][1] - y) ** 2, vertices[i]))
    return sorted({first, far})


def _douglas_peucker(points: NDArray[np.float64], finest: float) -> NDArray[np.float64]:
    """For each point the tolerance up to which it stays; 0 for those that even `finest` leaves out."""
    weights = np.zeros(len(points))
    spans = [(0, len(points) - 1, np.inf)]
    while spans:
        start, end, limit = spans.pop()
        if end - start < 2:
            continue
        distances = _distances(points[start + 1 : end], points[start], points[end])
        farthest = int(distances.argmax())
        # A vertex cannot stay longer than the vertex that split the line before it.
        weight = min(limit, float(distances[farthest]))
        if weight > finest:
            middle = start + 1 + farthest
            weights[middle] = weight
            spans += [(start, middle, weight), (middle, end, weight)]
    return weights


def _distances(
    points: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """From each point to the segment."""
    dx, dy = (end - start).tolist()
    x, y = points[:, 0] - start[0], points[:, 1] - start[1]
    along = np.minimum(np.maximum((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-18), 0.0), 1.0)
    distances: NDArray[np.float64] = np.hypot(x - along * dx, y - along * dy)
    return distances
