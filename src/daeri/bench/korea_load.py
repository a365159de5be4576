"""The load processes of `bench korea`: drivers on sockets of their own, drivers behind gateways, customers.

A driver answers a card after a moment, arrives and starts soon after, and then drives on; instead, those who have been
driving since before complete their drives at the pace at which calls come in. So the night stays as it is.
"""

import asyncio
import random
import struct
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import numpy as np
import uvloop
from numpy.typing import NDArray

from daeri.bench.load import DriverSocket, HttpClient, Refused, open_socket
from daeri.bench.stage import Address
from daeri.kernel.geo import METRES_PER_DEGREE, Point
from daeri.sim.fleet import RECORD
from daeri.sim.tokens import Holder

Floats = NDArray[np.float64]

CADENCE_S = 3.0
_SPEED_MPS = 9.0
_ACCURACY_DM = 80
_REACTION_S = (0.5, 3.0)
_PICKUP_S = (2.0, 5.0)
_BEAT_S = 0.01
_BATCH = 1_000  # records of one frame of a gateway
_SIGN_INS_AT_ONCE = 64
_OWN_RECORD = struct.Struct("<qiiHH")


@dataclass(frozen=True, slots=True)
class Squad:
    """Drivers of one load process, and how many of their drives end a second."""

    holders: list[Holder]
    lat: Floats
    lon: Floats
    call_ids: list[str | None]
    completions_per_s: float
    gateway_token: str | None = None  # None: each on a socket of their own
    drivers_a_gateway: int = 10_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """Customers: where they ask from, in that order, and how many a second."""

    holders: list[Holder]
    origins: list[Point]
    calls_per_s: float


@dataclass(slots=True)
class Heard:
    """What a load process has seen since it was told to measure. Instants are of the machine's monotonic clock."""

    asked_at: dict[str, float] = field(default_factory=dict)  # by call
    carded_at: dict[str, float] = field(default_factory=dict)  # by call, its first card
    offers: set[str] = field(default_factory=set)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    positions_sent: int = 0
    cpu_s: float = 0.0
    longest_lag_s: float = 0.0


class _Card(msgspec.Struct, frozen=True):
    offer_id: str
    call_id: str


class _Message(msgspec.Struct, frozen=True):
    type: str
    driver_id: str | None = None
    offer: _Card | None = None
    handles: list[int | None] | None = None


class _Call(msgspec.Struct, frozen=True):
    id: str


_MESSAGES = msgspec.json.Decoder(_Message)
_CALLS = msgspec.json.Decoder(_Call)


