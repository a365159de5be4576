"""The simulated night against a stub of the public API: its books, its manners, its patience."""

import asyncio

import pytest

from daeri.kernel.geo import distance_m
from daeri.sim.client import Refusal
from daeri.sim.night import run_night

QUICK = {"time_scale": 20, "trip_m": 150}


def _ended(stub) -> int:
    return sum(call.state not in ("requested", "assigned", "arrived", "driving") for call in stub.calls.values())


def _adds_up(summary) -> bool:
    parts = (summary.completed, summary.cancelled, summary.unserved, summary.in_progress, summary.lost)
    return summary.requested == sum(parts)


async def test_calls_are_driven_home_and_the_summary_adds_up(stub_server):
    async with stub_server() as stub:
        summary = await run_night(stub.base_url, stub.tokens, drivers=20, seed=3, seconds=8, **QUICK)
        assert summary.completed > 0
        assert summary.assigned >= summary.completed
        assert _adds_up(summary)
        assert summary.lost == 0
        assert summary.requested == len(stub.calls)
        assert summary.completed + summary.cancelled + summary.unserved == _ended(stub)
        assert summary.assign_s.p50 is not None
        assert summary.assign_s.p50 <= summary.assign_s.p95
        assert all(driver.reports > 0 for driver in stub.drivers.values())


async def test_lost_sockets_errors_and_lost_answers_lose_no_call(stub_server):
    async with stub_server() as stub:
        stub.breaks = lambda path, count: {0: "before", 5: "after"}.get(count % 11)
        night = asyncio.create_task(run_night(stub.base_url, stub.tokens, drivers=20, seed=4, seconds=9, **QUICK))
        for _ in range(3):
            await asyncio.sleep(2)
            await stub.drop_sockets()
        summary = await night
        assert summary.completed > 0
        assert summary.lost == 0
        assert _adds_up(summary)
        # A retry under a new key would have made a second call that no customer knows of.
        assert summary.requested == len(stub.calls)


async def test_calls_that_the_server_forgot_are_lost(stub_server):
    async with stub_server() as stub:
        stub.double_assigned = 2
        night = asyncio.create_task(run_night(stub.base_url, stub.tokens, drivers=20, seed=5, seconds=5, **QUICK))
        await asyncio.sleep(4.5)
        stub.forget = {"call0", "call1"}
        summary = await night
        assert summary.lost == 2
        assert summary.double_assigned == 2
        assert _adds_up(summary)


async def test_the_stop_event_ends_the_night_with_its_summary(stub_server):
    async with stub_server() as stub:
        stop = asyncio.Event()
        night = asyncio.create_task(run_night(stub.base_url, stub.tokens, drivers=5, seed=6, **QUICK, stop=stop))
        await asyncio.sleep(2)
        stop.set()
        summary = await asyncio.wait_for(night, 5)
        assert summary.requested == len(stub.calls) > 0


async def test_cancelling_leaves_nothing_running(stub_server):
    async with stub_server() as stub:
        before = asyncio.all_tasks()
        night = asyncio.create_task(run_night(stub.base_url, stub.tokens, drivers=5, seed=6, **QUICK))
        await asyncio.sleep(1.5)
        night.cancel()
        with pytest.raises(asyncio.CancelledError):
            await night
        await asyncio.sleep(0.2)
        left = {task for task in asyncio.all_tasks() - before if "sim" in repr(task.get_coro())}
        assert left == set()


async def test_unknown_tokens_are_refused_at_once(stub_server):
    async with stub_server() as stub:
        stub.breaks = lambda path, count: "refuse"
        with pytest.raises(Refusal):
            await run_night(stub.base_url, stub.tokens, drivers=5, seconds=5)


async def test_drivers_take_up_the_calls_that_the_server_knows_of(stub_server):
    far = {"time_scale": 20, "trip_m": 20_000}
    async with stub_server(fleet=4, customers=1) as stub:
        left = await run_night(stub.base_url, stub.tokens, drivers=4, seed=8, seconds=4, **far)
        assert (left.requested, left.in_progress) == (1, 1)
        driver = stub.drivers[stub.calls["call0"].driver]
        before = driver.point
        await run_night(stub.base_url, stub.tokens, drivers=4, seed=9, seconds=2, **far)
        assert driver.call is stub.calls["call0"]
        assert distance_m(before, driver.point) > 20
