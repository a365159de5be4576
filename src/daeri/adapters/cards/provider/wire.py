"""Requests and replies of the sandbox provider as values, and the ASGI around them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from daeri.adapters.cards.provider.protocol import Problem, Refused

DROP: Final = "sandbox.drop"  # the extension by which a connection ends without another byte
LONGEST_BODY: Final = 65_536
HANG_S: Final = 120.0  # nobody waits longer

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class Request:
    """`parts` are what the route's pattern caught of the path; names of headers are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    parts: tuple[str, ...] = ()

    def decode(self, kind: type[Body]) -> Body:
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(Problem.BAD_REQUEST) from error


class Fate(Enum):
    """What becomes of a reply."""

    SENT = auto()
    HANGS = auto()  # whoever asked waits in vain
    DROPS = auto()  # the connection ends without another byte


@dataclass(frozen=True, slots=True)
class Reply:
    """`again` gives the reply to the same request with the same idempotency key, where that is not this one."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    fate: Fate = Fate.SENT
    again: Callable[[], "Reply"] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """`refuse` says no in the words of the face that the route belongs to; faults strike what `can_fail`."""

    method: str
    pattern: re.Pattern[str]
    handle: Callable[[Request], Reply]
    refuse: Callable[[Problem], Reply]
    can_fail: bool = True
    needs_key: bool = False


def json_reply(value: object, status: int = 200) -> Reply:
    return Reply(status, msgspec.json.encode(value))


def match(routes: Sequence[Route], method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route for this request, and what it caught of the path."""
    for route in routes:
        found = route.pattern.fullmatch(path) if route.method == method else None
        if found is not None:
            return route, found.groups()
    return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer over ASGI. `closing` is set when the provider ends."""

    scope: Scope
    receive: Receive
    send: Send
    closing: asyncio.Event

    async def read(self) -> Request | None:
        """None when the body is too long, or when whoever asks has gone."""
        body = bytearray()
        more = True
        while more:
            message = await self.receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if message["type"] != "http.request" or len(body) > LONGEST_BODY:
                return None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.scope["headers"]}
        query = dict(parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True))
        return Request(self.scope["method"], self.scope["path"], query, headers, bytes(body))

    async def end(self, reply: Reply) -> None:
        match reply.fate:
            case Fate.SENT:
                await self._tell(reply)
            case Fate.HANGS:
                await self._hang()
                self._drop()
            case Fate.DROPS:
                self._drop()
                await self.receive()

    async def _tell(self, reply: Reply) -> None:
        headers = [("content-type", reply.kind), ("content-length", str(len(reply.body))), *reply.headers]
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self.send({"type": "http.response.start", "status": reply.status, "headers": encoded})
        await self.send({"type": "http.response.body", "body": reply.body})

    async def _hang(self) -> None:
        """Until whoever asked gives up, or the provider closes."""
        waits = {asyncio.ensure_future(self.receive()), asyncio.ensure_future(self.closing.wait())}
        await asyncio.wait(waits, timeout=HANG_S, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        await asyncio.wait(waits)

    def _drop(self) -> None:
        self.scope["extensions"][DROP][DROP]()
