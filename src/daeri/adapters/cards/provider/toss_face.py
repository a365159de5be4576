"""The sandbox provider's second face: it behaves as Toss Payments' public API is documented, over the same books."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from daeri.adapters.cards.provider import protocol
from daeri.adapters.cards.provider.books import Books, Paid
from daeri.adapters.cards.provider.native import unanswered
from daeri.adapters.cards.provider.protocol import Problem, Refused, State
from daeri.adapters.cards.provider.wire import Reply, Request, Route, json_reply
from daeri.kernel.time import KST

_LEAST_WON: Final = 100
_VAT_DIVISOR: Final = 11  # one eleventh of a price is its tax

_ERRORS: Final[Mapping[Problem, tuple[int, str, str]]] = {
    Problem.DECLINED: (403, "REJECT_CARD_COMPANY", "카드사가 거절했습니다."),
    Problem.INSUFFICIENT: (403, "REJECT_CARD_PAYMENT", "한도나 잔액이 모자랍니다."),
    Problem.OVER_LIMIT: (400, "EXCEED_MAX_AMOUNT", "한 번에 낼 수 있는 금액을 넘었습니다."),
    Problem.KEY_GONE: (400, "INVALID_BILL_KEY_REQUEST", "쓸 수 없는 빌링키입니다."),
    Problem.AMOUNT_INVALID: (400, "BELOW_MINIMUM_AMOUNT", "금액이 너무 작습니다."),
    Problem.CANCEL_REFUSED: (403, "NOT_CANCELABLE_PAYMENT", "취소할 수 없는 결제입니다."),
    Problem.CANCEL_TOO_MUCH: (403, "NOT_CANCELABLE_AMOUNT", "취소할 수 없는 금액입니다."),
    Problem.ALREADY_CANCELLED: (400, "ALREADY_CANCELED_PAYMENT", "벌써 취소된 결제입니다."),
    Problem.UNKNOWN_PAYMENT: (404, "NOT_FOUND_PAYMENT", "없는 결제입니다."),
    Problem.BAD_REQUEST: (400, "INVALID_REQUEST", "잘못된 요청입니다."),
    Problem.IN_PROGRESS: (409, "IDEMPOTENT_REQUEST_PROCESSING", "같은 요청을 처리하고 있습니다."),
    Problem.DUPLICATE_ORDER: (400, "DUPLICATED_ORDER_ID", "벌써 쓴 주문번호입니다."),
    # Stricter than what is documented, which leaves open what happens.
    Problem.KEY_REUSED: (422, "IDEMPOTENCY_KEY_REUSED", "다른 요청에 쓴 멱등키입니다."),
    Problem.UNAUTHORISED: (401, "UNAUTHORIZED_KEY", "모르는 시크릿 키입니다."),
}
_STATUSES: Final[Mapping[State, str]] = {
    State.AUTHORISED: "IN_PROGRESS",  # only of an order that was made through the other face
    State.CAPTURED: "DONE",
    State.CANCELLED: "CANCELED",
    State.DECLINED: "ABORTED",
    State.PENDING: "IN_PROGRESS",
}


class _Strict(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is sent must be what is documented."""


class _Issue(_Strict, frozen=True):
    auth_key: protocol.Key
    customer_key: protocol.Key


class _Charge(_Strict, frozen=True):
    customer_key: protocol.Key
    amount: int
    order_id: protocol.OrderId
    order_name: protocol.Name
    customer_email: str | None = None
    customer_name: str | None = None
    tax_free_amount: Annotated[int, Meta(ge=0)] = 0


class _Cancel(_Strict, frozen=True):
    cancel_reason: protocol.Reason
    cancel_amount: int | None = None  # absent: all that is left


