"""The outline map: imported boundaries where there are some, Voronoi cells of the representative points elsewhere.

Pure. The answer is GeoJSON for a browser, with two members of our own: `source` ("boundaries", "cells" or "mixed")
and `as_of`, the day whose division it shows; each feature says its own source.
"""

from collections.abc import Sequence
from math import cos, radians
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from daeri.regions.geometry import Ring, Shape, clip_half_plane, is_ring
from daeri.regions.index import RegionIndex
from daeri.regions.korea import KOREA
from daeri.regions.model import Boundary, Region
from daeri.regions.simplify import WeighedShape, weigh_shapes

OUTLINE_LIMIT_BYTES = 300_000
_FINEST_TOLERANCE = 0.002  # degrees, about 200 m
_COARSER = 1.25
_MID_LATITUDE_SCALE = cos(radians(36))
_CELL_DECIMALS = 4


class _Properties(msgspec.Struct, frozen=True):
    code: str
    name_ko: str
    name_en: str
    source: Literal["boundary", "cell"]


class _MultiPolygon(msgspec.Struct, frozen=True, tag_field="type", tag="MultiPolygon"):
    coordinates: list[list[list[list[float]]]]


class _Feature(msgspec.Struct, frozen=True, tag_field="type", tag="Feature"):
    id: str
    properties: _Properties
    geometry: _MultiPolygon


class _Collection(msgspec.Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    source: Literal["boundaries", "cells", "mixed"]
    as_of: str
    features: list[_Feature]


def outline(index: RegionIndex) -> bytes:
    """A GeoJSON FeatureCollection of Korea's regions, one feature a region or cell, under 300 kB.

    Takes some tenths of a second: build it once per index and keep it.
    """
    cells = _cell_features(index)
    drawn = _drawn(index)
    if not drawn:
        return _encode(index, "cells", cells)
    weighed = weigh_shapes([boundary.shape for _, boundary in drawn], _FINEST_TOLERANCE)
    tolerance = _FINEST_TOLERANCE
    while True:
        features = cells + _boundary_features([region for region, _ in drawn], weighed, tolerance)
        data = _encode(index, "mixed" if cells else "boundaries", features)
        if len(data) < OUTLINE_LIMIT_BYTES or tolerance > 1:
            return data
        tolerance *= _COARSER


def _encode(index: RegionIndex, source: Literal["boundaries", "cells", "mixed"], features: list[_Feature]) -> bytes:
    return msgspec.json.encode(_Collection(source, index.on.isoformat(), features))


def _drawn(index: RegionIndex) -> list[tuple[Region, Boundary]]:
    """The boundaries worth drawing, each with the region in force that it stands for.

    Left out: what finer boundaries cover, and what younger boundaries of its successors cover.
    """
    codes = {boundary.code for boundary in index.boundaries}
    covering = {region.code for code in codes for region in index.ancestors(code)}
    drawn = []
    for boundary in index.boundaries:
        current = index.equivalents(boundary.code)
        succeeded = boundary.code not in {r.code for r in current} and all(r.code in codes for r in current)
        own = index.by_code(boundary.code)
        if boundary.code in covering or succeeded or own is None:
            continue
        drawn.append((current[0] if len(current) == 1 else own, boundary))
    return drawn


def _boundary_features(regions: Sequence[Region], weighed: Sequence[WeighedShape], tolerance: float) -> list[_Feature]:
    pairs = zip(regions, weighed, strict=True)
    return [_feature(region, shape.simplified(tolerance), "boundary") for region, shape in pairs]


def _cell_features(index: RegionIndex) -> list[_Feature]:
    """Cells of the leaves whose ground no boundary covers; the other leaves take part in cutting them out."""
    cells = voronoi_cells(np.array([(leaf.point.lon, leaf.point.lat) for leaf in index.leaves]).reshape(-1, 2))
    return [
        _feature(leaf, cell, "cell")
        for leaf, cell in zip(index.leaves, cells, strict=True)
        if leaf.code not in index.covered
    ]


def voronoi_cells(sites: NDArray[np.float64]) -> list[Shape]:
    """For each site (longitude, latitude) the part of Korea that is nearer to it than to any other.

    Distances are taken on a plane with degrees of longitude shortened as at 36° north. Each part of Korea is clipped
    by the bisectors to the other sites, nearest first, until the next is too far to cut anything.
    """
    scale = np.array([_MID_LATITUDE_SCALE, 1.0])
    korea = [polygon[0] * scale for polygon in KOREA]
    plane = sites * scale
    cells: list[Shape] = []
    for site in plane:
        parts = [np.round(_cell_part(plane - site, site, part) / scale, _CELL_DECIMALS) for part in korea]
        cells.append(tuple((part,) for part in parts if is_ring(part)))
    return cells


def _cell_part(offsets: NDArray[np.float64], site: NDArray[np.float64], part: Ring) -> Ring:
    distances = np.hypot(offsets[:, 0], offsets[:, 1])
    for other in np.argsort(distances, kind="stable"):
        reach = np.hypot(*(part - site).T).max(initial=0.0)
        if distances[other] > 2 * reach:
            break
        if distances[other] > 0:
            normal = offsets[other]
            middle = site + normal / 2
            part = clip_half_plane(part, (float(normal[0]), float(normal[1])), float(normal @ middle))
    return _without_spikes(part)


def _without_spikes(ring: Ring) -> Ring:
    """Clipping a hollow ring leaves edges that go out and come back the same way; they are taken off."""
    while len(ring) > 3:
        before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
        cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
        lengths = np.hypot(before[:, 0], before[:, 1]) * np.hypot(after[:, 0], after[:, 1])
        turns_back = (np.abs(cross) <= 1e-6 * lengths) & ((before * after).sum(axis=1) <= 0)
        if not turns_back.any():
            break
        ring = np.delete(ring, int(turns_back.argmax()), axis=0)
    return ring


def _feature(region: Region, shape: Shape, source: Literal["boundary", "cell"]) -> _Feature:
    properties = _Properties(region.code, region.name_ko, region.name_en, source)
    coordinates = [[_closed(ring) for ring in polygon] for polygon in shape if polygon]
    return _Feature(region.code, properties, _MultiPolygon(coordinates))


def _closed(ring: Ring) -> list[list[float]]:
    vertices: list[list[float]] = ring.tolist()
    return [*vertices, vertices[0]] if vertices else []
