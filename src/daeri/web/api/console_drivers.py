"""Drivers for staff: who has applied, who may drive, who is suspended and why; notices to drivers and customers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from daeri.accounts import api as accounts
from daeri.accounts.model import AuditEntry, Permission, Principal
from daeri.companies import api as companies
from daeri.companies.model import Audience, NewNotice
from daeri.dispatch import api as dispatch
from daeri.drivers import api as drivers
from daeri.drivers.model import SignUp, Suspend
from daeri.drivers.paper_model import DocumentKind
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId
from daeri.kernel.result import Fact
from daeri.kernel.terms import Service
from daeri.web.api.documented import Command, answers
from daeri.web.api.driver_account import document_response
from daeri.web.console.driver_reads import AppealRows, DriverFile, FileRows, NoticeRow, NoticeRows
from daeri.web.console.queries import Q_LIMIT
from daeri.web.console_rows import driver_files
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import Context, WebContext
from daeri.web.driver_wire import LongText, Reason, ShortText
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.wire_parts import NO_NUL

Req = Request[Any, Any, Any]
Deed = Callable[[Tx, DriverId, datetime], Awaitable[object]]


class ApproveIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For which services; for those that the driver wished where left out."""

    services: Annotated[tuple[Service, ...], Meta(min_length=1, max_length=len(Service))] | None = None


class WhyDriverIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why staff do it. It is kept, and the driver reads it."""

    reason: Reason


class SuspendIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, on what evidence, and until when; without an end until it is lifted. The driver reads all of it."""

    reason: Reason
    evidence: Annotated[str, Meta(max_length=2_000, pattern=NO_NUL)] = ""
    ends_at: Annotated[datetime, Meta(tz=True)] | None = None


class AppealAnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the driver is right, and why. An appeal that is upheld lifts the suspension at once."""

    upheld: bool
    text: LongText


class NoticeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is told, in both languages; shown at once where `shown_from` is left out."""

    audience: Audience
    title_ko: ShortText
    title_en: ShortText
    body_ko: Annotated[str, Meta(max_length=2_000, pattern=NO_NUL)] = ""
    body_en: Annotated[str, Meta(max_length=2_000, pattern=NO_NUL)] = ""
    shown_from: Annotated[datetime, Meta(tz=True)] | None = None
    shown_until: Annotated[datetime, Meta(tz=True)] | None = None


@get("/console/drivers")
async def list_drivers(
    context: Context,
    principal: WhoAsks,
    *,
    q: Annotated[str, QueryParameter(max_length=Q_LIMIT)] = "",
    status: FromQuery[SignUp | None] = None,
    application: FromQuery[bool | None] = None,
    cursor: FromQuery[UUID | None] = None,
) -> FileRows:
    """The company's drivers in the order in which they joined; `q` is a name or a number, whole or its last digits.

    `application` shows those whose application waits for a decision, or those without one.
    """
    return await driver_files.search(
        context, viewer_of(principal), q=q.strip(), status=status, has_open_application=application, after=cursor
    )


@get("/console/drivers/{driver_id:uuid}")
async def get_driver(context: Context, principal: WhoAsks, driver_id: FromPath[UUID]) -> DriverFile:
    """One driver: facts, papers and their ends, applications, the suspension panel with its history (R-041)."""
    return await driver_files.file_of(context, viewer_of(principal), driver_id)


@post(
    "/console/drivers/{driver_id:uuid}/approve",
    status_code=200,
    operation_class=Command,
    responses=answers(200, DriverFile),
)
async def approve_driver(
    request: Req,
    context: Context,
    principal: WhoAsks,
    driver_id: FromPath[UUID],
    data: JSONBody[ApproveIn | None] = None,
) -> Response[bytes]:
    """Approve the open application; its papers hold from now on."""
    services = None if data is None else data.services

    async def deed(tx: Tx, found: DriverId, now: datetime) -> object:
        ring, actor = context.gate.ring, principal.actor
        return await drivers.approve_application(
            tx, ring, found, principal.company_id, actor, now=now, ids=context.ids, services=services
        )

    return await _do(request, context, principal, driver_id, permission=Permission.DRIVERS_APPROVE, deed=deed)


