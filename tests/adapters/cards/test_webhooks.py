"""The sandbox's webhooks: signed, and sent once, twice, late or in another order."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import pytest_asyncio
from tests.adapters.cards.conftest import FARE, Desk, hold, lost, order_with

from daeri.adapters.cards import webhooks
from daeri.adapters.cards.provider.deck import Outcome
from daeri.adapters.cards.sandbox import open_sandbox
from daeri.adapters.cards.webhooks import SANDBOX_SECRET, SIGNATURE_HEADER, Notice

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    headers: dict[str, str]
    body: bytes

    @property
    def notice(self) -> Notice:
        return msgspec.json.decode(self.body, type=Notice)


@dataclass(slots=True)
class Receiver:
    """Whoever hears the webhooks."""

    url: str
    heard: "asyncio.Queue[Told]"

    async def next(self) -> Told:
        return await asyncio.wait_for(self.heard.get(), 10)

    async def notices(self, count: int) -> list[Notice]:
        return [(await self.next()).notice for _ in range(count)]


@pytest_asyncio.fixture(loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    heard: asyncio.Queue[Told] = asyncio.Queue()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        heard.put_nowait(Told(headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(b"HTTP/1.1 204 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    yield Receiver(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks", heard)
    server.close()


async def pay(desk: Desk, url: str | None, **wish: object) -> str:
    """An order that is held and then captured; its name."""
    await desk.tell("/webhooks", url=url, **wish)
    async with open_sandbox(desk.address) as cards:
        order = await order_with(cards, desk)
        held = await cards.authorise(order, key=hold(order))
        await cards.capture(held.payment_key, FARE, key="take")
    return order.order_id


async def test_every_change_is_told_and_signed(desk: Desk, receiver: Receiver) -> None:
    order_id = await pay(desk, receiver.url)
    told = [await receiver.next(), await receiver.next()]
    assert [one.notice.status for one in told] == ["authorised", "captured"]
    assert [one.notice.order_id for one in told] == [order_id] * 2
    assert told[0].notice.number < told[1].notice.number
    for one in told:
        stamp, value = one.headers[SIGNATURE_HEADER].removeprefix("t=").split(",v1=")
        wanted = hmac.new(SANDBOX_SECRET.encode(), stamp.encode() + b"." + one.body, hashlib.sha256).hexdigest()
        assert value == wanted
        assert webhooks.read(SANDBOX_SECRET, one.headers, one.body, datetime.now(UTC)) == one.notice


async def test_it_may_be_told_twice(desk: Desk, receiver: Receiver) -> None:
    await pay(desk, receiver.url, manner="twice")
    first, second, third, fourth = await receiver.notices(4)
    assert first == second
    assert third == fourth
    assert first.event_id != third.event_id


async def test_it_may_come_late(desk: Desk, receiver: Receiver) -> None:
    await pay(desk, receiver.url, manner="late", late_s=0.5)
    assert receiver.heard.empty()
    assert [notice.status for notice in await receiver.notices(2)] == ["authorised", "captured"]


async def test_it_may_come_in_another_order(desk: Desk, receiver: Receiver) -> None:
    await pay(desk, receiver.url, manner="swapped")
    assert [notice.status for notice in await receiver.notices(2)] == ["captured", "authorised"]


async def test_what_was_kept_back_comes_before_another_manner(desk: Desk, receiver: Receiver) -> None:
    await desk.tell("/webhooks", url=receiver.url, manner="swapped")
    async with open_sandbox(desk.address) as cards:
        order = await order_with(cards, desk)
        await cards.authorise(order, key=hold(order))
    await desk.tell("/webhooks", url=None)
    assert (await receiver.next()).notice.status == "authorised"


async def test_without_an_address_nothing_is_told(desk: Desk, receiver: Receiver) -> None:
    await pay(desk, None)
    await asyncio.sleep(0.1)
    assert receiver.heard.empty()


async def test_what_nobody_knew_is_told_when_it_is_known(desk: Desk, receiver: Receiver) -> None:
    await desk.tell("/webhooks", url=receiver.url)
    async with open_sandbox(desk.address, timeout_s=1.0) as cards:
        order = await order_with(cards, desk, Outcome.TIMEOUT_THEN_UNKNOWN)
        await lost(cards.authorise(order, key=hold(order)))
    assert receiver.heard.empty()
    await desk.tell(f"/resolve/{order.order_id}", **{"as": "captured"})
    assert (await receiver.next()).notice.status == "captured"


async def test_nobody_listening_harms_nothing(desk: Desk, receiver: Receiver) -> None:
    await pay(desk, "http://127.0.0.1:9/nobody")
    await pay(desk, "no address at all")
    await pay(desk, receiver.url)
    assert len(await receiver.notices(2)) == 2


# Whoever hears one decides whether to believe it.

BODY = msgspec.json.encode(Notice("event_1", 1, "order-000001", "pay_1", "captured", NOW))


def header(secret: str = SANDBOX_SECRET, body: bytes = BODY, at: datetime = NOW) -> dict[str, str]:
    return {SIGNATURE_HEADER: webhooks.sign(secret, body, at)}


async def test_a_signed_one_is_read() -> None:
    for minutes in (-4, 0, 4):
        read = webhooks.read(SANDBOX_SECRET, header(), BODY, NOW + timedelta(minutes=minutes))
        assert read is not None
        assert (read.order_id, read.status) == ("order-000001", "captured")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, BODY),
        ({SIGNATURE_HEADER: ""}, BODY),
        ({SIGNATURE_HEADER: "t=now,v1=abc"}, BODY),
        ({SIGNATURE_HEADER: f"t={int(NOW.timestamp())}"}, BODY),
        ({SIGNATURE_HEADER: f"t={int(NOW.timestamp())},v1=é"}, BODY),
        (header("another secret"), BODY),
        (header(), BODY.replace(b"order-000001", b"order-000002")),
        (header(at=NOW - timedelta(minutes=6)), BODY),
        (header(at=NOW + timedelta(minutes=6)), BODY),
        (header(body=b"{}"), b"{}"),
        (header(body=b"\xff"), b"\xff"),
    ],
)
async def test_anything_else_is_not(headers: dict[str, str], body: bytes) -> None:
    assert webhooks.read(SANDBOX_SECRET, headers, body, NOW) is None
