"""Statements: what made a driver's balance, by day and call, and what a business account owes for a month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final
from uuid import UUID

from daeri.customers import api as customers
from daeri.customers.model import BusinessAccount, BusinessNotFound
from daeri.drivers import api as drivers
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId
from daeri.kernel.money import Won
from daeri.kernel.time import KST
from daeri.payments import payout_store, statement_store
from daeri.payments.model import BillState, EntryKind
from daeri.payments.payout_model import Receipt
from daeri.payments.statement_store import BusinessRide, DriverLine, Month, Standing, month_span

__all__ = ["BusinessRide", "DriverLine", "Month", "Standing"]

_MONTHS_SHOWN = 36
_DAY = timedelta(days=1)


class LineWhat(StrEnum):
    """What a line of a driver's statement is."""

    FARE = "fare"  # of which commission and premium are taken
    NO_SHOW = "no_show"  # the fee of a customer who did not come
    FARE_UNDONE = "fare_undone"  # the ride came to cost something else
    CASH = "cash"  # the driver has it from the customer already
    CASH_UNDONE = "cash_undone"
    TOP_UP_CARD = "top_up_card"
    TOP_UP_CANCELLED = "top_up_cancelled"
    TOP_UP_BANK = "top_up_bank"
    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"
    OTHER = "other"


_WHATS: Final = {
    EntryKind.FARE_DUE: LineWhat.FARE,
    EntryKind.FARE_UNDONE: LineWhat.FARE_UNDONE,
    EntryKind.CASH_COLLECTED: LineWhat.CASH,
    EntryKind.CASH_UNDONE: LineWhat.CASH_UNDONE,
    EntryKind.CARD_CAPTURED: LineWhat.TOP_UP_CARD,
    EntryKind.CARD_CANCELLED: LineWhat.TOP_UP_CANCELLED,
    EntryKind.TOPPED_UP: LineWhat.TOP_UP_BANK,
    EntryKind.PAYOUT_BEGUN: LineWhat.PAYOUT,
    EntryKind.PAYOUT_RETURNED: LineWhat.PAYOUT_RETURNED,
}


@dataclass(frozen=True, slots=True)
class Day:
    """One Korean day of a driver's statement: what its lines add, and the balance at its end, in won."""

    day: date
    change: Won
    closing: Won
    lines: tuple[DriverLine, ...]


@dataclass(frozen=True, slots=True)
class DriverStatement:
    """What made the balance from `since` to `until`, both included; days without a line are left out."""

    driver_id: UUID
    since: date
    until: date
    opening: Won
    closing: Won
    days: tuple[Day, ...]

    def lines(self) -> Iterator[DriverLine]:
        return (line for day in self.days for line in day.lines)


@dataclass(frozen=True, slots=True)
class BusinessStatement:
    """A month's rides of a business account; `due` is what of their `total` is not paid."""

    account: BusinessAccount
    month: date
    rides: tuple[BusinessRide, ...]
    total: Won
    due: Won
    receipts: tuple[Receipt, ...]


def what_of(line: DriverLine) -> LineWhat:
    """What a line is to its driver."""
    what = _WHATS.get(line.kind, LineWhat.OTHER)
    return LineWhat.NO_SHOW if what is LineWhat.FARE and line.is_no_show else what


async def of_driver(tx: Tx, company_id: CompanyId, driver_id: UUID, since: date, until: date) -> DriverStatement:
    """The driver's statement of these Korean days, both included; DriverNotFound.

    Opening and lines are read one after the other: a line written in between, of an earlier day, shows next time.
    """
    await drivers.get(tx, company_id, driver_id)
    first, after = _midnight(since), _midnight(until + _DAY)
    opening = await statement_store.opening(tx, company_id, driver_id, first)
    lines = await statement_store.driver_lines(tx, company_id, driver_id, first, after)
    days = tuple(_days(opening, lines))
    closing = days[-1].closing if days else opening
    return DriverStatement(driver_id, since, until, opening, closing, days)


async def of_account(tx: Tx, company_id: CompanyId, account_id: UUID, month: date) -> BusinessStatement:
    """The account's rides of a Korean month; BusinessNotFound, for another company's too."""
    account = await _account(tx, company_id, account_id)
    first, after = month_span(month)
    rides = await statement_store.rides(tx, company_id, account_id, first, after)
    receipts = await payout_store.receipts(tx, company_id, account_id, month=month.replace(day=1))
    unpaid = (BillState.OPEN, BillState.CLAIMED)
    return BusinessStatement(
        account=account,
        month=month.replace(day=1),
        rides=tuple(rides),
        total=Won(sum(ride.amount for ride in rides)),
        due=Won(sum(ride.amount for ride in rides if ride.state in unpaid)),
        receipts=tuple(receipts),
    )


async def months_of(tx: Tx, company_id: CompanyId, account_id: UUID) -> list[Month]:
    """The months in which the account had rides, newest first; BusinessNotFound."""
    await _account(tx, company_id, account_id)
    return await statement_store.months(tx, company_id, account_id, _MONTHS_SHOWN)


async def accounts(tx: Tx, company_id: CompanyId, *, month: date) -> list[tuple[BusinessAccount, Standing]]:
    """The company's business accounts by name, each with its rides since `month` began and all that is not paid."""
    found = await customers.business_accounts(tx, company_id)
    first, _ = month_span(month)
    known = await statement_store.overview(tx, company_id, [account.id for account in found], first)
    nothing = Standing(0, Won(0), Won(0))
    return [(account, known.get(account.id, nothing)) for account in found]


def month_of(instant: datetime) -> date:
    """The first day of the Korean month of an instant."""
    return instant.astimezone(KST).date().replace(day=1)


def _days(opening: Won, lines: Sequence[DriverLine]) -> Iterator[Day]:
    closing = opening
    for day, of_day in groupby(lines, key=lambda line: line.at.astimezone(KST).date()):
        found = tuple(of_day)
        change = Won(sum(line.amount for line in found))
        closing = Won(closing + change)
        yield Day(day, change, closing, found)


async def _account(tx: Tx, company_id: CompanyId, account_id: UUID) -> BusinessAccount:
    found = (await customers.business_accounts_by_id(tx, company_id, [account_id])).get(account_id)
    if found is None:
        raise BusinessNotFound()
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), KST)
