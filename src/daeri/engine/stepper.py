"""Replay: business time moves tick by tick up to an instant, and everything due has been done when the step answers."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from daeri.engine.engine import Engine
from daeri.infra.database import Database, Tx
from daeri.kernel.time import SteppedClock

Collect = Callable[[Tx], Awaitable[list[dict[str, Any]]]]


class EngineStepper:
    """Owns the clock of a replay; `tick` is the length of one round of matching in business time."""

    def __init__(
        self,
        engine: Engine,
        clock: SteppedClock,
        database: Database,
        *,
        work_off: Callable[[], Awaitable[int]],
        collect: Collect,
        tick: timedelta,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._database = database
        self._work_off = work_off
        self._collect = collect
        self._tick = tick

    async def step(self, until: datetime) -> int:
        """Tick up to `until` (the last tick may be shorter) and wait for the jobs; how many ticks there were."""
        ticks = 0
        while self._clock.now() < until:
            self._clock.advance_to(min(self._clock.now() + self._tick, until))
            await self._tick_once()
            ticks += 1
        if ticks == 0:
            await self._tick_once()
        await self._work_off()
        return ticks

    async def _tick_once(self) -> None:
        await self._engine.tick()
        await self._engine.keep()

    async def messages(self) -> list[dict[str, Any]]:
        """What people would have been told since the last time, in a fixed order."""
        async with self._database.reading() as tx:
            return await self._collect(tx)
