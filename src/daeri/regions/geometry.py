"""Polygons in degrees as NumPy rings: containment, distance, packing. Pure.

A ring is an (n, 2) float64 array of longitude, latitude, not closed (the last vertex joins the first).
"""

from dataclasses import dataclass
from math import cos, radians

import msgspec
import numpy as np
from numpy.typing import NDArray

from daeri.kernel.geo import METRES_PER_DEGREE, Point

Ring = NDArray[np.float64]
Polygon = tuple[Ring, ...]  # the outer ring, then its holes
Shape = tuple[Polygon, ...]

_E7 = 10_000_000
_MIN_VERTICES = 3


def open_ring(vertices: Ring) -> Ring:
    """The ring without a repeated last vertex."""
    closed = len(vertices) > 1 and bool(np.array_equal(vertices[0], vertices[-1]))
    return vertices[:-1] if closed else vertices


def is_ring(ring: Ring) -> bool:
    return len(ring) >= _MIN_VERTICES


def ring_area(ring: Ring) -> float:
    """The absolute area in square degrees (shoelace)."""
    following = np.roll(ring, -1, axis=0)
    doubled = ring[:, 0] * following[:, 1] - following[:, 0] * ring[:, 1]
    return abs(float(doubled.sum())) / 2


def pack_shape(shape: Shape) -> bytes:
    """MessagePack of polygons of rings; a ring is little-endian int32 pairs of 1e-7 degrees."""
    packed = [[np.round(ring * _E7).astype("<i4").tobytes() for ring in polygon] for polygon in shape]
    return msgspec.msgpack.encode(packed)


def unpack_shape(data: bytes) -> Shape:
    """The inverse of `pack_shape`."""
    polygons = msgspec.msgpack.decode(data, type=list[list[bytes]])
    return tuple(tuple(_unpack_ring(ring) for ring in polygon) for polygon in polygons)


def _unpack_ring(data: bytes) -> Ring:
    return np.frombuffer(data, dtype="<i4").reshape(-1, 2).astype(np.float64) / _E7


@dataclass(frozen=True, slots=True)
class Edges:
    """All edges of a shape as columns, with the number of the polygon that each belongs to."""

    x1: NDArray[np.float64]
    y1: NDArray[np.float64]
    x2: NDArray[np.float64]
    y2: NDArray[np.float64]
    polygon: NDArray[np.int64]

    @classmethod
    def of(cls, shape: Shape) -> "Edges":
        rings = [ring for polygon in shape for ring in polygon]
        start = np.concatenate(rings)
        end = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
        x1, y1, x2, y2 = (np.ascontiguousarray(c) for c in (start[:, 0], start[:, 1], end[:, 0], end[:, 1]))
        polygon = np.repeat(np.arange(len(shape)), [sum(len(ring) for ring in p) for p in shape])
        return cls(x1, y1, x2, y2, polygon)

    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return float(self.x1.min()), float(self.y1.min()), float(self.x1.max()), float(self.y1.max())

    def contain(self, point: Point) -> bool:
        """Whether a ray to the east crosses an odd number of edges of any polygon: then it is in no hole of it."""
        crossed = np.nonzero((self.y1 > point.lat) != (self.y2 > point.lat))[0]
        x1, y1 = self.x1[crossed], self.y1[crossed]
        slope = (self.x2[crossed] - x1) / (self.y2[crossed] - y1)
        east = crossed[x1 + (point.lat - y1) * slope > point.lon]
        return bool((np.bincount(self.polygon[east]) % 2).any())

    def distance_m(self, point: Point) -> float:
        """Metres from the point to the nearest edge, on a plane that touches the earth at the point."""
        kx, ky = METRES_PER_DEGREE * cos(radians(point.lat)), METRES_PER_DEGREE
        ax, ay = (self.x1 - point.lon) * kx, (self.y1 - point.lat) * ky
        dx, dy = (self.x2 - self.x1) * kx, (self.y2 - self.y1) * ky
        length_2 = np.maximum(dx * dx + dy * dy, 1e-9)
        along = np.clip(-(ax * dx + ay * dy) / length_2, 0.0, 1.0)
        return float(np.sqrt(((ax + along * dx) ** 2 + (ay + along * dy) ** 2).min()))


def clip_half_plane(ring: Ring, normal: tuple[float, float], offset: float) -> Ring:
    """The part of `ring` where normal · vertex ≤ offset (Sutherland and Hodgman); empty when nothing is left."""
    if len(ring) == 0:
        return ring
    side = ring @ np.asarray(normal) - offset
    if (side <= 0).all():
        return ring
    kept: list[Ring] = []
    for i in range(len(ring)):
        j = (i + 1) % len(ring)
        if side[i] <= 0:
            kept.append(ring[i])
        if (side[i] <= 0) != (side[j] <= 0):
            kept.append(ring[i] + (ring[j] - ring[i]) * (side[i] / (side[i] - side[j])))
    return np.array(kept).reshape(-1, 2)
