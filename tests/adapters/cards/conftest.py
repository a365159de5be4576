"""A sandbox provider for each test, and the adapters that speak to it over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from daeri.adapters.cards.provider.deck import Outcome
from daeri.adapters.cards.sandbox import open_sandbox
from daeri.adapters.cards.sandbox_server import TOSS_PATH, TOSS_SECRET, serve_sandbox
from daeri.adapters.cards.toss import open_toss
from daeri.kernel.money import Won
from daeri.payments.charge_model import CardsUnreachable
from daeri.payments.ports import Cards, Order

CUSTOMER = "0190f5b2-customer"
BACK = "https://drive.example/app/cards?from=menu"
FARE = Won(23_000)
SOON_S = 1.0  # a provider that says nothing for so long is given up
_orders = count(1)


@dataclass(frozen=True, slots=True)
class Desk:
    """The provider's own side: its page, its books, and what may be told to it."""

    address: str
    http: httpx.AsyncClient

    async def typed(self, outcome: Outcome = Outcome.APPROVED, customer_key: str = CUSTOMER) -> str:
        """Somebody chose this card on the page: the `authKey` that came back."""
        form = {"customerKey": customer_key, "returnUrl": BACK, "card": outcome.value}
        response = await self.http.post("/card-window", data=form)
        assert response.status_code == 303
        return parse_qs(urlsplit(response.headers["location"]).query)["authKey"][0]

    async def entry(self, order_id: str) -> Mapping[str, object]:
        """An order in the books; an empty one when the provider has it not."""
        entries = {entry["order_id"]: entry for entry in (await self.sheet())["orders"]}
        return entries.get(order_id, {"authorised": 0, "captured": 0, "cancelled": 0, "released": 0, "states": []})

    async def registrations(self) -> int:
        return (await self.sheet())["registrations"]

    async def sheet(self):
        return (await self.http.get("/books")).json()

    async def tell(self, path: str, **body: object) -> None:
        response = await self.http.post(path, json=body)
        assert response.status_code == 204, response.text

    async def faults(self, *faults: str) -> None:
        await self.tell("/faults", next=faults)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    """One provider for a module: each test has orders of its own in its books."""
    async with serve_sandbox() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def desk(address: str) -> AsyncIterator[Desk]:
    # No way to it has TLS, and reading certificates takes time.
    async with httpx.AsyncClient(base_url=address, verify=False) as http:  # noqa: S501 -- as said
        made = Desk(address, http)
        await made.tell("/faults")
        yield made


@asynccontextmanager
async def opened(name: str, address: str, timeout_s: float = 10.0) -> AsyncIterator[Cards]:
    if name == "sandbox":
        async with open_sandbox(address, timeout_s=timeout_s) as cards:
            yield cards
        return
    async with open_toss(address + TOSS_PATH, TOSS_SECRET, timeout_s=timeout_s) as cards:
        yield cards


@pytest.fixture(scope="module", params=["sandbox", "toss"])
def provider(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cards(provider: str, address: str) -> AsyncIterator[Cards]:
    async with opened(provider, address) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(provider: str, address: str) -> AsyncIterator[Cards]:
    """The same, which soon gives up."""
    async with opened(provider, address, SOON_S) as made:
        yield made


async def order_with(
    cards: Cards, desk: Desk, outcome: Outcome = Outcome.APPROVED, amount: int = FARE, order_id: str | None = None
) -> Order:
    """An order that this card shall pay."""
    registered = await cards.register(await desk.typed(outcome), CUSTOMER)
    name = order_id or f"order-{next(_orders):06}"
    return Order(name, registered.billing_key, CUSTOMER, Won(amount), "대리운전 A1B2C3D4")


def hold(order: Order, word: str = "hold") -> str:
    """An idempotency key of this order's own."""
    return f"{order.order_id}-{word}"


async def lost(question) -> None:
    """The provider's answer to this is not known."""
    with pytest.raises(CardsUnreachable):
        await question
