"""Payouts, their files and statements from the rows, as staff see them."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from daeri.accounts.model import Permission
from daeri.drivers import api as drivers
from daeri.drivers.model import DriverFilter, SignUp
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId
from daeri.payments import api as payments
from daeri.payments.api import statements
from daeri.payments.model import PaymentPolicy
from daeri.payments.payout_model import Payout, PayoutFile, PayoutFilter, PayoutState
from daeri.web.console.payout_reads import (
    BusinessMonth,
    BusinessMonthRow,
    BusinessRideRow,
    BusinessRow,
    BusinessRows,
    DriverMoney,
    PayoutFigures,
    PayoutFileRow,
    PayoutFileRows,
    PayoutRow,
    PayoutRows,
    ReceiptRow,
)
from daeri.web.console.reads import CALLS_PER_PAGE
from daeri.web.console_rows import shown_names
from daeri.web.console_rows.call_rows import UNKNOWN
from daeri.web.console_rows.viewers import StaffViewer, permitted
from daeri.web.context import WebContext
from daeri.web.driver_money_wire import statement_out

Names = Mapping[UUID, str]


async def payouts(
    context: WebContext, viewer: StaffViewer, *, state: PayoutState | None, before: UUID | None
) -> PayoutRows:  # fmt: skip -- the signature reads as one sentence
    """The company's payouts, newest first, with what waits."""
    company_id = permitted(viewer, Permission.PAYOUTS_MANAGE)
    wanted = PayoutFilter(company_id, states=() if state is None else (state,))
    async with context.database.snapshot() as tx:
        found = await payments.payouts.find(tx, wanted, before=before, limit=CALLS_PER_PAGE + 1)
        shown = found[:CALLS_PER_PAGE]
        waiting = await payments.payouts.waiting(tx, company_id)
        items = await payout_rows(tx, context, company_id, shown)
    figures = PayoutFigures(waiting.requested, waiting.requested_won, waiting.sent, waiting.sent_won)
    return PayoutRows(items, figures, str(shown[-1].id) if len(found) > len(shown) else None)


async def payout_rows(
    tx: Tx, context: WebContext, company_id: CompanyId, shown: Sequence[Payout]
) -> list[PayoutRow]:  # fmt: skip -- the signature reads as one sentence
    """These payouts with their drivers' names, and what whoever sends them looks at twice."""
    people = list({each.driver_id for each in shown})
    names = await shown_names.people(tx, context, company_id, people)
    wanted = DriverFilter(company_id, SignUp.SUSPENDED, people=people)
    suspended = {driver.id for driver in await drivers.find(tx, wanted, limit=len(people))} if people else set()
    return [_payout(each, names, is_suspended=each.driver_id in suspended) for each in shown]


async def files(context: WebContext, viewer: StaffViewer, *, before: UUID | None) -> PayoutFileRows:
    """The files that were made, newest first."""
    company_id = permitted(viewer, Permission.PAYOUTS_MANAGE)
    async with context.database.snapshot() as tx:
        found = await payments.payouts.files(tx, company_id, before, CALLS_PER_PAGE + 1)
        shown = found[:CALLS_PER_PAGE]
        items = [await file_row(tx, context, each) for each in shown]
    return PayoutFileRows(items, str(shown[-1].id) if len(found) > len(shown) else None)


async def file_row(tx: Tx, context: WebContext, file: PayoutFile) -> PayoutFileRow:
    names = await shown_names.people(tx, context, file.company_id, [file.made_by])
    return PayoutFileRow(file.id, file.made_at, names.get(file.made_by, UNKNOWN), file.payouts, file.total)


async def driver_money(
    context: WebContext, viewer: StaffViewer, driver_id: UUID, since: date, until: date
) -> DriverMoney:  # fmt: skip -- the signature reads as one sentence
    """A driver's balance and statement; DriverNotFound."""
    company_id = permitted(viewer, Permission.LEDGER_READ)
    async with context.database.snapshot() as tx:
        return await read_driver_money(tx, context, viewer, company_id, driver_id, since=since, until=until)