@post(
    "/console/drivers/{driver_id:uuid}/refuse",
    status_code=200,
    operation_class=Command,
    responses=answers(200, DriverFile),
)
async def refuse_driver(
    request: Req, context: Context, principal: WhoAsks, driver_id: FromPath[UUID], data: JSONBody[WhyDriverIn]
) -> Response[bytes]:
    """Refuse the open application; the driver may apply again."""

    async def deed(tx: Tx, found: DriverId, now: datetime) -> object:
        ring, actor = context.gate.ring, principal.actor
        return await drivers.refuse(
            tx, ring, found, principal.company_id, actor, reason=data.reason, now=now, ids=context.ids
        )

    return await _do(request, context, principal, driver_id, permission=Permission.DRIVERS_APPROVE, deed=deed)


@post(
    "/console/drivers/{driver_id:uuid}/suspend",
    status_code=200,
    operation_class=Command,
    responses=answers(200, DriverFile),
)
async def suspend_driver(
    request: Req, context: Context, principal: WhoAsks, driver_id: FromPath[UUID], data: JSONBody[SuspendIn]
) -> Response[bytes]:
    """Suspend a driver by hand (I-005): off duty at once, or once the call under way is finished."""
    what = Suspend(data.reason, data.evidence, data.ends_at)

    async def deed(tx: Tx, found: DriverId, now: datetime) -> object:
        return await dispatch.suspend(tx, found, principal.company_id, what, principal.actor, now=now, ids=context.ids)

    return await _do(request, context, principal, driver_id, permission=Permission.DRIVERS_SUSPEND, deed=deed)


@post(
    "/console/drivers/{driver_id:uuid}/lift",
    status_code=200,
    operation_class=Command,
    responses=answers(200, DriverFile),
)
async def lift_suspension(
    request: Req, context: Context, principal: WhoAsks, driver_id: FromPath[UUID], data: JSONBody[WhyDriverIn]
) -> Response[bytes]:
    """Lift the running suspension; the driver may go on duty at once."""

    async def deed(tx: Tx, found: DriverId, now: datetime) -> object:
        return await drivers.lift(
            tx, found, principal.company_id, data.reason, principal.actor, now=now, ids=context.ids
        )

    return await _do(request, context, principal, driver_id, permission=Permission.DRIVERS_SUSPEND, deed=deed)


@get("/console/drivers/{driver_id:uuid}/documents/{kind:str}")
async def get_document(
    request: Req, context: Context, principal: WhoAsks, driver_id: FromPath[UUID], kind: FromPath[DocumentKind]
) -> Response[bytes]:
    """A driver's document; each reading is a row of the audit log."""
    require_staff(principal)
    principal.require(Permission.DRIVERS_APPROVE)
    async with context.database.transaction() as tx:
        document, content = await drivers.read_document(tx, context.gate.ring, principal.company_id, driver_id, kind)
        await _audit(tx, request, context, principal, driver_id, action="driver_document.read", facts={"kind": kind})
    return document_response(document, content)


@get("/console/appeals")
async def list_appeals(context: Context, principal: WhoAsks) -> AppealRows:
    """The appeals that nobody has answered, oldest first."""
    return await driver_files.appeals(context, viewer_of(principal))


