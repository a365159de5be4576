"""`daeri replay`: a trip file played as calls against a program whose time is stepped."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console

from daeri.bootstrap import build_program, clock_of, open_parts, serve
from daeri.cli.running import unless_stopped
from daeri.cli.seeding import FleetSize, ensure_company, seed_fleet, write_replay_policies
from daeri.cli.showing import until_ready
from daeri.infra.settings import Settings
from daeri.migrations import api as migrations
from daeri.sim.replay import LEAD_IN, Pace, replay_start, run_replay
from daeri.sim.report import ReplayReport
from daeri.sim.tokens import TokensFile
from daeri.sim.trips import TripFile

_HEADROOM = timedelta(minutes=5)  # business time begins before the first position is reported


@dataclass(frozen=True, slots=True)
class Replay:
    """What to play: `drivers` and `customers` people, drawn with `seed`, at `pace`."""

    trips: TripFile
    drivers: int
    customers: int
    seed: int
    pace: Pace


def begins_at(trips: TripFile) -> datetime:
    """Where the server's business time starts."""
    return replay_start(trips) - LEAD_IN - _HEADROOM


async def play(settings: Settings, dsn: str, stop: asyncio.Event, replay: Replay) -> ReplayReport:
    """Migrate an empty database, make the people, and play until every call has ended or `stop` is set."""
    await migrations.migrate(dsn)
    async with open_parts(settings, dsn, clock=clock_of(settings)) as parts:
        async with parts.database.transaction() as tx:
            company = await ensure_company(tx, parts)
        await write_replay_policies(parts, company.id, timedelta(seconds=replay.pace.cadence_s))
        tokens = await seed_fleet(parts, FleetSize(replay.drivers, replay.customers))
        async with parts.database.reading() as tx:
            await parts.shelf.refresh(tx)
        async with build_program(parts) as program:
            ended = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(serve(program, ended))
                try:
                    await until_ready(settings)
                    return await unless_stopped(stop, _run(settings, tokens, replay))
                finally:
                    ended.set()


async def _run(settings: Settings, tokens: TokensFile, replay: Replay) -> ReplayReport:
    return await run_replay(
        settings.web_url,
        tokens,
        replay.trips,
        drivers=replay.drivers,
        seed=replay.seed,
        pace=replay.pace,
        progress=_show,
    )


def _show(now: datetime, requested: int, ended: int) -> None:
    Console(stderr=True).print(f"{now:%Y-%m-%d %H:%M}  requested {requested:>6}  ended {ended:>6}", highlight=False)
