"""The meter: metres from positions, gaps and jumps told, never invented."""

import math
import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.geo import METRES_PER_DEGREE, Point
from daeri.kernel.money import Won
from daeri.kernel.terms import Service
from daeri.kernel.time import to_millis
from daeri.policies.model import Versioned
from daeri.pricing.meter import Fix, fixes_of, measure, read_meter
from daeri.pricing.model import Metered, MeterPolicy, Tariff, WaitingPolicy

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
POLICY = MeterPolicy()
ESTIMATE = Won(33_000)


def north(metres: float, at_s: float, accuracy_m: float = 5.0) -> Fix:
    """A position so far north of where the drive began."""
    return Fix(START + timedelta(seconds=at_s), Point(37.5 + metres / METRES_PER_DEGREE, 127.0), accuracy_m)


def drive(seconds: int, mps: float = 10.0, every_s: int = 3) -> list[Fix]:
    return [north(mps * at_s, at_s) for at_s in range(0, seconds + 1, every_s)]


def measured(fixes: list[Fix], seconds: float) -> Metered:
    return measure(fixes, POLICY, started_at=START, until=START + timedelta(seconds=seconds))


def test_records_are_read_in_the_order_of_their_time() -> None:
    record = struct.Struct("<qiiHH")
    rows = [(2_000, 375_000_000, 1_270_000_000, 53, 0), (1_000, -1, 1, 0, 0)]
    found = fixes_of(b"".join(record.pack(*row) for row in rows) + b"cut")
    assert [to_millis(fix.at) for fix in found] == [1_000, 2_000]
    assert found[1].point == Point(37.5, 127.0)
    assert found[1].accuracy_m == pytest.approx(5.3)


def test_a_plain_drive_is_its_length() -> None:
    found = measured(drive(600), 600)
    assert found.distance_m == pytest.approx(6_000, abs=10)
    assert (found.duration_s, found.gaps, found.jumps, found.is_trusted) == (600, (), 0, True)


def test_standing_still_with_a_trembling_fix_goes_nowhere() -> None:
    fixes = [north(4 * math.sin(at_s), at_s) for at_s in range(0, 600, 3)]
    assert measured(fixes, 600).distance_m == 0


def test_what_lies_before_or_after_the_drive_does_not_count() -> None:
    before = [north(-10_000 + at_s, at_s - 1_000) for at_s in range(0, 900, 3)]
    after = [north(6_000 + at_s, 600 + at_s) for at_s in range(3, 300, 3)]
    assert measured([*before, *drive(600), *after], 600).distance_m == pytest.approx(6_000, abs=10)


def test_a_tunnel_is_a_straight_line_and_is_told() -> None:
    fixes = [fix for fix in drive(600) if not 100 < (fix.at - START).total_seconds() < 200]
    found = measured(fixes, 600)
    assert found.distance_m == pytest.approx(6_000, abs=10)
    (gap,) = found.gaps
    assert (gap.since, gap.seconds) == (START + timedelta(seconds=99), 102)
    assert found.is_trusted


def test_missing_ends_are_gaps_too() -> None:
    fixes = [fix for fix in drive(600) if 60 <= (fix.at - START).total_seconds() <= 500]
    assert [gap.seconds for gap in measured(fixes, 600).gaps] == [60, 102]


def test_one_wild_point_is_left_out() -> None:
    fixes = drive(600)
    fixes[50] = north(80_000, 150)
    found = measured(fixes, 600)
    assert found.distance_m == pytest.approx(6_000, abs=10)
    assert found.jumps == 1


def test_a_jump_that_stays_goes_on_from_there_and_adds_nothing() -> None:
    fixes = [fix if index < 100 else north(50_000 + 10 * index, index * 3) for index, fix in enumerate(drive(600))]
    found = measured(fixes, 600)
    assert found.jumps == 3
    assert found.distance_m < 6_000


def test_a_wait_at_a_light_makes_no_jump_plausible() -> None:
    fixes = [*drive(60), *(north(600, at_s) for at_s in range(63, 400, 3)), north(9_000, 402)]
    found = measured(fixes, 402)
    assert found.distance_m == pytest.approx(600, abs=10)
    assert found.jumps == 1


def test_vague_points_are_left_out() -> None:
    fixes = drive(600)
    fixes[50] = north(1_600, 150, accuracy_m=500)
    assert measured(fixes, 600).distance_m == pytest.approx(6_000, abs=10)


@pytest.mark.parametrize("fixes", [[], drive(200)])
def test_where_positions_tell_too_little_the_estimate_holds(fixes: list[Fix]) -> None:
    metered = measured(fixes, 600)
    assert not metered.is_trusted
    tariff = Versioned(Tariff(), 3)
    reading = read_meter(metered, tariff, started_at=START, vias=0, service=Service.GENERAL, estimate=ESTIMATE)
    assert (reading.amount, reading.tariff_version) == (ESTIMATE, 3)


@pytest.mark.rule("I-026")
def test_the_fare_is_the_calculators_for_what_was_driven() -> None:
    tariff = Versioned(Tariff(night_percent=0), 3)
    metered = measured(drive(600), 600)
    reading = read_meter(metered, tariff, started_at=START, vias=1, service=Service.GENERAL, estimate=ESTIMATE)
    # 10,000 for 2 km, 4 km at 900, 10 minutes at 50, one via.
    assert reading.amount == 10_000 + 3_600 + 500 + 5_000


@given(st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(0, 600), st.floats(0, 300)), max_size=40))
def test_no_track_goes_farther_than_anybody_could(points: list[tuple[float, float, float]]) -> None:
    fixes = sorted((north(*point) for point in points), key=lambda fix: fix.at)
    found = measured(fixes, 600)
    allowance = 2 * POLICY.max_accuracy_m * len(fixes)
    assert 0 <= found.distance_m <= 600 * POLICY.max_speed_mps + allowance
    assert sum(gap.seconds for gap in found.gaps) <= 600 + len(found.gaps)


@pytest.mark.parametrize(("minutes", "won"), [(0, 0), (9.9, 0), (10, 0), (10.1, 500), (11, 500), (11.1, 1_000)])
def test_every_minute_begun_after_the_free_ones_costs(minutes: float, won: int) -> None:
    assert WaitingPolicy().cost(START, START + timedelta(minutes=minutes)) == won


def test_nobody_is_a_no_show_while_waiting_is_free() -> None:
    with pytest.raises(ValueError, match="no_show_after_min"):
        WaitingPolicy(free_min=20, no_show_after_min=15)
