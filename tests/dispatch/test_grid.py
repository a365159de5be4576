"""The nearest drivers against brute force over all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daeri.dispatch.grid import Grid, IdOrder, Pairs, Query, build_grid, nearest, pair_keys, within
from daeri.kernel.geo import METRES_PER_DEGREE, Point, distance_m

Drivers = tuple[np.ndarray, np.ndarray, np.ndarray]

# A lattice makes ties likely; the far points make the grid wide and sparse.
places = st.one_of(
    st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda at: (37.5 + at[0] * 1e-3, 127.0 + at[1] * 1e-3)),
    st.tuples(st.floats(33, 38.6), st.floats(125, 131)),
)


def columns(points: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(points, np.float64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def metres_from(lat: float, lon: float, to_lat: np.ndarray, to_lon: np.ndarray) -> np.ndarray:
    """The grid's own measure (the cosine to the first order); that it is a true one has a test of its own."""
    north = to_lat - lat
    east = (to_lon - lon) * (np.cos(np.radians(lat)) - np.sin(np.radians(lat)) * np.radians(0.5) * north)
    return np.sqrt(north * north + east * east) * METRES_PER_DEGREE


def brute_force(drivers: Drivers, query: Query, k: int, ids: IdOrder, excluded: set[tuple[int, int]]) -> list[tuple]:
    layer, lat, lon = drivers
    found = []
    for row in range(len(query.lat)):
        metres = metres_from(query.lat[row], query.lon[row], lat, lon)
        near = [
            (round(metres[slot] * 1000), int(ids.high[slot]), int(ids.low[slot]), slot)
            for slot in range(len(lat))
            if layer[slot] == query.layer[row] and metres[slot] <= query.radius_m[row] and (row, slot) not in excluded
        ]
        found += [(row, slot, mm) for mm, _, _, slot in sorted(near)[:k]]
    return found


def as_list(pairs: Pairs) -> list[tuple[int, int, int]]:
    return list(zip(pairs.row.tolist(), pairs.slot.tolist(), pairs.mm.tolist(), strict=True))


def ids_for(count: int, seed: int = 3) -> IdOrder:
    rng = np.random.default_rng(seed)
    return IdOrder(rng.integers(0, 3, count).astype(np.uint64), rng.permutation(count).astype(np.uint64))


def grid_of(drivers: Drivers) -> Grid:
    layer, lat, lon = drivers
    return build_grid(np.arange(len(lat)), layer, lat, lon)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(places, st.integers(0, 2)), max_size=60),
    st.lists(st.tuples(places, st.integers(0, 3), st.sampled_from([150.0, 900.0, 5_000.0, 150_000.0])), max_size=8),
    st.integers(1, 6),
    st.sets(st.tuples(st.integers(0, 7), st.integers(0, 59)), max_size=30),
)
def test_nearest_is_exact(drivers_at: list, calls_at: list, k: int, excluded: set[tuple[int, int]]) -> None:
    lat, lon = columns([place for place, _ in drivers_at])
    drivers = (np.array([layer for _, layer in drivers_at], np.int64), lat, lon)
    call_lat, call_lon = columns([place for place, _, _ in calls_at])
    layers = np.array([layer for _, layer, _ in calls_at], np.int64)
    query = Query(layers, call_lat, call_lon, np.array([radius for _, _, radius in calls_at], np.float64))
    ids = ids_for(len(lat))
    keys = np.sort(np.array([pair_keys(np.int64(row), np.int64(slot)) for row, slot in excluded], np.int64))

    found = as_list(nearest(grid_of(drivers), query, k, ids, keys))

    expected = brute_force(drivers, query, k, ids, excluded)
    assert found == expected


def city(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Half of everybody in a few blocks, the rest all over the country."""
    rng = np.random.default_rng(seed)
    crowd = rng.random(count) < 0.5
    lat = np.where(crowd, 37.5 + rng.normal(0, 0.01, count), rng.uniform(34, 38.5, count))
    lon = np.where(crowd, 127.0 + rng.normal(0, 0.01, count), rng.uniform(126, 129.5, count))
    return lat, lon


@pytest.mark.parametrize("radius_m", [500.0, 3_000.0, 60_000.0])
def test_crowds_and_emptiness(radius_m: float) -> None:
    lat, lon = city(20_000, 1)
    call_lat, call_lon = city(60, 2)
    drivers = (np.zeros(len(lat), np.int64), lat, lon)
    query = Query(np.zeros(60, np.int64), call_lat, call_lon, np.full(60, radius_m))
    ids = ids_for(len(lat))

    found = nearest(grid_of(drivers), query, 16, ids)
    everybody = within(grid_of(drivers), query)

    expected = brute_force(drivers, query, 16, ids, set())
    assert [(row, slot) for row, slot, _ in as_list(found)] == [(row, slot) for row, slot, _ in expected]
    counts = [int((metres_from(call_lat[row], call_lon[row], lat, lon) <= radius_m).sum()) for row in range(60)]
    assert np.bincount(everybody.row, minlength=60).tolist() == counts


def test_metres_are_those_of_the_great_circle() -> None:
    lat, lon = city(500, 4)
    query = Query(np.zeros(1, np.int64), np.array([37.5]), np.array([127.0]), np.array([50_000.0]))
    found = nearest(grid_of((np.zeros(500, np.int64), lat, lon)), query, 500, ids_for(500))
    assert len(found.row) > 100
    for _, slot, mm in as_list(found):
        assert mm / 1000 == pytest.approx(
            distance_m(Point(37.5, 127.0), Point(lat[slot], lon[slot])), rel=1e-4, abs=0.01
        )


def test_a_restricted_grid_finds_an_eligible_seventeenth() -> None:
    lat = 37.5 + np.arange(40) * 1e-4
    grid = grid_of((np.zeros(40, np.int64), lat, np.full(40, 127.0)))
    query = Query(np.zeros(1, np.int64), np.array([37.5]), np.array([127.0]), np.array([3_000.0]))
    assert as_list(nearest(grid.restrict(grid.slot == 17), query, 16, ids_for(40)))[0][1] == 17


def test_everybody_at_one_place_comes_in_the_order_of_ids() -> None:
    count = 5_000
    same = (np.zeros(count, np.int64), np.full(count, 37.5), np.full(count, 127.0))
    ids = IdOrder(np.zeros(count, np.uint64), np.arange(count, dtype=np.uint64)[::-1].copy())
    query = Query(np.zeros(50, np.int64), np.full(50, 37.5), np.full(50, 127.001), np.full(50, 3_000.0))
    found = nearest(grid_of(same), query, 3, ids)
    assert found.slot.reshape(50, 3).tolist() == [[count - 1, count - 2, count - 3]] * 50


def test_many_calls_for_few_drivers() -> None:
    count = 10_000
    drivers = (np.zeros(3, np.int64), np.array([37.5, 37.51, 37.52]), np.full(3, 127.0))
    query = Query(np.zeros(count, np.int64), np.full(count, 37.499), np.full(count, 127.0), np.full(count, 5_000.0))
    found = nearest(grid_of(drivers), query, 1, ids_for(3))
    assert found.row.tolist() == list(range(count))
    assert set(found.slot.tolist()) == {0}
