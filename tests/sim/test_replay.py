"""Stepped replay against a stub of the public API: every trip ends once, and the same input gives the same report."""

import json
from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest

from daeri.sim.city import between
from daeri.sim.page import render_page, write_report
from daeri.sim.replay import Pace, ReplayError, replay_start, run_replay
from daeri.sim.trips import Reading, generate_trips, read_trips


@pytest.fixture
def trips(tmp_path):
    """150 short trips in 25 minutes."""
    path = tmp_path / "trips.csv"
    generate_trips(path, trips=150, seed=2, day=date(2026, 11, 20))
    read = read_trips(path, Reading())
    start = read.trips[0].at
    close = [
        replace(trip, at=start + timedelta(seconds=10 * i), destination=between(trip.origin, trip.destination, 0.15))
        for i, trip in enumerate(read.trips)
    ]
    return replace(read, trips=close)


async def _replay(stub_server, trips, *, drivers=60, customers=100, seed=7, radius_m=3000, pace=None, breaks=None):
    async with stub_server(fleet=drivers, customers=customers, start=replay_start(trips), radius_m=radius_m) as stub:
        stub.breaks = breaks or stub.breaks
        report = await run_replay(stub.base_url, stub.tokens, trips, drivers=drivers, seed=seed, pace=pace)
        return report, stub


def _without_wall(report):
    shown = msgspec.to_builtins(report)
    del shown["wall"]
    return shown


async def test_every_trip_becomes_one_call_with_one_ending(stub_server, trips):
    report, stub = await _replay(stub_server, trips)
    summary = report.summary
    assert summary.requested == 150 == len(stub.calls)
    assert summary.completed + summary.cancelled + summary.unserved == 150
    assert (summary.in_progress, summary.lost, summary.rejected_rows) == (0, 0, 0)
    assert summary.completed > 50
    assert summary.assigned >= summary.completed
    assert sum(hour.requested for hour in report.hours) == 150
    assert sum(bucket.count for bucket in report.unserved_by_distance) == summary.unserved
    assert sum(bucket.count for bucket in report.unserved_by_reason) == summary.unserved
    assert 0 < report.idle_share < 1
    assert all(driver.call is None for driver in stub.drivers.values())


async def test_the_same_file_and_seed_give_the_same_report(stub_server, trips):
    first, _ = await _replay(stub_server, trips)
    second, _ = await _replay(stub_server, trips)
    other, _ = await _replay(stub_server, trips, seed=8)
    assert _without_wall(first) == _without_wall(second)
    assert _without_wall(first) != _without_wall(other)


async def test_commands_in_parallel_give_the_same_report(stub_server, trips):
    one, _ = await _replay(stub_server, trips)
    four, _ = await _replay(stub_server, trips, pace=Pace(parallel=4))
    assert _without_wall(one) == _without_wall(four)


async def test_errors_and_lost_answers_change_nothing_but_the_wall_clock(stub_server, trips):
    calm, _ = await _replay(stub_server, trips)
    rough, stub = await _replay(
        stub_server, trips, breaks=lambda path, count: {0: "before", 40: "after"}.get(count % 500)
    )
    assert len(stub.calls) == 150
    assert _without_wall(calm) == _without_wall(rough)


async def test_a_trip_waits_until_a_customer_is_free(stub_server, trips):
    report, _ = await _replay(stub_server, trips, customers=25)
    assert report.summary.requested == 150
    assert report.delayed_rows > 0


async def test_calls_beyond_reach_are_unserved_with_a_reason(stub_server, trips):
    report, _ = await _replay(stub_server, trips, drivers=3, radius_m=1)
    assert report.summary.unserved > 100
    assert "nobody_in_reach" in {bucket.label for bucket in report.unserved_by_reason}


async def test_it_costs_few_requests_a_trip(stub_server, trips):
    _, stub = await _replay(stub_server, trips)
    steps = sum(path.endswith(("/replay/step", "/driver/positions")) for _, path, _ in stub.requests)
    assert (len(stub.requests) - steps) / 150 <= 8


async def test_a_clock_that_is_too_late_is_refused(stub_server, trips):
    with pytest.raises(ReplayError, match="already"):
        async with stub_server(fleet=1, start=trips.trips[50].at) as stub:
            await run_replay(stub.base_url, stub.tokens, trips, drivers=1, seed=1)


async def test_more_drivers_than_tokens_are_refused(stub_server, trips):
    with pytest.raises(ReplayError, match="tokens file has 3"):
        async with stub_server(fleet=3, start=replay_start(trips)) as stub:
            await run_replay(stub.base_url, stub.tokens, trips, drivers=4, seed=1)


async def test_the_report_is_written_as_json_and_as_one_page(stub_server, trips, tmp_path):
    report, _ = await _replay(stub_server, trips)
    figures, page = write_report(report, tmp_path / "report")
    assert json.loads(figures.read_text())["summary"]["requested"] == 150
    text = page.read_text()
    assert text == render_page(report)
    assert text.count("<svg") == 3
    assert "src=" not in text
    assert "http" not in text
    assert "NaN" not in text
