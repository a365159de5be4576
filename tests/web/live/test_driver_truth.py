"""Whatever happens, an app that applies what it is told knows what a fresh welcome says."""

import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.dispatch.factories import Night
from tests.web.live.stage import App, app, make_gateway, token_of, until

from daeri.calls.model import Call
from daeri.dispatch.model import Offer
from daeri.drivers.model import Duty
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import DriverId
from daeri.web.context import WebContext
from daeri.web.live.driver_listener import DriverListener

ENDED = {"completed", "cancelled_before_assignment", "cancelled_after_assignment", "expired"}
STEPS = 80


class Knowledge:
    """What one driver's app knows from messages alone."""

    def __init__(self, driver: DriverId) -> None:
        self.driver = str(driver)
        self.offers: set[str] = set()
        self.call: tuple[str, int] | None = None
        self.next_call: tuple[str, int] | None = None
        self.listed: set[str] = set()
        self.work: tuple[str, str] | None = None

    def hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "welcome":
                self.offers = {card["offer_id"] for card in message["offers"]}
                self._follow(message["call"])
                self._plan(message["next_call"])
                self._see(message)
                self._work(message)
            case "work":
                self._work(message)
            case "next_call":
                self._plan(message["call"])
            case "listed":
                self._see(message)
            case "offer":
                assert message["offer"]["offer_id"] not in self.offers, "told twice"
                self.offers.add(message["offer"]["offer_id"])
            case "offer_closed":
                self.offers.remove(message["offer_id"])
            case "call":
                self._follow(message["call"])

    def _plan(self, call: dict[str, Any] | None) -> None:
        self.next_call = None if call is None else (call["id"], call["version"])

    def _work(self, message: dict[str, Any]) -> None:
        self.work = message["status"], message["duty"]

    def _see(self, message: dict[str, Any]) -> None:
        self.listed = {card["call_id"] for card in message.get("items", message.get("listed"))}

    def _follow(self, call: dict[str, Any] | None) -> None:
        is_mine = call is not None and call["state"] not in ENDED and (call["driver"] or {}).get("id") == self.driver
        if is_mine and call is not None:
            self.call = (call["id"], call["version"])
        elif call is None or self.call is None or call["id"] == self.call[0]:
            self.call = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Knowledge) and self._all() == other._all()

    def _all(self) -> tuple[object, ...]:
        return self.offers, self.call, self.next_call, self.listed

    def __hash__(self) -> int:
        return hash(self.driver)


class Chaos:
    """Commands of drivers, customers and the engine in a random order; a refusal changes nothing."""

    def __init__(self, night: Night, drivers: list[DriverId], seed: int) -> None:
        self.night, self.drivers, self.random = night, drivers, random.Random(seed)
        self.calls: list[Call] = []
        self.offers: list[Offer] = []
        self.done = 0

    async def step(self) -> None:
        deed: Callable[[], Awaitable[object]] = self.random.choice(
            [
                *[self._request, self._offer, self._offer, self._answer, self._answer, self._drive, self._drive],
                *[self._offer_next, self._list, self._take, self._end, self._work],
            ]
        )
        try:
            await deed()
            self.done += 1
        except (DaeriError, ValueError, IndexError):
            return  # refused, not written, or nothing there yet

    async def _request(self) -> None:
        self.calls.append(await self.night.request())

    async def _offer(self) -> None:
        call = self.random.choice(self.calls)
        self.offers.append(await self.night.offer(call.id, self.random.choice(self.drivers)))

    async def _offer_next(self) -> None:
        call = self.random.choice(self.calls)
        self.offers.append(await self.night.offer_next(call.id, self.random.choice(self.drivers)))

    async def _list(self) -> None:
        call = self.random.choice(self.calls)
        await self.night.list_for(call.id, *self.random.sample(self.drivers, 2))

    async def _take(self) -> None:
        await self.night.take(self.random.choice(self.calls).id, self.random.choice(self.drivers))

    async def _answer(self) -> None:
        offer = self.random.choice(self.offers[-3:])
        answer = self.random.choice([self.night.accept, self.night.accept, self.night.decline])
        await answer(offer.id, offer.driver_id)

    async def _drive(self) -> None:
        engaged = await self.night.engaged()
        driver = self.random.choice(sorted(engaged))
        step = self.random.choice([self.night.arrive, self.night.start, self.night.complete])
        await step(engaged[driver], DriverId(driver))

    async def _work(self) -> None:
        await self.night.set_duty(self.random.choice(self.drivers), self.random.choice([Duty.ON, Duty.ON, Duty.OFF]))

    async def _end(self) -> None:
        call = self.random.choice(self.calls)
        match self.random.randrange(3):
            case 0:
                await self.night.cancel(call.id)
            case 1:
                await self.night.release(call.id)
            case _:
                self.night.later(seconds=13)
                await self.night.expire_offers()


async def fresh(listener: DriverListener, token: str, driver: DriverId) -> Knowledge:
    knows = Knowledge(driver)
    async with app(listener.port) as phone:
        knows.hear(await phone.hello(token))
    return knows


async def settle(phone: App, knows: dict[str, Knowledge], driver: DriverId | None) -> None:
    """Hear what has come by now."""
    while True:
        try:
            message = await phone.hear_soon()
        except TimeoutError:
            return
        knows[message.get("driver_id") or str(driver)].hear(message)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_messages_lead_to_the_truth(
    listener: DriverListener, context: WebContext, night: Night, seed: int
) -> None:
    drivers = [await night.driver() for _ in range(3)]
    tokens = [await token_of(context, night.company, driver) for driver in drivers]
    gateway_token = await token_of(context, night.company, await make_gateway(context, night.company))
    chaos = Chaos(night, drivers, seed)
    told = {str(driver): Knowledge(driver) for driver in drivers}
    at_gate = {str(driver): Knowledge(driver) for driver in drivers}
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(app(listener.port)) for _ in drivers]
        for phone, driver, token in zip(phones, drivers, tokens, strict=True):
            told[str(driver)].hear(await phone.hello(token))
        gate = await stack.enter_async_context(app(listener.port))
        await gate.hello(gateway_token)
        await gate.say(type="drivers", ids=[str(driver) for driver in drivers])
        await gate.hear("handles")
        for _ in range(STEPS):
            await chaos.step()
        assert chaos.done > STEPS / 4
        for phone, driver in zip(phones, drivers, strict=True):
            await settle(phone, told, driver)
        await settle(gate, at_gate, None)
        for driver, token in zip(drivers, tokens, strict=True):
            truth = await fresh(listener, token, driver)
            assert told[str(driver)] == truth
            assert told[str(driver)].work == truth.work
            assert at_gate[str(driver)] == truth
    await until(lambda: len(listener) == 0)
