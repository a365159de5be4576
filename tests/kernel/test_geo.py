"""Distances against known ones, and points that cannot be."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.geo import EARTH_RADIUS_M, METRES_PER_DEGREE, Point, distance_m

POINTS = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        (Point(0, 0), Point(0, 1), METRES_PER_DEGREE),
        (Point(0, 0), Point(1, 0), METRES_PER_DEGREE),
        (Point(60, 10), Point(60, 10.001), METRES_PER_DEGREE / 2_000),
        (Point(90, 0), Point(-90, 0), EARTH_RADIUS_M * 3.141592653589793),
        (Point(0, 179.5), Point(0, -179.5), METRES_PER_DEGREE),
        (Point(37.5665, 126.9780), Point(35.1796, 129.0756), 325_100),  # the city halls of Seoul and Busan
    ],
)
def test_known_distances(a: Point, b: Point, metres: float) -> None:
    assert distance_m(a, b) == pytest.approx(metres, rel=1e-3)


@given(a=POINTS, b=POINTS)
def test_a_distance_is_the_same_both_ways_and_no_more_than_half_round(a: Point, b: Point) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
    assert 0 <= distance_m(a, b) <= EARTH_RADIUS_M * 3.1416
    assert distance_m(a, a) == 0


@pytest.mark.parametrize("point", [Point(37.5, 127.0), Point(-90, 180), Point(90, -180), Point(0, 1), Point(1, 0)])
def test_points_on_the_earth(point: Point) -> None:
    assert point.is_valid()


@pytest.mark.parametrize(
    "point",
    [
        Point(0, 0),
        Point(127.0, 37.5),  # latitude and longitude swapped
        Point(90.01, 0),
        Point(0, -180.01),
        Point(nan, 127),
        Point(37, nan),
        Point(inf, 127),
        Point(37, -inf),
    ],
)
def test_points_that_cannot_be(point: Point) -> None:
    assert not point.is_valid()
