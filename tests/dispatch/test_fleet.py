"""The live fleet: which frames move a driver, which are dropped and counted, and which rows win."""

import math
import struct
from collections import Counter
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.dispatch.fleet import Duty, Gateway, LiveFleet, Status
from daeri.dispatch.positions import DropReason, PositionLimits
from daeri.kernel.geo import METRES_PER_DEGREE, Point
from daeri.kernel.ids import CompanyId, DriverId

NOW = 1_795_000_000_000
COMPANY = CompanyId(UUID(int=1))
SEOUL = (37.5665, 126.9780)


def record(at_ms: int = NOW, lat: float = SEOUL[0], lon: float = SEOUL[1], accuracy_m: float = 5) -> bytes:
    return struct.pack("<qiiHH", at_ms, round(lat * 1e7), round(lon * 1e7), round(accuracy_m * 10), 0)


def driver(number: int) -> DriverId:
    return DriverId(UUID(int=number << 64 | number))


def fleet_of(count: int, limits: PositionLimits | None = None) -> LiveFleet:
    fleet = LiveFleet(limits)
    for number in range(count):
        fleet.set_duty(driver(number), company_id=COMPANY, capabilities=1, duty=Duty.ON, version=1)
    return fleet


def north_of_seoul(metres: float) -> float:
    return SEOUL[0] + metres / METRES_PER_DEGREE


def test_a_frame_moves_its_driver_to_the_newest_point() -> None:
    fleet = fleet_of(2)
    fleet.receive(1, record(NOW - 2000, north_of_seoul(0)) + record(NOW - 1000, north_of_seoul(20)))

    report = fleet.absorb(NOW)

    view = fleet.view()
    assert report.believed == 2
    assert report.dropped == {}
    assert view.at_ms.tolist() == [-1, NOW - 1000]
    assert view.lat[1] == pytest.approx(north_of_seoul(20), abs=1e-7)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (record(lat=SEOUL[1], lon=SEOUL[0]), DropReason.SWAPPED),
        (record(lat=95, lon=200), DropReason.OUT_OF_RANGE),
        (record(lat=0, lon=0), DropReason.NULL_ISLAND),
        (record(NOW + 5_001), DropReason.FUTURE),
        (record(NOW - 60_001), DropReason.PAST),
        (record(NOW - 3 * 86_400_000), DropReason.PAST),
        (record(accuracy_m=201), DropReason.INACCURATE),
        (record()[:-1], DropReason.MALFORMED),
    ],
)
def test_what_cannot_be_true_is_counted_and_moves_nobody(payload: bytes, reason: DropReason) -> None:
    fleet = fleet_of(1)
    fleet.receive(0, payload)

    report = fleet.absorb(NOW)

    assert report.dropped == {reason: 1}
    assert report.believed == 0
    assert fleet.view().at_ms[0] == -1


def test_the_edges_of_time_are_believed() -> None:
    fleet = fleet_of(2)
    fleet.receive(0, record(NOW + 5_000))
    fleet.receive(1, record(NOW - 60_000))
    assert fleet.absorb(NOW).believed == 2


def test_duplicates_and_older_points_are_told_apart() -> None:
    fleet = fleet_of(1)
    fleet.receive(0, record(NOW - 1000))
    fleet.absorb(NOW)
    fleet.receive(0, record(NOW - 1000) + record(NOW - 2000) + record(NOW - 500) + record(NOW - 500))

    report = fleet.absorb(NOW)

    assert report.dropped == {DropReason.DUPLICATE: 2, DropReason.OLDER: 1}
    assert report.believed == 1


def test_one_bad_fix_is_dropped_and_the_good_ones_after_it_are_believed() -> None:
    fleet = fleet_of(1)
    frames = [record(NOW - 3000), record(NOW - 2000, north_of_seoul(20_000)), record(NOW - 1000, north_of_seoul(15))]
    fleet.receive(0, b"".join(frames))

    report = fleet.absorb(NOW)

    assert report.dropped == {DropReason.TOO_FAST: 1}
    assert fleet.view().lat[0] == pytest.approx(north_of_seoul(15), abs=1e-7)


