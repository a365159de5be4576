"""Lists of money as the console shows them: bills, what people must see to, and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, Permission
from daeri.calls import api as calls
from daeri.calls.model import CallFilter
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, parse_call_number
from daeri.payments import api as payments
from daeri.payments.api import Entry, EntryFilter
from daeri.payments.model import Account, Bill, BillState, EntryKind, Method, Payer, TaskKind
from daeri.web.console.money_reads import (
    LedgerLine,
    LedgerRow,
    LedgerRows,
    LedgerSum,
    LedgerTotals,
    PaymentRow,
    PaymentRows,
    PaymentTasks,
    TaskFigures,
)
from daeri.web.console.reads import CALLS_PER_PAGE
from daeri.web.console_rows import shown_names
from daeri.web.console_rows.call_rows import UNKNOWN
from daeri.web.console_rows.payment_page import Names, task_row
from daeri.web.console_rows.shown_names import Owner
from daeri.web.console_rows.viewers import StaffViewer, permitted
from daeri.web.context import WebContext

_PEOPLE = (AccountKind.CUSTOMER, AccountKind.DRIVER)


@dataclass(frozen=True, slots=True)
class PaymentQuery:
    """`q` is a call number, or a customer's or driver's telephone number, whole or its last four digits."""

    q: str = ""
    state: BillState | None = None
    method: Method | None = None
    cursor: UUID | None = None


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """`q` as in PaymentQuery; `owner` is who has part of an account."""

    q: str = ""
    account: Account | None = None
    kind: EntryKind | None = None
    owner: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class _Meant:
    """What somebody typed names: a customer's own call, or people."""

    call_id: UUID | None = None
    number: str | None = None
    people: Sequence[UUID] | None = None


async def search(
    context: WebContext, viewer: StaffViewer, query: PaymentQuery, *, limit: int = CALLS_PER_PAGE
) -> PaymentRows:  # fmt: skip -- the signature reads as one sentence
    """The company's bills that fit, newest first."""
    company_id = permitted(viewer, Permission.PAYMENTS_READ)
    async with context.database.snapshot() as tx:
        meant = await _meant(tx, context, company_id, query.q)
        if meant is None:
            return PaymentRows([])
        found = await payments.bills(
            tx,
            company_id,
            states=() if query.state is None else (query.state,),
            method=query.method,
            people=meant.people,
            number=meant.number,
            before=query.cursor,
            limit=limit + 1,
        )
        shown = found[:limit]
        names = await shown_names.owners(tx, context, company_id, [each for bill in shown for each in _owners(bill)])
    items = [_bill(bill, names) for bill in shown]
    return PaymentRows(items, str(shown[-1].call_id) if len(found) > len(shown) else None)


async def tasks(
    context: WebContext, viewer: StaffViewer, *, kind: TaskKind | None, is_mine: bool, with_done: bool
) -> PaymentTasks:  # fmt: skip -- the signature reads as one sentence
    """What people must see to, most urgent first."""
    company_id = permitted(viewer, Permission.PAYMENTS_READ)
    now, me = context.clock.now(), viewer.account_id
    async with context.database.snapshot() as tx:
        found = await payments.tasks(tx, company_id, kind=kind, owner_id=me if is_mine else None, with_done=with_done)
        counts = await payments.count_tasks(tx, company_id, me, now=now)
        names = await shown_names.people(tx, context, company_id, [task.owner_id for task in found])
    figures = TaskFigures(counts.open, counts.over, counts.mine, dict(counts.of_kind))
    return PaymentTasks([task_row(task, names) for task in found], now, me, figures)


