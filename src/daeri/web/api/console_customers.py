"""Customers for staff: who they are, what stands against them, who shall not meet whom, and open cases."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from daeri.accounts.model import Permission, Principal
from daeri.customers import api as customers
from daeri.customers.bond_model import LONGEST_REASON
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CustomerId
from daeri.support import api as support
from daeri.support.model import LONGEST_TEXT, CaseKind, CaseState
from daeri.web.api.documented import Command, answers
from daeri.web.console.customer_reads import CasePage, CaseRow, CaseRows, CustomerPage, CustomerRows, NeverMeetRows
from daeri.web.console.queries import Q_LIMIT
from daeri.web.console_rows import customer_rows
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import Context
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.wire_parts import NO_NUL

Req = Request[Any, Any, Any]
Words = Annotated[str, QueryParameter(max_length=Q_LIMIT)]


class StaffReasonIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why staff do it; it is kept."""

    reason: Annotated[str, Meta(min_length=1, max_length=LONGEST_REASON, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]


class CaseNoteIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of the case; only staff read it."""

    note: Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT, pattern=NO_NUL)]


@get("/console/customers")
async def list_customers(
    context: Context,
    principal: WhoAsks,
    *,
    q: Words = "",
    restricted: FromQuery[bool] = False,
    cursor: FromQuery[UUID | None] = None,
) -> CustomerRows:
    """The company's customers, newest first; `q` is a telephone number, whole or its last four digits.

    `restricted` shows only those whose new calls are refused now.
    """
    before = None if cursor is None else str(cursor)
    return await customer_rows.search(context, viewer_of(principal), q, before, restricted=restricted)


@get("/console/customers/{customer_id:uuid}")
async def get_customer(context: Context, principal: WhoAsks, customer_id: FromPath[UUID]) -> CustomerPage:
    """One customer: cancels, restrictions, never-meet wishes, ratings, cases."""
    return await customer_rows.page(context, viewer_of(principal), customer_id)


@post(
    "/console/customers/{customer_id:uuid}/lift-restriction",
    status_code=200,
    operation_class=Command,
    responses=answers(204, None),
)
async def lift_restriction(
    request: Req, context: Context, principal: WhoAsks, customer_id: FromPath[UUID], data: JSONBody[StaffReasonIn]
) -> Response[bytes]:
    """Let the customer call again. What was counted stays counted."""
    _require(principal, Permission.CUSTOMERS_FORGIVE)

    async def work(tx: Tx) -> None:
        known = await customers.get(tx, CustomerId(customer_id), principal.company_id)
        now, actor = context.clock.now(), principal.actor
        await customers.lift_restriction(
            tx, principal.company_id, known.id, data.reason, actor, now=now, ids=context.ids
        )

    return await context.commands.run(request, principal, work, status=204)


@post(
    "/console/calls/{call_id:uuid}/forgive-cancellation",
    status_code=200,
    operation_class=Command,
    responses=answers(204, None),
)
async def forgive_cancellation(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[StaffReasonIn]
) -> Response[bytes]:
    """Take a cancel after assignment off the customer's count (I-009); a restriction ends that rests on it."""
    _require(principal, Permission.CUSTOMERS_FORGIVE)

    async def work(tx: Tx) -> None:
        now, actor = context.clock.now(), principal.actor
        await customers.forgive(tx, principal.company_id, CallId(call_id), data.reason, actor, now=now, ids=context.ids)

    return await context.commands.run(request, principal, work, status=204)


@get("/console/never-meet")
async def list_never_meet(
    context: Context, principal: WhoAsks, *, q: Words = "", cursor: FromQuery[UUID | None] = None
) -> NeverMeetRows:
    """Who asked never to meet whom, newest first, lifted wishes too.

    `q` is a customer's or a driver's telephone number, whole or its last four digits.
    """
    return await customer_rows.never_meetings(context, viewer_of(principal), q, None if cursor is None else str(cursor))


@post("/console/never-meet/{wish_id:uuid}/lift", status_code=200, operation_class=Command, responses=answers(204, None))
async def lift_never_meet(
    request: Req, context: Context, principal: WhoAsks, wish_id: FromPath[UUID], data: JSONBody[StaffReasonIn]
) -> Response[bytes]:
    """End one side's wish; the pair stays barred when the other side has asked too."""
    _require(principal, Permission.NEVER_MEET_LIFT)

    async def work(tx: Tx) -> None:
        now, actor = context.clock.now(), principal.actor
        await customers.lift_never_meet(tx, principal.company_id, wish_id, data.reason, actor, now=now, ids=context.ids)

    return await context.commands.run(request, principal, work, status=204)


@get("/console/cases")
async def list_cases(
    context: Context,
    principal: WhoAsks,
    *,
    wanted: Annotated[CaseState | None, QueryParameter(name="state")] = None,
    kind: FromQuery[CaseKind | None] = None,
    call: FromQuery[UUID | None] = None,
    cursor: FromQuery[UUID | None] = None,
) -> CaseRows:
    """The company's cases, newest first."""
    before = None if cursor is None else str(cursor)
    return await customer_rows.cases(
        context, viewer_of(principal), state=wanted, kind=kind, call_id=call, cursor=before
    )


@get("/console/cases/{case_id:uuid}")
async def get_case(context: Context, principal: WhoAsks, case_id: FromPath[UUID]) -> CasePage:
    """One case with its history."""
    return await customer_rows.case_page(context, viewer_of(principal), case_id)


@post("/console/cases/{case_id:uuid}/close", status_code=200, operation_class=Command, responses=answers(200, CaseRow))
async def close_case(
    request: Req, context: Context, principal: WhoAsks, case_id: FromPath[UUID], data: JSONBody[CaseNoteIn]
) -> Response[bytes]:
    """Close a case with what came of it."""
    _require(principal, Permission.CASES_CLOSE)

    async def work(tx: Tx) -> CaseRow:
        now, actor = context.clock.now(), principal.actor
        case = await support.close_case(tx, principal.company_id, case_id, data.note, actor, now=now, ids=context.ids)
        return await customer_rows.case_row(tx, context, case)

    return await context.commands.run(request, principal, work)


def _require(principal: Principal, permission: Permission) -> None:
    require_staff(principal)
    principal.require(permission)


router = Router(
    path="/",
    route_handlers=[
        list_customers,
        get_customer,
        lift_restriction,
        forgive_cancellation,
        list_never_meet,
        lift_never_meet,
        list_cases,
        get_case,
        close_case,
    ],
    tags=["console"],
)