async def read_driver_money(
    tx: Tx,
    context: WebContext,
    viewer: StaffViewer,
    company_id: CompanyId,
    driver_id: UUID,
    *,
    since: date,
    until: date,
) -> DriverMoney:  # fmt: skip -- the signature reads as one sentence
    """The same as the rows are in this transaction."""
    now, book = context.clock.now(), context.shelf.of(company_id)
    found = await statements.of_driver(tx, company_id, driver_id, since, until)
    known = await payments.balance_of(tx, book, company_id, driver_id, now=now)
    names = await shown_names.people(tx, context, company_id, [driver_id])
    policy = book.read(PaymentPolicy, at=now).value
    return DriverMoney(
        driver_id=driver_id,
        driver_name=names.get(driver_id, UNKNOWN),
        balance=known.won,
        minimum=known.minimum_won,
        is_short=known.is_short,
        is_low=known.is_low,
        top_up_floor=policy.adjust_floor_won,
        top_up_ceiling=policy.adjust_ceiling_won,
        may_manage=_may_manage(viewer),
        statement=statement_out(found),
    )


async def business_accounts(context: WebContext, viewer: StaffViewer) -> BusinessRows:
    """The company's business accounts by name, each with this month and what it owes."""
    company_id = permitted(viewer, Permission.LEDGER_READ)
    month = statements.month_of(context.clock.now())
    async with context.database.snapshot() as tx:
        found = await statements.accounts(tx, company_id, month=month)
    rows = [
        BusinessRow(
            account.id,
            account.name,
            account.payer,
            account.closed_at,
            standing.rides,
            standing.total,
            standing.due,
        )
        for account, standing in found
    ]
    return BusinessRows(month, rows)


async def business_month(
    context: WebContext, viewer: StaffViewer, account_id: UUID, month: date | None
) -> BusinessMonth:  # fmt: skip -- the signature reads as one sentence
    """A month of a business account, this month where none is named; BusinessNotFound."""
    company_id = permitted(viewer, Permission.LEDGER_READ)
    async with context.database.snapshot() as tx:
        return await read_business_month(tx, context, viewer, company_id, account_id, month=month)


async def read_business_month(
    tx: Tx,
    context: WebContext,
    viewer: StaffViewer,
    company_id: CompanyId,
    account_id: UUID,
    *,
    month: date | None,
) -> BusinessMonth:  # fmt: skip -- the signature reads as one sentence
    """The same as the rows are in this transaction."""
    wanted = month or statements.month_of(context.clock.now())
    found = await statements.of_account(tx, company_id, account_id, wanted)
    months = await statements.months_of(tx, company_id, account_id)
    names = await shown_names.people(tx, context, company_id, [ride.customer_id for ride in found.rides])
    return BusinessMonth(
        id=found.account.id,
        name=found.account.name,
        month=found.month,
        rides=[_ride(ride, names) for ride in found.rides],
        total=found.total,
        due=found.due,
        receipts=[ReceiptRow(one.id, one.reference, one.amount, one.at) for one in found.receipts],
        months=[BusinessMonthRow(one.first, one.rides, one.total, one.due) for one in months],
        may_manage=_may_manage(viewer),
    )


def _may_manage(viewer: StaffViewer) -> bool:
    return Permission.PAYOUTS_MANAGE in viewer.principal.permissions


def _payout(payout: Payout, names: Names, *, is_suspended: bool) -> PayoutRow:
    name = names.get(payout.driver_id, UNKNOWN)
    return PayoutRow(
        id=payout.id,
        driver_id=payout.driver_id,
        driver_name=name,
        driver_suspended=is_suspended,
        amount=payout.amount,
        state=payout.state,
        bank=payout.bank,
        number_masked=payout.number_masked,
        holder=payout.holder,
        holder_differs=_plain(payout.holder) != _plain(name),
        file_id=payout.file_id,
        requested_at=payout.requested_at,
        ended_at=payout.ended_at,
        reference=payout.reference,
    )


def _plain(name: str) -> str:
    """A name without what people write differently: spaces, wide letters, capitals."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _ride(ride: statements.BusinessRide, names: Names) -> BusinessRideRow:
    return BusinessRideRow(
        call_id=ride.call_id,
        number=ride.number,
        kind=ride.kind,
        ended_at=ride.ended_at,
        rider=UNKNOWN if ride.customer_id is None else names.get(ride.customer_id, UNKNOWN),
        origin=ride.origin,
        destination=ride.destination,
        amount=ride.amount,
        state=ride.state,
    )
