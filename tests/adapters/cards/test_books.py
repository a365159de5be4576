"""The sandbox's books keep what must always hold, whatever is asked of them in whatever order."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from daeri.adapters.cards.provider.books import LIMIT_WON, Books, Paid
from daeri.adapters.cards.provider.deck import Outcome
from daeri.adapters.cards.provider.protocol import NewOrder, Refused, State

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
AMOUNTS = st.integers(-1_000, 30_000)
ORDERS = st.sampled_from([f"order-{number:06}" for number in range(4)])


class BooksInUse(RuleBasedStateMachine):
    """Orders are paid, captured, given back and resolved at random; every change is told."""

    payments = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, tuple[State, int, int]] = {}
        self.books = Books(self._changed)

    def _changed(self, paid: Paid, _at: datetime) -> None:
        self.told[paid.payment_key] = paid.state, paid.captured, paid.cancelled

    @rule(target=payments, outcome=st.sampled_from(Outcome), order=ORDERS, amount=AMOUNTS, hold=st.booleans())
    def charge(self, outcome: Outcome, order: str, amount: int, hold: bool):
        registration = self.books.register(self.books.type_card("customer", outcome), "customer", NOW)
        asked = NewOrder(order, registration.billing_key, "customer", amount, "대리운전")
        try:
            return self.books.charge(asked, hold=hold, now=NOW)
        except Refused:
            return multiple()

    @rule(paid=payments, amount=AMOUNTS)
    def capture(self, paid: Paid, amount: int) -> None:
        self._try(lambda: self.books.capture(paid.payment_key, amount, NOW))

    @rule(paid=payments)
    def capture_all(self, paid: Paid) -> None:
        self.books.capture(paid.payment_key, paid.order.amount, NOW)

    @rule(paid=payments, amount=AMOUNTS)
    def cancel(self, paid: Paid, amount: int) -> None:
        self._try(lambda: self.books.cancel(paid.payment_key, amount, "취소", NOW))

    @rule(order=ORDERS, captured=st.booleans())
    def resolve(self, order: str, captured: bool) -> None:
        self._try(lambda: self.books.resolve(order, captured=captured, now=NOW))

    def _try(self, deed) -> None:
        """A no is as good as a yes: what counts is what the books say afterwards."""
        with suppress(Refused):
            deed()

    @invariant()
    def no_more_comes_back_than_went(self) -> None:
        for entry in self.books.sheet().orders:
            assert 0 <= entry.cancelled <= entry.captured
            assert entry.captured + entry.released <= entry.authorised

    @invariant()
    def amounts_agree_with_the_state(self) -> None:
        for key in self.told:
            paid = self.books.payment(key)
            assert self.told[key] == (paid.state, paid.captured, paid.cancelled)
            went, came = paid.captured or paid.released, paid.cancelled + paid.released
            match paid.state:
                case State.CAPTURED:
                    assert 0 <= came < went == paid.order.amount
                case State.CANCELLED:
                    assert came == went == paid.order.amount
                case State.AUTHORISED:
                    assert (went, came, paid.authorised) == (0, 0, paid.order.amount)
                case _:
                    assert (went, came, paid.authorised) == (0, 0, 0)


TestBooksInUse = BooksInUse.TestCase
TestBooksInUse.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize("amount", [1, LIMIT_WON])
def test_the_bounds_of_an_amount_are_within(amount: int) -> None:
    books = Books(lambda _paid, _at: None)
    registration = books.register(books.type_card("customer", Outcome.APPROVED), "customer", NOW)
    asked = NewOrder("order-000001", registration.billing_key, "customer", amount, "대리운전")
    assert books.charge(asked, hold=True, now=NOW).authorised == amount