async def ledger(
    context: WebContext, viewer: StaffViewer, query: LedgerQuery, *, limit: int = CALLS_PER_PAGE
) -> LedgerRows:  # fmt: skip -- the signature reads as one sentence
    """The company's entries that fit, newest first."""
    company_id = permitted(viewer, Permission.LEDGER_READ)
    async with context.database.snapshot() as tx:
        meant = await _meant(tx, context, company_id, query.q)
        if meant is None:
            return LedgerRows([])
        wanted = EntryFilter(
            company_id,
            kind=query.kind,
            account=query.account,
            owner_id=query.owner,
            owners=meant.people,
            call_id=meant.call_id,
            since=query.since,
            until=query.until,
        )
        found = await payments.search_ledger(tx, wanted, before=query.cursor, limit=limit + 1)
        shown = found[:limit]
        names = await _names_in(tx, context, company_id, shown)
    return LedgerRows(
        [_entry(entry, names) for entry in shown], str(shown[-1].seq) if len(found) > len(shown) else None
    )


async def totals(context: WebContext, viewer: StaffViewer) -> LedgerTotals:
    """Every account of the company with its sum."""
    company_id = permitted(viewer, Permission.LEDGER_READ)
    async with context.database.snapshot() as tx:
        found = await payments.ledger_totals(tx, company_id)
    return LedgerTotals([LedgerSum(account, found.get(account, 0)) for account in Account], sum(found.values()))


async def _meant(tx: Tx, context: WebContext, company_id: CompanyId, q: str) -> _Meant | None:
    """None when the words name nothing that is there. The number of a reconnected call means its original (R-114)."""
    words = q.strip()
    if not words:
        return _Meant()
    number = parse_call_number(words)
    if number is None:
        people = await accounts.find_by_phone(tx, context.gate, company_id, words, kinds=_PEOPLE)
        return _Meant(people=people) if people else None
    page = await calls.search(tx, CallFilter(company_id, number=number), limit=1)
    if not page.calls:
        return None
    call = page.calls[0]
    if call.reconnects_call_id is not None:
        call = await calls.get(tx, company_id, call.reconnects_call_id)
    return _Meant(call_id=call.id, number=call.number)


def _owners(bill: Bill) -> list[Owner]:
    return [(Account(bill.payer.value), bill.payer_id), (Account.DRIVER, bill.driver_id)]


def _bill(bill: Bill, names: Names) -> PaymentRow:
    split = bill.split
    return PaymentRow(
        call_id=bill.call_id,
        number=bill.number,
        kind=bill.kind,
        method=bill.method,
        state=bill.state,
        amount=split.amount,
        commission=split.commission,
        premium=split.premium,
        net=split.net,
        payer=bill.payer,
        payer_name=names.get(bill.payer_id, UNKNOWN),
        customer_id=None if bill.payer is Payer.ORDERER else bill.customer_id,
        driver_id=bill.driver_id,
        driver_name=names.get(bill.driver_id, UNKNOWN),
        claim_reason=bill.claim_reason,
        opened_at=bill.opened_at,
        settled_at=bill.settled_at,
    )


async def _names_in(tx: Tx, context: WebContext, company_id: CompanyId, found: Sequence[Entry]) -> Names:
    owners = [(line.account, line.owner_id) for entry in found for line in entry.lines if line.owner_id is not None]
    names = dict(await shown_names.owners(tx, context, company_id, owners))
    names.update(await shown_names.people(tx, context, company_id, [entry.actor.id for entry in found]))
    return names


def _entry(entry: Entry, names: Names) -> LedgerRow:
    actor_id = entry.actor.id
    return LedgerRow(
        id=entry.id,
        seq=entry.seq,
        kind=entry.kind,
        at=entry.at,
        actor_kind=entry.actor.kind,
        actor_name=None if actor_id is None else names.get(actor_id, UNKNOWN),
        call_id=entry.call_id,
        number=entry.number,
        note=entry.note,
        reverses_id=entry.reverses_id,
        lines=[
            LedgerLine(
                line.account,
                line.amount,
                line.owner_id,
                None if line.owner_id is None else names.get(line.owner_id, UNKNOWN),
            )
            for line in entry.lines
        ],
    )
