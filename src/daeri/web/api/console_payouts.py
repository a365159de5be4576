"""Money that leaves and comes in, for staff: payouts, the files that take them to the bank, drivers' top-ups."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from daeri.accounts.model import Permission, Principal
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId
from daeri.payments import api as payments
from daeri.payments.payout_model import PayoutOutcome, PayoutState
from daeri.web import money_tables
from daeri.web.api.documented import Command, answers
from daeri.web.console.payout_reads import DriverMoney, PayoutFileRow, PayoutFileRows, PayoutRow, PayoutRows
from daeri.web.console_rows import payout_rows
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import Context, WebContext
from daeri.web.driver_money_wire import WonIn
from daeri.web.exports import Format, export
from daeri.web.money import audit, deed_of
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.spans import QUARTER, span

Req = Request[Any, Any, Any]
LONGEST_REFERENCE: Final = payments.receipts.LONGEST_REFERENCE
Reference = Annotated[str, Meta(min_length=1, max_length=LONGEST_REFERENCE, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]


class OutcomeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bank's word for it, or why it came back; the driver reads it."""

    reference: Reference


class BankTopUpIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money that a driver sent to the company's bank; `reference` is the bank's, taken once."""

    amount: WonIn
    reference: Reference


@get("/console/payouts")
async def list_payouts(
    context: Context,
    principal: WhoAsks,
    *,
    wanted: Annotated[PayoutState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[UUID | None] = None,
) -> PayoutRows:
    """The company's payouts, newest first, and how much waits for the next file."""
    return await payout_rows.payouts(context, viewer_of(principal), state=wanted, before=cursor)


@post("/console/payouts/file", status_code=201, operation_class=Command, responses=answers(201, PayoutFileRow))
async def make_payout_file(request: Req, context: Context, principal: WhoAsks) -> Response[bytes]:
    """Everything that waits goes to the bank in one file, to be saved as CSV or Excel by its id."""
    _require(principal, Permission.PAYOUTS_MANAGE)

    async def work(tx: Tx) -> PayoutFileRow:
        file = await payments.payouts.make_file(deed_of(tx, context, principal))
        await audit(
            tx,
            request,
            context,
            principal,
            action="payout_file.made",
            subject_kind="payout_file",
            subject_id=file.id,
            facts={"payouts": file.payouts, "total_won": file.total},
        )
        return await payout_rows.file_row(tx, context, file)

    return await context.commands.run(request, principal, work, status=201)


@get("/console/payout-files")
async def list_payout_files(
    context: Context, principal: WhoAsks, cursor: FromQuery[UUID | None] = None
) -> PayoutFileRows:  # fmt: skip -- the signature reads as one sentence
    """The files that were made for the bank, newest first."""
    return await payout_rows.files(context, viewer_of(principal), before=cursor)


@get("/console/payout-files/{file_id:uuid}/transfers.csv")
async def save_transfers_csv(
    request: Req, context: Context, principal: WhoAsks, file_id: FromPath[UUID]
) -> Response[bytes]:  # fmt: skip -- the signature reads as one sentence
    """A file for the bank as CSV, with account numbers in the open; each reading is a row of the audit log."""
    return await _transfers(request, context, principal, file_id, Format.CSV)


@get("/console/payout-files/{file_id:uuid}/transfers.xlsx")
async def save_transfers_xlsx(
    request: Req, context: Context, principal: WhoAsks, file_id: FromPath[UUID]
) -> Response[bytes]:  # fmt: skip -- the signature reads as one sentence
    """A file for the bank as Excel, with account numbers in the open; each reading is a row of the audit log."""
    return await _transfers(request, context, principal, file_id, Format.XLSX)


@post(
    "/console/payouts/{payout_id:uuid}/paid",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PayoutRow),
)
async def mark_paid(
    request: Req, context: Context, principal: WhoAsks, payout_id: FromPath[UUID], data: JSONBody[OutcomeIn]
) -> Response[bytes]:
    """The bank paid it."""
    return await _end(request, context, principal, payout_id, outcome=PayoutOutcome.PAID, reference=data.reference)


