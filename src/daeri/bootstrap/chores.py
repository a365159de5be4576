"""What goes on beside the roles: what is kept in memory is read again, old rows go, balances are judged."""

import asyncio

import structlog
from asyncpg import InterfaceError, PostgresError

from daeri.bootstrap.parts import Parts
from daeri.bootstrap.program import Program
from daeri.infra import jobs, retention
from daeri.payments import api as payments
from daeri.regions import api as regions
from daeri.upkeep import retention_rules

log = structlog.get_logger(__name__)

_REFRESH_S = 30.0  # how often what is kept in memory is read again, hints or not
_REFRESH_RETRY_S = 1.0
_HINT_POLL_S = 0.3  # how soon after a hint
_HOUSEKEEPING_FIRST_S = 60.0  # after the start, which has enough to do
_HOUSEKEEPING_S = 3_600.0
_BALANCES_S = 30.0


async def refresh(program: Program, end: asyncio.Event) -> None:
    """Look again soon after a hint of policies, and now and then in case one was lost."""
    parts, now = program.parts, asyncio.get_running_loop().time
    due = now()
    while not end.is_set():
        await asyncio.sleep(_HINT_POLL_S)
        if parts.shelf.is_stale or now() >= due:
            try:
                await look_again(parts)
            except (PostgresError, InterfaceError, OSError):
                log.exception("not_refreshed")
                due = now()
                await asyncio.sleep(_REFRESH_RETRY_S)
                continue
            due = now() + _REFRESH_S


async def look_again(parts: Parts) -> None:
    """Read what a process keeps in memory of policies, and count the jobs that wait for a person."""
    async with parts.database.reading() as tx:
        await parts.shelf.refresh(tx)
        parts.metrics.jobs_held.set(await jobs.count_held(tx))


async def watch_regions(program: Program, end: asyncio.Event) -> None:
    """Take in boundaries that another process imported: nobody hints across processes."""
    while not end.is_set():
        await asyncio.sleep(_REFRESH_S)
        try:
            await look_at_regions(program)
        except (PostgresError, InterfaceError, OSError):
            log.exception("regions_not_read")


async def look_at_regions(program: Program) -> None:
    """Read regions and outline again when a boundary has changed since they were read."""
    parts, context = program.parts, program.context
    async with parts.database.reading() as tx:
        mark = await regions.boundaries_mark(tx)
        if mark == parts.boundaries_mark:
            return
        index = await regions.load_index(tx)
    drawn = await asyncio.to_thread(regions.outline, index)
    parts.regions, parts.boundaries_mark = index, mark
    context.regions, context.outline = index, drawn
    log.info("regions_read", boundaries=len(index.covered))


async def housekeep(program: Program, end: asyncio.Event) -> None:
    """Delete hourly what has been kept for long enough."""
    parts = program.parts
    await asyncio.sleep(_HOUSEKEEPING_FIRST_S)
    while not end.is_set():
        try:
            now, wall_now = parts.clock.now(), parts.wall.wall_now()
            rules = await retention_rules(parts.database, parts.shelf, now=now, wall_now=wall_now)
            deleted = await retention.sweep(parts.database, rules)
            log.info("housekeeping", deleted=deleted)
        except (PostgresError, InterfaceError, OSError):
            # What is not deleted now is deleted an hour later.
            log.exception("housekeeping_failed")
        await asyncio.sleep(_HOUSEKEEPING_S)


async def mind_balances(program: Program, end: asyncio.Event) -> None:
    """A record about balances comes into force without a line in the books: drivers are judged anew now and then."""
    parts = program.parts
    while not end.is_set():
        await asyncio.sleep(_BALANCES_S)
        try:
            await payments.balances.review_all(parts.database, parts.shelf, now=parts.clock.now())
        except (PostgresError, InterfaceError, OSError):
            log.exception("balances_not_judged")
