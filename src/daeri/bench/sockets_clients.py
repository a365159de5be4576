"""Thousands of driver apps in one process: plain sockets that speak just enough WebSocket and HTTP, paced."""

import socket
import struct
import time
from collections.abc import Callable, Sequence

_RECORD = struct.Struct("<qiiHH")
_BASE_LAT_E7, _BASE_LON_E7 = 374_000_000, 1_268_000_000
_STEP_MS = 10  # between two points of a frame; a driver strolls in it
_UPGRADE = (
    b"GET /live/driver HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_BEAT_S = 0.002
_PATIENCE_S = 30.0
_SHORT, _MIDDLE = 126, 65_536

Payload = Callable[[int, int], bytes]  # (driver, milliseconds) → what the driver sends


class Apps:
    """One connection a driver, signed in; `send_paced` goes round them so that no two frames share a read."""

    def __init__(self, port: int, tokens: Sequence[str], *, at_once: int = 64) -> None:
        self._sockets: list[socket.socket] = []
        for first in range(0, len(tokens), at_once):
            self._sockets += _connect(port, tokens[first : first + at_once])

    def __len__(self) -> int:
        return len(self._sockets)

    def send_paced(self, seconds: float, a_second: int, payload: Payload) -> int:
        """Send `a_second` payloads a second, one driver after the other; how many were sent."""
        started, sent = time.monotonic(), 0
        while (passed := time.monotonic() - started) < seconds:
            due = int(passed * a_second)
            at_ms = time.time_ns() // 1_000_000
            for number in range(sent, due):
                driver = number % len(self._sockets)
                self._sockets[driver].send(payload(driver, at_ms))
            sent = max(sent, due)
            time.sleep(_BEAT_S)
        return sent

    def close(self) -> None:
        for connection in self._sockets:
            connection.close()


class Posters:
    """Keep-alive HTTP connections that post one point each in turn and read every answer."""

    def __init__(self, port: int, tokens: Sequence[str]) -> None:
        self._heads = [_head(token) for token in tokens]
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in tokens]

    def post_paced(self, seconds: float, a_second: int) -> int:
        """Post on a few connections at a time; how many were answered with 202."""
        started, sent, answered = time.monotonic(), 0, 0
        while (passed := time.monotonic() - started) < seconds:
            due = min(int(passed * a_second), sent + len(self._sockets))
            at_ms = time.time_ns() // 1_000_000
            turn = [number % len(self._sockets) for number in range(sent, due)]
            for place in turn:
                self._sockets[place].sendall(self._heads[place] + points(1)(place, at_ms))
            answered += sum(_answer(self._sockets[place]).startswith(b"HTTP/1.1 202") for place in turn)
            sent = due
            time.sleep(_BEAT_S)
        return answered

    def close(self) -> None:
        for connection in self._sockets:
            connection.close()


def points(count: int) -> Payload:
    """`count` records, the last of them now, a step apart."""

    def build(driver: int, at_ms: int) -> bytes:
        lat, lon = _BASE_LAT_E7 + driver * 1_000, _BASE_LON_E7 + at_ms // _STEP_MS % 10_000_000
        return b"".join(
            _RECORD.pack(at_ms - _STEP_MS * (count - 1 - place), lat, lon + place, 80, 0) for place in range(count)
        )

    return build


def frames(count: int, of_points: int) -> Payload:
    """`count` frames in one write, so that the server reads them together."""
    inner = points(of_points)

    def build(driver: int, at_ms: int) -> bytes:
        return b"".join(frame(0x82, inner(driver, at_ms - count + 1 + place)) for place in range(count))

    return build


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame; its mask is nought, which leaves the payload as it is."""
    size = len(payload)
    if size < _SHORT:
        return bytes((opcode, 0x80 | size)) + bytes(4) + payload
    if size < _MIDDLE:
        return bytes((opcode, 0x80 | _SHORT)) + size.to_bytes(2, "big") + bytes(4) + payload
    raise ValueError("no benchmark sends such frames")


def _connect(port: int, tokens: Sequence[str]) -> list[socket.socket]:
    """Connect, say hello and wait for the welcome, all of them together."""
    made = [socket.create_connection(("127.0.0.1", port)) for _ in tokens]
    for connection in made:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(_UPGRADE)
    for connection, token in zip(made, tokens, strict=True):
        _wait_for(connection, b"\r\n\r\n")
        connection.sendall(frame(0x81, b'{"type":"hello","token":"%s"}' % token.encode()))
    for connection in made:
        _wait_for(connection, b'"type":"welcome"')
    return made


def _wait_for(connection: socket.socket, words: bytes) -> None:
    heard = b""
    connection.settimeout(_PATIENCE_S)
    while words not in heard:
        part = connection.recv(65_536)
        if not part:
            raise ConnectionError("the server hung up")
        heard += part
    connection.settimeout(None)


def _answer(connection: socket.socket) -> bytes:
    """One answer; its head and its small JSON body may come apart."""
    heard = b""
    while not heard.endswith(b"}"):
        part = connection.recv(4_096)
        if not part:
            raise ConnectionError("the server hung up")
        heard += part
    return heard


def _head(token: str) -> bytes:
    return (
        b"POST /api/v1/driver/positions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Length: 20\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n"
    )
