"""Statements for staff: a driver's lines, a business account's months; each that leaves as a file is audited."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from daeri.accounts.model import Permission, Principal
from daeri.infra.database import Tx
from daeri.payments import api as payments
from daeri.payments.api import statements
from daeri.web import money_tables
from daeri.web.api.console_payouts import Reference
from daeri.web.api.documented import Command, answers
from daeri.web.console.payout_reads import BusinessMonth, BusinessRows, DriverMoney
from daeri.web.console_rows import payout_rows
from daeri.web.console_rows.viewers import permitted, viewer_of
from daeri.web.context import Context, WebContext
from daeri.web.driver_money_wire import WonIn
from daeri.web.exports import Format, export
from daeri.web.money import audit, deed_of
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.spans import QUARTER, YEAR, From, MonthText, To, month_of, span

Req = Request[Any, Any, Any]


class MonthPaidIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A month's statement that was paid, as a whole; `reference` is the bank's, taken once."""

    month: Annotated[str, Meta(pattern=r"^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])$")]
    amount: WonIn
    reference: Reference


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks for a file, and in which format."""

    request: Req
    context: WebContext
    principal: Principal
    form: Format


@get("/console/drivers/{driver_id:uuid}/statement")
async def get_driver_statement(
    context: Context, principal: WhoAsks, driver_id: FromPath[UUID], since: From = None, until: To = None
) -> DriverMoney:
    """A driver's balance, and what made it: both ends included, a quarter of a year at most."""
    viewer = viewer_of(principal)
    first, last = span(context, since, until, longest=QUARTER)
    return await payout_rows.driver_money(context, viewer, driver_id, first, last)


@get("/console/drivers/{driver_id:uuid}/statement.csv")
async def save_driver_statement_csv(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    driver_id: FromPath[UUID],
    since: From = None,
    until: To = None,
) -> Response[bytes]:
    """A driver's statement as CSV, a year at most."""
    return await _driver_file(_Asked(request, context, principal, Format.CSV), driver_id, since, until)


@get("/console/drivers/{driver_id:uuid}/statement.xlsx")
async def save_driver_statement_xlsx(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    driver_id: FromPath[UUID],
    since: From = None,
    until: To = None,
) -> Response[bytes]:
    """A driver's statement as Excel, a year at most."""
    return await _driver_file(_Asked(request, context, principal, Format.XLSX), driver_id, since, until)


@get("/console/business-accounts")
async def list_business_accounts(context: Context, principal: WhoAsks) -> BusinessRows:
    """The company's business accounts by name, each with its rides of this month and what it owes."""
    return await payout_rows.business_accounts(context, viewer_of(principal))


@get("/console/business-accounts/{account_id:uuid}/statement")
async def get_business_statement(
    context: Context, principal: WhoAsks, account_id: FromPath[UUID], month: MonthText = None
) -> BusinessMonth:
    """A business account's rides of a Korean month, what of them is paid, and the months that there are."""
    return await payout_rows.business_month(context, viewer_of(principal), account_id, month_of(month))


@get("/console/business-accounts/{account_id:uuid}/statement.csv")
async def save_business_statement_csv(
    request: Req, context: Context, principal: WhoAsks, account_id: FromPath[UUID], month: MonthText = None
) -> Response[bytes]:
    """A business account's month as CSV."""
    return await _business_file(_Asked(request, context, principal, Format.CSV), account_id, month)


@get("/console/business-accounts/{account_id:uuid}/statement.xlsx")
async def save_business_statement_xlsx(
    request: Req, context: Context, principal: WhoAsks, account_id: FromPath[UUID], month: MonthText = None
) -> Response[bytes]:
    """A business account's month as Excel."""
    return await _business_file(_Asked(request, context, principal, Format.XLSX), account_id, month)


@post(
    "/console/business-accounts/{account_id:uuid}/paid",
    status_code=200,
    operation_class=Command,
    responses=answers(200, BusinessMonth),
)
async def pay_business_month(
    request: Req, context: Context, principal: WhoAsks, account_id: FromPath[UUID], data: JSONBody[MonthPaidIn]
) -> Response[bytes]:
    """A business account paid its month: its rides are paid."""
    require_staff(principal)
    principal.require(Permission.PAYOUTS_MANAGE)
    month, viewer = date.fromisoformat(f"{data.month}-01"), viewer_of(principal)

    async def work(tx: Tx) -> BusinessMonth:
        deed = deed_of(tx, context, principal)
        await payments.receipts.settle_month(deed, account_id, month, data.amount, data.reference)
        await audit(
            tx,
            request,
            context,
            principal,
            action="business.month_paid",
            subject_kind="business",
            subject_id=account_id,
            facts={"month": data.month, "amount_won": data.amount},
        )
        return await payout_rows.read_business_month(
            tx, context, viewer, principal.company_id, account_id, month=month
        )  # fmt: skip -- one call

    return await context.commands.run(request, principal, work)


async def _driver_file(asked: _Asked, driver_id: UUID, since: date | None, until: date | None) -> Response[bytes]:
    company_id = permitted(viewer_of(asked.principal), Permission.LEDGER_READ)
    first, last = span(asked.context, since, until, longest=YEAR)
    async with asked.context.database.transaction() as tx:
        found = await statements.of_driver(tx, company_id, driver_id, first, last)
        await _keep_trace(tx, asked, "driver", driver_id)
    table = money_tables.driver_table(found, asked.context.problems.words_for(asked.request))
    return await export(table, asked.form, f"driver-{str(driver_id)[-8:]}-{first:%Y%m%d}-{last:%Y%m%d}")


async def _business_file(asked: _Asked, account_id: UUID, month: str | None) -> Response[bytes]:
    viewer, first = viewer_of(asked.principal), month_of(month)
    company_id = permitted(viewer, Permission.LEDGER_READ)
    async with asked.context.database.transaction() as tx:
        found = await payout_rows.read_business_month(
            tx, asked.context, viewer, company_id, account_id, month=first
        )  # fmt: skip -- one call
        await _keep_trace(tx, asked, "business", account_id)
    table = money_tables.business_table(found, asked.context.problems.words_for(asked.request))
    return await export(table, asked.form, f"business-{str(account_id)[-8:]}-{found.month:%Y-%m}")


async def _keep_trace(tx: Tx, asked: _Asked, subject_kind: str, subject_id: UUID) -> None:
    """What leaves as a file is told of in the audit log."""
    await audit(
        tx,
        asked.request,
        asked.context,
        asked.principal,
        action="statement.saved",
        subject_kind=subject_kind,
        subject_id=subject_id,
        facts={"format": asked.form},
    )


router = Router(
    path="/",
    route_handlers=[
        get_driver_statement,
        save_driver_statement_csv,
        save_driver_statement_xlsx,
        list_business_accounts,
        get_business_statement,
        save_business_statement_csv,
        save_business_statement_xlsx,
        pay_business_month,
    ],
    tags=["console"],
)
