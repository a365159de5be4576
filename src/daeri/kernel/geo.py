"""Points on the earth in WGS84 degrees, and distances between them in metres."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
METRES_PER_DEGREE = EARTH_RADIUS_M * radians(1)


@dataclass(frozen=True, slots=True)
class Point:
    """A position: latitude −90…90 and longitude −180…180, in degrees."""

    lat: float
    lon: float

    def is_valid(self) -> bool:
        """False for NaN, infinities, values out of range, and the null island that broken clients send."""
        in_range = -90 <= self.lat <= 90 and -180 <= self.lon <= 180
        return in_range and not (self.lat == 0 and self.lon == 0)


def distance_m(a: Point, b: Point) -> float:
    """The great-circle distance in metres (haversine)."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half_lat = sin((lat_b - lat_a) / 2)
    half_lon = sin(radians(b.lon - a.lon) / 2)
    chord = half_lat * half_lat + cos(lat_a) * cos(lat_b) * half_lon * half_lon
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))
