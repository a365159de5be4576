"""Payments and the ledger as files for staff, searched as their lists are; each reading is a row of the audit log."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Protocol, TypeVar
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.params import FromQuery, QueryParameter

from daeri.accounts.model import Permission, Principal
from daeri.kernel.errors import Invalid
from daeri.kernel.result import Fact
from daeri.payments.model import Account, BillState, EntryKind, Method
from daeri.web import payment_tables
from daeri.web.api.filters import instant, refuse_unknown
from daeri.web.console.money_reads import LedgerRow, LedgerRows, PaymentRow, PaymentRows
from daeri.web.console.queries import Q_LIMIT
from daeri.web.console_rows import payment_rows
from daeri.web.console_rows.payment_rows import LedgerQuery, PaymentQuery
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import Context, WebContext
from daeri.web.exports import Format, Table, export
from daeri.web.money import audit
from daeri.web.principals import WhoAsks, require_staff

Req = Request[Any, Any, Any]
MOST_ROWS: Final = 50_000
_AT_ONCE = 1_000
_PAYMENT_FIELDS = ("q", "state", "method")
_LEDGER_FIELDS = ("q", "account", "kind", "owner", "from", "to")

Q = Annotated[str, QueryParameter(max_length=Q_LIMIT)]
Wanted = Annotated[BillState | None, QueryParameter(name="state")]
From = Annotated[str | None, QueryParameter(name="from")]
To = Annotated[str | None, QueryParameter(name="to")]
Row = TypeVar("Row")


class ExportTooLarge(Invalid):
    """More rows than a file takes: something must narrow the search. Facts: most."""

    code = "export_too_large"


class _Page(Protocol[Row]):
    @property
    def items(self) -> list[Row]: ...

    @property
    def next_cursor(self) -> str | None: ...


@get("/console/payments.csv")
async def save_payments_csv(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    q: Q = "",
    wanted: Wanted = None,
    method: FromQuery[Method | None] = None,
) -> Response[bytes]:
    """The company's bills that fit as CSV, newest first."""
    return await _payments(request, context, principal, PaymentQuery(q, wanted, method), Format.CSV)


@get("/console/payments.xlsx")
async def save_payments_xlsx(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    q: Q = "",
    wanted: Wanted = None,
    method: FromQuery[Method | None] = None,
) -> Response[bytes]:
    """The company's bills that fit as Excel, newest first."""
    return await _payments(request, context, principal, PaymentQuery(q, wanted, method), Format.XLSX)


@get("/console/ledger.csv")
async def save_ledger_csv(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    q: Q = "",
    account: FromQuery[Account | None] = None,
    kind: FromQuery[EntryKind | None] = None,
    owner: FromQuery[UUID | None] = None,
    earliest: From = None,
    latest: To = None,
) -> Response[bytes]:
    """The company's entries that fit as CSV, newest first, a line of them a row."""
    refuse_unknown(request, _LEDGER_FIELDS)
    query = LedgerQuery(q, account, kind, owner, instant("from", earliest), instant("to", latest))
    return await _ledger(request, context, principal, query, Format.CSV)


@get("/console/ledger.xlsx")
async def save_ledger_xlsx(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    q: Q = "",
    account: FromQuery[Account | None] = None,
    kind: FromQuery[EntryKind | None] = None,
    owner: FromQuery[UUID | None] = None,
    earliest: From = None,
    latest: To = None,
) -> Response[bytes]:
    """The company's entries that fit as Excel, newest first, a line of them a row."""
    refuse_unknown(request, _LEDGER_FIELDS)
    query = LedgerQuery(q, account, kind, owner, instant("from", earliest), instant("to", latest))
    return await _ledger(request, context, principal, query, Format.XLSX)


async def _payments(
    request: Req, context: WebContext, principal: Principal, query: PaymentQuery, form: Format
) -> Response[bytes]:
    refuse_unknown(request, _PAYMENT_FIELDS)
    _require(principal)

    async def page(cursor: str | None) -> PaymentRows:
        further = PaymentQuery(query.q, query.state, query.method, None if cursor is None else UUID(cursor))
        return await payment_rows.search(context, viewer_of(principal), further, limit=_AT_ONCE)

    found: list[PaymentRow] = await _every(page)
    table = payment_tables.payment_table(found, context.problems.words_for(request))
    return await _save(request, context, principal, table, form, name="payments", rows=len(found))


async def _ledger(
    request: Req, context: WebContext, principal: Principal, query: LedgerQuery, form: Format
) -> Response[bytes]:
    _require(principal)

    async def page(cursor: str | None) -> LedgerRows:
        further = LedgerQuery(
            query.q,
            query.account,
            query.kind,
            query.owner,
            query.since,
            query.until,
            None if cursor is None else int(cursor),
        )
        return await payment_rows.ledger(context, viewer_of(principal), further, limit=_AT_ONCE)

    found: list[LedgerRow] = await _every(page)
    table = payment_tables.ledger_table(found, context.problems.words_for(request))
    return await _save(request, context, principal, table, form, name="ledger", rows=len(found))


async def _every(read: Callable[[str | None], Awaitable[_Page[Row]]]) -> list[Row]:
    """Page by page, so that no transaction is open for long; ExportTooLarge."""
    found: list[Row] = []
    cursor = None
    while True:
        page = await read(cursor)
        found += page.items
        if len(found) > MOST_ROWS:
            raise ExportTooLarge(most=MOST_ROWS)
        cursor = page.next_cursor
        if cursor is None:
            return found


async def _save(
    request: Req, context: WebContext, principal: Principal, table: Table, form: Format, *, name: str, rows: int
) -> Response[bytes]:
    async with context.database.transaction() as tx:
        facts: dict[str, Fact] = {"rows": rows, "format": form}
        await audit(
            tx,
            request,
            context,
            principal,
            action=f"{name}.saved",
            subject_kind="company",
            subject_id=principal.company_id,
            facts=facts,
        )
    return await export(table, form, f"{name}-{context.clock.now():%Y%m%d-%H%M%S}")


def _require(principal: Principal) -> None:
    require_staff(principal)
    principal.require(Permission.LEDGER_READ)


router = Router(
    path="/",
    route_handlers=[save_payments_csv, save_payments_xlsx, save_ledger_csv, save_ledger_xlsx],
    tags=["console"],
)
