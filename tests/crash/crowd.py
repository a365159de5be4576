"""Customers and drivers over real HTTP, who send an unanswered command again with the same key until it is answered."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import TypeVar

import httpx
import msgspec

from daeri.kernel.geo import Point
from daeri.sim.tokens import Holder, TokensFile
from daeri.sim.wire import Call, Card, Count, DriverView, Problem

CENTRE = Point(37.4979, 127.0276)
SPREAD_DEG = 0.005  # everybody is near enough to everybody to be asked at once
STEPS = {"assigned": "arrive", "arrived": "start", "driving": "complete"}
PATIENCE_S = 60.0
# What a rule of the service may answer to a command that comes too late; anything else of 4xx is our own fault.
TOO_LATE = frozenset({404, 409, 410})
_PAUSE_S = 0.15
_OUTAGE_PAUSE_S = 0.6  # the program that starts needs the processor more than we do

Answer = TypeVar("Answer")


class Mode(Enum):
    """What everybody does at the moment."""

    LOAD = "load"
    FINISH = "finish"  # nothing new begins
    HOLD = "hold"  # drivers accept, and then keep what they have


@dataclass
class Command:
    """One command, however often it is sent; `answer` is what was answered at last."""

    token: str
    path: str
    body: bytes
    key: str
    status: int = 0
    answer: bytes = b""


@dataclass
class Surprise:
    """An answer that nobody should get."""

    path: str
    status: int
    body: str


@dataclass
class Client:
    """HTTP with patience. While `is_outage`, a 500 is no surprise; `acknowledged` are the answered commands."""

    http: httpx.AsyncClient
    is_outage: bool = False
    acknowledged: list[Command] = field(default_factory=list)
    surprises: list[Surprise] = field(default_factory=list)
    keys: "itertools.count[int]" = field(default_factory=itertools.count)

    async def read(self, token: str, path: str, kind: type[Answer]) -> Answer:
        """GET until it is answered."""
        response = await self._until_answered("GET", path, {"Authorization": f"Bearer {token}"}, None)
        if response.status_code != 200:
            self._wonder(path, response)
        return msgspec.json.decode(response.content, type=kind)

    async def command(self, token: str, path: str, body: object) -> Command:
        """POST with one key until it is answered."""
        command = Command(token, path, msgspec.json.encode(body), f"crash-{next(self.keys)}")
        await self.send(command)
        self.acknowledged.append(command)
        return command

    async def send(self, command: Command) -> None:
        """Send it, again if need be, and keep the answer."""
        headers = {"Authorization": f"Bearer {command.token}", "Idempotency-Key": command.key}
        response = await self._until_answered("POST", command.path, headers, command.body)
        command.status, command.answer = response.status_code, response.content
        if command.status >= 400 and command.status not in TOO_LATE:
            self._wonder(command.path, response)

    async def report(self, token: str, at: Point) -> None:
        """One position; a lost one is not sent again."""
        body = msgspec.json.encode({"points": [[time.time_ns() // 1_000_000, at.lat, at.lon, 5.0]]})
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            await self.http.post("/api/v1/driver/positions", content=body, headers=headers)
        except httpx.TransportError:
            return

    async def _until_answered(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> httpx.Response:
        headers = {**headers, "Content-Type": "application/json"}
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                response = await self.http.request(method, f"/api/v1{path}", headers=headers, content=body)
            except httpx.TransportError as error:
                problem = repr(error)
            else:
                if not self._asks_again(path, response):
                    return response
                problem = response.text
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"{method} {path} was not answered: {problem}")
            await asyncio.sleep(_OUTAGE_PAUSE_S if self.is_outage else _PAUSE_S)

    def _asks_again(self, path: str, response: httpx.Response) -> bool:
        if response.status_code >= 500 and response.status_code != 503 and not self.is_outage:
            self._wonder(path, response)
        return response.status_code >= 500 or _code(response) == "in_progress"

    def _wonder(self, path: str, response: httpx.Response) -> None:
        self.surprises.append(Surprise(path, response.status_code, response.text[:300]))


class Driver:
    """Stands still, answers cards, drives at once."""

    def __init__(self, holder: Holder, client: Client, random: Random) -> None:
        self.id, self.token, self.random = holder.id, holder.access_token, random
        self.at = somewhere(random)
        self.client = client
        self.view = DriverView(duty="off")

    async def run(self, crowd: "Crowd") -> None:
        for turn in itertools.count():
            if turn % 2 == 0:
                await self.client.report(self.token, self.at)
            self.view = await self.client.read(self.token, "/driver", DriverView)
            await self._act(crowd.mode)
            await asyncio.sleep(self.random.uniform(0.3, 0.7))

    async def _act(self, mode: Mode) -> None:
        if self.view.duty == "off":
            await self._command("/driver/duty", {"on": True, "position": {"lat": self.at.lat, "lon": self.at.lon}})
        elif self.view.call is not None:
            await self._drive(self.view.call, mode)
        elif self.view.offers:
            await self._answer(self.view.offers[0], mode)
        elif mode is Mode.LOAD and self.random.random() < 0.03:
            await self._command("/driver/duty", {"on": False})

    async def _drive(self, call: Call, mode: Mode) -> None:
        if mode is Mode.HOLD:
            return
        gives_up = mode is Mode.LOAD and self.random.random() < 0.02
        await self._command(f"/driver/calls/{call.id}/{'cancel' if gives_up else STEPS[call.state]}", {})

    async def _answer(self, card: Card, mode: Mode) -> None:
        declines = mode is Mode.LOAD and self.random.random() < 0.1
        await self._command(f"/driver/offers/{card.offer_id}/{'decline' if declines else 'accept'}", {})

    async def _command(self, path: str, body: object) -> None:
        await self.client.command(self.token, path, body)


class Customer:
    """Asks for a driver, waits until the call has ended, changes their mind now and then, asks again."""

    def __init__(self, holder: Holder, client: Client, random: Random) -> None:
        self.id, self.token, self.random = holder.id, holder.access_token, random
        self.client = client
        self.call: Call | None = None
        self.marks = (f"{holder.id}/{count}" for count in itertools.count())

    async def run(self, crowd: "Crowd") -> None:
        while True:
            await asyncio.sleep(self.random.uniform(0.3, 0.9))
            if self.call is not None:
                await self._follow(self.call, crowd.mode)
            elif crowd.mode is Mode.LOAD:
                await self.request(somewhere(self.random))

    async def request(self, at: Point) -> None:
        """The origin's name marks the command, so that its effects can be counted."""
        body = {
            "origin": {"lat": at.lat, "lon": at.lon, "name": next(self.marks)},
            "destination": {"lat": at.lat + 0.03, "lon": at.lon + 0.02},
        }
        done = await self.client.command(self.token, "/calls", body)
        if done.status == 201:
            self.call = msgspec.json.decode(done.answer, type=Call)

    async def _follow(self, call: Call, mode: Mode) -> None:
        if mode is Mode.LOAD and self.random.random() < 0.02:
            await self.client.command(self.token, f"/calls/{call.id}/cancel", {})
        seen = await self.client.read(self.token, f"/calls/{call.id}", Call)
        self.call = None if seen.has_ended else seen