class _Part:
    """What drivers and customers share: HTTP, what was seen, tasks that are not forgotten."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.http = HttpClient(address.port, connections=32)
        self.heard = Heard()
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def command(self, kind: str, token: str, path: str, body: bytes = b"{}") -> bytes | None:
        """The answer, or None when it was refused, which is counted."""
        try:
            answer = await self.http.command(kind, token, path, body)
        except (Refused, ConnectionError) as error:
            self.heard.errors[f"{kind}: {error}"[:160]] += 1
            return None
        self.heard.counts[kind] += 1
        return answer

    def begin(self) -> None:
        """Forget what was seen; from now on it counts."""
        self.heard = Heard()
        self.http.seconds.clear()

    def end(self) -> None:
        """Nothing that is sent from now on counts."""
        self.heard.positions_sent = self.heard.counts["positions"]

    def result(self) -> Heard:
        self.heard.latencies = dict(self.http.seconds)
        return self.heard

    async def every(self, a_second: float, act: Callable[[], Awaitable[None] | None]) -> None:
        """Call `act` at that pace, catching up where the loop was late, and note how late it was."""
        if a_second <= 0:
            return
        began, done = time.monotonic(), 0
        while True:
            due_at = began + (done + 1) / a_second
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))
            self.heard.longest_lag_s = max(self.heard.longest_lag_s, time.monotonic() - due_at)
            act()
            done += 1

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.http.close()


class DriverLoad(_Part):
    """One squad: signs in, reports, answers."""

    def __init__(self, squad: Squad, address: Address) -> None:
        super().__init__(address)
        self._squad = squad
        self._number = {holder.id: number for number, holder in enumerate(squad.holders)}
        self._driving = {number: call_id for number, call_id in enumerate(squad.call_ids) if call_id is not None}
        self._to_end = list(self._driving)
        random.shuffle(self._to_end)
        heading = np.random.default_rng(len(squad.holders)).uniform(0, 2 * np.pi, len(squad.holders))
        step = _SPEED_MPS / METRES_PER_DEGREE
        self._moves = np.array([number in self._driving for number in range(len(squad.holders))])
        self._lat, self._lon = squad.lat.copy(), squad.lon.copy()
        self._north = np.cos(heading) * step
        self._east = np.sin(heading) * step / np.cos(np.radians(squad.lat))
        self._sockets: list[DriverSocket] = []
        self._handles: list[NDArray[np.uint32]] = []
        self._sent = 0

    async def open(self) -> None:
        """Sign everybody in."""
        if self._squad.gateway_token is not None:
            await self._open_gateways(self._squad.gateway_token)
            return
        url = self.address.driver_url
        for first in range(0, len(self._squad.holders), _SIGN_INS_AT_ONCE):
            holders = self._squad.holders[first : first + _SIGN_INS_AT_ONCE]
            self._sockets += await asyncio.gather(
                *(open_socket(url, holder.access_token, partial(self._take, holder.id)) for holder in holders)
            )

    def start(self) -> None:
        """Report positions, answer cards and end drives until `close`."""
        if self._squad.gateway_token is None:
            self.spawn(self.every(1 / _BEAT_S, self._report_own))
        else:
            batches = sum(-(-len(handles) // _BATCH) for handles in self._handles)
            self.spawn(self.every(batches / CADENCE_S, self._report_batch))
        self.spawn(self.every(self._squad.completions_per_s, self._complete_one))

    def result(self) -> Heard:
        self.heard.counts["sockets open"] = sum(socket.is_open for socket in self._sockets)
        self.heard.counts["sockets"] = len(self._sockets)
        return super().result()

    async def close(self) -> None:
        await super().close()
        for socket in self._sockets:
            socket.close()

    async def _open_gateways(self, token: str) -> None:
        size = self._squad.drivers_a_gateway
        for first in range(0, len(self._squad.holders), size):
            ids = [holder.id for holder in self._squad.holders[first : first + size]]
            named: asyncio.Future[list[int | None]] = asyncio.get_running_loop().create_future()
            socket = await open_socket(self.address.driver_url, token, partial(self._take_of_gateway, named))
            socket.send_text(msgspec.json.encode({"type": "drivers", "ids": ids}))
            handles = await asyncio.wait_for(named, 60.0)
            if None in handles:
                raise ValueError("the server does not know some of the gateway's drivers")
            self._sockets.append(socket)
            self._handles.append(np.array(handles, dtype=np.uint32))

    def _take_of_gateway(self, named: "asyncio.Future[list[int | None]]", payload: bytes) -> None:
        message = _MESSAGES.decode(payload)
        if message.type == "handles" and message.handles is not None and not named.done():
            named.set_result(message.handles)
        elif message.driver_id is not None:
            self._hear(message.driver_id, message)

    def _take(self, driver_id: str, payload: bytes) -> None:
        self._hear(driver_id, _MESSAGES.decode(payload))

    def _hear(self, driver_id: str, message: _Message) -> None:
        self.heard.counts[f"heard {message.type}"] += 1
        if message.type == "offer" and message.offer is not None:
            self.heard.carded_at.setdefault(message.offer.call_id, time.monotonic())
            self.heard.offers.add(message.offer.offer_id)
            self.spawn(self._answer(self._number[driver_id], message.offer))

    async def _answer(self, number: int, card: _Card) -> None:
        token = self._squad.holders[number].access_token
        await asyncio.sleep(random.uniform(*_REACTION_S))
        if await self.command("accept", token, f"/driver/offers/{card.offer_id}/accept") is None:
            return
        await asyncio.sleep(random.uniform(*_PICKUP_S))
        await self.command("arrive", token, f"/driver/calls/{card.call_id}/arrive")
        await asyncio.sleep(random.uniform(*_PICKUP_S))
        if await self.command("start", token, f"/driver/calls/{card.call_id}/start") is not None:
            self._moves[number] = True
            self._driving[number] = card.call_id
            self._to_end.insert(0, number)

    def _complete_one(self) -> None:
        if self._to_end:
            self.spawn(self._complete(self._to_end.pop()))

    async def _complete(self, number: int) -> None:
        token = self._squad.holders[number].access_token
        self._moves[number] = False
        await self.command("complete", token, f"/driver/calls/{self._driving.pop(number)}/complete")

    def _report_own(self) -> None:
        """The next drivers in turn, a frame each, so that all of them have reported after a cadence."""
        count = len(self._sockets)
        self._sent += 1
        last = int(self._sent * _BEAT_S / CADENCE_S * count)
        first = int((self._sent - 1) * _BEAT_S / CADENCE_S * count)
        at_ms = time.time_ns() // 1_000_000
        for turn in range(first, last):
            number = turn % count
            self._move(slice(number, number + 1))
            lat, lon = round(self._lat[number] * 1e7), round(self._lon[number] * 1e7)
            self._sockets[number].send_records(_OWN_RECORD.pack(at_ms, lat, lon, _ACCURACY_DM, 0))
        self.heard.counts["positions"] += last - first

    def _report_batch(self) -> None:
        """The next thousand drivers behind a gateway."""
        place = self._sent
        self._sent += 1
        batches = [-(-len(handles) // _BATCH) for handles in self._handles]
        place %= sum(batches)
        socket = 0
        while place >= batches[socket]:
            place -= batches[socket]
            socket += 1
        handles = self._handles[socket][place * _BATCH : (place + 1) * _BATCH]
        first = socket * self._squad.drivers_a_gateway + place * _BATCH
        rows = slice(first, first + len(handles))
        self._move(rows)
        records = np.zeros(len(handles), dtype=RECORD)
        records["handle"], records["at_ms"] = handles, time.time_ns() // 1_000_000
        records["lat"], records["lon"] = np.rint(self._lat[rows] * 1e7), np.rint(self._lon[rows] * 1e7)
        records["accuracy"] = _ACCURACY_DM
        self._sockets[socket].send_records(records.tobytes())
        self.heard.counts["positions"] += len(handles)

    def _move(self, rows: slice) -> None:
        moved = self._moves[rows] * CADENCE_S
        self._lat[rows] += self._north[rows] * moved
        self._lon[rows] += self._east[rows] * moved


class CustomerLoad(_Part):
    """Customers who ask for a driver, one after the other."""

    def __init__(self, crowd: Crowd, address: Address) -> None:
        super().__init__(address)
        self._crowd = crowd
        self._asked = 0

    async def open(self) -> None:
        """Nothing to be done: customers are no one's socket."""

    def start(self) -> None:
        self.spawn(self.every(self._crowd.calls_per_s, lambda: self.spawn(self._ask())))

    async def _ask(self) -> None:
        number, self._asked = self._asked, self._asked + 1
        origin = self._crowd.origins[number % len(self._crowd.origins)]
        holder = self._crowd.holders[number % len(self._crowd.holders)]
        body = b'{"origin":{"lat":%.6f,"lon":%.6f},"destination":{"lat":%.6f,"lon":%.6f}}' % (
            origin.lat,
            origin.lon,
            origin.lat + 0.05,
            origin.lon + 0.05,
        )
        at = time.monotonic()
        answer = await self.command("request", holder.access_token, "/calls", body)
        if answer is not None:
            self.heard.asked_at[_CALLS.decode(answer).id] = at


def load_process(work: Sequence[Squad | Crowd], address: Address, line: Connection) -> None:
    """Connect and say `ready`; then obey `start`, `measure`, `end`, `stop`.

    What was on its way at the `end` may still arrive; `stop` is answered with a Heard for each part.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_obey(work, address, line))


async def _obey(work: Sequence[Squad | Crowd], address: Address, line: Connection) -> None:
    parts = [DriverLoad(one, address) if isinstance(one, Squad) else CustomerLoad(one, address) for one in work]
    for part in parts:
        await part.open()
    line.send("ready")
    loop = asyncio.get_running_loop()
    before_cpu_s = 0.0
    while (word := await loop.run_in_executor(None, line.recv)) != "stop":
        for part in parts:
            match word:
                case "start":
                    part.start()
                case "measure":
                    part.begin()
                case "end":
                    part.end()
        if word == "measure":
            before_cpu_s = time.process_time()
        elif word == "end":
            parts[0].heard.cpu_s = time.process_time() - before_cpu_s
    line.send([part.result() for part in parts])
    for part in parts:
        await part.close()
