"""A small server that speaks the public API's contract from memory, so that the simulation is tested by itself.

It matches each call with the nearest free driver, exclusively, and steps its clock in replay mode. `breaks` makes it
answer 503 or hang up; `forget` makes it lose calls.
"""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from daeri.kernel.geo import Point, distance_m
from daeri.sim.tokens import Holder, TokenHolder, TokensFile

Json = dict[str, object]


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


@dataclass
class StubDriver:
    id: str
    on: bool = False
    point: Point | None = None
    call: "StubCall | None" = None
    card: str | None = None
    socket: ServerConnection | None = None
    reports: int = 0


@dataclass
class StubCall:
    id: str
    customer: str
    origin: Json
    destination: Json
    requested_at: datetime
    expires_at: datetime
    state: str = "requested"
    driver: str | None = None
    assigned_at: datetime | None = None
    tried: set[str] = field(default_factory=set)
    offer: tuple[str, str, datetime] | None = None  # id, driver, expires_at

    def show(self) -> Json:
        shown: Json = {"id": self.id, "number": "X", "version": 1, "state": self.state, "origin": self.origin}
        shown |= {"destination": self.destination, "requested_at": self.requested_at.isoformat()}
        shown |= {"assigned_at": self.assigned_at.isoformat() if self.assigned_at else None}
        return shown | {"expires_at": self.expires_at.isoformat()}

    def origin_point(self) -> Point:
        return Point(float(self.origin["lat"]), float(self.origin["lon"]))  # type: ignore[arg-type] -- our own numbers


