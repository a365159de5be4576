"""Moves and places of the simulation: pure arithmetic with a seed."""

from random import Random

import numpy as np
import pytest

from daeri.kernel.geo import Point, distance_m
from daeri.sim.chance import chance
from daeri.sim.city import Leg, draw_trip, near
from daeri.sim.fleet import RECORD, Fleet
from daeri.sim.wire import pack_position

HERE, THERE = Point(37.5, 127.0), Point(37.51, 127.01)


def test_the_same_seed_draws_the_same_trips():
    first, second, other = (draw_trip(Random(seed)) for seed in (5, 5, 6))
    assert first == second != other


def test_a_trip_is_cut_to_the_length_wanted():
    for seed in range(50):
        trip = draw_trip(Random(seed), longest_m=800)
        assert distance_m(trip.origin, trip.destination) <= 801


def test_near_stays_within_its_radius():
    random = Random(1)
    assert all(distance_m(HERE, near(random, HERE, 200)) <= 201 for _ in range(200))


def test_a_leg_starts_where_it_starts_and_stays_where_it_ends():
    leg = Leg(HERE, THERE, 100.0, 10.0)
    assert leg.position(0) == HERE
    assert leg.position(leg.arrives_s + 1) == THERE
    halfway = leg.position((100.0 + leg.arrives_s) / 2)
    assert distance_m(HERE, halfway) == pytest.approx(distance_m(halfway, THERE), rel=1e-3)
    assert distance_m(HERE, leg.position(110)) == pytest.approx(100, rel=1e-3)


def test_the_fleet_moves_and_finds_the_nearest_without_a_call():
    fleet = Fleet([HERE, THERE])
    fleet.go(1, HERE, 0.0, 100.0)
    assert distance_m(fleet.position(1, 50.0), HERE) == pytest.approx(distance_m(HERE, THERE) / 2, rel=1e-3)
    assert fleet.nearest_free_m(HERE, 50.0) == pytest.approx(0, abs=0.1)
    fleet.is_free[0] = False
    assert fleet.nearest_free_m(HERE, 50.0) == pytest.approx(distance_m(HERE, THERE) / 2, rel=1e-3)
    fleet.is_free[1] = False
    assert fleet.nearest_free_m(HERE, 50.0) is None


def test_a_gateway_record_is_a_handle_and_a_drivers_own_record():
    fleet = Fleet([HERE, THERE])
    body = fleet.records(2.5, np.array([1]), np.array([77], dtype=np.uint32))
    assert RECORD.itemsize == len(body) == 24
    assert body[:4] == (77).to_bytes(4, "little")
    assert body[4:] == pack_position(2500, THERE, 8.0)


def test_chances_hang_on_who_and_what_alone():
    draws = [chance(1, "answers", driver, trip) for driver in range(40) for trip in range(40)]
    assert draws[3] == chance(1, "answers", 0, 3) != chance(2, "answers", 0, 3)
    assert all(0 <= draw < 1 for draw in draws)
    assert sum(draws) / len(draws) == pytest.approx(0.5, abs=0.03)
