"""The books: append-only, every entry sums to zero, a cause is booked once, balances are what the lines say."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from asyncpg import CheckViolationError, PostgresError, RestrictViolationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.payments.factories import Till

from daeri.kernel.terms import SYSTEM
from daeri.payments import ledger
from daeri.payments.ledger import EntryFilter, Posting
from daeri.payments.model import Account, EntryKind, Line

_WON = st.integers(-(10**12), 10**12)


def posting(till: Till, kind: EntryKind = EntryKind.TOPPED_UP, cause: UUID | None = None) -> Posting:
    night = till.night
    return Posting(night.company, kind, cause or night.ids.new(), night.clock.now(), SYSTEM)


async def post(till: Till, lines: Sequence[Line], cause: UUID | None = None) -> bool:
    async with till.night.transaction() as tx:
        return await ledger.post(tx, posting(till, cause=cause), lines, ids=till.night.ids)


async def test_an_entry_that_does_not_sum_to_zero_is_refused_by_the_database(till: Till) -> None:
    with pytest.raises(CheckViolationError) as caught:
        await post(till, [Line(Account.BANK, 10), Line(Account.CARDS, -9)])
    assert caught.value.constraint_name == "ledger_balanced"
    assert await till.totals() == {}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET note = 'x'",
        "UPDATE ledger_lines SET amount = amount + 1",
        "DELETE FROM ledger_lines",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_lines",
        "TRUNCATE ledger_entries CASCADE",
    ],
)
async def test_nothing_in_the_books_is_ever_changed(till: Till, statement: str) -> None:
    await post(till, [Line(Account.BANK, 10), Line(Account.CARDS, -10)])
    with pytest.raises(RestrictViolationError):
        async with till.night.transaction() as tx:
            await tx.execute(statement)
    assert await till.totals() == {Account.BANK: 10, Account.CARDS: -10}


async def test_a_line_that_is_added_later_must_balance_too(till: Till) -> None:
    await post(till, [Line(Account.BANK, 10), Line(Account.CARDS, -10)])
    with pytest.raises(CheckViolationError):
        async with till.night.transaction() as tx:
            await tx.execute(
                """INSERT INTO ledger_lines (entry_id, place, company_id, account, amount, at)
                   SELECT id, 9, company_id, 'bank', 5, at FROM ledger_entries"""
            )


async def test_a_cause_is_booked_once(till: Till) -> None:
    lines, cause = [Line(Account.BANK, 10), Line(Account.CARDS, -10)], till.night.ids.new()
    assert [await post(till, lines, cause) for _ in range(3)] == [True, False, False]
    assert await till.totals() == {Account.BANK: 10, Account.CARDS: -10}


async def test_an_owner_belongs_to_an_account_that_has_owners(till: Till) -> None:
    for lines in (
        [Line(Account.DRIVER, 10), Line(Account.BANK, -10)],
        [Line(Account.BANK, 10, till.night.ids.new()), Line(Account.CARDS, -10)],
    ):
        with pytest.raises(PostgresError):
            await post(till, lines)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.tuples(st.integers(0, 2), _WON), min_size=1, max_size=8))
async def test_balances_are_what_the_lines_say(till: Till, amounts: list[tuple[int, int]]) -> None:
    owners = [UUID(int=1), UUID(int=2), UUID(int=3)]
    lines = [Line(Account.DRIVER, amount, owners[place]) for place, amount in amounts]
    await post(till, [*lines, Line(Account.BANK, -sum(amount for _, amount in amounts))])
    async with till.night.database.reading() as tx:
        kept = {
            row["owner_id"]: row["balance"]
            for row in await tx.rows("SELECT owner_id, balance FROM ledger_balances WHERE balance <> 0")
        }
        summed = {
            row["owner_id"]: row["sum"]
            for row in await tx.rows(
                """SELECT owner_id, sum(amount)::bigint AS sum FROM ledger_lines WHERE owner_id IS NOT NULL
                   GROUP BY owner_id HAVING sum(amount) <> 0"""
            )
        }
    assert kept == summed
    await till.totals()


async def test_the_books_are_searched_by_every_field(till: Till) -> None:
    call = await till.driven()
    await till.answer(call.id)
    other = await till.driven()
    night = till.night
    async with night.database.reading() as tx:

        async def found(**wanted: object) -> list[str]:
            entries = await ledger.search(tx, EntryFilter(night.company, **wanted))  # type: ignore[arg-type] -- one field each
            return [entry.kind.value for entry in entries]

        assert await found(call_id=call.id) == ["card_captured", "fare_due"]
        assert await found(kind=EntryKind.CARD_CAPTURED) == ["card_captured"]
        assert await found(account=Account.CARDS) == ["card_captured"]
        assert await found(owner_id=other.driver_id) == ["fare_due"]
        assert await found(until=night.clock.now()) == []
        first, *_ = await ledger.search(tx, EntryFilter(night.company), limit=1)
        rest = await ledger.search(tx, EntryFilter(night.company), before=first.seq)
        assert len(rest) == 2
        assert await ledger.search(tx, EntryFilter(night.ids.new())) == []  # type: ignore[arg-type] -- nobody's company