@post(
    "/console/payouts/{payout_id:uuid}/returned",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PayoutRow),
)
async def mark_returned(
    request: Req, context: Context, principal: WhoAsks, payout_id: FromPath[UUID], data: JSONBody[OutcomeIn]
) -> Response[bytes]:
    """The bank sent it back, or it is turned down before it went there: the driver's again."""
    return await _end(request, context, principal, payout_id, outcome=PayoutOutcome.RETURNED, reference=data.reference)


@post(
    "/console/drivers/{driver_id:uuid}/top-ups",
    status_code=201,
    operation_class=Command,
    responses=answers(201, DriverMoney),
)
async def top_up_driver(
    request: Req, context: Context, principal: WhoAsks, driver_id: FromPath[UUID], data: JSONBody[BankTopUpIn]
) -> Response[bytes]:
    """A driver sent money to the company's bank: it is on their balance at once."""
    _require(principal, Permission.PAYOUTS_MANAGE)

    async def work(tx: Tx) -> DriverMoney:
        deed = deed_of(tx, context, principal)
        receipt_id = await payments.receipts.top_up(deed, DriverId(driver_id), data.amount, data.reference)
        await audit(
            tx,
            request,
            context,
            principal,
            action="driver.topped_up",
            subject_kind="driver",
            subject_id=driver_id,
            facts={"amount_won": data.amount, "receipt": str(receipt_id)},
        )
        first, last = span(context, None, None, longest=QUARTER)
        viewer = viewer_of(principal)
        return await payout_rows.read_driver_money(
            tx, context, viewer, principal.company_id, driver_id, since=first, until=last
        )

    return await context.commands.run(request, principal, work, status=201)


async def _end(
    request: Req,
    context: WebContext,
    principal: Principal,
    payout_id: UUID,
    *,
    outcome: PayoutOutcome,
    reference: str,
) -> Response[bytes]:  # fmt: skip -- the signature reads as one sentence
    _require(principal, Permission.PAYOUTS_MANAGE)

    async def work(tx: Tx) -> PayoutRow:
        deed = deed_of(tx, context, principal)
        payout = await payments.payouts.end_by_hand(deed, payout_id, outcome, reference)
        await audit(
            tx,
            request,
            context,
            principal,
            action=f"payout.{outcome}",
            subject_kind="payout",
            subject_id=payout_id,
            facts={"amount_won": payout.amount},
        )
        (row,) = await payout_rows.payout_rows(tx, context, principal.company_id, [payout])
        return row

    return await context.commands.run(request, principal, work)


async def _transfers(
    request: Req, context: WebContext, principal: Principal, file_id: UUID, form: Format
) -> Response[bytes]:  # fmt: skip -- the signature reads as one sentence
    _require(principal, Permission.PAYOUTS_MANAGE)
    async with context.database.transaction() as tx:
        file, transfers = await payments.payouts.read_file(tx, context.gate.ring, principal.company_id, file_id)
        await audit(
            tx,
            request,
            context,
            principal,
            action="payout_file.read",
            subject_kind="payout_file",
            subject_id=file_id,
            facts={"payouts": file.payouts, "format": form},
        )
    table = money_tables.payout_table(file, transfers, context.problems.words_for(request))
    return await export(table, form, f"payouts-{file.made_at:%Y%m%d-%H%M%S}")


def _require(principal: Principal, permission: Permission) -> None:
    require_staff(principal)
    principal.require(permission)


router = Router(
    path="/",
    route_handlers=[
        list_payouts,
        make_payout_file,
        list_payout_files,
        save_transfers_csv,
        save_transfers_xlsx,
        mark_paid,
        mark_returned,
        top_up_driver,
    ],
    tags=["console"],
)
