"""What is Toss Payments' own: its keys, its headers, and its error codes in our words."""

import base64
from collections.abc import Callable

import httpx
import msgspec
import pytest
from tests.adapters.cards.conftest import BACK, CUSTOMER, FARE, Desk, lost

from daeri.adapters.cards.http import Channel
from daeri.adapters.cards.sandbox_server import TOSS_PATH
from daeri.adapters.cards.toss import TossCards, open_toss
from daeri.adapters.cards.toss_codes import REFUSALS
from daeri.kernel.money import Won
from daeri.payments.charge_model import CardRefusal, CardRefused
from daeri.payments.ports import Order, PaymentState

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = "test_sk_of_a_test"
ORDER = Order("order-000001", "bill/with=odd+signs", CUSTOMER, FARE, "대리운전")
PAYMENT = {
    "paymentKey": "pay_1",
    "orderId": ORDER.order_id,
    "status": "DONE",
    "totalAmount": FARE,
    "balanceAmount": FARE,
    "currency": "KRW",
    "approvedAt": "2026-11-22T23:05:00+09:00",
    "somethingNew": {"is": "ignored"},
}
Handler = Callable[[httpx.Request], httpx.Response]


class Asked:
    """A provider that keeps what it was asked, and answers the same each time."""

    def __init__(self, answer: object, status: int = 200) -> None:
        self.requests: list[httpx.Request] = []
        self._content = msgspec.json.encode(answer)
        self._status = status
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), auth=httpx.BasicAuth(SECRET, ""))
        self.cards = TossCards(Channel(client, "https://cards.example/", "toss", 1.0))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self._status, content=self._content)

    @property
    def request(self) -> httpx.Request:
        assert len(self.requests) == 1
        return self.requests[0]


def failing(code: str, status: int = 400) -> TossCards:
    return Asked({"code": code, "message": "…"}, status).cards


async def test_the_window_is_a_page_of_ours() -> None:
    window = Asked({}).cards.window(CUSTOMER, BACK)
    assert window.startswith(f"/app/card-window?customerKey={CUSTOMER}&returnUrl=https%3A%2F%2Fdrive.example")


async def test_a_charge_is_asked_for_as_documented() -> None:
    asked = Asked(PAYMENT)
    payment = await asked.cards.authorise(ORDER, key="order-000001")
    assert asked.request.method == "POST"
    assert asked.request.url.raw_path == b"/v1/billing/bill%2Fwith%3Dodd%2Bsigns"
    assert asked.request.headers["idempotency-key"] == "order-000001"
    token = base64.b64encode(f"{SECRET}:".encode()).decode()
    assert asked.request.headers["authorization"] == f"Basic {token}"
    assert msgspec.json.decode(asked.request.content) == {
        "customerKey": CUSTOMER,
        "amount": FARE,
        "orderId": ORDER.order_id,
        "orderName": ORDER.name,
    }
    assert payment.state is PaymentState.CAPTURED


async def test_a_cancel_is_asked_for_as_documented() -> None:
    asked = Asked({**PAYMENT, "status": "PARTIAL_CANCELED", "balanceAmount": FARE - 3_000})
    payment = await asked.cards.cancel("pay_1", Won(3_000), "요금 조정", key="back-1")
    assert asked.request.url.path == "/v1/payments/pay_1/cancel"
    assert asked.request.headers["idempotency-key"] == "back-1"
    assert msgspec.json.decode(asked.request.content) == {"cancelReason": "요금 조정", "cancelAmount": 3_000}
    assert (payment.state, payment.cancelled) == (PaymentState.CAPTURED, 3_000)


async def test_looks_carry_no_idempotency_key() -> None:
    for question in (lambda cards: cards.find(ORDER.order_id), lambda cards: cards.capture("pay_1", FARE, key="take")):
        asked = Asked(PAYMENT)
        await question(asked.cards)
        assert asked.request.method == "GET"
        assert "idempotency-key" not in asked.request.headers


async def test_a_card_without_the_name_of_its_company_has_its_code() -> None:
    card = {"issuerCode": "00", "number": "****-****-****-0001"}
    asked = Asked({"billingKey": "bill_1", "customerKey": CUSTOMER, "card": card})
    registered = await asked.cards.register("auth_1", CUSTOMER)
    assert (registered.issuer, registered.number_masked) == ("00", "****-****-****-0001")


@pytest.mark.parametrize("status", ["READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT"])
async def test_what_is_not_done_is_pending(status: str) -> None:
    asked = Asked({**PAYMENT, "status": status, "approvedAt": None})
    found = await asked.cards.find(ORDER.order_id)
    assert found is not None
    assert (found.state, found.cancelled, found.approved_at) == (PaymentState.PENDING, 0, None)


