"""The console as JSON, for staff and their programs: what its pages show, and what staff may do to a call."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from daeri.accounts.model import Permission, Principal
from daeri.calls import api as calls
from daeri.calls.model import Call, CallNotFound, Change, State
from daeri.dispatch import api as dispatch
from daeri.infra import jobs
from daeri.infra.database import Tx
from daeri.kernel.errors import NotFound
from daeri.kernel.terms import Service
from daeri.web.api.documented import Command, answers
from daeri.web.api.filters import instant, refuse_unknown
from daeri.web.console.queries import Q_LIMIT
from daeri.web.console.reads import CallPage, CallQuery, CallRows, Decision, HeldJob
from daeri.web.console_rows.rows import ConsoleRows
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import Context, WebContext
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.wire import CallOut, ReasonIn, call_out, driver_ids_of

Req = Request[Any, Any, Any]
_CALL_FIELDS = ("q", "state", "service", "from", "to", "cursor")
Deed = Callable[[Tx, Call, Change], Awaitable[Call]]


@dataclass(frozen=True, slots=True)
class _Order:
    """What staff want done to a call, and what they need to be allowed."""

    call_id: UUID
    data: ReasonIn | None
    permission: Permission
    deed: Deed


class DecisionsOut(msgspec.Struct, frozen=True):
    items: list[Decision]


class HeldJobsOut(msgspec.Struct, frozen=True):
    items: list[HeldJob]


class JobNotHeld(NotFound):
    """There is no such job, or it is not held any more."""

    code = "job_not_held"


@get("/console/calls")
async def list_calls(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    q: Annotated[str, QueryParameter(max_length=Q_LIMIT)] = "",
    wanted: Annotated[State | None, QueryParameter(name="state")] = None,
    service: FromQuery[Service | None] = None,
    earliest: Annotated[str | None, QueryParameter(name="from")] = None,
    latest: Annotated[str | None, QueryParameter(name="to")] = None,
    cursor: FromQuery[UUID | None] = None,
) -> CallRows:
    """The company's calls, newest first; `q` is a call number or a telephone number, whole or its last four digits.

    `from` and `to` are ISO 8601, in Korean time where they name no offset.
    """
    refuse_unknown(request, _CALL_FIELDS)
    query = CallQuery(
        q=q.strip(),
        state=wanted or "",
        service=service or "",
        since=instant("from", earliest),
        until=instant("to", latest),
        cursor=None if cursor is None else str(cursor),
    )
    return await ConsoleRows(context).calls(viewer_of(principal), query)


@get("/console/calls/{call_id:uuid}")
async def get_call(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> CallPage:
    """One call: facts, timeline, offers."""
    found = await ConsoleRows(context).call(viewer_of(principal), call_id)
    if found is None:
        raise CallNotFound(call_id=str(call_id))
    return found


@get("/console/calls/{call_id:uuid}/decisions")
async def get_decisions(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> DecisionsOut:
    """Why the call went where it went, newest first."""
    return DecisionsOut(await ConsoleRows(context).decisions(viewer_of(principal), call_id))


@get("/console/jobs/held")
async def held_jobs(context: Context, principal: WhoAsks) -> HeldJobsOut:
    """Jobs that failed for good, oldest first."""
    return HeldJobsOut(await ConsoleRows(context).held_jobs(viewer_of(principal)))


@post("/console/jobs/held/{job_id:int}/retry", status_code=200, operation_class=Command, responses=answers(204, None))
async def retry_job(request: Req, context: Context, principal: WhoAsks, job_id: FromPath[int]) -> Response[bytes]:
    """Have a held job tried again."""
    require_staff(principal)
    principal.require(Permission.JOBS_RETRY)

    async def work(tx: Tx) -> None:
        if not await jobs.retry(tx, principal.company_id, job_id):
            raise JobNotHeld(job_id=job_id)

    return await context.commands.run(request, principal, work, status=204)


@post("/console/calls/{call_id:uuid}/cancel", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def cancel_call(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[ReasonIn | None] = None
) -> Response[bytes]:
    """End a call unfinished, before or after its assignment (R-059, R-060)."""

    async def cancel(tx: Tx, call: Call, change: Change) -> Call:
        now = context.clock.now()
        return await dispatch.cancel(tx, call.id, principal.company_id, change, now=now, ids=context.ids)

    return await _do(request, context, principal, _Order(call_id, data, Permission.CALLS_CANCEL, cancel))


async def _do(request: Req, context: WebContext, principal: Principal, order: _Order) -> Response[bytes]:
    require_staff(principal)
    principal.require(order.permission)

    async def work(tx: Tx) -> CallOut:
        known = await calls.get(tx, principal.company_id, order.call_id)
        reason = None if order.data is None else order.data.reason
        call = await order.deed(tx, known, Change(principal.actor, reason))
        return call_out(call, await context.names.of(tx, principal.company_id, driver_ids_of([call])))

    return await context.commands.run(request, principal, work)


router = Router(
    path="/",
    route_handlers=[list_calls, get_call, get_decisions, held_jobs, retry_job, cancel_call],
    tags=["console"],
)
