"""ConsoleReads and ConsoleCommands over the database and the live fleet."""

from uuid import UUID

from daeri.accounts.model import Permission
from daeri.calls import api as calls
from daeri.calls.model import AGGREGATE
from daeri.infra import jobs
from daeri.web.console.reads import CallPage, CallQuery, CallRows, Decision, DriverRows, HeldJob, Viewer
from daeri.web.console_rows import call_rows, decision_rows, driver_rows
from daeri.web.console_rows.viewers import permitted
from daeri.web.context import WebContext

_MOST_ID_DIGITS = 18  # a bigint


class ConsoleRows:
    """Each read is of the viewer's company, and needs the permission that its subject needs (NotPermitted)."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    async def calls(self, viewer: Viewer, query: CallQuery) -> CallRows:
        return await call_rows.search(self._context, viewer, query)

    async def call(self, viewer: Viewer, call_id: UUID) -> CallPage | None:
        return await call_rows.page(self._context, viewer, call_id)

    async def decisions(self, viewer: Viewer, call_id: UUID) -> list[Decision]:
        return await decision_rows.of_call(self._context, viewer, call_id)

    async def drivers(self, viewer: Viewer, q: str, state: str, cursor: str | None) -> DriverRows:
        return await driver_rows.search(self._context, viewer, q, state, cursor)

    async def held_jobs(self, viewer: Viewer) -> list[HeldJob]:
        company_id = permitted(viewer, Permission.JOBS_READ)
        async with self._context.database.snapshot() as tx:
            held = await jobs.held(tx, company_id)
            of_calls = [job.aggregate_id for job in held if job.aggregate == AGGREGATE]
            found = await calls.get_many(tx, of_calls) if of_calls else []
        numbers: dict[UUID, str] = {call.id: call.number for call in found if call.company_id == company_id}
        return [_held(job, numbers) for job in held]

    async def retry_job(self, viewer: Viewer, job_id: str) -> bool:
        company_id = permitted(viewer, Permission.JOBS_RETRY)
        if not (job_id.isascii() and job_id.isdigit() and len(job_id) <= _MOST_ID_DIGITS):
            return False
        async with self._context.database.transaction() as tx:
            return await jobs.retry(tx, company_id, int(job_id))


def _held(job: jobs.HeldJob, numbers: dict[UUID, str]) -> HeldJob:
    number = numbers.get(job.aggregate_id)
    return HeldJob(
        id=str(job.id),
        handler=job.handler,
        event=job.event_kind,
        failed_at=job.failed_at,
        attempts=job.attempts,
        error=job.error or "",
        call_id=None if number is None else job.aggregate_id,
        call_number=number,
    )
