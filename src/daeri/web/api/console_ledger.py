"""The books for staff: entries that were written once and never change, and the sums of the accounts."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, get
from litestar.params import FromQuery, QueryParameter

from daeri.payments.model import Account, EntryKind
from daeri.web.api.filters import instant, refuse_unknown
from daeri.web.console.money_reads import LedgerRows, LedgerTotals
from daeri.web.console.queries import Q_LIMIT
from daeri.web.console_rows import payment_rows
from daeri.web.console_rows.payment_rows import LedgerQuery
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import Context
from daeri.web.principals import WhoAsks

Req = Request[Any, Any, Any]
_HIGHEST_SEQ = 2**63 - 1
_LEDGER_FIELDS = ("q", "account", "kind", "owner", "from", "to", "cursor")


@get("/console/ledger")
async def list_entries(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    q: Annotated[str, QueryParameter(max_length=Q_LIMIT)] = "",
    account: FromQuery[Account | None] = None,
    kind: FromQuery[EntryKind | None] = None,
    owner: FromQuery[UUID | None] = None,
    earliest: Annotated[str | None, QueryParameter(name="from")] = None,
    latest: Annotated[str | None, QueryParameter(name="to")] = None,
    cursor: Annotated[int | None, QueryParameter(ge=0, le=_HIGHEST_SEQ)] = None,
) -> LedgerRows:
    """The company's entries, newest first; `q` is a call number or a telephone number, whole or its last four digits.

    `owner` is whose part of an account it is: a customer, a driver, a business account, an orderer. `from` and `to` are
    ISO 8601, in Korean time where they name no offset.
    """
    refuse_unknown(request, _LEDGER_FIELDS)
    query = LedgerQuery(q, account, kind, owner, instant("from", earliest), instant("to", latest), cursor)
    return await payment_rows.ledger(context, viewer_of(principal), query)


@get("/console/ledger/totals")
async def get_totals(context: Context, principal: WhoAsks) -> LedgerTotals:
    """Every account with its sum, in won; together they are zero at every moment."""
    return await payment_rows.totals(context, viewer_of(principal))


router = Router(path="/", route_handlers=[list_entries, get_totals], tags=["console"])
