"""What load processes are made of: a lean HTTP client on kept connections, a driver's socket, and latencies."""

import asyncio
import itertools
import math
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import cast

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from daeri.bench.stage import HOST

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_WELCOME_WITHIN_S = 60.0


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds over `count` samples."""

    count: int
    p50_ms: float
    p99_ms: float


def spread(seconds: Sequence[float]) -> Spread:
    """Nearest-rank percentiles of durations in seconds; 0 without samples."""
    ordered = sorted(seconds)

    def rank(share: float) -> float:
        return round(ordered[math.ceil(share * len(ordered)) - 1] * 1000, 2) if ordered else 0.0

    return Spread(len(ordered), rank(0.50), rank(0.99))


class Refused(Exception):
    """An answer that no load expects."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {_code(body)}")


class HttpClient:
    """Commands to the API on up to `connections` kept connections. `seconds` has the time of each, by its kind."""

    def __init__(self, port: int, *, connections: int = 64) -> None:
        self._port = port
        self._idle: list[_Connection] = []
        self._room = asyncio.Semaphore(connections)
        self._run = secrets.token_hex(6)
        self._numbers = itertools.count()
        self.seconds: dict[str, list[float]] = defaultdict(list)

    async def command(self, kind: str, token: str, path: str, body: bytes = b"{}") -> bytes:
        """POST with an idempotency key of its own; Refused unless it is a success."""
        key = f"bench-{self._run}-{next(self._numbers)}"
        began = time.monotonic()
        answer = await self._answer(_request(token, key, path, body))
        self.seconds[kind].append(time.monotonic() - began)
        return answer

    async def read(self, path: str) -> bytes:
        """GET without a token; Refused unless it is a success."""
        return await self._answer(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())

    def close(self) -> None:
        for connection in self._idle:
            connection.close()

    async def _answer(self, request: bytes) -> bytes:
        async with self._room:
            connection, status, body = await self._exchange(request)
            self._idle.append(connection)
        if status >= 400:
            raise Refused(status, body)
        return body

    async def _exchange(self, request: bytes) -> "tuple[_Connection, int, bytes]":
        """A kept connection may just have been closed; a new one is tried then, with the same key."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                try:
                    return connection, *await connection.exchange(request)
                except ConnectionError:
                    continue
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, HOST, self._port)
        return connection, *await connection.exchange(request)


class _Connection(asyncio.Protocol):
    """One request at a time; every answer of the program has a Content-Length, or is 204."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._heard = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        end = self._heard.find(_END_OF_HEAD)
        if end < 0 or self._waiting is None:
            return
        head = self._heard[:end].lower()
        body_at, size = end + len(_END_OF_HEAD), _content_length(head)
        if len(self._heard) >= body_at + size:
            answer = int(head[9:12]), self._heard[body_at : body_at + size]
            self._heard = self._heard[body_at + size :]
            waiting, self._waiting = self._waiting, None
            if not waiting.done():  # who asked may have been cancelled
                waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError("the server hung up"))

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._transport is None:
            raise ConnectionResetError("the server hung up")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class DriverSocket(WSListener):
    """An app's or a gateway's socket; `heard` gets every text frame after the welcome."""

    def __init__(self, token: str, heard: Callable[[bytes], None]) -> None:
        self._token = token
        self._heard = heard
        self._transport: WSTransport | None = None
        self.welcomed: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        transport.send(WSMsgType.TEXT, b'{"type":"hello","token":"%s"}' % self._token.encode())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            payload = frame.get_payload_as_bytes()
            if self.welcomed.done():
                self._heard(payload)
            else:
                self.welcomed.set_result(payload)
        elif frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), None)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        if not self.welcomed.done():
            self.welcomed.set_exception(ConnectionResetError("closed before the welcome"))

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def send_records(self, records: bytes) -> None:
        """Position records; nothing when the socket has gone."""
        if self._transport is not None:
            self._transport.send(WSMsgType.BINARY, records)

    def send_text(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, message)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.disconnect()


async def open_socket(url: str, token: str, heard: Callable[[bytes], None]) -> DriverSocket:
    """Connect, say hello and wait for the welcome."""
    _, listener = await ws_connect(
        lambda: DriverSocket(token, heard), url, max_frame_size=16_777_216, read_buffer_init_size=2_048
    )
    if not isinstance(listener, DriverSocket):
        raise TypeError("not our listener")
    await asyncio.wait_for(listener.welcomed, _WELCOME_WITHIN_S)
    return listener


class _Problem(msgspec.Struct, frozen=True):
    code: str = "unknown"


def _code(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Problem).code
    except msgspec.DecodeError:
        return "unknown"


def _request(token: str, key: str, path: str, body: bytes) -> bytes:
    return (
        f"POST /api/v1{path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _content_length(head: bytes) -> int:
    at = head.find(_LENGTH)
    if at < 0:
        return 0
    return int(head[at + len(_LENGTH) :].partition(b"\r\n")[0])
