"""The simulated fleet of a replay: where every driver is at an instant, for all of them at once."""

import numpy as np
from numpy.typing import NDArray

from daeri.kernel.geo import METRES_PER_DEGREE, Point, distance_m

# One record of a gateway: handle, at_ms, latitude and longitude × 1e7, accuracy in decimetres, reserved; 24 bytes.
RECORD = np.dtype(
    [("handle", "<u4"), ("at_ms", "<i8"), ("lat", "<i4"), ("lon", "<i4"), ("accuracy", "<u2"), ("reserved", "<u2")]
)
_ACCURACY_DM = 80
Floats = NDArray[np.float64]


class Fleet:
    """Drivers by index, each on a straight leg or standing. Times are seconds of business time since 1970."""

    def __init__(self, starts: list[Point]) -> None:
        self._from = np.array([(point.lat, point.lon) for point in starts], dtype=np.float64)
        self._to = self._from.copy()
        self._departs = np.zeros(len(starts))
        self._arrives = np.zeros(len(starts))
        self.is_free = np.ones(len(starts), dtype=np.bool_)

    def position(self, driver: int, at_s: float) -> Point:
        lat, lon = self._positions(at_s, np.array([driver]))[0]
        return Point(float(lat), float(lon))

    def go(self, driver: int, target: Point, at_s: float, duration_s: float) -> None:
        """Sets out from where the driver is, to be at `target` after `duration_s`."""
        here = self.position(driver, at_s)
        self._from[driver] = here.lat, here.lon
        self._to[driver] = target.lat, target.lon
        self._departs[driver], self._arrives[driver] = at_s, at_s + duration_s

    def records(self, at_s: float, drivers: NDArray[np.int64], handles: NDArray[np.uint32]) -> bytes:
        """The positions of `drivers` as a gateway reports them, in the same order as `handles`."""
        records = np.zeros(len(drivers), dtype=RECORD)
        degrees_e7 = np.rint(self._positions(at_s, drivers) * 1e7)
        records["handle"], records["at_ms"] = handles, round(at_s * 1000)
        records["lat"], records["lon"] = degrees_e7[:, 0], degrees_e7[:, 1]
        records["accuracy"] = _ACCURACY_DM
        return records.tobytes()

    def nearest_free_m(self, point: Point, at_s: float) -> float | None:
        """Metres to the nearest driver who has no call; None when all have one."""
        free = np.flatnonzero(self.is_free)
        if len(free) == 0:
            return None
        places = self._positions(at_s, free)
        north = (places[:, 0] - point.lat) * METRES_PER_DEGREE
        east = (places[:, 1] - point.lon) * METRES_PER_DEGREE * np.cos(np.radians(point.lat))
        nearest = places[int(np.argmin(north * north + east * east))]
        return distance_m(Point(float(nearest[0]), float(nearest[1])), point)

    def _positions(self, at_s: float, drivers: NDArray[np.int64]) -> Floats:
        departs, arrives = self._departs[drivers], self._arrives[drivers]
        duration = np.maximum(arrives - departs, 1e-9)
        share = np.clip((at_s - departs) / duration, 0.0, 1.0)[:, np.newaxis]
        start: Floats = self._from[drivers]
        return start + (self._to[drivers] - start) * share
