"""A driver's own account: sign-up with papers, suspensions and appeals, earnings, standing, notices."""

from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID, uuid5

from litestar import Request, Response, Router, get, post, put
from litestar.exceptions import ValidationException
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from daeri.accounts.model import AccountKind, Principal, WrongKind
from daeri.companies import api as companies
from daeri.companies.model import Audience, Notice
from daeri.customers import api as customers
from daeri.drivers import api as drivers
from daeri.drivers.paper_model import Application, ApplicationState, Document, DocumentKind, Reminder
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId
from daeri.kernel.time import KST
from daeri.rewards import api as rewards
from daeri.web.api.documented import Command, answers
from daeri.web.bodies import is_usable
from daeri.web.context import Context, WebContext
from daeri.web.driver_wire import (
    AppealIn,
    ApplicationIn,
    ApplicationOut,
    DocumentOut,
    EarningsOut,
    NoticeOut,
    NoticesOut,
    RunsOut,
    SuspensionOut,
    SuspensionsOut,
    apply_of,
    document_out,
    earnings_out,
    insurance_out,
    licence_out,
    run_out,
    suspension_out,
)
from daeri.web.principals import WhoAsks, driver_of
from daeri.web.reward_wire import RewardsOut, StandingOut, rewards_out, standing_out
from daeri.web.words import Language, Words

Req = Request[Any, Any, Any]
DOCUMENT_LIMIT: Final = 5 * 1024 * 1024  # bytes
_WEEK = timedelta(days=6)
_LONGEST = timedelta(days=366)
_REMINDERS = UUID("7a1d9a3e-5f57-4d5c-9d0e-6f1c8f5f2b11")  # the name space of reminders' ids
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}


@get("/driver/application")
async def get_application(context: Context, principal: WhoAsks) -> ApplicationOut:
    """How far the driver's sign-up has come, with the papers that were handed in."""
    driver_id = driver_of(principal)
    async with context.database.snapshot() as tx:
        return await read_application(tx, context, principal, driver_id)


@post("/driver/application", status_code=200, operation_class=Command, responses=answers(200, ApplicationOut))
async def submit_application(
    request: Req, context: Context, principal: WhoAsks, data: JSONBody[ApplicationIn]
) -> Response[bytes]:
    """Hand in an application, or papers that were renewed; staff decide on it."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> ApplicationOut:
        now, ring = context.clock.now(), context.gate.ring
        await drivers.submit(tx, ring, driver_id, principal.company_id, apply_of(data), now=now, ids=context.ids)
        return await read_application(tx, context, principal, driver_id)

    return await context.commands.run(request, principal, work)


@put(
    "/driver/documents/{kind:str}",
    status_code=200,
    operation_class=Command,
    responses=answers(200, DocumentOut),
    request_max_body_size=DOCUMENT_LIMIT,
)
async def put_document(
    request: Req, context: Context, principal: WhoAsks, kind: FromPath[DocumentKind]
) -> Response[bytes]:
    """Hand in a picture or PDF of up to 5 MB as it is; it takes the place of an earlier one."""
    driver_id = driver_of(principal)
    content = await request.body()
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def work(tx: Tx) -> DocumentOut:
        document = await drivers.put_document(
            tx,
            context.gate.ring,
            driver_id,
            principal.company_id,
            kind,
            content=content,
            said_to_be=said,
            now=context.clock.now(),
            ids=context.ids,
        )
        return document_out(document)

    return await context.commands.run(request, principal, work)


@get("/driver/documents/{kind:str}")
async def get_document(context: Context, principal: WhoAsks, kind: FromPath[DocumentKind]) -> Response[bytes]:
    """The driver's own document."""
    driver_id = driver_of(principal)
    async with context.database.snapshot() as tx:
        document, content = await drivers.read_document(tx, context.gate.ring, principal.company_id, driver_id, kind)
    return document_response(document, content)


@get("/driver/suspensions")
async def list_suspensions(context: Context, principal: WhoAsks) -> SuspensionsOut:
    """The driver's suspensions, newest first, with reason, evidence, end and appeal (I-005)."""
    driver_id = driver_of(principal)
    async with context.database.reading() as tx:
        found = await drivers.suspensions_of(tx, principal.company_id, driver_id)
    return SuspensionsOut(tuple(map(suspension_out, found)))


