"""A life is driven on a whole process, and every metric that the documentation names has moved."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.web.api.conftest import start_running
from tests.web.api.running import PATIENCE_S, SEOUL, TRIP, Person, Running
from websockets.sync.client import connect

from daeri import reactions
from daeri.bench.counters import Counters, parse_counters
from daeri.bootstrap import Program, look_again
from daeri.calls.model import EventKind
from daeri.infra.settings import Role

_BOOK = Path(__file__).parents[3] / "docs" / "observability.md"
_FAIL_A_JOB = "INSERT INTO pgqueuer (priority, status, entrypoint, payload) VALUES (0, 'failed', $1, NULL)"
_AFTER_A_DRIVE = reactions.REACTIONS[EventKind.COMPLETED]  # what the worker does then, a job each


@pytest.fixture
def whole(server_dsn: str, template: str) -> Iterator[Running]:
    """A process with every role."""
    with start_running(server_dsn, template, "whole", roles=frozenset(Role)) as server:
        yield server


def test_every_documented_metric_moves(whole: Running) -> None:
    customer, driver = whole.customer(), whole.driver()
    _go_on_duty(whole, driver)
    with customer.http.stream("GET", f"{whole.url}/live/calls") as stream, connect(_socket_of(driver)) as socket:
        assert stream.status_code == 200
        socket.send(f'{{"type":"hello","token":"{driver.token}"}}')
        assert customer.command("/calls", TRIP).status_code == 201
        _drive(driver)
        assert driver.command("/driver/duty", {"on": False}).status_code == 200
        assert customer.command("/calls", TRIP).status_code == 201  # and waits, for nobody is on duty
        whole.ask(_break_a_tick)
        whole.ask(_fail_a_job)
        wanted = _documented()
        assert len(wanted) > 15
        _until(lambda: not _still(whole, wanted), lambda: f"never moved: {_still(whole, wanted)}")
        _until(lambda: _jobs_done(whole) >= len(_AFTER_A_DRIVE), lambda: f"only {_jobs_done(whole)} jobs are done")
    counted = _counted(whole)
    assert counted.by("daeri_call_moves_total", "to_state").keys() >= {"requested", "assigned", "driving", "completed"}
    assert counted.by("daeri_offers_total", "outcome")["accepted"] == 1
    assert counted.by("daeri_jobs_total", "outcome")["done"] == len(_AFTER_A_DRIVE)
    assert counted.total("daeri_jobs_held") == 1
    assert counted.total("daeri_ticks_failed_total") == 1
    assert counted.total("daeri_assignment_seconds_count") == 1


def test_a_repeated_command_and_a_refused_one_count_nothing(running: Running) -> None:
    customer = running.customer()
    before = _counted(running)
    call, _, _ = (customer.command("/calls", TRIP, key="once").json() for _ in range(3))
    assert customer.command(f"/calls/{call['id']}/cancel").status_code == 200
    assert customer.command(f"/calls/{call['id']}/cancel").status_code == 409
    moved = _counted(running).since(before).by("daeri_call_moves_total", "to_state")
    assert {state: count for state, count in moved.items() if count} == {
        "requested": 1,
        "cancelled_before_assignment": 1,
    }


def _go_on_duty(whole: Running, driver: Person) -> None:
    assert driver.command("/driver/duty", {"on": True}).status_code == 200
    now = int(time.time() * 1000)
    points = [[now, SEOUL["lat"], SEOUL["lon"], 5], [now + 3_600_000, SEOUL["lat"], SEOUL["lon"], 5]]
    assert driver.http.post("/driver/positions", json={"points": points}).status_code == 202


def _drive(driver: Person) -> None:
    found: dict[str, Any] = {}

    def is_offered() -> bool:
        found.update(driver.get("/driver").json())
        return bool(found["offers"])

    _until(is_offered, lambda: f"no offer: {found}")
    offer = found["offers"][0]
    assert driver.command(f"/driver/offers/{offer['offer_id']}/accept").status_code == 200
    for step in ("arrive", "start", "complete"):
        assert driver.command(f"/driver/calls/{offer['call_id']}/{step}").status_code == 200


async def _break_a_tick(program: Program) -> None:
    """The next refresh of the fleet raises, once."""
    faulty = vars(program.engine.keeper)

    async def broken() -> bool:
        del faulty["refresh"]
        raise RuntimeError("a fault of the test's own")

    faulty["refresh"] = broken


async def _fail_a_job(program: Program) -> None:
    async with program.parts.database.transaction() as tx:
        await tx.execute(_FAIL_A_JOB, next(iter(_AFTER_A_DRIVE)))
    await look_again(program.parts)


def _documented() -> set[str]:
    rows = [line for line in _BOOK.read_text().splitlines() if line.startswith("| `daeri_")]
    return {name for row in rows for name in re.findall(r"daeri_\w+", row.split("|")[1])}


def _still(whole: Running, wanted: set[str]) -> set[str]:
    counted = _counted(whole)
    return {name for name in wanted if not counted.total(name) and not counted.total(f"{name}_count")}


def _jobs_done(whole: Running) -> float:
    return _counted(whole).by("daeri_jobs_total", "outcome").get("done", 0)


def _counted(running: Running) -> Counters:
    return parse_counters(httpx.get(f"{running.url}/metrics").text)


def _socket_of(driver: Person) -> str:
    return str(driver.get("/driver").json()["socket"])


def _until(is_so: Callable[[], bool], complaint: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, complaint()
        time.sleep(0.1)


def test_an_engine_that_stands_still_makes_the_process_not_ready(running: Running) -> None:
    async def ticked(program: Program, ago_s: float | None) -> None:
        program.engine.ticked_at = None if ago_s is None else time.monotonic() - ago_s

    for ago_s, status in ((11.0, 503), (1.0, 200), (None, 200)):
        running.ask(lambda program, ago_s=ago_s: ticked(program, ago_s))
        assert httpx.get(f"{running.url}/readyz").status_code == status
