"""A card provider in this process, whose every answer a test decides; and a server that has one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import httpx
from tests.web.api.conftest import start_running
from tests.web.api.running import TRIP, Person, Running

from daeri.bootstrap import Program
from daeri.calls import api as calls
from daeri.calls.model import Change
from daeri.dispatch import engagement_store
from daeri.dispatch.model import Slot
from daeri.dispatch.plan import Mode
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind
from daeri.payments import api as payments
from daeri.payments.api import Collector, Deed
from daeri.payments.charge_model import CardRefusal, CardRefused, CardsUnreachable
from daeri.payments.ports import Order, PaymentState, ProviderPayment, RegisteredCard

WINDOW = "https://cards.example/window"
ISSUER = "구름시험카드"


@dataclass
class FakeCards:
    """`refusals` are the answers to those who pay with a card, by its billing key."""

    name: str = "fake"
    is_down: bool = False
    is_slow: asyncio.Event | None = None
    dies: bool = False  # the process, once a card is registered and before anybody knows
    typed: dict[str, str] = field(default_factory=dict)  # auth key -> customer key
    registered: dict[str, str] = field(default_factory=dict)  # billing key -> customer key
    forgotten: list[str] = field(default_factory=list)
    asked: int = 0
    refusals: dict[str, CardRefusal] = field(default_factory=dict)
    payments: dict[str, ProviderPayment] = field(default_factory=dict)  # by order

    def window(self, customer_key: str, return_url: str) -> str:
        return f"{WINDOW}?{urlencode({'customerKey': customer_key, 'returnUrl': return_url})}"

    def type_card(self, customer_key: str) -> str:
        """Somebody types a card in the window that knows them by that; what the window comes back with."""
        auth_key = f"auth-{len(self.typed)}"
        self.typed[auth_key] = customer_key
        return auth_key

    async def register(self, auth_key: str, customer_key: str) -> RegisteredCard:
        self._reach()
        self.asked += 1
        if self.is_slow is not None:
            await self.is_slow.wait()
        if self.typed.get(auth_key) != customer_key:
            raise CardRefused(CardRefusal.KEY_GONE)
        billing_key = f"billing-{auth_key}"
        self.registered[billing_key] = customer_key
        if self.dies:
            raise RuntimeError("the process has died")
        return RegisteredCard(billing_key, ISSUER, f"****-****-****-{len(self.registered):04}")

    async def forget(self, billing_key: str, customer_key: str) -> None:
        self._reach()
        self.forgotten.append(billing_key)
        self.registered.pop(billing_key, None)

    async def authorise(self, order: Order, *, key: str) -> ProviderPayment:
        self._reach()
        if order.billing_key in self.refusals:
            raise CardRefused(self.refusals[order.billing_key])
        taken = ProviderPayment(
            f"pay-{order.order_id}", order.order_id, PaymentState.CAPTURED, order.amount, Won(0), datetime.now(UTC)
        )
        return self.payments.setdefault(order.order_id, taken)

    async def capture(self, payment_key: str, amount: Won, *, key: str) -> ProviderPayment:
        self._reach()
        return self.payments[payment_key.removeprefix("pay-")]

    async def cancel(self, payment_key: str, amount: Won, reason: str, *, key: str) -> ProviderPayment:
        self._reach()
        return self.payments[payment_key.removeprefix("pay-")]

    async def find(self, order_id: str) -> ProviderPayment | None:
        self._reach()
        return self.payments.get(order_id)

    def _reach(self) -> None:
        if self.is_down:
            raise CardsUnreachable()


@dataclass(frozen=True)
class Till:
    """A server that has the provider: what people do there about money."""

    running: Running
    cards: FakeCards

    def register(self, person: Person, base: str = "/me/cards", **headers: str) -> dict[str, Any]:
        """A new card of that person's, as the routes give it."""
        window = person.command(f"{base}/window", {"return_path": "/app" if base == "/me/cards" else "/drive"})
        assert window.status_code == 200, window.text
        key = window.json()["customer_key"]
        answer = person.command(base, {"auth_key": self.cards.type_card(key), "customer_key": key})
        assert answer.status_code == 201, answer.text
        card: dict[str, Any] = answer.json()
        return card

    def refuse(self, person: Person, refusal: CardRefusal | None) -> None:
        """All cards of that person are refused from now on; None: no more."""

        async def keys(program: Program) -> list[str]:
            sql = "SELECT customer_key FROM payment_cards WHERE owner_id = $1"
            async with program.parts.database.reading() as tx:
                return [row["customer_key"] for row in await tx.rows(sql, person.id)]

        own = set(self.running.ask(keys))
        for billing_key, customer_key in self.cards.registered.items():
            if customer_key in own:
                self.cards.refusals.pop(billing_key, None)
                if refusal is not None:
                    self.cards.refusals[billing_key] = refusal

    def drive(
        self, customer: Person, driver: Person, *, until: str = "complete", collect: bool = True, **body: Any
    ) -> str:
        """A ride from its request to its end, with what follows for its money; its id."""
        assert driver.command("/driver/duty", {"on": True}).status_code == 200
        asked = customer.command("/calls", {**TRIP, **body})
        assert asked.status_code == 201, asked.text
        call_id: str = asked.json()["id"]
        offer = self.running.offer(call_id, driver)
        assert driver.command(f"/driver/offers/{offer}/accept").is_success
        self.go(driver, call_id, until=until)
        if until == "complete" and collect:
            self.work_off()
        return call_id

    def go(self, driver: Person, call_id: str, *, until: str = "complete", cash_received: bool | None = None) -> None:
        for step in ("arrive", "start", "complete"):
            body = {"cash_received": cash_received} if step == "complete" else None
            answer = driver.command(f"/driver/calls/{call_id}/{step}", body)
            assert answer.is_success, answer.text
            if step == until:
                break

    def work_off(self) -> None:
        """What the worker and the collector do."""
        self.running.ask(self._work_off)

    async def _work_off(self, program: Program) -> None:
        parts = program.parts
        await program.worker.work_off()
        collector = Collector(
            parts.database,
            parts.bus,
            self.cards,
            ring=parts.gate.ring,
            ids=parts.ids,
            clock=parts.clock,
            wall=parts.wall,
        )
        while await collector.work_off():
            await program.worker.work_off()

    def reconnect(self, call_id: str, driver: Person, fare: int | None = None) -> str:
        """The ended call goes on as another one, which is the driver's now; its id."""

        async def work(program: Program) -> str:
            parts, change = program.parts, Change(Actor(ActorKind.STAFF, None), "ended by mistake")
            async with parts.database.transaction() as tx:
                made = await calls.reopen_for(
                    tx,
                    UUID(call_id),
                    driver.company,
                    change,
                    fare=None if fare is None else Won(fare),
                    now=parts.clock.now(),
                    ids=parts.ids,
                )
                await engagement_store.engage(
                    tx,
                    parts.ids.new(),
                    driver.company,
                    call_id=made.id,
                    driver_id=driver.id,
                    metres=0,
                    mode=Mode.EXCLUSIVE,
                    slot=Slot.NOW,
                    now=parts.clock.now(),
                )
            return str(made.id)

        return self.running.ask(work)

    def by_agent(self, staff: Person, deed: str, call_id: str, **more: Any) -> None:
        """`settle_by_agent`, `adjust` or `agree_fare`, as the console does it."""

        async def work(program: Program) -> None:
            context, actor = program.context, Actor(ActorKind.STAFF, staff.id)
            async with program.parts.database.transaction() as tx:
                book = context.shelf.of(staff.company)
                made = Deed(tx, staff.company, book, actor, context.clock.now(), context.ids)
                await getattr(payments, deed)(made, UUID(call_id), reason="the customer asked for it", **more)

        self.running.ask(work)


@contextmanager
def start_till(server_dsn: str, template: str, name: str) -> Iterator[Till]:
    with start_running(server_dsn, template, name) as running:
        cards = FakeCards()
        running.program.context.cards = cards
        yield Till(running, cards)


def return_url(window: httpx.Response) -> str:
    """Where the window leads back to."""
    (found,) = parse_qs(urlsplit(window.json()["url"]).query)["returnUrl"]
    return found
