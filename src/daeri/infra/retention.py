"""Rows that have been kept for long enough go, in small batches and in one process at a time.

Which rows, and how long each kind is kept, the composition root says; whoever owns a table deletes from it. The tables
of this floor (events, handled events, idempotency keys, the queue's log) are deleted from here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from daeri.infra.database import Database, Tx

BATCH = 2_000
JOB_LOG_KEPT = timedelta(days=30)
_PAUSE_S = 0.05  # between two batches, so that the night's work comes first
_LOCK_ID = 0x0DAE_0002
_LOCK = "SELECT pg_try_advisory_lock($1)"
_UNLOCK = "SELECT pg_advisory_unlock($1)"

_EVENTS = """
DELETE FROM events WHERE id IN (SELECT id FROM events WHERE company_id = $1 AND at < $2 ORDER BY at LIMIT $3)
"""
# A claim is needed for as long as its job may be handed out again.
_HANDLED = """
DELETE FROM handled_events WHERE (event_id, handler) IN (
    SELECT h.event_id, h.handler FROM handled_events h
    WHERE h.at < $1 AND NOT EXISTS (
        SELECT FROM pgqueuer q WHERE q.entrypoint = h.handler AND convert_from(q.payload, 'UTF8') = h.event_id::text)
    ORDER BY h.at LIMIT $2)
"""
_KEYS = """
DELETE FROM idempotency_keys WHERE (actor_id, route, key) IN (
    SELECT actor_id, route, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)
"""
# What is held for a person keeps the record of why it failed.
_JOB_LOG = """
DELETE FROM pgqueuer_log WHERE id IN (
    SELECT l.id FROM pgqueuer_log l
    WHERE l.created < $1 AND NOT EXISTS (SELECT FROM pgqueuer q WHERE q.id = l.job_id) ORDER BY l.id LIMIT $2)
"""

Delete = Callable[[Tx, datetime, int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one kind that are older than `before` go; `delete(tx, before, limit)` answers how many went."""

    kind: str
    before: datetime
    delete: Delete


async def sweep(database: Database, rules: Sequence[Rule], *, batch: int = BATCH) -> dict[str, int] | None:
    """Delete what the rules name, a transaction a batch; how many rows of each kind went.

    None when another process is at it: then nothing was done.
    """
    async with database.reading() as guard:
        if not await guard.value(_LOCK, _LOCK_ID):
            return None
        try:
            deleted: dict[str, int] = {}
            for rule in rules:
                deleted[rule.kind] = deleted.get(rule.kind, 0) + await _apply(database, rule, batch)
            return deleted
        finally:
            await guard.value(_UNLOCK, _LOCK_ID)


async def delete_events_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    """Events of the company that happened before then, oldest first."""
    return await tx.execute(_EVENTS, company_id, before, limit)


async def delete_handled_before(tx: Tx, before: datetime, limit: int) -> int:
    """Marks of what handlers have done, where no job of it is left."""
    return await tx.execute(_HANDLED, before, limit)


async def delete_idempotency_keys_before(tx: Tx, before: datetime, limit: int) -> int:
    """Answers kept for repeated commands."""
    return await tx.execute(_KEYS, before, limit)


async def delete_job_log_before(tx: Tx, before: datetime, limit: int) -> int:
    """The queue's own log, where no job of it is left."""
    return await tx.execute(_JOB_LOG, before, limit)


async def _apply(database: Database, rule: Rule, batch: int) -> int:
    """One batch after the other until one is not full."""
    total = 0
    while True:
        async with database.transaction() as tx:
            deleted = await rule.delete(tx, rule.before, batch)
        total += deleted
        if deleted < batch:
            return total
        await asyncio.sleep(_PAUSE_S)
