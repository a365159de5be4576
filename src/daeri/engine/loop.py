"""Runs the engine in real time: one leader by an advisory lock, a tick every so often, and no end but `stop`."""

import asyncio
from contextlib import suppress

import asyncpg
import structlog

from daeri.engine.engine import Engine
from daeri.infra.database import Database

log = structlog.get_logger(__name__)

_LEADER_LOCK = 0x0DAE_0001  # one engine a database until zones divide it
_LOCK = "SELECT pg_try_advisory_lock($1)"
_UNLOCK = "SELECT pg_advisory_unlock($1)"
_KEEP_EVERY_S = 0.1  # how often is looked whether something is due
_RETRY_S = 1.0


async def run(engine: Engine, database: Database, stop: asyncio.Event, *, tick_s: float) -> None:
    """Lead once the lock is ours; tick until `stop` is set. An error in a tick is logged and the next one tried."""
    async with database.pool.acquire() as leader:
        while not await leader.fetchval(_LOCK, _LEADER_LOCK):
            log.info("engine_waits", reason="another engine leads")
            await _sleep(stop, _RETRY_S)
            if stop.is_set():
                return
        await engine.start()
        deposed = asyncio.Event()
        keeping = asyncio.create_task(_keep_until(engine, deposed))
        try:
            await _tick_until(engine, leader, stop, tick_s)
        finally:
            engine.stop()
            deposed.set()
            await keeping
            # Before the lock goes: the next leader begins with these rows.
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await engine.finish()
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await leader.execute(_UNLOCK, _LEADER_LOCK)


async def _tick_until(
    engine: Engine, leader: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", stop: asyncio.Event, tick_s: float
) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while not stop.is_set():
        if leader.is_closed():
            raise ConnectionResetError("the engine lost its leader lock")
        try:
            await engine.tick()
        except Exception:
            # The outermost loop of the dispatcher: what failed is rolled back, and the rows are read again.
            log.exception("tick_failed")
            engine.failed()
            await _sleep(stop, _RETRY_S)
        due = max(due + tick_s, loop.time())
        await _sleep(stop, due - loop.time())


async def _keep_until(engine: Engine, deposed: asyncio.Event) -> None:
    """Beside the ticks: what a decision need not wait for."""
    while not deposed.is_set():
        try:
            await engine.keep()
        except Exception:
            # As for a tick: what failed is rolled back and written the next time.
            log.exception("keeping_failed")
            engine.failed()
        await _sleep(deposed, _KEEP_EVERY_S)


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), max(seconds, 0.0))