@pytest.mark.parametrize("status", ["ABORTED", "EXPIRED"])
async def test_what_came_to_nothing_is_declined(status: str) -> None:
    found = await Asked({**PAYMENT, "status": status}).cards.find(ORDER.order_id)
    assert found is not None
    assert found.state is PaymentState.DECLINED
    with pytest.raises(CardRefused):
        await Asked({**PAYMENT, "status": status}).cards.authorise(ORDER, key="hold")


async def test_money_of_another_country_is_not_ours() -> None:
    await lost(Asked({**PAYMENT, "currency": "USD"}).cards.find(ORDER.order_id))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("REJECT_CARD_COMPANY", CardRefusal.DECLINED),
        ("REJECT_CARD_PAYMENT", CardRefusal.INSUFFICIENT),
        ("INVALID_STOPPED_CARD", CardRefusal.CARD_INVALID),
        ("INVALID_CARD_EXPIRATION", CardRefusal.CARD_INVALID),
        ("EXCEED_MAX_PAYMENT_AMOUNT", CardRefusal.OVER_LIMIT),
        ("NOT_MATCHES_CUSTOMER_KEY", CardRefusal.KEY_GONE),
        ("INVALID_BILL_KEY_REQUEST", CardRefusal.KEY_GONE),
        ("BELOW_MINIMUM_AMOUNT", CardRefusal.AMOUNT_INVALID),
        ("NOT_CANCELABLE_AMOUNT", CardRefusal.CANCEL_REFUSED),
        ("INVALID_REQUEST", CardRefusal.REJECTED),
    ],
)
async def test_documented_errors_are_refusals(code: str, why: CardRefusal) -> None:
    assert REFUSALS[code] is why
    for question in (
        failing(code).authorise(ORDER, key="hold"),
        failing(code, 403).cancel("pay_1", FARE, "취소", key="back"),
        failing(code, 404).register("auth_1", CUSTOMER),
    ):
        with pytest.raises(CardRefused) as refused:
            await question
        assert refused.value.refusal is why


@pytest.mark.parametrize(
    "code",
    [
        "ALREADY_PROCESSED_PAYMENT",
        "CARD_PROCESSING_ERROR",
        "DUPLICATED_ORDER_ID",
        "FORBIDDEN_CONSECUTIVE_REQUEST",
        "FORBIDDEN_REQUEST",
        "IDEMPOTENT_REQUEST_PROCESSING",
        "INVALID_API_KEY",
        "MAINTAINED_METHOD",
        "NOT_SUPPORTED_METHOD",
        "PROVIDER_ERROR",
        "SOMETHING_NEW",
        "UNAUTHORIZED_KEY",
    ],
)
async def test_errors_that_say_nothing_of_the_order_are_no_answer(code: str) -> None:
    for status in (400, 401, 403, 409):
        await lost(failing(code, status).authorise(ORDER, key="hold"))
        await lost(failing(code, status).cancel("pay_1", FARE, "취소", key="back"))


async def test_only_its_code_says_that_an_order_is_not_there() -> None:
    assert await failing("NOT_FOUND_PAYMENT", 404).find(ORDER.order_id) is None
    await lost(failing("NOT_FOUND", 404).find(ORDER.order_id))
    await lost(failing("NOT_FOUND_HTTP_METHOD", 404).find(ORDER.order_id))


@pytest.mark.parametrize("code", ["BILLING_KEY_NOT_FOUND", "NOT_FOUND_BILLING", "ALREADY_REMOVED_BILLING_KEY"])
async def test_a_key_that_is_gone_is_forgotten(code: str) -> None:
    await failing(code, 404).forget("bill_1", CUSTOMER)


async def test_a_key_that_may_not_be_deleted_is_not_forgotten() -> None:
    await lost(failing("NOT_FOUND_HTTP_METHOD", 404).forget("bill_1", CUSTOMER))
    with pytest.raises(CardRefused):
        await failing("INVALID_REQUEST").forget("bill_1", CUSTOMER)


async def test_a_wrong_secret_blames_no_card(desk: Desk) -> None:
    async with open_toss(desk.address + TOSS_PATH, "test_sk_of_somebody_else") as cards:
        await lost(cards.register(await desk.typed(), CUSTOMER))
        await lost(cards.authorise(ORDER, key="hold"))
        await lost(cards.find(ORDER.order_id))


async def test_secrets_are_not_shown() -> None:
    async with open_toss("https://cards.example", SECRET) as cards:
        assert SECRET not in repr(cards)