class StubServer:
    def __init__(self, *, fleet: int, customers: int, start: datetime | None, radius_m: float = 3000) -> None:
        self.now = start or datetime.now(UTC)
        self.is_stepped = start is not None
        self.radius_m = radius_m
        self.drivers = {f"d{n}": StubDriver(f"d{n}") for n in range(fleet)}
        self.customers = {f"c{n}" for n in range(customers)}
        self.calls: dict[str, StubCall] = {}
        self.offers: dict[str, StubCall] = {}
        self.answers: dict[str, tuple[int, object]] = {}
        self.breaks: Callable[[str, int], str | None] = lambda path, count: None
        self.forget: set[str] = set()
        self.messages: list[Json] = []
        self.double_assigned = 0
        self.requests: list[tuple[str, str, str | None]] = []
        self.base_url = self.socket_url = ""
        self.handles: list[str] = []

    @property
    def tokens(self) -> TokensFile:
        return TokensFile(
            base_company="demo",
            drivers=[Holder(id_, id_) for id_ in self.drivers],
            customers=[Holder(id_, id_) for id_ in sorted(self.customers)],
            gateway=TokenHolder("gateway"),
            admin=TokenHolder("admin"),
        )

    # HTTP.

    async def serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        token, key = headers["authorization"].removeprefix("Bearer "), headers.get("idempotency-key")
        self.requests.append((method, path, key))
        failure = self.breaks(path, len(self.requests))
        if failure == "before":
            return await self._answer(writer, 503, {"code": "unavailable"})
        if failure == "refuse":
            return await self._answer(writer, 401, {"code": "not_signed_in"})
        status, answer = self._once(key, method, path.removeprefix("/api/v1"), token, body)
        if failure == "after":
            return False
        return await self._answer(writer, status, answer)

    async def _answer(self, writer: asyncio.StreamWriter, status: int, answer: object) -> bool:
        content = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        return True

    def _once(self, key: str | None, method: str, path: str, token: str, body: bytes) -> tuple[int, object]:
        if key is not None and key in self.answers:
            return self.answers[key]
        if method == "POST" and key is None and path != "/driver/positions":
            return 400, {"code": "idempotency_key_required"}
        try:
            answer = (200, self._route(method, path.split("/")[1:], token, body))
        except Refused as refused:
            answer = (refused.status, {"code": refused.code})
        if key is not None:
            self.answers[key] = answer
        return answer

    def _route(self, method: str, parts: list[str], token: str, body: bytes) -> object:  # noqa: C901 -- one line a route
        if not self.is_stepped:
            self.now = datetime.now(UTC)
        match method, parts:
            case "POST", ["calls"]:
                return self._request(token, json.loads(body))
            case "GET", ["calls", id_]:
                return self._call(id_, token).show()
            case "POST", ["calls", id_, "cancel"]:
                return self._cancel(self._call(id_, token)).show()
            case "GET", ["driver"]:
                return self._driver_view(self.drivers[token])
            case "POST", ["driver", "duty"]:
                return self._duty(self.drivers[token], json.loads(body))
            case "POST", ["driver", "positions"]:
                return self._positions(body)
            case "POST", ["driver", "handles"]:
                self.handles = json.loads(body)["ids"]
                return {"handles": list(range(len(self.handles)))}
            case "POST", ["driver", "offers", id_, answer]:
                return self._answer_offer(self.drivers[token], id_, answer)
            case "POST", ["driver", "calls", id_, step]:
                return self._drive(self.drivers[token], self.calls[id_], step).show()
            case "POST", ["replay", "step"]:
                return self._step(datetime.fromisoformat(json.loads(body)["until"]))
            case "GET", ["figures", "double-assignments"]:
                return {"count": self.double_assigned}
        raise Refused(404, "not_found")

    # Commands.

    def _request(self, customer: str, body: Json) -> Json:
        if any(call.customer == customer and call.state in _OPEN for call in self.calls.values()):
            raise Refused(409, "already_waiting")
        id_ = f"call{len(self.calls)}"
        expires_at = self.now + timedelta(seconds=300)
        call = StubCall(id_, customer, body["origin"], body["destination"], self.now, expires_at)  # type: ignore[arg-type] -- ours
        self.calls[id_] = call
        return call.show()

    def _call(self, id_: str, customer: str) -> StubCall:
        call = self.calls.get(id_)
        if call is None or call.customer != customer or id_ in self.forget:
            raise Refused(404, "not_found")
        return call

    def _cancel(self, call: StubCall) -> StubCall:
        if call.state not in ("requested", "assigned"):
            raise Refused(409, "illegal_move")
        self._end(call, "cancelled_before_assignment" if call.driver is None else "cancelled_after_assignment")
        return call

    def _duty(self, driver: StubDriver, body: Json) -> Json:
        driver.on = bool(body["on"])
        if driver.on:
            position = body["position"]
            driver.point = Point(position["lat"], position["lon"])  # type: ignore[index] -- ours
        return {}

    def _positions(self, body: bytes) -> Json:
        for handle, _, lat, lon, _, _ in struct.iter_unpack("<IqiiHH", body):
            driver = self.drivers[self.handles[handle]]
            driver.point, driver.reports = Point(lat / 1e7, lon / 1e7), driver.reports + 1
        return {"accepted": len(body) // 24, "dropped": {}}

    def _answer_offer(self, driver: StubDriver, id_: str, answer: str) -> Json:
        call = self.offers.get(id_)
        if call is None or call.offer is None or call.offer[0] != id_ or driver.call is not None:
            raise Refused(410, "offer_closed")
        self._close_offer(call)
        if answer == "decline":
            return {}
        call.state, call.driver, call.assigned_at, driver.call = "assigned", driver.id, self.now, call
        self._tell(call)
        return call.show()

    def _drive(self, driver: StubDriver, call: StubCall, step: str) -> StubCall:
        if call.driver != driver.id or (call.state, step) not in _MOVES:
            raise Refused(409, "illegal_move")
        call.state = _MOVES[call.state, step]
        if call.state in ("completed", "requested"):
            driver.call = None
        if call.state == "requested":
            call.driver = None
        self._tell(call)
        return call

    def _driver_view(self, driver: StubDriver) -> Json:
        offers = [self._card(call) for call in self.calls.values() if call.offer and call.offer[1] == driver.id]
        view: Json = {"duty": "on" if driver.on else "off", "offers": offers, "socket": self.socket_url}
        return view | {"call": driver.call.show() if driver.call else None, "cadence_s": 0.3}

    # Ticks.

    def _step(self, until: datetime) -> Json:
        ticks = 0
        while self.now < until:
            self.now = min(until, self.now + timedelta(seconds=1))
            self.tick()
            ticks += 1
        told, self.messages = self.messages, []
        return {"now": self.now.isoformat(), "ticks": ticks, "messages": told}

    def tick(self) -> None:
        for call in [call for call in self.calls.values() if call.state == "requested"]:
            if call.offer is not None and call.offer[2] <= self.now:
                self._close_offer(call, say=True)
            if call.expires_at <= self.now:
                self._end(call, "expired")
            elif call.offer is None:
                self._offer(call)

    def _offer(self, call: StubCall) -> None:
        free = [d for d in self.drivers.values() if d.on and not d.call and not d.card and d.id not in call.tried]
        at = call.origin_point()
        ranked = sorted((distance_m(d.point, at), d.id) for d in free if d.point is not None)
        if not ranked or ranked[0][0] > self.radius_m:
            call.tried.clear()
            return
        driver = self.drivers[ranked[0][1]]
        id_ = f"offer{len(self.offers)}"
        call.offer, driver.card = (id_, driver.id, self.now + timedelta(seconds=10)), id_
        call.tried.add(driver.id)
        self.offers[id_] = call
        self._push(driver.id, {"type": "offer", "offer": self._card(call)})

    def _card(self, call: StubCall) -> Json:
        id_ = call.offer[0] if call.offer else None
        return {"offer_id": id_, "call_id": call.id, "origin": call.origin, "destination": call.destination}

    def _close_offer(self, call: StubCall, *, say: bool = False) -> None:
        if call.offer is None:
            return
        id_, driver_id, _ = call.offer
        call.offer, self.drivers[driver_id].card = None, None
        if say:
            self._push(driver_id, {"type": "offer_closed", "offer_id": id_, "reason": "ran_out"})

    def _end(self, call: StubCall, state: str) -> None:
        self._close_offer(call, say=True)
        call.state = state
        self._tell(call)
        if call.driver is not None:
            self.drivers[call.driver].call = None

    def _tell(self, call: StubCall) -> None:
        self.messages.append({"type": "call", "customer_id": call.customer, "call": call.show()})
        if call.driver is not None:
            self._push(call.driver, {"type": "call", "call": call.show()})

    def _push(self, driver_id: str, message: Json) -> None:
        self.messages.append(message | {"driver_id": driver_id})
        socket = self.drivers[driver_id].socket
        if socket is not None:
            asyncio.get_running_loop().create_task(_send(socket, message))

    # Sockets.

    async def serve_socket(self, socket: ServerConnection) -> None:
        driver = self.drivers[json.loads(await socket.recv())["token"]]
        driver.socket = socket
        await socket.send(json.dumps({"type": "welcome"} | self._driver_view(driver)))
        try:
            async for frame in socket:
                _, lat, lon, _, _ = struct.unpack("<qiiHH", frame)  # type: ignore[arg-type] -- agents send bytes
                driver.point, driver.reports = Point(lat / 1e7, lon / 1e7), driver.reports + 1
        except ConnectionClosed:
            pass
        finally:
            driver.socket = None

    async def drop_sockets(self) -> None:
        for driver in self.drivers.values():
            if driver.socket is not None:
                await driver.socket.close(1012)

    async def keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            self.now = datetime.now(UTC)
            self.tick()
            self.messages.clear()


_OPEN = ("requested", "assigned", "arrived", "driving")
_MOVES = {
    ("assigned", "arrive"): "arrived",
    ("arrived", "start"): "driving",
    ("driving", "complete"): "completed",
    ("assigned", "cancel"): "requested",
}


async def _send(socket: ServerConnection, message: Json) -> None:
    with suppress(ConnectionError, ConnectionClosed):
        await socket.send(json.dumps(message))


OpenStub = Callable[..., AbstractAsyncContextManager[StubServer]]


@asynccontextmanager
async def open_stub(
    *, fleet: int = 20, customers: int = 40, start: datetime | None = None, radius_m: float = 3000
) -> AsyncIterator[StubServer]:
    stub = StubServer(fleet=fleet, customers=customers, start=start, radius_m=radius_m)
    handler: Callable[[ServerConnection], Awaitable[None]] = stub.serve_socket
    async with serve(handler, "127.0.0.1", 0) as sockets:
        http = await asyncio.start_server(stub.serve_http, "127.0.0.1", 0)
        stub.socket_url = f"ws://127.0.0.1:{next(iter(sockets.sockets)).getsockname()[1]}/live/driver"
        stub.base_url = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}"
        ticking = asyncio.create_task(asyncio.sleep(0) if stub.is_stepped else stub.keep_ticking())
        try:
            yield stub
        finally:
            ticking.cancel()
            http.close()


@pytest.fixture
def stub_server() -> OpenStub:
    return open_stub
