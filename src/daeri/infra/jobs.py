"""Durable reactions: a PgQueuer worker runs each (event, handler) once, retries, and holds what failed for good."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from daeri.infra import events
from daeri.infra.database import Database, Tx
from daeri.infra.events import Event
from daeri.kernel.time import WallClock

Handler = Callable[[Tx, Event], Awaitable[None]]

_CLAIM = "INSERT INTO handled_events (event_id, handler, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_HIGHEST_ID = 2**63 - 1
_TAKE = """
DELETE FROM pgqueuer WHERE id IN (
    SELECT id FROM pgqueuer WHERE status = 'queued' AND entrypoint = ANY($1) ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING id, entrypoint, payload
"""
_BATCH = 100
_COUNT_HELD = "SELECT count(*) FROM pgqueuer WHERE status = 'failed'"
_PENDING = "SELECT count(*) FROM pgqueuer WHERE status IN ('queued', 'picked')"
# The queue hands its own JSON over as text, which our connections' codec wraps into a JSON string.
_HELD = """
SELECT q.id, q.entrypoint, q.created, q.updated, q.attempts, e.kind, e.company_id, e.aggregate, e.aggregate_id,
       (SELECT (l.traceback #>> '{}')::jsonb ->> 'exception_message' FROM pgqueuer_log l
        WHERE l.job_id = q.id AND l.traceback IS NOT NULL ORDER BY l.created DESC LIMIT 1) AS error
FROM pgqueuer q LEFT JOIN events e ON e.id = convert_from(q.payload, 'UTF8')::uuid
WHERE q.status = 'failed' AND e.company_id = $1 ORDER BY q.id LIMIT $2
"""
_RETRY = """
UPDATE pgqueuer q SET status = 'queued', attempts = 0, queue_manager_id = NULL, slot = NULL,
       execute_after = q.created, updated = q.updated
FROM events e
WHERE q.id = $2 AND q.status = 'failed' AND e.id = convert_from(q.payload, 'UTF8')::uuid AND e.company_id = $1
"""


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job that failed for good and waits for a person; `error` is the last exception's message."""

    id: int
    handler: str
    event_kind: str
    aggregate: str
    aggregate_id: UUID
    created_at: datetime
    failed_at: datetime
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often and how patiently a failing handler is tried again."""

    attempts: int = 5
    first_delay: timedelta = timedelta(seconds=1)
    longest_delay: timedelta = timedelta(minutes=5)


class Worker:
    """Runs the jobs of `handlers` (by handler name) on its own connections until stopped."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        wall: WallClock,
        rule: RetryRule = RetryRule(),
        *,
        ended: Callable[[str], None] | None = None,
    ) -> None:
        """`ended` is told "done" or "failed" after each attempt."""
        self._database = database
        self._ended = ended
        self._wall = wall
        self._handlers = dict(handlers)
        self._manager = QueueManager(Queries(AsyncpgPoolDriver(database.pool)))
        executor = partial(
            DatabaseRetryEntrypointExecutor,
            max_attempts=rule.attempts - 1,  # the library counts the retries
            initial_delay=rule.first_delay,
            max_delay=rule.longest_delay,
        )
        for name in handlers:
            self._manager.entrypoint(name, on_failure="hold", executor_factory=executor)(partial(self._handle, name))

    async def run(self, *, lease: timedelta = timedelta(seconds=30)) -> None:
        """Work until `stop`; jobs of a worker that died are picked up `lease` after its last sign of life."""
        await self._manager.run(dequeue_timeout=timedelta(seconds=2), batch_size=20, heartbeat_timeout=lease)

    def stop(self) -> None:
        self._manager.shutdown.set()

    async def work_off(self) -> int:
        """Run what is queued, here and now and in order, until nothing is left; how many jobs there were.

        For a replay, whose step must not wait for the queue's own rhythm. A handler's exception ends it.
        """
        done = 0
        while taken := await self._work_off_batch():
            done += taken
        return done

    async def _work_off_batch(self) -> int:
        async with self._database.transaction() as tx:
            jobs = await tx.rows(_TAKE, list(self._handlers), _BATCH)
            for job in sorted(jobs, key=lambda row: int(row["id"])):
                await self._handle_in(tx, job["entrypoint"], UUID(bytes(job["payload"]).decode()))
        for _ in jobs:
            self._tell("done")
        return len(jobs)

    async def _handle(self, name: str, job: Job) -> None:
        outcome = "failed"
        try:
            async with self._database.transaction() as tx:
                await self._handle_in(tx, name, UUID(bytes(job.payload or b"").decode()))
            outcome = "done"
        finally:
            self._tell(outcome)

    def _tell(self, outcome: str) -> None:
        if self._ended is not None:
            self._ended(outcome)

    async def _handle_in(self, tx: Tx, name: str, event_id: UUID) -> None:
        """Claim (event, handler) and do its work in one transaction, so that a repeated job does nothing."""
        if await tx.execute(_CLAIM, event_id, name, self._wall.wall_now()) == 0:
            return
        event = await events.read(tx, event_id)
        if event is not None:
            await self._handlers[name](tx, event)


async def pending(tx: Tx) -> int:
    """How many jobs wait or run."""
    return int(await tx.value(_PENDING))


async def count_held(tx: Tx) -> int:
    """How many jobs of all companies failed for good and wait for a person."""
    return int(await tx.value(_COUNT_HELD))


async def drain(database: Database, *, poll_s: float = 0.005) -> None:
    """Wait until no job waits or runs; jobs held for a person do not count."""
    while True:
        async with database.reading() as tx:
            if await pending(tx) == 0:
                return
        await asyncio.sleep(poll_s)


async def held(tx: Tx, company_id: UUID, *, limit: int = 100) -> list[HeldJob]:
    """The company's jobs that failed for good, oldest first."""
    return [
        HeldJob(
            id=row["id"],
            handler=row["entrypoint"],
            event_kind=row["kind"],
            aggregate=row["aggregate"],
            aggregate_id=row["aggregate_id"],
            created_at=row["created"],
            failed_at=row["updated"],
            attempts=row["attempts"],
            error=row["error"],
        )
        for row in await tx.rows(_HELD, company_id, limit)
    ]


async def retry(tx: Tx, company_id: UUID, job_id: int) -> bool:
    """Queue a held job of the company again; False when there is none of that id."""
    is_id = 0 < job_id <= _HIGHEST_ID
    return is_id and await tx.execute(_RETRY, company_id, job_id) == 1
