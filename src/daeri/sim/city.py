"""A city at night: where people call from, where they live, and how one moves between points.

The spots and their weights are made up for the demo; they are no statistics.
"""

from dataclasses import dataclass
from math import cos, pi, radians, sin
from random import Random

from daeri.kernel.geo import METRES_PER_DEGREE, Point, distance_m


@dataclass(frozen=True, slots=True)
class Spot:
    """A neighbourhood: its middle, its share of the calls and how far it spreads, in metres."""

    name: str
    middle: Point
    weight: float
    spread_m: float


@dataclass(frozen=True, slots=True)
class Trip:
    """A drive that somebody wants: from where the evening ends to where the bed is."""

    origin: Point
    destination: Point
    origin_name: str
    destination_name: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A straight move. `departs_s` is on the caller's clock, `speed_m_s` in metres a second."""

    start: Point
    end: Point
    departs_s: float
    speed_m_s: float

    @property
    def arrives_s(self) -> float:
        return self.departs_s + distance_m(self.start, self.end) / self.speed_m_s

    def position(self, at_s: float) -> Point:
        duration_s = self.arrives_s - self.departs_s
        if duration_s <= 0 or at_s >= self.arrives_s:
            return self.end
        return between(self.start, self.end, max(0.0, (at_s - self.departs_s) / duration_s))


EVENING_SPOTS = (
    Spot("강남역", Point(37.4979, 127.0276), 16, 700),
    Spot("신논현역", Point(37.5046, 127.0250), 9, 500),
    Spot("압구정로데오역", Point(37.5274, 127.0405), 7, 600),
    Spot("선릉역", Point(37.5045, 127.0490), 7, 600),
    Spot("홍대입구역", Point(37.5572, 126.9245), 13, 800),
    Spot("여의도역", Point(37.5216, 126.9243), 9, 700),
    Spot("종로3가역", Point(37.5704, 126.9921), 9, 700),
    Spot("을지로입구역", Point(37.5660, 126.9822), 6, 500),
    Spot("이태원역", Point(37.5345, 126.9946), 6, 500),
    Spot("성수역", Point(37.5446, 127.0559), 6, 600),
    Spot("건대입구역", Point(37.5404, 127.0692), 6, 600),
    Spot("잠실새내역", Point(37.5116, 127.0863), 4, 500),
    Spot("사당역", Point(37.4766, 126.9816), 4, 500),
)
HOMES = (
    Spot("상계동", Point(37.6606, 127.0731), 8, 1500),
    Spot("목동", Point(37.5302, 126.8720), 9, 1300),
    Spot("잠실동", Point(37.5080, 127.0920), 8, 1200),
    Spot("가락동", Point(37.4960, 127.1180), 7, 1200),
    Spot("응암동", Point(37.5970, 126.9180), 6, 1200),
    Spot("화곡동", Point(37.5440, 126.8400), 7, 1300),
    Spot("길음동", Point(37.6060, 127.0250), 6, 1000),
    Spot("면목동", Point(37.5880, 127.0860), 6, 1200),
    Spot("봉천동", Point(37.4830, 126.9480), 7, 1200),
    Spot("암사동", Point(37.5540, 127.1310), 5, 1000),
    Spot("방배동", Point(37.4810, 126.9960), 5, 1000),
    Spot("마곡동", Point(37.5650, 126.8290), 6, 1200),
)


def between(a: Point, b: Point, fraction: float) -> Point:
    """The point at `fraction` (0…1) of the straight way; good enough over a city."""
    return Point(a.lat + (b.lat - a.lat) * fraction, a.lon + (b.lon - a.lon) * fraction)


def offset(point: Point, distance: float, bearing: float) -> Point:
    """`distance` metres away at `bearing` radians, east of north."""
    lat = point.lat + distance * cos(bearing) / METRES_PER_DEGREE
    lon = point.lon + distance * sin(bearing) / (METRES_PER_DEGREE * cos(radians(point.lat)))
    return Point(round(lat, 6), round(lon, 6))


def near(random: Random, point: Point, within_m: float) -> Point:
    """Evenly drawn over the disc of `within_m` metres around `point`."""
    return offset(point, within_m * random.random() ** 0.5, random.uniform(0, 2 * pi))


def draw_spot(random: Random, spots: tuple[Spot, ...]) -> Spot:
    return random.choices(spots, weights=[spot.weight for spot in spots])[0]


def evening_point(random: Random) -> Point:
    """A place where a driver would wait for a call."""
    spot = draw_spot(random, EVENING_SPOTS)
    return near(random, spot.middle, spot.spread_m * 1.5)


def draw_trip(random: Random, *, longest_m: float | None = None, origin: Point | None = None) -> Trip:
    """Somebody's way home. With `longest_m` they live no further than that, in the same direction."""
    spot, home = draw_spot(random, EVENING_SPOTS), draw_spot(random, HOMES)
    start = origin or near(random, spot.middle, spot.spread_m)
    end = near(random, home.middle, home.spread_m)
    length_m = distance_m(start, end)
    if longest_m is None or length_m <= longest_m:
        return Trip(start, end, spot.name, home.name)
    cut = between(start, end, longest_m / length_m)
    short = Point(round(cut.lat, 6), round(cut.lon, 6))
    return Trip(start, short, spot.name, f"{_nearest_name(short)} 근처")


def _nearest_name(point: Point) -> str:
    """Of all neighbourhoods the one whose middle is nearest."""
    return min((*EVENING_SPOTS, *HOMES), key=lambda spot: distance_m(spot.middle, point)).name
