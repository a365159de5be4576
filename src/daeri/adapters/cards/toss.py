"""Toss Payments' public API with billing keys (its version 2022-11-16). It knows no holding: approval is capture."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec
from msgspec import Meta

from daeri.adapters.cards.http import TIMEOUT_S, Channel, check_amount, path_part, registration_key
from daeri.adapters.cards.toss_codes import NOT_FOUND_PAYMENT, REFUSALS
from daeri.kernel.money import Won
from daeri.payments.charge_model import CardRefusal, CardRefused
from daeri.payments.ports import Order, PaymentState, ProviderPayment, RegisteredCard

_NAME: Final = "toss"
_WINDOW: Final = "/app/card-window"  # a page of ours that loads the provider's script
_LONGEST_NAME = 100
_LONGEST_REASON = 200
_KRW: Final = "KRW"

_Amount = Annotated[int, Meta(ge=0)]
_Instant = Annotated[datetime, Meta(tz=True)]
_Text = Annotated[str, Meta(min_length=1, max_length=300)]


class _Status(StrEnum):
    READY = "READY"
    IN_PROGRESS = "IN_PROGRESS"
    WAITING_FOR_DEPOSIT = "WAITING_FOR_DEPOSIT"
    DONE = "DONE"
    PARTIAL_CANCELED = "PARTIAL_CANCELED"
    CANCELED = "CANCELED"
    ABORTED = "ABORTED"
    EXPIRED = "EXPIRED"


_STATES: Final[Mapping[_Status, PaymentState]] = {
    _Status.READY: PaymentState.PENDING,
    _Status.IN_PROGRESS: PaymentState.PENDING,
    _Status.WAITING_FOR_DEPOSIT: PaymentState.PENDING,
    _Status.DONE: PaymentState.CAPTURED,
    _Status.PARTIAL_CANCELED: PaymentState.CAPTURED,
    _Status.CANCELED: PaymentState.CANCELLED,
    _Status.ABORTED: PaymentState.DECLINED,
    _Status.EXPIRED: PaymentState.DECLINED,
}


class _Card(msgspec.Struct, frozen=True, rename="camel"):
    issuer_code: str = ""
    number: str = ""


class _Billing(msgspec.Struct, frozen=True, rename="camel"):
    billing_key: _Text
    customer_key: str
    card_company: str | None = None
    card_number: str | None = None
    card: _Card = msgspec.field(default_factory=_Card)


class _Payment(msgspec.Struct, frozen=True, rename="camel"):
    payment_key: _Text
    order_id: str
    status: _Status
    total_amount: _Amount
    balance_amount: _Amount  # what could still be given back
    currency: str = _KRW
    approved_at: _Instant | None = None

    @property
    def is_sound(self) -> bool:
        """Whether the amounts agree with the status."""
        total, left = self.total_amount, self.balance_amount
        match self.status:
            case _Status.DONE:
                amounts_agree = left == total
            case _Status.PARTIAL_CANCELED:
                amounts_agree = 0 < left < total
            case _Status.CANCELED:
                amounts_agree = left == 0
            case _:
                amounts_agree = left <= total
        return amounts_agree and self.currency == _KRW


class _Failure(msgspec.Struct, frozen=True):
    code: str


_Answer = TypeVar("_Answer", _Billing, _Payment)


@dataclass(frozen=True, slots=True)
class TossCards:
    """Asks with the shop's secret key, which its client carries."""

    channel: Channel
    name: str = _NAME

    def window(self, customer_key: str, return_url: str) -> str:
        return f"{_WINDOW}?{urlencode({'customerKey': customer_key, 'returnUrl': return_url})}"

    async def register(self, auth_key: str, customer_key: str) -> RegisteredCard:
        body = {"authKey": auth_key, "customerKey": customer_key}
        key = registration_key(auth_key, customer_key)
        response = await self.channel.send("POST", "/v1/billing/authorizations/issue", body, key=key)
        billing = self._decode(response, _Billing)
        self.channel.believe(fits=billing.customer_key == customer_key)
        issuer = billing.card_company or billing.card.issuer_code
        return RegisteredCard(billing.billing_key, issuer, billing.card_number or billing.card.number)

    async def forget(self, billing_key: str, customer_key: str) -> None:
        response = await self.channel.send("DELETE", f"/v1/billing/{path_part(billing_key)}")
        if not response.is_success:
            refused = self._refused(response)
            if refused.refusal is not CardRefusal.KEY_GONE:
                raise refused

    async def authorise(self, order: Order, *, key: str) -> ProviderPayment:
        """Captures at once."""
        check_amount(order.amount)
        body = {
            "customerKey": order.customer_key,
            "amount": order.amount,
            "orderId": order.order_id,
            "orderName": order.name[:_LONGEST_NAME],
        }
        response = await self.channel.send("POST", f"/v1/billing/{path_part(order.billing_key)}", body, key=key)
        payment = self._payment(response)
        self.channel.believe(fits=payment.order_id == order.order_id and payment.amount == order.amount)
        if payment.state is PaymentState.DECLINED:
            raise CardRefused(CardRefusal.DECLINED)
        return payment

    async def capture(self, payment_key: str, amount: Won, *, key: str) -> ProviderPayment:
        """The payment as it stands: it was captured when it was approved, so `key` guards nothing."""
        check_amount(amount)
        payment = self._payment(await self.channel.send("GET", f"/v1/payments/{path_part(payment_key)}"))
        self.channel.believe(fits=payment.payment_key == payment_key)
        if payment.amount != amount:
            raise CardRefused(CardRefusal.AMOUNT_INVALID)
        return payment

    async def cancel(self, payment_key: str, amount: Won, reason: str, *, key: str) -> ProviderPayment:
        check_amount(amount)
        body = {"cancelReason": reason[:_LONGEST_REASON], "cancelAmount": amount}
        response = await self.channel.send("POST", f"/v1/payments/{path_part(payment_key)}/cancel", body, key=key)
        payment = self._payment(response)
        self.channel.believe(fits=payment.payment_key == payment_key and payment.cancelled >= amount)
        return payment

    async def find(self, order_id: str) -> ProviderPayment | None:
        response = await self.channel.send("GET", f"/v1/payments/orders/{path_part(order_id)}")
        if not response.is_success and self._code(response) == NOT_FOUND_PAYMENT:
            return None
        payment = self._payment(response)
        self.channel.believe(fits=payment.order_id == order_id)
        return payment

    def _payment(self, response: httpx.Response) -> ProviderPayment:
        paid = self._decode(response, _Payment)
        self.channel.believe(fits=paid.is_sound)
        state = _STATES[paid.status]
        was_taken = state in {PaymentState.CAPTURED, PaymentState.CANCELLED}
        given_back = paid.total_amount - paid.balance_amount if was_taken else 0
        return ProviderPayment(
            paid.payment_key, paid.order_id, state, Won(paid.total_amount), Won(given_back), paid.approved_at
        )

    def _decode(self, response: httpx.Response, kind: type[_Answer]) -> _Answer:
        if not response.is_success:
            raise self._refused(response)
        return self.channel.decode(response, kind)

    def _refused(self, response: httpx.Response) -> CardRefused:
        """What the provider says no with; CardsUnreachable when its code is none that can be relied on."""
        code = self._code(response)
        if code not in REFUSALS:
            raise self.channel.unreachable(code)
        return CardRefused(REFUSALS[code])

    def _code(self, response: httpx.Response) -> str:
        return self.channel.decode(response, _Failure).code


@asynccontextmanager
async def open_toss(base_url: str, secret_key: str, *, timeout_s: float = TIMEOUT_S) -> AsyncIterator[TossCards]:
    """A provider with connections of its own, closed on leaving."""
    # The key is the user of Basic authentication, and there is no password.
    async with httpx.AsyncClient(timeout=timeout_s, auth=httpx.BasicAuth(secret_key, "")) as client:
        yield TossCards(Channel(client, base_url, _NAME, timeout_s))