def test_a_wrong_first_fix_does_not_lock_a_driver_out() -> None:
    fleet = fleet_of(1)
    fleet.receive(0, record(NOW - 9000, north_of_seoul(20_000)))
    fleet.absorb(NOW)
    believed = []
    for tick in range(1, 5):
        fleet.receive(0, record(NOW - 9000 + tick * 1000, north_of_seoul(10 * tick)))
        believed.append(fleet.absorb(NOW).believed)

    assert believed == [0, 0, 1, 1]


def test_rejects_that_do_not_agree_are_never_believed() -> None:
    fleet = fleet_of(1)
    fleet.receive(0, record(NOW - 9000))
    for tick in range(1, 9):
        fleet.receive(0, record(NOW - 9000 + tick * 1000, north_of_seoul(20_000 * tick)))

    assert fleet.absorb(NOW).dropped == {DropReason.TOO_FAST: 8}


def test_after_a_gap_a_jump_is_believed() -> None:
    fleet = fleet_of(1, PositionLimits(past_ms=600_000, gap_ms=60_000))
    fleet.receive(0, record(NOW - 61_001) + record(NOW, north_of_seoul(100_000)))
    assert fleet.absorb(NOW).believed == 2


def test_only_the_newest_records_of_a_flood_are_looked_at() -> None:
    fleet = fleet_of(1, PositionLimits(records_per_tick=10))
    fleet.receive(0, b"".join(record(NOW - 1000 + number) for number in range(50)))

    report = fleet.absorb(NOW)

    assert report.dropped == {DropReason.EXCESS: 40}
    assert fleet.view().at_ms[0] == NOW - 1000 + 49


def test_a_full_buffer_drops_and_counts_records() -> None:
    fleet = fleet_of(1, PositionLimits(buffer_bytes=40))
    fleet.receive(0, record(NOW - 2000) + record(NOW - 1000))
    fleet.receive(0, record(NOW) * 3)

    assert fleet.absorb(NOW).dropped == {DropReason.OVERFLOW: 3}
    fleet.receive(0, record(NOW))
    assert fleet.absorb(NOW).believed == 1


def test_a_gateway_moves_its_own_drivers_and_no_others() -> None:
    fleet, gateway = fleet_of(3), Gateway()
    assert gateway.name([2, None, 0]) == [0, None, 2]
    frame = b"".join(struct.pack("<I", handle) + record() for handle in (0, 1, 2, 3, 4_000_000_000))
    fleet.receive_handles(gateway, frame)
    fleet.receive_handles(gateway, frame[:-1])

    report = fleet.absorb(NOW)

    assert report.dropped == {DropReason.UNKNOWN_DRIVER: 3, DropReason.MALFORMED: 1}
    assert (fleet.view().at_ms >= 0).tolist() == [True, False, True]


def test_a_removed_driver_is_gone_and_the_slot_is_never_given_again() -> None:
    fleet = fleet_of(2)
    fleet.remove(driver(0))
    fleet.receive(0, record())

    assert fleet.absorb(NOW).dropped == {DropReason.UNKNOWN_DRIVER: 1}
    assert fleet.slot_of(driver(0)) is None
    assert fleet.driver_at(0) is None
    assert fleet.view().status[0] == Status.OFF
    assert fleet.slot_for(driver(0)) == 2


def test_points_of_busy_drivers_come_back_for_the_track() -> None:
    fleet = fleet_of(2)
    fleet.set_status(driver(1), Status.BUSY, version=1)
    for slot in (0, 1):
        fleet.receive(slot, record(NOW - 1000) + record(NOW, north_of_seoul(10)))

    busy = fleet.absorb(NOW).busy

    assert busy.slot.tolist() == [1, 1]
    assert sorted(busy.at_ms.tolist()) == [NOW - 1000, NOW]


def test_an_older_row_never_overwrites_a_newer_one() -> None:
    fleet = fleet_of(1)
    assert fleet.set_status(driver(0), Status.BUSY, version=7)
    assert not fleet.set_status(driver(0), Status.IDLE, version=6)
    fleet.set_duty(driver(0), company_id=COMPANY, capabilities=9, duty=Duty.OFF, version=0)

    assert fleet.view().status[0] == Status.BUSY
    assert fleet.view().capabilities[0] == 1


