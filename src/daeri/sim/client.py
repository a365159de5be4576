"""The public API over HTTP: one method a command, retried with the same idempotency key until it is answered."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count
from typing import TypeVar

import aiohttp
import msgspec

from daeri.sim.wire import (
    Call,
    Cancel,
    Count,
    DriverIds,
    DriverView,
    Duty,
    Handles,
    NewCall,
    Place,
    Problem,
    Step,
    Until,
)

Answer = TypeVar("Answer")
_JSON = "application/json"
_BINARY = "application/octet-stream"
_MOST_POSITIONS_BYTES = 24 * 2_500  # the server takes 65,536 bytes
_CONNECTIONS = 64
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 4.0


class Refusal(Exception):
    """The server understood and said no: a 4xx with its stable code."""

    def __init__(self, status: int, code: str, detail: str | None) -> None:
        self.status = status
        self.code = code
        super().__init__(f"{status} {code}: {detail or ''}")


class Unreachable(Exception):
    """No answer, or only 5xx, for as long as we were willing to try."""


class Api:
    """Commands of the public API at `/api/v1`. Every method raises Refusal or Unreachable.

    `patience_s` bounds the time that one command is retried for.
    """

    def __init__(self, http: aiohttp.ClientSession, base_url: str, *, patience_s: float = 30.0) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._patience_s = patience_s
        self._run = secrets.token_hex(8)
        self._numbers = count(1)
        self.requests = 0

    def new_key(self) -> str:
        """An idempotency key that no other run uses."""
        return f"sim-{self._run}-{next(self._numbers)}"

    async def request_call(self, token: str, call: NewCall) -> Call:
        return _decode(await self._command(token, "/calls", call), Call)

    async def call(self, token: str, call_id: str) -> Call:
        return _decode(await self._send("GET", f"/calls/{call_id}", token), Call)

    async def cancel(self, token: str, call_id: str, reason: str) -> Call:
        return _decode(await self._command(token, f"/calls/{call_id}/cancel", Cancel(reason)), Call)

    async def driver(self, token: str) -> DriverView:
        return _decode(await self._send("GET", "/driver", token), DriverView)

    async def go_on_duty(self, token: str, position: Place) -> None:
        await self._command(token, "/driver/duty", Duty(on=True, position=position))

    async def go_off_duty(self, token: str) -> None:
        await self._command(token, "/driver/duty", Duty(on=False))

    async def accept(self, token: str, offer_id: str) -> Call:
        return _decode(await self._command(token, f"/driver/offers/{offer_id}/accept", None), Call)

    async def decline(self, token: str, offer_id: str) -> None:
        await self._command(token, f"/driver/offers/{offer_id}/decline", None)

    async def take(self, token: str, call_id: str) -> Call:
        return await self.drive(token, call_id, "take")

    async def drive(self, token: str, call_id: str, step: str) -> Call:
        """`step` is take, arrive, start, complete or cancel."""
        return _decode(await self._command(token, f"/driver/calls/{call_id}/{step}", None), Call)

    async def handles(self, token: str, driver_ids: list[str]) -> list[int | None]:
        """The gateway's short names of its drivers; None for one that it may not report."""
        return _decode(await self._command(token, "/driver/handles", DriverIds(driver_ids)), Handles).handles

    async def gateway_positions(self, token: str, records: bytes) -> None:
        """`records`: 24 bytes each, see `daeri.sim.fleet.RECORD`; sent in bodies that the server takes."""
        for first in range(0, len(records), _MOST_POSITIONS_BYTES):
            body = records[first : first + _MOST_POSITIONS_BYTES]
            await self._send("POST", "/driver/positions", token, body=body, content_type=_BINARY)

    async def step(self, token: str, until: datetime) -> Step:
        return _decode(await self._command(token, "/replay/step", Until(until)), Step)

    async def double_assignments(self, token: str) -> int:
        return _decode(await self._send("GET", "/figures/double-assignments", token), Count).count

    async def _command(self, token: str, path: str, body: msgspec.Struct | None) -> bytes:
        encoded = b"{}" if body is None else msgspec.json.encode(body)
        return await self._send("POST", path, token, body=encoded, key=self.new_key())

    async def _send(
        self,
        method: str,
        path: str,
        token: str,
        *,
        body: bytes | None = None,
        key: str | None = None,
        content_type: str = _JSON,
    ) -> bytes:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
        if key is not None:
            headers["Idempotency-Key"] = key
        give_up_at = asyncio.get_running_loop().time() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        while True:
            answer = await self._try(method, f"/api/v1{path}", headers, body)
            if isinstance(answer, bytes):
                return answer
            if asyncio.get_running_loop().time() + pause_s > give_up_at:
                raise Unreachable(f"{method} {path}: {answer}")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _try(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> bytes | str:
        """The body of the answer, or in words why it is worth trying again."""
        self.requests += 1
        url = self._base_url + path
        try:
            async with self._http.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
                status, content = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"{type(error).__name__} {error}"
        if status < 400:
            return content
        problem = _problem(content)
        # A key in flight belongs to our own lost attempt: its effect will be the answer.
        if status >= 500 or status == 429 or problem.code == "in_progress":
            return f"{status} {problem.code}"
        raise Refusal(status, problem.code, problem.detail)


@asynccontextmanager
async def open_api(base_url: str, *, patience_s: float = 30.0, timeout_s: float = 20.0) -> AsyncIterator[Api]:
    """An Api on its own pool of connections to `base_url` (scheme, host and port)."""
    connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeout_s, sock_read=timeout_s)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Api(http, base_url, patience_s=patience_s)


def _decode(body: bytes, kind: type[Answer]) -> Answer:
    return msgspec.json.decode(body, type=kind)


def _problem(body: bytes) -> Problem:
    try:
        return _decode(body, Problem)
    except msgspec.DecodeError:
        return Problem()
