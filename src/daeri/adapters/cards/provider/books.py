"""What the sandbox provider knows: cards that were typed, registrations, orders, and the won that moved. No I/O."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from daeri.adapters.cards.provider.deck import DECK, REFUSED_AT_ONCE, Outcome, PlayCard
from daeri.adapters.cards.provider.protocol import NewOrder, Problem, Refused, State

LIMIT_WON: Final = 10_000_000  # of one order
_STANDING: Final = frozenset({State.AUTHORISED, State.CAPTURED})


@dataclass(frozen=True, slots=True)
class Registration:
    billing_key: str
    customer_key: str
    card: PlayCard
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class GivenBack:
    key: str
    amount: int
    reason: str
    at: datetime


@dataclass(slots=True)
class Paid:
    """One attempt to pay an order. `released` is what of an authorisation was let go of, in won."""

    payment_key: str
    order: NewOrder
    card: PlayCard
    state: State
    created_at: datetime
    approved_at: datetime | None = None
    problem: Problem | None = None
    authorised: int = 0
    captured: int = 0
    released: int = 0
    given_back: list[GivenBack] = field(default_factory=list)

    @property
    def cancelled(self) -> int:
        """What was given back of what was captured, in won."""
        return sum(part.amount for part in self.given_back)


class Entry(msgspec.Struct, frozen=True):
    """An order in the books, all attempts of it together, in won. Its card owes captured less cancelled."""

    order_id: str
    authorised: int
    captured: int
    cancelled: int
    released: int
    states: tuple[State, ...]


class Sheet(msgspec.Struct, frozen=True):
    """The books as they are shown."""

    orders: tuple[Entry, ...]
    captured: int
    cancelled: int
    registrations: int


@dataclass(slots=True)
class Books:
    """`changed` hears of every payment whose state or amounts have changed."""

    changed: Callable[[Paid, datetime], None]
    _typed: dict[str, tuple[str, PlayCard]] = field(default_factory=dict)
    _registrations: dict[str, Registration] = field(default_factory=dict)
    _payments: dict[str, Paid] = field(default_factory=dict)
    _attempts: dict[str, list[Paid]] = field(default_factory=dict)  # by order, oldest first

    def type_card(self, customer_key: str, outcome: Outcome) -> str:
        """Somebody chose a card on the page: what can be exchanged, once, for a registration."""
        auth_key = f"auth_{secrets.token_urlsafe(18)}"
        self._typed[auth_key] = customer_key, DECK[outcome]
        return auth_key

    def register(self, auth_key: str, customer_key: str, now: datetime) -> Registration:
        typed_by, card = self._typed.get(auth_key, (None, None))
        if card is None or typed_by != customer_key:
            raise Refused(Problem.KEY_GONE)
        del self._typed[auth_key]
        made = Registration(f"bill_{secrets.token_urlsafe(18)}", customer_key, card, now)
        self._registrations[made.billing_key] = made
        return made

    def registration(self, billing_key: str, customer_key: str) -> Registration:
        found = self._registrations.get(billing_key)
        if found is None or found.customer_key != customer_key:
            raise Refused(Problem.KEY_GONE)
        return found

    def forget(self, billing_key: str) -> None:
        if self._registrations.pop(billing_key, None) is None:
            raise Refused(Problem.KEY_GONE)

    def charge(self, order: NewOrder, *, hold: bool, now: datetime) -> Paid:
        """Hold the amount, or take it at once."""
        card = self.registration(order.billing_key, order.customer_key).card
        _check(order.amount)
        self._check_new(order, card)
        paid = Paid(f"pay_{secrets.token_urlsafe(18)}", order, card, State.PENDING, now)
        self._payments[paid.payment_key] = paid
        self._attempts.setdefault(order.order_id, []).append(paid)
        problem = REFUSED_AT_ONCE.get(card.outcome)
        if problem is not None:
            self._decline(paid, problem, now)
            raise Refused(problem)
        if card.outcome is not Outcome.TIMEOUT_THEN_UNKNOWN:
            self._approve(paid, hold=hold, now=now)
        return paid

    def capture(self, payment_key: str, amount: int, now: datetime) -> Paid:
        """Take what is held; anything but a held amount stays as it is."""
        paid = self.payment(payment_key)
        if amount != paid.order.amount:
            raise Refused(Problem.AMOUNT_INVALID)
        if paid.state is State.AUTHORISED:
            paid.state, paid.captured = State.CAPTURED, amount
            self.changed(paid, now)
        return paid

    def cancel(self, payment_key: str, amount: int, reason: str, now: datetime) -> Paid:
        paid = self.payment(payment_key)
        if amount <= 0:
            raise Refused(Problem.AMOUNT_INVALID)
        if paid.state is State.CANCELLED:
            raise Refused(Problem.ALREADY_CANCELLED)
        if paid.card.outcome is Outcome.CANCEL_REFUSED or paid.state not in _STANDING:
            raise Refused(Problem.CANCEL_REFUSED)
        if paid.state is State.AUTHORISED:
            self._release(paid, amount)
        else:
            self._give_back(paid, amount, reason, now)
        self.changed(paid, now)
        return paid

    def payment(self, payment_key: str) -> Paid:
        found = self._payments.get(payment_key)
        if found is None:
            raise Refused(Problem.UNKNOWN_PAYMENT)
        return found

    def find(self, order_id: str) -> Paid:
        """The first attempt that was not declined, else the last one."""
        attempts = self._attempts.get(order_id)
        if not attempts:
            raise Refused(Problem.UNKNOWN_PAYMENT)
        return next((paid for paid in attempts if paid.state is not State.DECLINED), attempts[-1])

    def resolve(self, order_id: str, *, captured: bool, now: datetime) -> Paid:
        """Nobody knew; now everybody does."""
        paid = self.find(order_id)
        if paid.state is not State.PENDING:
            raise Refused(Problem.BAD_REQUEST)
        if captured:
            self._approve(paid, hold=False, now=now)
        else:
            self._decline(paid, Problem.DECLINED, now)
        return paid

    def sheet(self) -> Sheet:
        entries = tuple(_entry(order_id, attempts) for order_id, attempts in self._attempts.items())
        captured, cancelled = sum(entry.captured for entry in entries), sum(entry.cancelled for entry in entries)
        return Sheet(entries, captured, cancelled, len(self._registrations))

    def clear(self) -> None:
        """Nothing is registered and nothing was ever paid."""
        for kept in (self._typed, self._registrations, self._payments, self._attempts):
            kept.clear()

    def _check_new(self, order: NewOrder, card: PlayCard) -> None:
        """An order is paid once, unless its card is the one that shows what happens to who trusts in that."""
        if card.outcome is Outcome.APPROVED_TWICE:
            return
        if any(paid.state is not State.DECLINED for paid in self._attempts.get(order.order_id, ())):
            raise Refused(Problem.DUPLICATE_ORDER)

    def _approve(self, paid: Paid, *, hold: bool, now: datetime) -> None:
        amount = paid.order.amount
        paid.state, paid.approved_at, paid.authorised = State.AUTHORISED, now, amount
        if not hold:
            paid.state, paid.captured = State.CAPTURED, amount
        self.changed(paid, now)

    def _decline(self, paid: Paid, problem: Problem, now: datetime) -> None:
        paid.state, paid.problem = State.DECLINED, problem
        self.changed(paid, now)

    def _release(self, paid: Paid, amount: int) -> None:
        """An authorisation is let go as a whole."""
        if amount != paid.authorised:
            raise Refused(Problem.CANCEL_TOO_MUCH)
        paid.state, paid.released = State.CANCELLED, amount

    def _give_back(self, paid: Paid, amount: int, reason: str, now: datetime) -> None:
        if amount > paid.captured - paid.cancelled:
            raise Refused(Problem.CANCEL_TOO_MUCH)
        paid.given_back.append(GivenBack(f"back_{secrets.token_urlsafe(18)}", amount, reason, now))
        if paid.cancelled == paid.captured:
            paid.state = State.CANCELLED


def _check(amount: int) -> None:
    if amount <= 0:
        raise Refused(Problem.AMOUNT_INVALID)
    if amount > LIMIT_WON:
        raise Refused(Problem.OVER_LIMIT)


def _entry(order_id: str, attempts: list[Paid]) -> Entry:
    return Entry(
        order_id,
        authorised=sum(paid.authorised for paid in attempts),
        captured=sum(paid.captured for paid in attempts),
        cancelled=sum(paid.cancelled for paid in attempts),
        released=sum(paid.released for paid in attempts),
        states=tuple(paid.state for paid in attempts),
    )