def test_off_duty_hides_the_occupation_and_on_duty_shows_it_again() -> None:
    fleet = fleet_of(1)
    fleet.set_status(driver(0), Status.HELD, version=1)
    fleet.set_duty(driver(0), company_id=COMPANY, capabilities=1, duty=Duty.OFF, version=2)
    assert fleet.view().status[0] == Status.OFF
    fleet.set_duty(driver(0), company_id=COMPANY, capabilities=1, duty=Duty.ON, version=3)
    assert fleet.view().status[0] == Status.HELD


def test_the_columns_grow() -> None:
    fleet = fleet_of(3000)
    fleet.receive(2999, record())
    assert fleet.absorb(NOW).believed == 1
    assert len(fleet.view().lat) == len(fleet) == 3000


def test_the_view_cannot_be_written() -> None:
    view = fleet_of(1).view()
    with pytest.raises(ValueError, match="read-only"):
        view.lat[0] = 1.0


points = st.tuples(
    st.integers(0, 3),  # slot
    st.integers(-70_000, 8_000),  # ms from now
    st.floats(0, 3_000),  # metres north
)


@given(st.lists(st.lists(points, max_size=12), max_size=4))
def test_it_agrees_with_one_record_after_the_other(ticks: list[list[tuple[int, int, float]]]) -> None:
    """The vectorised absorb against a plain loop over the sorted records of each tick."""
    limits = PositionLimits()
    fleet, plain = fleet_of(4, limits), _Plain(limits)
    for tick in ticks:
        for slot, offset, metres in tick:
            fleet.receive(slot, record(NOW + offset, north_of_seoul(metres)))
        report = fleet.absorb(NOW)
        dropped = Counter(plain.judge(*point) for point in sorted(tick, key=lambda point: (point[0], point[1])))
        assert dropped.pop(None, 0) == report.believed
        assert dropped == Counter(report.dropped)


class _Plain:
    """The rules of position reports, one record at a time."""

    def __init__(self, limits: PositionLimits) -> None:
        self.limits = limits
        self.last: dict[int, tuple[int, float]] = {}
        self.suspects: dict[int, list[tuple[int, float]]] = {}

    def judge(self, slot: int, at: int, metres: float) -> DropReason | None:
        if at > self.limits.future_ms:
            return DropReason.FUTURE
        if at < -self.limits.past_ms:
            return DropReason.PAST
        if slot in self.last:
            last_at, last_metres = self.last[slot]
            if at <= last_at:
                return DropReason.DUPLICATE if at == last_at else DropReason.OLDER
            near = self._reachable(at - last_at, metres - last_metres)
            if not near and at - last_at <= self.limits.gap_ms and not self._relocated(slot, at, metres):
                return DropReason.TOO_FAST
        self.last[slot] = (at, metres)
        self.suspects.pop(slot, None)
        return None

    def _relocated(self, slot: int, at: int, metres: float) -> bool:
        run = self.suspects.setdefault(slot, [])
        if run and not (at > run[-1][0] and self._reachable(at - run[-1][0], metres - run[-1][1])):
            run.clear()
        run.append((at, metres))
        return len(run) >= self.limits.relocate_after

    def _reachable(self, elapsed_ms: int, metres: float) -> bool:
        reach = 2 * 5 + self.limits.speed_mps * elapsed_ms / 1000
        return abs(metres) <= reach or math.isclose(abs(metres), reach, abs_tol=0.02)


def test_the_rest_of_a_drive_follows_the_driver_and_goes_with_the_next_thing_to_do() -> None:
    fleet = fleet_of(1)
    driver_id = driver(0)
    fleet.set_status(driver_id, Status.BUSY, version=2, ends_at=Point(north_of_seoul(1_000), SEOUL[1]))
    assert fleet.view().left_m[0] == np.inf  # nobody knows where the driver is
    fleet.receive(0, record())
    fleet.absorb(NOW)
    assert fleet.view().left_m[0] == pytest.approx(1_000, abs=1)
    fleet.receive(0, record(at_ms=NOW + 10_000, lat=north_of_seoul(300)))
    fleet.absorb(NOW + 10_000)
    assert fleet.view().left_m[0] == pytest.approx(700, abs=1)
    fleet.hold(driver_id, version=3)
    assert (fleet.view().status[0], fleet.view().left_m[0]) == (Status.BUSY, np.inf)
    fleet.set_status(driver_id, Status.IDLE, version=4)
    fleet.hold(driver_id, version=5)
    assert fleet.view().status[0] == Status.HELD
