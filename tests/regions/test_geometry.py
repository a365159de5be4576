"""Containment, distance, packing and clipping of rings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.geo import Point, distance_m
from daeri.regions.geometry import Edges, clip_half_plane, open_ring, pack_shape, ring_area, unpack_shape

SQUARE = np.array([(127.0, 37.0), (128.0, 37.0), (128.0, 38.0), (127.0, 38.0)])
HOLE = np.array([(127.4, 37.4), (127.6, 37.4), (127.6, 37.6), (127.4, 37.6)])
ISLAND = SQUARE + np.array([3.0, 0.0])


@given(st.floats(126.5, 131.5), st.floats(36.5, 38.5))
def test_inside_is_inside_a_part_and_in_no_hole(lon: float, lat: float) -> None:
    def within(ring: np.ndarray) -> bool:
        return bool(ring[0, 0] < lon < ring[1, 0] and ring[0, 1] < lat < ring[2, 1])

    expected = (within(SQUARE) and not within(HOLE)) or within(ISLAND)
    on_an_edge = {lon, lat} & {127.0, 128.0, 37.0, 38.0, 127.4, 127.6, 37.4, 37.6, 130.0, 131.0}
    if not on_an_edge:
        assert Edges.of(((SQUARE, HOLE), (ISLAND,))).contain(Point(lat, lon)) is expected


def test_polygons_that_overlap_do_not_cancel_each_other() -> None:
    assert Edges.of(((SQUARE,), (SQUARE,))).contain(Point(37.5, 127.5))


def test_neighbours_share_no_point_and_leave_none_out() -> None:
    east = SQUARE + np.array([1.0, 0.0])
    border = Point(37.5, 128.0)
    assert Edges.of(((SQUARE,),)).contain(border) != Edges.of(((east,),)).contain(border)


def test_distance_to_the_nearest_edge() -> None:
    edges = Edges.of(((SQUARE,),))
    point = Point(37.5, 128.01)
    assert edges.distance_m(point) == pytest.approx(distance_m(point, Point(37.5, 128.0)), rel=1e-3)
    corner = Point(38.01, 128.01)
    assert edges.distance_m(corner) == pytest.approx(distance_m(corner, Point(38.0, 128.0)), rel=1e-3)


def test_packed_shapes_come_back_to_a_centimetre() -> None:
    shape = ((SQUARE + 0.123456789, HOLE), (ISLAND,))
    back = unpack_shape(pack_shape(shape))
    assert [len(polygon) for polygon in back] == [2, 1]
    np.testing.assert_allclose(back[0][0], shape[0][0], atol=1e-7)


def test_a_closed_ring_is_opened_once() -> None:
    closed = np.vstack([SQUARE, SQUARE[:1]])
    np.testing.assert_array_equal(open_ring(closed), SQUARE)
    np.testing.assert_array_equal(open_ring(SQUARE), SQUARE)


def test_clipping_by_a_half_plane() -> None:
    half = clip_half_plane(SQUARE, (1.0, 0.0), 127.5)
    assert ring_area(half) == pytest.approx(0.5)
    assert half[:, 0].max() == pytest.approx(127.5)
    assert len(clip_half_plane(SQUARE, (1.0, 0.0), 126.0)) == 0
    assert clip_half_plane(SQUARE, (1.0, 0.0), 129.0) is SQUARE