@post(
    "/console/appeals/{appeal_id:uuid}/answer",
    status_code=200,
    operation_class=Command,
    responses=answers(200, DriverFile),
)
async def answer_appeal(
    request: Req, context: Context, principal: WhoAsks, appeal_id: FromPath[UUID], data: JSONBody[AppealAnswerIn]
) -> Response[bytes]:
    """Answer an appeal, once; one that is upheld lifts the suspension."""
    require_staff(principal)
    principal.require(Permission.DRIVERS_SUSPEND)

    async def work(tx: Tx) -> DriverFile:
        now, company_id = context.clock.now(), principal.company_id
        answered = await drivers.answer_appeal(
            tx,
            appeal_id,
            company_id,
            principal.actor,
            upheld=data.upheld,
            text=data.text,
            now=now,
            ids=context.ids,
        )
        facts: dict[str, Fact] = {"upheld": data.upheld}
        await _audit(tx, request, context, principal, answered.driver_id, action="driver_appeal.answered", facts=facts)
        return await driver_files.read_file(tx, context, company_id, answered.driver_id)

    return await context.commands.run(request, principal, work)


@get("/console/notices")
async def list_notices(context: Context, principal: WhoAsks) -> NoticeRows:
    """All notices, those to come and those that are over too, newest first."""
    return await driver_files.notices(context, viewer_of(principal))


@post("/console/notices", status_code=201, operation_class=Command, responses=answers(201, NoticeRow))
async def post_notice(request: Req, context: Context, principal: WhoAsks, data: JSONBody[NoticeIn]) -> Response[bytes]:
    """Tell drivers, customers or both something for a time."""
    require_staff(principal)
    principal.require(Permission.NOTICES_WRITE)

    async def work(tx: Tx) -> NoticeRow:
        now = context.clock.now()
        what = NewNotice(
            data.audience,
            data.title_ko,
            data.title_en,
            data.body_ko,
            data.body_en,
            data.shown_from or now,
            data.shown_until,
        )
        notice = await companies.post_notice(tx, principal.company_id, what, principal.actor, now=now, ids=context.ids)
        return driver_files.notice_row(notice, await context.names.of(tx, principal.company_id, [principal.account_id]))

    return await context.commands.run(request, principal, work, status=201)


@delete("/console/notices/{notice_id:uuid}", status_code=200, operation_class=Command, responses=answers(204, None))
async def withdraw_notice(
    request: Req, context: Context, principal: WhoAsks, notice_id: FromPath[UUID]
) -> Response[bytes]:
    """Take a notice down at once; it is kept in the list."""
    require_staff(principal)
    principal.require(Permission.NOTICES_WRITE)

    async def work(tx: Tx) -> None:
        now = context.clock.now()
        await companies.withdraw_notice(tx, principal.company_id, notice_id, principal.actor, now=now)

    return await context.commands.run(request, principal, work, status=204)


async def _do(
    request: Req, context: WebContext, principal: Principal, driver_id: UUID, *, permission: Permission, deed: Deed
) -> Response[bytes]:
    """Do it, keep it in the audit log, and answer with the driver as they are now."""
    require_staff(principal)
    principal.require(permission)

    async def work(tx: Tx) -> DriverFile:
        await deed(tx, DriverId(driver_id), context.clock.now())
        action = f"driver.{request.route_handler.handler_name.partition('_')[0]}"
        await _audit(tx, request, context, principal, driver_id, action=action, facts={})
        return await driver_files.read_file(tx, context, principal.company_id, DriverId(driver_id))

    return await context.commands.run(request, principal, work)


async def _audit(
    tx: Tx,
    request: Req,
    context: WebContext,
    principal: Principal,
    driver_id: UUID,
    *,
    action: str,
    facts: dict[str, Fact],
) -> None:
    entry = AuditEntry(
        principal.company_id,
        principal.actor,
        action,
        "driver",
        driver_id,
        facts,
        request_id=request.scope.get("state", {}).get("request_id"),
    )
    await accounts.record_audit(tx, context.gate, entry, moment=context.moment())


router = Router(
    path="/",
    route_handlers=[
        list_drivers,
        get_driver,
        approve_driver,
        refuse_driver,
        suspend_driver,
        lift_suspension,
        get_document,
        list_appeals,
        answer_appeal,
        list_notices,
        post_notice,
        withdraw_notice,
    ],
    tags=["console"],
)
