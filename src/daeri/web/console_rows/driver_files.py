"""Drivers' files from the rows: who they are, their papers, and what stands against them (R-041)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, Permission
from daeri.calls import api as calls
from daeri.companies import api as companies
from daeri.companies.model import Notice
from daeri.customers import api as customers
from daeri.dispatch import api as dispatch
from daeri.drivers import api as drivers
from daeri.drivers.model import Driver, DriverFilter, SignUp, Suspension
from daeri.drivers.paper_model import Application, ApplicationState
from daeri.infra.database import Tx
from daeri.kernel.ids import AccountId, CompanyId, DriverId
from daeri.web.console.driver_reads import (
    AppealRow,
    AppealRows,
    ApplicationRow,
    DriverFile,
    ExpiryRow,
    FileRow,
    FileRows,
    NoticeRow,
    NoticeRows,
    SuspensionPanel,
    SuspensionRow,
)
from daeri.web.console.reads import CALLS_PER_PAGE, Viewer
from daeri.web.console_rows.call_rows import UNKNOWN
from daeri.web.console_rows.driver_rewards import read_rewards
from daeri.web.console_rows.viewers import permitted
from daeri.web.context import WebContext
from daeri.web.driver_wire import appeal_out, document_out

_LAST_DIGITS = 4
_MOST_NAMED = 5_000


async def search(
    context: WebContext,
    viewer: Viewer,
    *,
    q: str,
    status: SignUp | None,
    has_open_application: bool | None,
    after: UUID | None,
) -> FileRows:
    """The drivers of that status whose name or number fits, in the order in which they joined."""
    company_id = permitted(viewer, Permission.DRIVERS_READ)
    async with context.database.snapshot() as tx:
        people = await _called(tx, context, company_id, q) if q else None
        wanted = DriverFilter(company_id, status, has_open_application, people)
        found = await drivers.find(tx, wanted, after=after, limit=CALLS_PER_PAGE + 1)
        shown = found[:CALLS_PER_PAGE]
        items = await _rows(tx, context, company_id, shown)
    return FileRows(items, str(shown[-1].id) if len(found) > len(shown) else None)


async def file_of(context: WebContext, viewer: Viewer, driver_id: UUID) -> DriverFile:
    """One driver; DriverNotFound, for another company's too."""
    company_id = permitted(viewer, Permission.DRIVERS_READ)
    async with context.database.snapshot() as tx:
        return await read_file(tx, context, company_id, DriverId(driver_id))


async def read_file(tx: Tx, context: WebContext, company_id: CompanyId, driver_id: DriverId) -> DriverFile:
    """One driver as the rows are in this transaction."""
    now = context.clock.now()
    driver = await drivers.get(tx, company_id, driver_id)
    history = await drivers.suspensions_of(tx, company_id, driver_id)
    running = (await drivers.running_of(tx, [driver_id], now=now)).get(driver_id)
    people = [person for each in history for person in (each.decided_by, each.lifted_by) if person is not None]
    names = await accounts.display_names(tx, company_id, [driver_id, *people])
    phones = await accounts.masked_phones(tx, context.gate, company_id, [AccountId(driver_id)])
    call_id = (await dispatch.calls_of_drivers(tx, [driver_id])).get(driver_id)
    call = None if call_id is None else await calls.get(tx, company_id, call_id)
    rating = (await customers.driver_ratings(tx, [driver_id])).get(driver_id)
    rows = [_suspension(each, names) for each in history]
    applications = await drivers.applications(tx, context.gate.ring, company_id, driver_id)
    applied: dict[UUID, str] = {driver_id: applications[0].name} if applications else {}
    return DriverFile(
        id=driver.id,
        name=_shown_name(driver_id, names, applied) or UNKNOWN,
        phone=phones.get(AccountId(driver_id), UNKNOWN),
        status=driver.status,
        duty=driver.duty,
        duty_changed_at=driver.duty_changed_at,
        services=driver.services,
        licence_expires_on=driver.licence_expires_on,
        insurance_expires_on=driver.insurance_expires_on,
        expiries=[ExpiryRow(each.paper, each.on, each.days) for each in await drivers.expiries(tx, driver, now=now)],
        call_id=call_id,
        call_number=None if call is None else call.number,
        runs=await drivers.run_count(tx, company_id, driver_id),
        rating=None if rating is None else rating.average,
        applications=[_application(each) for each in applications],
        documents=[document_out(each) for each in await drivers.documents(tx, company_id, driver_id)],
        missing=list(await drivers.missing_documents(tx, company_id, driver_id, now=now)),
        suspension=SuspensionPanel(
            active=next((row for row in rows if running is not None and row.id == running.id), None), history=rows
        ),
        rewards=await read_rewards(tx, context, company_id, driver_id),
    )


