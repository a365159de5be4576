"""Statements and files of payouts as tables with words, to be saved as CSV or Excel."""

from collections.abc import Iterator, Sequence

from daeri.payments.api import statements
from daeri.payments.payout_model import PayoutFile, Transfer
from daeri.web.console.payout_reads import BusinessMonth
from daeri.web.exports import Cell, Column, Kind, Table
from daeri.web.words import Words

_SIGNED = (statements.LineWhat.FARE, statements.LineWhat.NO_SHOW, statements.LineWhat.FARE_UNDONE)


def driver_table(found: statements.DriverStatement, words: Words) -> Table:
    """A driver's statement: the balance before, every line with what it is made of, the balance after each."""
    columns = (
        Column(words("export.day"), Kind.DAY, 12),
        Column(words("export.at"), Kind.INSTANT, 20),
        Column(words("export.call"), Kind.TEXT, 12),
        Column(words("export.what"), Kind.TEXT, 26),
        Column(words("export.fare"), Kind.WON),
        Column(words("export.commission_percent"), Kind.NUMBER),
        Column(words("export.commission"), Kind.WON),
        Column(words("export.premium"), Kind.WON),
        Column(words("export.change"), Kind.WON),
        Column(words("export.balance"), Kind.WON),
        Column(words("export.note"), Kind.TEXT, 24),
    )
    return Table(words("export.sheet.driver"), columns, _driver_rows(found, words))


def business_table(found: BusinessMonth, words: Words) -> Table:
    """A month of a business account: its rides, and their sum in the last row."""
    columns = (
        Column(words("export.call"), Kind.TEXT, 12),
        Column(words("export.ended_at"), Kind.INSTANT, 20),
        Column(words("export.kind"), Kind.TEXT, 12),
        Column(words("export.rider"), Kind.TEXT, 16),
        Column(words("export.origin"), Kind.TEXT, 24),
        Column(words("export.destination"), Kind.TEXT, 24),
        Column(words("export.amount"), Kind.WON),
        Column(words("export.state"), Kind.TEXT, 12),
    )
    return Table(words("export.sheet.business"), columns, _business_rows(found, words))


def payout_table(file: PayoutFile, transfers: Sequence[Transfer], words: Words) -> Table:
    """What the bank is to pay. The last column comes back with its answer."""
    columns = (
        Column(words("export.bank_code"), Kind.TEXT, 8),
        Column(words("export.bank"), Kind.TEXT, 16),
        Column(words("export.number"), Kind.TEXT, 20),
        Column(words("export.holder"), Kind.TEXT, 16),
        Column(words("export.amount"), Kind.WON),
        Column(words("export.payout"), Kind.TEXT, 38),
    )
    rows = (
        (one.bank, words(f"money.bank.{one.bank}"), one.number, one.holder, one.amount, str(one.payout_id))
        for one in transfers
    )
    return Table(words("export.sheet.payouts"), columns, rows)


def _driver_rows(found: statements.DriverStatement, words: Words) -> Iterator[Sequence[Cell]]:
    nothing: tuple[Cell, ...] = (None,) * 5
    yield (found.since, None, None, words("export.opening"), *nothing, found.opening, None)
    balance: int = found.opening
    for day in found.days:
        for line in day.lines:
            balance += line.amount
            what = statements.what_of(line)
            parts: tuple[Cell, ...] = (None,) * 4
            if what in _SIGNED:
                parts = (line.fare, line.commission_percent, line.commission, line.premium)
            said = words(f"money.line.{what}")
            yield (day.day, line.at, line.number, said, *parts, line.amount, balance, line.note or None)
    yield (found.until, None, None, words("export.closing"), *nothing, found.closing, None)


def _business_rows(found: BusinessMonth, words: Words) -> Iterator[Sequence[Cell]]:
    for ride in found.rides:
        yield (
            ride.number,
            ride.ended_at,
            words(f"money.kind.{ride.kind}"),
            ride.rider,
            ride.origin,
            ride.destination,
            ride.amount,
            words(f"money.state.{ride.state}"),
        )
    yield (words("export.total"), None, None, None, None, None, found.total, None)
    if found.due != found.total:
        yield (words("export.due"), None, None, None, None, None, found.due, None)
