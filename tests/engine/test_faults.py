"""A read or write that fails is made up for: named drivers are read again, positions are handed out again."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daeri.adapters.bus.memory import MemoryBus
from daeri.dispatch.fleet import LiveFleet
from daeri.drivers import api as drivers
from daeri.engine import loop
from daeri.engine.engine import Engine
from daeri.engine.fleet_keeper import FleetKeeper
from daeri.infra.database import Database
from daeri.kernel.ids import DriverId, Ids


async def test_a_driver_whose_read_failed_is_read_again(database: Database, bus: MemoryBus, ids: Ids) -> None:
    away = cast("Database", SimpleNamespace(reading=_refuse))
    keeper = FleetKeeper(LiveFleet(), away, bus)
    bus.publish(f"{drivers.TOPIC}.{ids.new()}", b"")
    with pytest.raises(ConnectionError):
        await keeper.refresh()
    vars(keeper)["_database"] = database
    assert await keeper.refresh()
    assert not await keeper.refresh()


def test_positions_are_handed_out_until_they_are_saved(bus: MemoryBus, ids: Ids) -> None:
    fleet = LiveFleet()
    keeper = FleetKeeper(fleet, cast("Any", None), bus)
    fleet.place(fleet.slot_for(DriverId(ids.new())), at_ms=1_000, lat=37.5, lon=127.0)
    first = keeper.unsaved_positions(0, 1)
    assert len(first) == 1
    assert keeper.unsaved_positions(0, 1) == first
    keeper.saved(first)
    assert keeper.unsaved_positions(0, 1) == []


async def test_an_engine_that_is_torn_down_still_writes_what_is_in_memory(database: Database) -> None:
    done: list[str] = []

    async def start() -> None:
        done.append("start")

    async def tick() -> None:
        raise asyncio.CancelledError

    async def finish() -> None:
        done.append("finish")

    engine = SimpleNamespace(start=start, tick=tick, finish=finish, stop=lambda: done.append("stop"))
    with suppress(asyncio.CancelledError):
        await loop.run(cast("Engine", engine), database, asyncio.Event(), tick_s=0.01)
    assert done == ["start", "stop", "finish"]


def _refuse() -> None:
    raise ConnectionError("away")
