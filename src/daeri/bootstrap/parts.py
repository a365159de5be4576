"""What every role of a process is built from: the connections, the keys, and what is kept in memory."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from daeri import tallies
from daeri.accounts import api as accounts
from daeri.accounts.api import Gate
from daeri.accounts.model import KeysForeign, SignInTerms
from daeri.adapters.bus.memory import MemoryBus
from daeri.dispatch.fleet import LiveFleet
from daeri.infra.database import Database, Tx, open_database
from daeri.infra.keys import create_ring, load_ring
from daeri.infra.metrics import Metrics, new_metrics
from daeri.infra.settings import Settings
from daeri.infra.tracing import Tracer, open_tracer
from daeri.kernel.ids import Ids
from daeri.kernel.time import Clock, SteppedClock, SystemClock
from daeri.policies import api as policies
from daeri.policies.api import PolicyShelf
from daeri.regions import api as regions
from daeri.regions.api import RegionIndex

_REPLAY_SEED = 1


@dataclass(slots=True)
class Parts:
    """What every role of a process is built from; `regions` is replaced when boundaries were imported."""

    settings: Settings
    database: Database
    bus: MemoryBus
    clock: Clock
    wall: SystemClock
    ids: Ids
    gate: Gate
    metrics: Metrics
    tracer: Tracer
    shelf: PolicyShelf
    regions: RegionIndex
    boundaries_mark: str
    fleet: LiveFleet


@asynccontextmanager
async def open_parts(settings: Settings, dsn: str, *, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """Connect and read what a process keeps in memory. The database must be migrated."""
    wall = SystemClock()
    business = clock or wall
    bus = MemoryBus()
    path = settings.keys_path
    is_new = not path.exists()
    ring = create_ring(path) if is_new else load_ring(path)
    # Calls that tie are ordered by id, so a replay that is to repeat needs the same ids again.
    randomness = secrets.token_bytes if settings.replay_from is None else Random(_REPLAY_SEED).randbytes
    ids = Ids(business, randomness)
    terms = SignInTerms(access_lives=timedelta(minutes=settings.access_token_minutes))
    gate = Gate(ring, ids, secrets.token_bytes, terms)
    metrics = new_metrics()
    waited = metrics.database_wait_seconds.observe
    async with open_database(dsn, bus, connections=settings.database_connections, waited=waited) as database:
        async with database.transaction() as tx:
            await _check_keys(tx, gate, settings, is_new=is_new)
            await regions.seed(tx)
            # Before the index: an import in between is then seen as a change.
            mark = await regions.boundaries_mark(tx)
            index = await regions.load_index(tx)
            shelf = PolicyShelf(await policies.load_books(tx), bus)
        metrics.watch_pool(database.pool)
        tracer = open_tracer(settings.otlp_endpoint)
        stop_counting = tallies.count(bus, metrics)
        try:
            fleet = LiveFleet()
            yield Parts(
                settings, database, bus, business, wall, ids, gate, metrics, tracer, shelf, index, mark, fleet
            )  # fmt: skip -- one line of parts
        finally:
            stop_counting()
            tracer.close()


async def _check_keys(tx: Tx, gate: Gate, settings: Settings, *, is_new: bool) -> None:
    """Refuse keys of another database; a file that was made just now does not stay to be taken for the right one."""
    try:
        await accounts.check_keys(tx, gate)
    except KeysForeign:
        if is_new:
            settings.keys_path.unlink()
        raise


def clock_of(settings: Settings) -> Clock:
    """Real time, or the stepped time of a replay."""
    return SystemClock() if settings.replay_from is None else SteppedClock(settings.replay_from)
