"""Payments and the ledger as tables with words, to be saved as CSV or Excel."""

from collections.abc import Iterator, Sequence

from daeri.web.console.money_reads import LedgerRow, PaymentRow
from daeri.web.exports import Cell, Column, Kind, Table
from daeri.web.words import Words


def payment_table(found: Sequence[PaymentRow], words: Words) -> Table:
    """A bill a row."""
    columns = (
        Column(words("money.export.call"), Kind.TEXT, 12),
        Column(words("money.export.what"), Kind.TEXT, 12),
        Column(words("money.export.state"), Kind.TEXT, 12),
        Column(words("money.export.method"), Kind.TEXT, 12),
        Column(words("money.export.payer_kind"), Kind.TEXT, 12),
        Column(words("money.export.payer"), Kind.TEXT, 20),
        Column(words("money.export.driver"), Kind.TEXT, 16),
        Column(words("money.export.amount"), Kind.WON),
        Column(words("money.export.commission"), Kind.WON),
        Column(words("money.export.premium"), Kind.WON),
        Column(words("money.export.net"), Kind.WON),
        Column(words("money.export.opened_at"), Kind.INSTANT, 20),
        Column(words("money.export.settled_at"), Kind.INSTANT, 20),
        Column(words("money.export.why"), Kind.TEXT, 24),
    )
    return Table(words("room.payments"), columns, (_payment(row, words) for row in found))


def ledger_table(found: Sequence[LedgerRow], words: Words) -> Table:
    """A line of an entry a row: those of one number sum to zero."""
    columns = (
        Column(words("money.export.number"), Kind.NUMBER, 10),
        Column(words("money.export.at"), Kind.INSTANT, 20),
        Column(words("money.export.entry"), Kind.TEXT, 20),
        Column(words("money.export.call"), Kind.TEXT, 12),
        Column(words("money.export.account"), Kind.TEXT, 18),
        Column(words("money.export.owner"), Kind.TEXT, 20),
        Column(words("money.export.amount"), Kind.WON),
        Column(words("money.export.by"), Kind.TEXT, 20),
        Column(words("money.export.note"), Kind.TEXT, 40),
    )
    return Table(words("room.ledger"), columns, _lines(found, words))


def _payment(row: PaymentRow, words: Words) -> Sequence[Cell]:
    why = None if row.claim_reason is None or row.settled_at is not None else words(f"money.claim.{row.claim_reason}")
    return (
        row.number,
        words(f"money.kind.{row.kind}"),
        words(f"money.state.{row.state}"),
        words(f"money.method.{row.method}"),
        words(f"money.payer.{row.payer}"),
        row.payer_name,
        row.driver_name,
        row.amount,
        row.commission,
        row.premium,
        row.net,
        row.opened_at,
        row.settled_at,
        why,
    )


def _lines(found: Sequence[LedgerRow], words: Words) -> Iterator[Sequence[Cell]]:
    for entry in found:
        by = entry.actor_name or words(f"actor.{entry.actor_kind}")
        said = f"money.said.{entry.note}"
        note = words(said) if said in words else entry.note
        for line in entry.lines:
            yield (
                entry.seq,
                entry.at,
                words(f"money.entry.{entry.kind}"),
                entry.number,
                words(f"money.account.{line.account}"),
                line.owner,
                line.amount,
                by,
                note or None,
            )
