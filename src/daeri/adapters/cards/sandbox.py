"""The sandbox provider over HTTP, by its own protocol, which holds an amount before it takes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

import httpx

from daeri.adapters.cards.http import TIMEOUT_S, Channel, check_amount, path_part, registration_key
from daeri.adapters.cards.provider import protocol
from daeri.adapters.cards.provider.protocol import Problem
from daeri.kernel.money import Won
from daeri.payments.charge_model import CardRefusal, CardRefused
from daeri.payments.ports import Order, PaymentState, ProviderPayment, RegisteredCard

_NAME: Final = "sandbox"
_UNKNOWN: Final = frozenset({Problem.IN_PROGRESS, Problem.DUPLICATE_ORDER, Problem.KEY_REUSED, Problem.UNAUTHORISED})
_REFUSALS: Final = {
    **{problem: CardRefusal.REJECTED for problem in Problem if problem not in _UNKNOWN},
    **{Problem(word): CardRefusal(word) for word in set(CardRefusal) & set(Problem)},
    Problem.CANCEL_TOO_MUCH: CardRefusal.CANCEL_REFUSED,
    Problem.ALREADY_CANCELLED: CardRefusal.CANCEL_REFUSED,
}

_Answer = TypeVar("_Answer", protocol.Registered, protocol.Payment)


@dataclass(frozen=True, slots=True)
class SandboxCards:
    """Asks the sandbox provider at the channel's address."""

    channel: Channel
    name: str = _NAME

    def window(self, customer_key: str, return_url: str) -> str:
        query = urlencode({"customerKey": customer_key, "returnUrl": return_url})
        return f"{self.channel.base_url.rstrip('/')}/card-window?{query}"

    async def register(self, auth_key: str, customer_key: str) -> RegisteredCard:
        body = {"auth_key": auth_key, "customer_key": customer_key}
        response = await self.channel.send("POST", "/registrations", body, key=registration_key(auth_key, customer_key))
        registered = self._decode(response, protocol.Registered)
        self.channel.believe(fits=registered.customer_key == customer_key)
        return RegisteredCard(registered.billing_key, registered.issuer, registered.number_masked)

    async def forget(self, billing_key: str, customer_key: str) -> None:
        query = urlencode({"customer_key": customer_key})
        response = await self.channel.send("DELETE", f"/registrations/{path_part(billing_key)}?{query}")
        if not response.is_success:
            refused = self._refused(response)
            if refused.refusal is not CardRefusal.KEY_GONE:
                raise refused

    async def authorise(self, order: Order, *, key: str) -> ProviderPayment:
        check_amount(order.amount)
        body = {
            "order_id": order.order_id,
            "billing_key": order.billing_key,
            "customer_key": order.customer_key,
            "amount": order.amount,
            "name": order.name[: protocol.LONGEST_NAME],
        }
        payment = self._payment(await self.channel.send("POST", "/orders", body, key=key))
        self.channel.believe(fits=payment.order_id == order.order_id and payment.amount == order.amount)
        return payment

    async def capture(self, payment_key: str, amount: Won, *, key: str) -> ProviderPayment:
        check_amount(amount)
        body = {"amount": amount}
        response = await self.channel.send("POST", f"/payments/{path_part(payment_key)}/capture", body, key=key)
        payment = self._payment(response)
        self.channel.believe(fits=payment.payment_key == payment_key and payment.amount == amount)
        return payment

    async def cancel(self, payment_key: str, amount: Won, reason: str, *, key: str) -> ProviderPayment:
        check_amount(amount)
        body = {"amount": amount, "reason": reason[: protocol.LONGEST_REASON]}
        response = await self.channel.send("POST", f"/payments/{path_part(payment_key)}/cancel", body, key=key)
        payment = self._payment(response)
        self.channel.believe(fits=payment.payment_key == payment_key and payment.cancelled >= amount)
        return payment

    async def find(self, order_id: str) -> ProviderPayment | None:
        response = await self.channel.send("GET", f"/orders/{path_part(order_id)}")
        if not response.is_success and self._problem(response) is Problem.UNKNOWN_PAYMENT:
            return None
        payment = self._payment(response)
        self.channel.believe(fits=payment.order_id == order_id)
        return payment

    def _payment(self, response: httpx.Response) -> ProviderPayment:
        paid = self._decode(response, protocol.Payment)
        state = PaymentState(paid.state.value)
        is_whole = paid.cancelled == paid.amount
        self.channel.believe(fits=paid.cancelled <= paid.amount and is_whole == (state is PaymentState.CANCELLED))
        return ProviderPayment(
            paid.payment_key, paid.order_id, state, Won(paid.amount), Won(paid.cancelled), paid.approved_at
        )

    def _decode(self, response: httpx.Response, kind: type[_Answer]) -> _Answer:
        if not response.is_success:
            raise self._refused(response)
        return self.channel.decode(response, kind)

    def _refused(self, response: httpx.Response) -> CardRefused:
        """What the provider says no with; CardsUnreachable for what says nothing of the order."""
        problem = self._problem(response)
        if problem not in _REFUSALS:
            raise self.channel.unreachable(problem)
        return CardRefused(_REFUSALS[problem])

    def _problem(self, response: httpx.Response) -> Problem:
        error = self.channel.decode(response, protocol.Refusal).error
        try:
            return Problem(error)
        except ValueError:
            raise self.channel.unreachable("bad_answer") from None


@asynccontextmanager
async def open_sandbox(base_url: str, *, timeout_s: float = TIMEOUT_S) -> AsyncIterator[SandboxCards]:
    """A provider with connections of its own, closed on leaving."""
    async with httpx.AsyncClient(timeout=timeout_s) as client:
        yield SandboxCards(Channel(client, base_url, _NAME, timeout_s))