async def appeals(context: WebContext, viewer: Viewer) -> AppealRows:
    """The appeals that nobody has answered, oldest first."""
    company_id = permitted(viewer, Permission.DRIVERS_READ)
    async with context.database.snapshot() as tx:
        waiting = await drivers.waiting_appeals(tx, company_id)
        names = await context.names.of(tx, company_id, [each.driver_id for each in waiting])
    return AppealRows(
        [
            AppealRow(each.driver_id, names.get(each.driver_id) or UNKNOWN, each.suspension_id, appeal_out(each.appeal))
            for each in waiting
        ]
    )


async def notices(context: WebContext, viewer: Viewer) -> NoticeRows:
    """All notices of the company, newest first."""
    company_id = permitted(viewer, Permission.NOTICES_WRITE)
    async with context.database.snapshot() as tx:
        found = await companies.notices(tx, company_id)
        writers = [notice.created_by for notice in found if notice.created_by is not None]
        names = await accounts.display_names(tx, company_id, writers) if writers else {}
    return NoticeRows([notice_row(notice, names) for notice in found])


def notice_row(notice: Notice, names: Mapping[UUID, str]) -> NoticeRow:
    what = notice.what
    return NoticeRow(
        id=notice.id,
        audience=what.audience,
        title_ko=what.title_ko,
        title_en=what.title_en,
        body_ko=what.body_ko,
        body_en=what.body_en,
        shown_from=what.shown_from,
        shown_until=what.shown_until,
        withdrawn_at=notice.withdrawn_at,
        created_by=_name(notice.created_by, names),
    )


async def _called(tx: Tx, context: WebContext, company_id: CompanyId, q: str) -> list[UUID]:
    """Those whose number ends or reads so, or whose name holds the words."""
    if q.replace("-", "").isdigit() and len(q) >= _LAST_DIGITS:
        return list(await accounts.find_by_phone(tx, context.gate, company_id, q, kinds=[AccountKind.DRIVER]))
    everyone = await drivers.find(tx, DriverFilter(company_id), limit=_MOST_NAMED)
    ids = [driver.id for driver in everyone]
    names = await context.names.of(tx, company_id, ids)
    applied = await drivers.with_open_application(tx, ids)
    words = q.casefold()
    return [each for each in ids if words in _shown_name(each, names, applied).casefold()]


def _shown_name(driver_id: UUID, names: Mapping[UUID, str], applied: Mapping[UUID, str]) -> str:
    """Somebody new has no name yet but the one in their application."""
    return names.get(driver_id) or applied.get(driver_id, "")


async def _rows(tx: Tx, context: WebContext, company_id: CompanyId, shown: Sequence[Driver]) -> list[FileRow]:
    ids = [driver.id for driver in shown]
    if not ids:
        return []
    names = await context.names.of(tx, company_id, ids)
    phones = await accounts.masked_phones(tx, context.gate, company_id, [AccountId(each) for each in ids])
    running = await drivers.running_of(tx, ids, now=context.clock.now())
    applied = await drivers.with_open_application(tx, ids)
    rows = []
    for driver in shown:
        suspension = running.get(driver.id)
        rows.append(
            FileRow(
                id=driver.id,
                name=_shown_name(driver.id, names, applied) or UNKNOWN,
                phone=phones.get(AccountId(driver.id), UNKNOWN),
                status=driver.status,
                duty=driver.duty,
                services=driver.services,
                joined_at=driver.created_at,
                licence_expires_on=driver.licence_expires_on,
                insurance_expires_on=driver.insurance_expires_on,
                application=driver.id in applied,
                suspended_until=None if suspension is None else suspension.ends_at,
                suspended_for=None if suspension is None else suspension.reason,
            )
        )
    return rows


def _application(each: Application) -> ApplicationRow:
    return ApplicationRow(
        id=each.id,
        state=ApplicationState(each.state),
        name=each.name,
        licence_masked=each.licence_masked,
        licence_kind=each.licence_kind,
        licence_expires_on=each.licence_expires_on,
        insurer=each.insurer,
        policy_masked=each.policy_masked,
        insurance_expires_on=each.insurance_expires_on,
        services=each.services,
        submitted_at=each.submitted_at,
        decided_at=each.decided_at,
        reason=each.reason,
        same_licence=each.same_licence,
    )


def _suspension(each: Suspension, names: Mapping[UUID, str]) -> SuspensionRow:
    return SuspensionRow(
        id=each.id,
        reason=each.reason,
        evidence=each.evidence,
        starts_at=each.starts_at,
        ends_at=each.ends_at,
        ended_at=each.ended_at,
        by_hand=each.by_hand,
        decided_by=_name(each.decided_by, names),
        lifted_at=each.lifted_at,
        lifted_by=_name(each.lifted_by, names),
        lift_reason=each.lift_reason,
        appeal=None if each.appeal is None else appeal_out(each.appeal),
    )


def _name(person: UUID | None, names: Mapping[UUID, str]) -> str | None:
    return None if person is None else names.get(person, UNKNOWN)
