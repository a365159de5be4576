"""A provider that is down, hangs, drops the line or talks nonsense: nothing is believed, and nothing happens twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import msgspec
import pytest
from tests.adapters.cards.conftest import CUSTOMER, FARE, SOON_S, Desk, hold, lost, opened, order_with

from daeri.adapters.cards.http import Channel
from daeri.adapters.cards.sandbox import SandboxCards
from daeri.adapters.cards.sandbox_server import TOSS_PATH, TOSS_SECRET, serve_sandbox
from daeri.adapters.cards.toss import TossCards
from daeri.kernel.money import Won
from daeri.payments.charge_model import CardsUnreachable
from daeri.payments.ports import Cards, Order, PaymentState

pytestmark = pytest.mark.asyncio(loop_scope="module")
PART = Won(8_000)
BEFORE = ["down", "drop_before", "hang_before"]
AFTER = ["drop_after", "hang_after", "error_after", "garbage_after"]
Edit = Callable[[dict[str, object]], None]


@pytest.mark.parametrize("fault", BEFORE + AFTER)
async def test_an_authorisation_whose_answer_is_lost_happens_once(
    cards: Cards, hasty: Cards, desk: Desk, fault: str
) -> None:
    order = await order_with(cards, desk)
    await desk.faults(fault)
    await lost(hasty.authorise(order, key=hold(order)))
    found = await cards.find(order.order_id)
    assert (found is None) is (fault in BEFORE)
    held = await cards.authorise(order, key=hold(order))
    assert found in (None, held)
    assert (await desk.entry(order.order_id))["authorised"] == FARE


@pytest.mark.parametrize("fault", BEFORE + AFTER)
async def test_a_capture_whose_answer_is_lost_happens_once(cards: Cards, hasty: Cards, desk: Desk, fault: str) -> None:
    order = await order_with(cards, desk)
    held = await cards.authorise(order, key=hold(order))
    await desk.faults(fault)
    await lost(hasty.capture(held.payment_key, FARE, key="take"))
    taken = await cards.capture(held.payment_key, FARE, key="take")
    assert taken.state is PaymentState.CAPTURED
    assert (await desk.entry(order.order_id))["captured"] == FARE


@pytest.mark.parametrize("fault", BEFORE + AFTER)
async def test_a_cancel_whose_answer_is_lost_happens_once(cards: Cards, hasty: Cards, desk: Desk, fault: str) -> None:
    order = await order_with(cards, desk)
    held = await cards.authorise(order, key=hold(order))
    await cards.capture(held.payment_key, FARE, key="take")
    await desk.faults(fault)
    await lost(hasty.cancel(held.payment_key, PART, "요금 조정", key="back"))
    assert (await desk.entry(order.order_id))["cancelled"] == (0 if fault in BEFORE else PART)
    back = await cards.cancel(held.payment_key, PART, "요금 조정", key="back")
    assert back.cancelled == PART
    assert (await desk.entry(order.order_id))["cancelled"] == PART


@pytest.mark.parametrize("fault", BEFORE + AFTER)
async def test_a_registration_whose_answer_is_lost_happens_once(
    cards: Cards, hasty: Cards, desk: Desk, fault: str
) -> None:
    auth_key, before = await desk.typed(), await desk.registrations()
    await desk.faults(fault)
    await lost(hasty.register(auth_key, CUSTOMER))
    assert (await cards.register(auth_key, CUSTOMER)).billing_key
    assert await desk.registrations() == before + 1


@pytest.mark.parametrize("fault", ["down", "drop_before", "hang_before", "error_after", "garbage_after"])
async def test_a_look_that_fails_is_not_nothing_found(cards: Cards, hasty: Cards, desk: Desk, fault: str) -> None:
    order = await order_with(cards, desk)
    await desk.faults(fault)
    await lost(hasty.find(order.order_id))
    assert await cards.find(order.order_id) is None


async def test_a_card_is_not_forgotten_until_the_provider_says_so(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    await desk.faults("down")
    await lost(cards.forget(order.billing_key, CUSTOMER))
    assert (await cards.authorise(order, key=hold(order))).amount == FARE


async def test_faults_come_one_a_request_and_can_be_taken_back(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    await desk.faults("none", "down", "down")
    assert await cards.find(order.order_id) is None
    await lost(cards.find(order.order_id))
    await desk.tell("/faults")
    assert await cards.find(order.order_id) is None


async def test_a_provider_that_is_down_comes_back(cards: Cards, desk: Desk) -> None:
    order = await order_with(cards, desk)
    await desk.tell("/faults", down_for_s=0.3)
    await lost(cards.authorise(order, key=hold(order)))
    async with asyncio.timeout(10):
        while True:
            try:
                held = await cards.authorise(order, key=hold(order))
                break
            except CardsUnreachable:
                await asyncio.sleep(0.05)
    assert held.amount == FARE


async def test_nobody_listening_is_unreachable(provider: str) -> None:
    async with serve_sandbox() as address:
        gone = address
    async with opened(provider, gone) as cards:
        await lost(cards.find("order-000001"))
        await lost(cards.register("auth", CUSTOMER))
        await lost(cards.forget("bill", CUSTOMER))
        await lost(cards.cancel("pay", FARE, "취소", key="back"))


async def test_an_answer_in_drops_is_given_up(provider: str) -> None:
    """The time runs for the whole answer, not anew with every byte."""
    async with dripping() as address, opened(provider, address, 0.4) as cards:
        async with asyncio.timeout(30):
            await lost(cards.find("order-000001"))


@asynccontextmanager
async def dripping() -> AsyncIterator[str]:
    """A server that sends a byte now and then, as long as somebody is there."""
    drips: set[asyncio.Task[None]] = set()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.ensure_future(reader.read())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while not gone.done():
            writer.write(b" ")
            await asyncio.sleep(0.05)
        with suppress(ConnectionError):
            await gone
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        drips.add(asyncio.ensure_future(drip(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.gather(*drips)


# Answers that were not given to what was asked.


class Forger(httpx.AsyncBaseTransport):
    """Somebody on the way to the provider, who changes what it answers."""

    def __init__(self, edit: Edit) -> None:
        self._way = httpx.AsyncHTTPTransport()
        self._edit = edit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._way.handle_async_request(request)
        answer = msgspec.json.decode(await response.aread())
        self._edit(answer)
        return httpx.Response(response.status_code, content=msgspec.json.encode(answer))

    async def aclose(self) -> None:
        await self._way.aclose()


@asynccontextmanager
async def deceived(provider: str, desk: Desk, edit: Edit) -> AsyncIterator[Cards]:
    auth = httpx.BasicAuth(TOSS_SECRET, "")
    async with httpx.AsyncClient(transport=Forger(edit), auth=auth) as client:
        if provider == "sandbox":
            yield SandboxCards(Channel(client, desk.address, provider, SOON_S))
        else:
            yield TossCards(Channel(client, desk.address + TOSS_PATH, provider, SOON_S))


NAMES = {
    "sandbox": {"order": "order_id", "amount": "amount", "payment": "payment_key", "customer": "customer_key"},
    "toss": {"order": "orderId", "amount": "totalAmount", "payment": "paymentKey", "customer": "customerKey"},
}
STATE = {"sandbox": "state", "toss": "status"}


def setting(name: str, value: object) -> Edit:
    def edit(answer: dict[str, object]) -> None:
        assert name in answer
        answer[name] = value

    return edit


def removing(name: str) -> Edit:
    def edit(answer: dict[str, object]) -> None:
        del answer[name]

    return edit


def edits(provider: str) -> list[Edit]:
    """Each makes an answer about a payment one that cannot be meant."""
    names = NAMES[provider]
    left = {"sandbox": setting("cancelled", FARE + 1), "toss": setting("balanceAmount", FARE + 1)}
    return [
        setting(names["order"], "another-order"),
        setting(names["amount"], FARE - 1),
        setting(names["amount"], -FARE),
        setting(names["amount"], str(FARE)),
        setting(STATE[provider], "SOMETHING_NEW"),
        setting(STATE[provider], {"sandbox": "cancelled", "toss": "CANCELED"}[provider]),
        removing(names["payment"]),
        setting(names["payment"], ""),
        setting("approved_at" if provider == "sandbox" else "approvedAt", "yesterday"),
        left[provider],
    ]


@pytest.mark.parametrize("number", range(10))
async def test_a_forged_authorisation_is_not_believed(cards: Cards, desk: Desk, provider: str, number: int) -> None:
    order = await order_with(cards, desk)
    async with deceived(provider, desk, edits(provider)[number]) as other:
        await lost(other.authorise(order, key=hold(order)))
    assert (await cards.authorise(order, key=hold(order))).amount == FARE


async def test_an_authorisation_of_another_amount_is_not_believed(cards: Cards, desk: Desk, provider: str) -> None:
    order = await order_with(cards, desk)

    def less(answer: dict[str, object]) -> None:
        for name in {"amount", "totalAmount", "balanceAmount"} & set(answer):
            answer[name] = FARE - 1

    async with deceived(provider, desk, less) as other:
        await lost(other.authorise(order, key=hold(order)))


@pytest.mark.parametrize("kind", ["amount", "payment"])
async def test_forged_captures_and_cancels_are_not_believed(cards: Cards, desk: Desk, provider: str, kind: str) -> None:
    order = await order_with(cards, desk)
    held = await cards.authorise(order, key=hold(order))
    name = NAMES[provider][kind]
    async with deceived(provider, desk, setting(name, "pay_another" if kind == "payment" else -1)) as other:
        await lost(other.capture(held.payment_key, FARE, key="take"))
        await lost(other.cancel(held.payment_key, FARE, "취소", key="back"))


async def test_a_cancel_that_gave_back_less_is_not_believed(cards: Cards, desk: Desk, provider: str) -> None:
    order = await order_with(cards, desk)
    held = await cards.authorise(order, key=hold(order))
    await cards.capture(held.payment_key, FARE, key="take")

    def less(answer: dict[str, object]) -> None:
        answer["cancelled" if provider == "sandbox" else "balanceAmount"] = 1 if provider == "sandbox" else FARE - 1

    async with deceived(provider, desk, less) as other:
        await lost(other.cancel(held.payment_key, PART, "취소", key="back"))
    assert (await desk.entry(order.order_id))["cancelled"] == PART


async def test_another_order_is_not_what_was_looked_for(cards: Cards, desk: Desk, provider: str) -> None:
    order = await order_with(cards, desk)
    await cards.authorise(order, key=hold(order))
    async with deceived(provider, desk, setting(NAMES[provider]["order"], "another-order")) as other:
        await lost(other.find(order.order_id))


async def test_a_card_of_somebody_else_is_not_registered(desk: Desk, provider: str) -> None:
    auth_key = await desk.typed()
    async with deceived(provider, desk, setting(NAMES[provider]["customer"], "somebody-else")) as other:
        await lost(other.register(auth_key, CUSTOMER))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_no_from_a_provider_that_fails_is_no_answer(provider: str, status: int) -> None:
    no = {"sandbox": {"error": "declined"}, "toss": {"code": "REJECT_CARD_COMPANY", "message": "…"}}[provider]
    made = {"sandbox": SandboxCards, "toss": TossCards}[provider]
    way = httpx.MockTransport(lambda _request: httpx.Response(status, json=no))
    async with httpx.AsyncClient(transport=way) as client:
        cards = made(Channel(client, "http://cards.example", provider, SOON_S))
        await lost(cards.authorise(Order("order-000001", "bill", CUSTOMER, FARE, "대리운전"), key="hold"))
        await lost(cards.cancel("pay", FARE, "취소", key="back"))


@pytest.mark.parametrize("content", [b"", b"<html>hello</html>", b"\xff\xfe", b"[]", b"{}", b"null", b'{"error": 1}'])
@pytest.mark.parametrize("status", [200, 204, 302, 400, 404, 409, 429, 500, 503])
async def test_anything_else_than_the_format_tells_nothing(provider: str, status: int, content: bytes) -> None:
    def nonsense(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=content)

    made = {"sandbox": SandboxCards, "toss": TossCards}[provider]
    async with httpx.AsyncClient(transport=httpx.MockTransport(nonsense)) as client:
        cards = made(Channel(client, "http://cards.example", provider, SOON_S))
        await lost(cards.find("order-000001"))
        await lost(cards.register("auth", CUSTOMER))
        await lost(cards.authorise(Order("order-000001", "bill", CUSTOMER, FARE, "대리운전"), key="hold"))
        await lost(cards.capture("pay", FARE, key="take"))
        await lost(cards.cancel("pay", FARE, "취소", key="back"))
        if status >= 300:
            await lost(cards.forget("bill", CUSTOMER))
