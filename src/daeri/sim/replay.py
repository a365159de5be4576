"""Stepped replay of a trip file: business time moves only between steps, agents act in seeded order.

The chances of a driver or a customer hang on who and which trip alone, never on the order of arrival, so that the same
file and seed give the same report.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from daeri.kernel.time import EPOCH
from daeri.sim.books import spread_of
from daeri.sim.client import Api, open_api
from daeri.sim.night import read_calls_back
from daeri.sim.report import (
    Given,
    ReplayReport,
    ReplaySummary,
    Wall,
    buckets,
    hours_of,
    unserved_by_distance,
    unserved_by_reason,
)
from daeri.sim.stage import Stage
from daeri.sim.tokens import TokensFile
from daeri.sim.trips import TripFile
from daeri.sim.wire import CANCELLED

STEP_S = 2.0
CADENCE_S = 30.0
LEAD_IN = timedelta(minutes=1)
# After the last departure everything ends within this time, or counts as in progress.
_DRAIN = timedelta(hours=8)
_PROGRESS_EVERY = 500
# A step may run minutes of ticks and jobs; a command must survive a slow one.
_STEP_TIMEOUT_S = 600.0

Progress = Callable[[datetime, int, int], None]


class ReplayError(Exception):
    """The server or the tokens do not fit the file; the message says how."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`step_s` and `cadence_s` in business seconds; `speed` bounds business seconds a wall second (None: unbounded).

    `parallel` commands of agents who do not touch each other may be under way at once; new calls never are.
    """

    step_s: float = STEP_S
    cadence_s: float = CADENCE_S
    speed: float | None = None
    parallel: int = 1


def replay_start(trips: TripFile) -> datetime:
    """Where the server's business clock should stand, or still be before, when a replay begins."""
    return trips.trips[0].at - LEAD_IN


async def run_replay(
    base_url: str,
    tokens: TokensFile,
    trips: TripFile,
    *,
    drivers: int,
    seed: int,
    pace: Pace | None = None,
    progress: Progress | None = None,
) -> ReplayReport:
    """Plays every trip as one call and steps on until all have ended.

    `progress(now, requested, ended)` is told every now and then. Raises ReplayError, Refusal and Unreachable.
    """
    chosen = pace or Pace()
    if not 0 < drivers <= len(tokens.drivers):
        raise ReplayError(f"{drivers} drivers asked for, the tokens file has {len(tokens.drivers)}")
    async with open_api(base_url, patience_s=120, timeout_s=_STEP_TIMEOUT_S) as api:
        stage = Stage(api, tokens, trips, drivers=drivers, seed=seed, cadence_s=chosen.cadence_s)
        player = _Player(api, tokens, trips, stage, chosen)
        await player.play(progress)
        return await player.report(drivers, seed)


class _Player:
    def __init__(self, api: Api, tokens: TokensFile, trips: TripFile, stage: Stage, pace: Pace) -> None:
        self._api = api
        self._admin = tokens.admin.access_token
        self._trips = trips
        self._stage = stage
        self._pace = pace
        self._steps = 0
        self._wall_start = time.monotonic()
        self._start = self._now = replay_start(trips)

    async def play(self, progress: Progress | None) -> None:
        await self._step(self._start)
        if self._now > self._trips.trips[0].at:
            raise ReplayError(f"business time is already {self._now}, after the first departure")
        self._start = self._now
        await self._stage.set_up(_seconds(self._now))
        deadline = self._trips.trips[-1].at + _DRAIN
        while self._stage.goes_on and self._now < deadline:
            await self._step(self._next_instant())
            await self._stage.act(_seconds(self._now), self._pace.parallel)
            await self._keep_speed()
            if progress is not None and self._steps % _PROGRESS_EVERY == 0:
                progress(self._now, self._stage.requested, self._stage.ended)

    def _next_instant(self) -> datetime:
        """One step on while a call waits for a driver; else as many whole steps as nobody has anything to do."""
        step_s = self._pace.step_s
        steps = 1
        if not self._stage.somebody_waits:
            ahead_s = self._stage.next_due_s - _seconds(self._now)
            steps = max(1, ceil(ahead_s / step_s - 1e-6))
        return self._now + timedelta(seconds=step_s * steps)

    async def _step(self, until: datetime) -> None:
        step = await self._api.step(self._admin, until)
        self._steps += 1
        self._now = max(step.now, self._now)
        self._stage.hear(step.messages, _seconds(self._now))

    async def _keep_speed(self) -> None:
        if self._pace.speed is None:
            return
        ahead_s = (self._now - self._start).total_seconds() / self._pace.speed
        await asyncio.sleep(max(0.0, self._wall_start + ahead_s - time.monotonic()))

    async def report(self, drivers: int, seed: int) -> ReplayReport:
        """Reads every call back, as its customer, and counts."""
        stage = self._stage
        read_back = await read_calls_back(self._api, stage.books)
        summary = stage.books.close(read_back, await self._api.double_assignments(self._admin))
        outcomes = stage.outcomes(read_back)
        span_s = (self._now - self._start).total_seconds()
        wall_s = time.monotonic() - self._wall_start
        served = summary.completed / summary.requested if summary.requested else 0.0
        return ReplayReport(
            given=self._given(drivers, seed),
            summary=ReplaySummary(
                requested=summary.requested,
                assigned=summary.assigned,
                completed=summary.completed,
                cancelled=summary.cancelled,
                unserved=summary.unserved,
                in_progress=summary.in_progress,
                lost=summary.lost,
                double_assigned=summary.double_assigned,
                assign_s=summary.assign_s,
                rejected_rows=len(self._trips.rejected),
            ),
            served_share=round(served, 4),
            idle_share=round(1 - stage.busy_s(_seconds(self._now)) / (span_s * drivers), 4),
            assign_s=summary.assign_s,
            pickup_m=spread_of([outcome.pickup_m for outcome in outcomes if outcome.pickup_m is not None]),
            nearest_m=spread_of([outcome.nearest_m for outcome in outcomes if outcome.nearest_m is not None]),
            hours=hours_of(outcomes, self._trips.zone),
            unserved_by_reason=unserved_by_reason(outcomes),
            unserved_by_distance=unserved_by_distance(outcomes),
            cancelled_by_state=buckets(outcome.state for outcome in outcomes if outcome.state in CANCELLED),
            refused_rows=buckets(stage.refused),
            delayed_rows=len(stage.delayed),
            unplayed_rows=stage.not_played,
            wall=Wall(
                seconds=round(wall_s, 3),
                requests=self._api.requests,
                steps=self._steps,
                business_s_per_wall_s=round(span_s / wall_s, 1),
            ),
        )

    def _given(self, drivers: int, seed: int) -> Given:
        trips = self._trips.trips
        return Given(
            trips=len(trips),
            first=trips[0].at.astimezone(self._trips.zone).isoformat(),
            last=trips[-1].at.astimezone(self._trips.zone).isoformat(),
            drivers=drivers,
            seed=seed,
            step_s=self._pace.step_s,
            cadence_s=self._pace.cadence_s,
        )


def _seconds(instant: datetime) -> float:
    return (instant - EPOCH).total_seconds()