@post(
    "/driver/suspensions/{suspension_id:uuid}/appeal",
    status_code=200,
    operation_class=Command,
    responses=answers(200, SuspensionOut),
)
async def appeal_suspension(
    request: Req, context: Context, principal: WhoAsks, suspension_id: FromPath[UUID], data: JSONBody[AppealIn]
) -> Response[bytes]:
    """Say, once, why the suspension is wrong; a person answers."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> SuspensionOut:
        now = context.clock.now()
        return suspension_out(
            await drivers.appeal(
                tx, suspension_id, driver_id, principal.company_id, data.text, now=now, ids=context.ids
            )
        )

    return await context.commands.run(request, principal, work)


@get("/driver/earnings")
async def get_earnings(
    context: Context,
    principal: WhoAsks,
    since: Annotated[date | None, QueryParameter(name="from", description="A day in Korea.")] = None,
    until: Annotated[date | None, QueryParameter(name="to", description="A day in Korea; today otherwise.")] = None,
) -> EarningsOut:
    """What the driver earned by day, both ends included; the last seven days where `from` is left out."""
    driver_id = driver_of(principal)
    last = _usable("to", until or context.clock.now().astimezone(KST).date())
    first = _usable("from", since or last - _WEEK)
    if not first <= last <= first + _LONGEST:
        raise ValidationException(extra=[{"key": "from", "message": "is not within a year before to"}])
    async with context.database.reading() as tx:
        return earnings_out(await drivers.earnings(tx, principal.company_id, driver_id, since=first, until=last))


@get("/driver/earnings/{day:date}")
async def get_runs(context: Context, principal: WhoAsks, day: FromPath[date]) -> RunsOut:
    """The runs of one Korean day, newest first, with what each left to the driver."""
    driver_id = driver_of(principal)
    company_id, asked = principal.company_id, _usable("day", day)
    async with context.database.snapshot() as tx:
        found = await drivers.runs_of_day(tx, company_id, driver_id, asked)
        awarded = await rewards.of_calls(tx, company_id, driver_id, [run.call_id for run in found])
    return RunsOut(tuple(run_out(run, awarded.get(run.call_id)) for run in found))


@get("/driver/standing")
async def get_standing(context: Context, principal: WhoAsks) -> StandingOut:
    """How the driver stands: level, score, points, runs and customers' stars."""
    driver_id = driver_of(principal)
    company_id, now = principal.company_id, context.clock.now()
    async with context.database.snapshot() as tx:
        runs = await drivers.run_count(tx, company_id, driver_id)
        rating = (await customers.driver_ratings(tx, [driver_id])).get(driver_id)
        standing = await rewards.standing(tx, context.shelf.of(company_id), company_id, driver_id, now=now)
    return standing_out(standing, rating=None if rating is None else rating.average, runs=runs)


@get("/driver/rewards")
async def list_rewards(context: Context, principal: WhoAsks, cursor: FromQuery[UUID | None] = None) -> RewardsOut:
    """What each ride counted, newest first, with the hours that decided it (I-049)."""
    driver_id = driver_of(principal)
    async with context.database.reading() as tx:
        return rewards_out(await rewards.history(tx, principal.company_id, driver_id, before=cursor))


@get("/notices")
async def list_notices(request: Req, context: Context, principal: WhoAsks) -> NoticesOut:
    """What the company tells the asking driver or customer now, and what a driver must know of papers; newest first."""
    words, now = context.problems.words_for(request), context.clock.now()
    async with context.database.snapshot() as tx:
        found = await companies.notices_for(tx, principal.company_id, _audience_of(principal), now=now)
        items = [_notice(notice, words) for notice in found]
        if principal.kind is AccountKind.DRIVER:
            told = await drivers.reminded(tx, principal.company_id, principal.account_id, now=now)
            items += [_reminder(reminder, words) for reminder in told]
    return NoticesOut(tuple(sorted(items, key=lambda item: item.at, reverse=True)))


async def read_application(tx: Tx, context: WebContext, principal: Principal, driver_id: DriverId) -> ApplicationOut:
    """The sign-up as it stands."""
    company_id, now = principal.company_id, context.clock.now()
    driver = await drivers.get(tx, company_id, driver_id)
    kept = await drivers.applications(tx, context.gate.ring, company_id, driver_id)
    documents = await drivers.documents(tx, company_id, driver_id)
    missing = await drivers.missing_documents(tx, company_id, driver_id, now=now)
    newest: Application | None = kept[0] if kept else None
    return ApplicationOut(
        status=driver.status,
        name="" if newest is None else newest.name,
        licence=None if newest is None else licence_out(newest),
        insurance=None if newest is None else insurance_out(newest),
        services=driver.services if newest is None else newest.services,
        state=None if newest is None else newest.state,
        submitted_at=None if newest is None else newest.submitted_at,
        decided_at=None if newest is None else newest.decided_at,
        refusal=newest.reason if newest is not None and newest.state is ApplicationState.REFUSED else None,
        documents=tuple(map(document_out, documents)),
        missing=tuple(missing),
    )


def document_response(document: Document, content: bytes) -> Response[bytes]:
    """A document as a file to be saved: no browser runs it or guesses what it is."""
    name = f"{document.kind}.{_ENDINGS[document.media_type]}"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }
    return Response(content, media_type=document.media_type, headers=headers)


def _usable(name: str, day: date) -> date:
    if not is_usable(day):
        raise ValidationException(extra=[{"key": name, "message": "is not in a year that can be asked for"}])
    return day


def _audience_of(principal: Principal) -> Audience:
    match principal.kind:
        case AccountKind.DRIVER:
            return Audience.DRIVERS
        case AccountKind.CUSTOMER:
            return Audience.CUSTOMERS
        case _:
            raise WrongKind(kind=principal.kind)


def _notice(notice: Notice, words: Words) -> NoticeOut:
    what = notice.what
    is_korean = words.language is Language.KO
    title, body = (what.title_ko, what.body_ko) if is_korean else (what.title_en, what.body_en)
    return NoticeOut(notice.id, title, body, what.shown_from)


def _reminder(reminder: Reminder, words: Words) -> NoticeOut:
    facts = {"days": reminder.days, "on": reminder.expires_on.isoformat()}
    named = f"{reminder.driver_id}|{reminder.paper}|{reminder.expires_on}|{reminder.days}"
    key = f"driver.reminder.{reminder.paper}"
    return NoticeOut(uuid5(_REMINDERS, named), words(key, **facts), words(f"{key}.body", **facts), reminder.at)


router = Router(
    path="/",
    route_handlers=[
        get_application,
        submit_application,
        put_document,
        get_document,
        list_suspensions,
        appeal_suspension,
        get_earnings,
        get_runs,
        get_standing,
        list_rewards,
        list_notices,
    ],
    tags=["driver"],
)