@dataclass(frozen=True, slots=True)
class TossFace:
    """`secret` is the shop's secret key: the user of Basic authentication, without a password."""

    books: Books
    now: Callable[[], datetime]
    secret: str

    def routes(self) -> Sequence[Route]:
        table: tuple[tuple[str, str, Callable[[Request], Reply]], ...] = (
            ("POST", r"/v1/billing/authorizations/issue", self.issue),
            ("POST", r"/v1/billing/([^/]+)", self.charge),
            ("DELETE", r"/v1/billing/([^/]+)", self.forget),
            ("GET", r"/v1/payments/orders/([^/]+)", self.by_order),
            ("GET", r"/v1/payments/([^/]+)", self.by_key),
            ("POST", r"/v1/payments/([^/]+)/cancel", self.cancel),
        )
        return [
            Route(method, re.compile(f"/toss{path}"), partial(self._known, handle), refuse)
            for method, path, handle in table
        ]

    def issue(self, request: Request) -> Reply:
        asked = request.decode(_Issue)
        made = self.books.register(asked.auth_key, asked.customer_key, self.now())
        return json_reply(
            {
                "mId": "sandbox",
                "customerKey": made.customer_key,
                "authenticatedAt": _instant(made.registered_at),
                "method": "카드",
                "billingKey": made.billing_key,
                "cardCompany": made.card.issuer,
                "cardNumber": made.card.number_masked,
                "card": _card(made.card.number_masked),
            }
        )

    def charge(self, request: Request) -> Reply:
        asked = request.decode(_Charge)
        if asked.amount < _LEAST_WON:
            raise Refused(Problem.AMOUNT_INVALID)
        order = protocol.NewOrder(asked.order_id, request.parts[0], asked.customer_key, asked.amount, asked.order_name)
        return unanswered(self.books.charge(order, hold=False, now=self.now()), _payment)

    def forget(self, request: Request) -> Reply:
        self.books.forget(request.parts[0])
        return Reply(200)

    def by_order(self, request: Request) -> Reply:
        return _payment(self.books.find(request.parts[0]))

    def by_key(self, request: Request) -> Reply:
        return _payment(self.books.payment(request.parts[0]))

    def cancel(self, request: Request) -> Reply:
        asked = request.decode(_Cancel)
        paid = self.books.payment(request.parts[0])
        amount = paid.captured - paid.cancelled if asked.cancel_amount is None else asked.cancel_amount
        return _payment(self.books.cancel(paid.payment_key, amount, asked.cancel_reason, self.now()))

    def _known(self, handle: Callable[[Request], Reply], request: Request) -> Reply:
        wanted = base64.b64encode(f"{self.secret}:".encode()).decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            raise Refused(Problem.UNAUTHORISED)
        return handle(request)


def refuse(problem: Problem) -> Reply:
    status, code, message = _ERRORS[problem]
    return json_reply({"code": code, "message": message}, status)


def _payment(paid: Paid) -> Reply:
    is_partial = paid.state is State.CAPTURED and paid.cancelled > 0
    return json_reply(
        {
            "mId": "sandbox",
            "version": "2022-11-16",
            "paymentKey": paid.payment_key,
            "type": "BILLING",
            "orderId": paid.order.order_id,
            "orderName": paid.order.name,
            "currency": "KRW",
            "method": "카드",
            "status": "PARTIAL_CANCELED" if is_partial else _STATUSES[paid.state],
            "requestedAt": _instant(paid.created_at),
            "approvedAt": _instant(paid.approved_at) if paid.approved_at else None,
            "card": {**_card(paid.card.number_masked), "amount": paid.order.amount, "installmentPlanMonths": 0},
            "cancels": _cancels(paid) or None,
            "failure": _failure(paid),
            **_amounts(paid),
        }
    )


def _amounts(paid: Paid) -> dict[str, int]:
    total, left = paid.order.amount, paid.order.amount - paid.cancelled
    vat = round(left / _VAT_DIVISOR)
    return {
        "totalAmount": total,
        "balanceAmount": left,
        "suppliedAmount": left - vat,
        "vat": vat,
        "taxFreeAmount": 0,
    }


def _cancels(paid: Paid) -> list[dict[str, object]]:
    return [
        {
            "transactionKey": part.key,
            "cancelAmount": part.amount,
            "cancelReason": part.reason,
            "canceledAt": _instant(part.at),
            "cancelStatus": "DONE",
        }
        for part in paid.given_back
    ]


def _failure(paid: Paid) -> dict[str, str] | None:
    if paid.problem is None:
        return None
    _status, code, message = _ERRORS[paid.problem]
    return {"code": code, "message": message}


def _card(number: str) -> dict[str, object]:
    return {"issuerCode": "00", "acquirerCode": "00", "number": number, "cardType": "신용", "ownerType": "개인"}


def _instant(at: datetime) -> str:
    return at.astimezone(KST).isoformat(timespec="seconds")
