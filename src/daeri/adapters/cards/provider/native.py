"""The sandbox provider's own face: it holds an amount first, and takes it when it is told to."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from daeri.adapters.cards.provider import protocol
from daeri.adapters.cards.provider.books import Books, Paid
from daeri.adapters.cards.provider.deck import NEVER_ANSWERED
from daeri.adapters.cards.provider.protocol import Problem, Refused, State
from daeri.adapters.cards.provider.wire import Fate, Reply, Request, Route, json_reply

_STATUSES: Final[Mapping[Problem, int]] = {
    Problem.DECLINED: 402,
    Problem.INSUFFICIENT: 402,
    Problem.OVER_LIMIT: 402,
    Problem.KEY_GONE: 404,
    Problem.UNKNOWN_PAYMENT: 404,
    Problem.IN_PROGRESS: 409,
    Problem.DUPLICATE_ORDER: 409,
    Problem.CANCEL_REFUSED: 409,
    Problem.CANCEL_TOO_MUCH: 409,
    Problem.ALREADY_CANCELLED: 409,
}


@dataclass(frozen=True, slots=True)
class NativeFace:
    books: Books
    now: Callable[[], datetime]

    def routes(self) -> Sequence[Route]:
        commands = (
            (r"/registrations", self.register),
            (r"/orders", self.authorise),
            (r"/payments/([^/]+)/capture", self.capture),
            (r"/payments/([^/]+)/cancel", self.cancel),
        )
        return (
            *(Route("POST", re.compile(path), handle, refuse, needs_key=True) for path, handle in commands),
            Route("DELETE", re.compile(r"/registrations/([^/]+)"), self.forget, refuse),
            Route("GET", re.compile(r"/orders/([^/]+)"), self.find, refuse),
        )

    def register(self, request: Request) -> Reply:
        asked = request.decode(protocol.Register)
        made = self.books.register(asked.auth_key, asked.customer_key, self.now())
        card = made.card
        return json_reply(
            protocol.Registered(made.billing_key, made.customer_key, card.issuer, card.number_masked), 201
        )

    def forget(self, request: Request) -> Reply:
        registration = self.books.registration(request.parts[0], request.query.get("customer_key", ""))
        self.books.forget(registration.billing_key)
        return Reply(204)

    def authorise(self, request: Request) -> Reply:
        paid = self.books.charge(request.decode(protocol.NewOrder), hold=True, now=self.now())
        return unanswered(paid, _payment)

    def capture(self, request: Request) -> Reply:
        asked = request.decode(protocol.Capture)
        return _payment(self.books.capture(request.parts[0], asked.amount, self.now()))

    def cancel(self, request: Request) -> Reply:
        asked = request.decode(protocol.Cancel)
        return _payment(self.books.cancel(request.parts[0], asked.amount, asked.reason, self.now()))

    def find(self, request: Request) -> Reply:
        return _payment(self.books.find(request.parts[0]))


def refuse(problem: Problem) -> Reply:
    return json_reply(protocol.Refusal(problem.value), _STATUSES.get(problem, 422))


def unanswered(paid: Paid, tell: Callable[[Paid], Reply]) -> Reply:
    """What `tell` says of a new payment; some cards let whoever asked wait in vain.

    Asked again with the same key, a payment that nobody knows the fate of is still in progress.
    """

    def again() -> Reply:
        if paid.state is State.PENDING:
            raise Refused(Problem.IN_PROGRESS)
        if paid.problem is not None:
            raise Refused(paid.problem)
        return tell(paid)

    told = tell(paid)
    if paid.card.outcome not in NEVER_ANSWERED:
        return told
    return replace(told, fate=Fate.HANGS, again=again)


def _payment(paid: Paid) -> Reply:
    payment = protocol.Payment(
        payment_key=paid.payment_key,
        order_id=paid.order.order_id,
        state=paid.state,
        amount=paid.order.amount,
        cancelled=paid.cancelled + paid.released,
        approved_at=paid.approved_at,
    )
    return json_reply(payment)
