"""Which slots a screen must draw anew, also while the fleet grows."""

import numpy as np

from daeri.web.console.live import DriverStatus
from daeri.web.live.fleet_columns import Shown

GONE, IDLE, DRIVING = DriverStatus.GONE, DriverStatus.IDLE, DriverStatus.DRIVING


def shown(*status: DriverStatus, lat: tuple[float, ...] | None = None) -> Shown:
    size = len(status)
    return Shown(np.array(lat or [37.0] * size), np.full(size, 127.0), np.array(status, np.uint8))


def test_without_a_past_all_that_is_shown_is_new() -> None:
    now = shown(IDLE, GONE, DRIVING)
    assert now.changed_since(None).tolist() == now.new_since(None).tolist() == [0, 2]


def test_moves_statuses_and_leavings_change() -> None:
    before = shown(IDLE, IDLE, IDLE, GONE, GONE)
    now = shown(IDLE, DRIVING, GONE, IDLE, GONE, lat=(37.0, 37.0, 37.0, 37.0, 38.0))
    assert now.changed_since(before).tolist() == [1, 2, 3]
    assert now.new_since(before).tolist() == [3]
    assert shown(IDLE, lat=(37.1,)).changed_since(shown(IDLE)).tolist() == [0]


def test_slots_that_came_since_are_new() -> None:
    now = shown(IDLE, IDLE, GONE)
    assert now.changed_since(shown(IDLE)).tolist() == now.new_since(shown(IDLE)).tolist() == [1]