class Crowd:
    """Everybody, and what they do at the moment."""

    def __init__(self, tokens: TokensFile, client: Client, random: Random) -> None:
        self.mode = Mode.LOAD
        self.client = client
        self.admin = tokens.admin.access_token
        self.drivers = [Driver(holder, client, Random(random.random())) for holder in tokens.drivers]
        self.customers = [Customer(holder, client, Random(random.random())) for holder in tokens.customers]

    async def finish(self, within_s: float) -> None:
        """Nothing new begins; wait until every call has ended and everybody is on duty."""
        self.mode = Mode.FINISH
        await self._until(self._is_quiet, within_s, "the calls did not end")

    async def hold(self, within_s: float) -> None:
        """A new call beside every driver: each of them must be offered one."""
        self.mode = Mode.HOLD
        pairs = zip(self.customers, self.drivers, strict=True)
        await asyncio.gather(*(customer.request(driver.at) for customer, driver in pairs))
        await self._until(lambda: not self._without_call(), within_s, "drivers got no call")

    async def double_assignments(self) -> int:
        return (await self.client.read(self.admin, "/figures/double-assignments", Count)).count

    def _is_quiet(self) -> bool:
        """By what the API has told each of them."""
        drivers_free = all(driver.view.duty == "on" and driver.view.call is None for driver in self.drivers)
        return drivers_free and all(customer.call is None for customer in self.customers)

    def _without_call(self) -> list[str]:
        return [driver.id for driver in self.drivers if driver.view.call is None]

    async def _until(self, holds: Callable[[], bool], within_s: float, what: str) -> None:
        deadline = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > deadline:
                waiting = [customer.call for customer in self.customers if customer.call is not None]
                views = [(driver.id, driver.view) for driver in self.drivers if driver.view.call is None]
                raise TimeoutError(f"{what}: calls {waiting}; drivers without a call {views}")
            await asyncio.sleep(0.1)


@asynccontextmanager
async def open_crowd(base_url: str, tokens: TokensFile, random: Random) -> AsyncIterator[Crowd]:
    """Everybody at work; an agent that breaks down ends the test."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    timeout = httpx.Timeout(10, pool=None)
    async with httpx.AsyncClient(base_url=base_url, limits=limits, timeout=timeout, trust_env=False) as http:
        crowd = Crowd(tokens, Client(http), random)
        async with asyncio.TaskGroup() as group:
            agents = [group.create_task(agent.run(crowd)) for agent in (*crowd.drivers, *crowd.customers)]
            yield crowd
            for agent in agents:
                agent.cancel()


def somewhere(random: Random) -> Point:
    """A point among everybody."""
    return Point(
        CENTRE.lat + random.uniform(-SPREAD_DEG, SPREAD_DEG), CENTRE.lon + random.uniform(-SPREAD_DEG, SPREAD_DEG)
    )


def _code(response: httpx.Response) -> str:
    if response.status_code < 400:
        return ""
    try:
        return msgspec.json.decode(response.content, type=Problem).code
    except msgspec.DecodeError:
        return ""
