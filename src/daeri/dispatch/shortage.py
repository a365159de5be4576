"""PURE: how short drivers are around a place (R-052), and the squares by which free drivers are counted."""

from collections.abc import Iterator
from math import ceil, cos, floor, radians

import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.fleet import CAN_PAY, FleetView, Status
from daeri.dispatch.model import Condition, Shortage, ShortagePolicy, ShortageReason
from daeri.kernel.geo import METRES_PER_DEGREE, Point, distance_m
from daeri.pricing.plan_model import ShortageLevel

# A square is about 4.4 km a side in Korea. The store cuts the origins of calls in the same way.
SQUARE_LAT = 0.04
SQUARE_LON = 0.05
ROW = 7_200  # squares around the earth
_LEVELS = (ShortageLevel.NONE, ShortageLevel.TIGHT, ShortageLevel.SHORT)


def judge(policy: ShortagePolicy, *, waiting: int, free_drivers: int | None, condition: Condition) -> Shortage:
    """The level by waiting calls and free drivers, raised by the weather; an unknown number of drivers says nothing."""
    volume = _by_volume(policy, waiting, free_drivers)
    raised = {
        Condition.CLEAR: 0,
        Condition.RAIN: policy.rain_raises,
        Condition.SNOW: policy.snow_raises,
        Condition.STORM: policy.storm_raises,
    }[condition]
    level = min(volume + raised, len(_LEVELS) - 1)
    reason = None if level == 0 else ShortageReason.WEATHER if level > volume else ShortageReason.VOLUME
    return Shortage(_LEVELS[level], reason, waiting, free_drivers)


def squares_around(point: Point, radius_m: float) -> list[int]:
    """The squares whose middles lie within the radius, and the point's own."""
    reach_lat = radius_m / METRES_PER_DEGREE
    reach_lon = reach_lat / max(cos(radians(point.lat)), 0.01)
    own = _square(point.lat, point.lon)
    return sorted({own, *_near(point, radius_m, ceil(reach_lat / SQUARE_LAT), ceil(reach_lon / SQUARE_LON))})


def free_by_square(view: FleetView, oldest_fix_ms: int) -> dict[int, tuple[list[int], list[int]]]:
    """By the number of the company: the squares with free drivers, and how many there are in each."""
    is_free = (view.status == Status.IDLE) & ((view.capabilities & CAN_PAY) != 0)
    at = np.flatnonzero(is_free & (view.at_ms >= max(oldest_fix_ms, 0)))
    rows = np.floor((view.lat[at] + 90) / SQUARE_LAT).astype(np.int64)
    columns = np.floor((view.lon[at] + 180) / SQUARE_LON).astype(np.int64)
    keys, counts = np.unique(view.company[at].astype(np.int64) << 32 | (rows * ROW + columns), return_counts=True)
    return {company: _of_company(keys, counts, company) for company in np.unique(keys >> 32).tolist()}


def _of_company(keys: NDArray[np.int64], counts: NDArray[np.int64], company: int) -> tuple[list[int], list[int]]:
    mine = keys >> 32 == company
    return (keys[mine] & 0xFFFF_FFFF).tolist(), counts[mine].tolist()


def _by_volume(policy: ShortagePolicy, waiting: int, free_drivers: int | None) -> int:
    if free_drivers is None or waiting < policy.least_waiting:
        return 0
    ratio = waiting / max(free_drivers, 1)
    return 2 if ratio >= policy.short_ratio else 1 if ratio >= policy.tight_ratio else 0


def _near(point: Point, radius_m: float, rows: int, columns: int) -> Iterator[int]:
    for north in range(-rows, rows + 1):
        for east in range(-columns, columns + 1):
            row = floor((point.lat + 90) / SQUARE_LAT) + north
            column = floor((point.lon + 180) / SQUARE_LON) + east
            middle = Point((row + 0.5) * SQUARE_LAT - 90, (column + 0.5) * SQUARE_LON - 180)
            if distance_m(point, middle) <= radius_m:
                yield row * ROW + column


def _square(lat: float, lon: float) -> int:
    return floor((lat + 90) / SQUARE_LAT) * ROW + floor((lon + 180) / SQUARE_LON)
