"""The load of `bench calls`: customers who ask again as soon as they were driven, drivers who take every card."""

import asyncio
import contextlib
import random
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection

import msgspec
import uvloop

from daeri.bench.load import DriverSocket, HttpClient, Refused, open_socket
from daeri.bench.stage import Address, People
from daeri.kernel.geo import Point
from daeri.sim.tokens import Holder

CENTRE = Point(37.4979, 127.0276)
_SPREAD_DEG = 0.008  # everybody is near enough to everybody to be asked at once
_RECORD = struct.Struct("<qiiHH")
_CADENCE_S = 3.0
_SIGN_INS_AT_ONCE = 32
_LIFE_WITHIN_S = 60.0
_RAMP_S = 2.0  # the first lives of a round take their time to end
_SETTLE_S = 0.5  # positions have been absorbed by then
STEPS = ("arrive", "start", "complete")


@dataclass(frozen=True, slots=True)
class Life:
    """A call that was carried out, and by whom."""

    call_id: str
    customer_id: str
    driver_id: str


@dataclass(slots=True)
class Lives:
    """What came of a round: whole lives that ended in `seconds`, seconds of each step, what went wrong."""

    seconds: float
    done: list[Life] = field(default_factory=list)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)


class _Card(msgspec.Struct, frozen=True):
    offer_id: str
    call_id: str


class _Message(msgspec.Struct, frozen=True):
    type: str
    offer: _Card | None = None


class _Call(msgspec.Struct, frozen=True):
    id: str


_MESSAGES = msgspec.json.Decoder(_Message)
_CALLS = msgspec.json.Decoder(_Call)


class CallsLoad:
    """Everybody in one event loop; `open_load` makes it."""

    def __init__(self, people: People, address: Address, *, connections: int) -> None:
        self._people = people
        self._address = address
        self._http = HttpClient(address.port, connections=connections)
        self._random = random.Random(20_261_122)
        self._sockets: list[DriverSocket] = []
        self._places = [self._somewhere() for _ in people.drivers]
        self._ended: dict[str, asyncio.Future[str]] = {}
        self._cards: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lives = Lives(0.0)
        self._counts_from = 0.0

    async def open(self) -> None:
        """Sign every driver in on a socket."""
        for first in range(0, len(self._people.drivers), _SIGN_INS_AT_ONCE):
            holders = self._people.drivers[first : first + _SIGN_INS_AT_ONCE]
            url = self._address.driver_url
            self._sockets += await asyncio.gather(
                *(open_socket(url, holder.access_token, partial(self._heard, holder)) for holder in holders)
            )

    async def run(self, seconds: float, *, customers: int, most: int | None = None, ramp_s: float = _RAMP_S) -> Lives:
        """`customers` ask, each one call after the other, for that long or until `most` lives are done.

        What ends in the first `ramp_s` (which come before `seconds`) or later does not count. Afterwards nothing moves
        until the next round.
        """
        self._lives = Lives(seconds)
        self._http.seconds.clear()
        reporting = asyncio.ensure_future(self._report())
        await asyncio.sleep(_SETTLE_S)
        began = time.monotonic()
        self._counts_from = began + ramp_s
        until = self._counts_from + seconds
        async with asyncio.TaskGroup() as group:
            for holder in self._people.customers[:customers]:
                group.create_task(self._ask_until(holder, until, most))
        reporting.cancel()
        if most is not None:
            self._lives.seconds = time.monotonic() - began
        self._lives.latencies.update(self._http.seconds)
        return self._lives

    async def close(self) -> None:
        for open_one in self._sockets:
            open_one.close()
        self._http.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask_until(self, holder: Holder, until: float, most: int | None) -> None:
        while time.monotonic() < until and (most is None or len(self._lives.done) < most):
            try:
                await self._live(holder, until)
            except (Refused, TimeoutError, ConnectionError) as error:
                self._lives.errors[f"{type(error).__name__}: {error}"[:200]] += 1

    async def _live(self, holder: Holder, until: float) -> None:
        """One call from its request to its end."""
        asked_at = time.monotonic()
        answer = await self._http.command("request", holder.access_token, "/calls", self._wish())
        call_id = _CALLS.decode(answer).id
        ended = self._ended.setdefault(call_id, asyncio.get_running_loop().create_future())
        try:
            driver_id = await asyncio.wait_for(ended, _LIFE_WITHIN_S)
        finally:
            del self._ended[call_id]
            carded_at = self._cards.pop(call_id, None)
        if carded_at is not None:
            self._http.seconds["request to card"].append(carded_at - asked_at)
        self._http.seconds["life"].append(time.monotonic() - asked_at)
        if self._counts_from <= time.monotonic() < until:
            self._lives.done.append(Life(call_id, holder.id, driver_id))

    def _heard(self, driver: Holder, payload: bytes) -> None:
        message = _MESSAGES.decode(payload)
        if message.type == "offer" and message.offer is not None:
            self._cards.setdefault(message.offer.call_id, time.monotonic())
            task = asyncio.ensure_future(self._drive(driver, message.offer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drive(self, driver: Holder, card: _Card) -> None:
        ended = self._ended.setdefault(card.call_id, asyncio.get_running_loop().create_future())
        try:
            await self._http.command("accept", driver.access_token, f"/driver/offers/{card.offer_id}/accept")
            for step in STEPS:
                await self._http.command(step, driver.access_token, f"/driver/calls/{card.call_id}/{step}")
        except (Refused, ConnectionError) as error:
            if not ended.done():
                ended.set_exception(error)
            return
        if not ended.done():
            ended.set_result(driver.id)

    async def _report(self) -> None:
        """Everybody's place, every three seconds, spread over them."""
        while True:
            began = time.monotonic()
            for first in range(0, len(self._sockets), 100):
                at_ms = time.time_ns() // 1_000_000
                for socket, at in zip(
                    self._sockets[first : first + 100], self._places[first : first + 100], strict=True
                ):
                    socket.send_records(_RECORD.pack(at_ms, round(at.lat * 1e7), round(at.lon * 1e7), 80, 0))
                await asyncio.sleep(0)
            await asyncio.sleep(max(0.0, _CADENCE_S - (time.monotonic() - began)))

    def _somewhere(self) -> Point:
        return Point(
            CENTRE.lat + self._random.uniform(-_SPREAD_DEG, _SPREAD_DEG),
            CENTRE.lon + self._random.uniform(-_SPREAD_DEG, _SPREAD_DEG),
        )

    def _wish(self) -> bytes:
        origin = self._somewhere()
        return b'{"origin":{"lat":%.6f,"lon":%.6f,"name":"A"},"destination":{"lat":%.6f,"lon":%.6f,"name":"B"}}' % (
            origin.lat,
            origin.lon,
            origin.lat + 0.05,
            origin.lon + 0.04,
        )


@contextlib.asynccontextmanager
async def open_load(people: People, address: Address, *, connections: int) -> AsyncIterator[CallsLoad]:
    """A load whose drivers are connected."""
    load = CallsLoad(people, address, connections=connections)
    try:
        await load.open()
        yield load
    finally:
        await load.close()


def load_process(people: People, address: Address, customers: int, line: Connection) -> None:
    """Say `ready` on `line` when everybody is connected; then answer each number of seconds with Lives, until None."""

    async def work() -> None:
        async with open_load(people, address, connections=customers) as load:
            line.send("ready")
            loop = asyncio.get_running_loop()
            while (seconds := await loop.run_in_executor(None, line.recv)) is not None:
                line.send(await load.run(seconds, customers=customers))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())
