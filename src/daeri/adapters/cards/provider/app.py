"""The sandbox provider as an ASGI application: routes, idempotency, faults, and what tests and demos may tell it.

GET    /books               the books: every order in won
DELETE /books               a provider that knows of nothing
POST   /resolve/{order id}  {"as": "captured" | "declined"}: what became of an order that nobody knew the fate of
POST   /faults              a faults.Plan
POST   /webhooks            a hooks.Wish
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Literal

import msgspec

from daeri.adapters.cards.provider.books import Books
from daeri.adapters.cards.provider.faults import Faults, Plan
from daeri.adapters.cards.provider.hooks import Hooks, Wish
from daeri.adapters.cards.provider.memory import Memory
from daeri.adapters.cards.provider.native import NativeFace, refuse
from daeri.adapters.cards.provider.page import CardPage
from daeri.adapters.cards.provider.protocol import Refused
from daeri.adapters.cards.provider.toss_face import TossFace
from daeri.adapters.cards.provider.wire import (
    Exchange,
    Fate,
    Receive,
    Reply,
    Request,
    Route,
    Scope,
    Send,
    json_reply,
    match,
)

_NO_ROUTE = json_reply({"error": "no_route", "code": "NOT_FOUND_HTTP_METHOD", "message": "no such route"}, 404)
_UNREADABLE = Reply(400, fate=Fate.DROPS)


class _Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Literal["captured", "declined"] = msgspec.field(name="as")


class Provider:
    """One provider with books of its own. All the work on a request happens between two awaits, so at once."""

    def __init__(self, hooks: Hooks, now: Callable[[], datetime], toss_secret: str) -> None:
        self.closing = asyncio.Event()
        self._books = Books(hooks.tell)
        self._hooks = hooks
        self._now = now
        self._faults = Faults()
        self._memory = Memory()
        faces = NativeFace(self._books, now), TossFace(self._books, now, toss_secret), CardPage(self._books)
        self._routes: Sequence[Route] = [*self._controls(), *(route for face in faces for route in face.routes())]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send, self.closing)
        request = await exchange.read()
        await exchange.end(_UNREADABLE if request is None else self._answer(request))

    def _answer(self, request: Request) -> Reply:
        found = match(self._routes, request.method, request.path)
        if found is None:
            return _NO_ROUTE
        route, parts = found
        work = partial(self._once, route, replace(request, parts=parts))
        return self._faults.strike(work, _loop_time()) if route.can_fail else work()

    def _once(self, route: Route, request: Request) -> Reply:
        try:
            return self._memory.once(route, request, partial(_handle, route, request))
        except Refused as refused:
            return route.refuse(refused.problem)

    def _controls(self) -> Sequence[Route]:
        table: tuple[tuple[str, str, Callable[[Request], Reply]], ...] = (
            ("GET", "/books", lambda _request: json_reply(self._books.sheet())),
            ("DELETE", "/books", self._begin_anew),
            ("POST", "/resolve/([^/]+)", self._resolve),
            ("POST", "/faults", self._plan),
            ("POST", "/webhooks", self._wish),
        )
        return [Route(method, re.compile(path), handle, refuse, can_fail=False) for method, path, handle in table]

    def _begin_anew(self, _request: Request) -> Reply:
        self._books.clear()
        self._memory.clear()
        return Reply(204)

    def _resolve(self, request: Request) -> Reply:
        captured = request.decode(_Resolution).outcome == "captured"
        self._books.resolve(request.parts[0], captured=captured, now=self._now())
        return Reply(204)

    def _plan(self, request: Request) -> Reply:
        self._faults.plan(request.decode(Plan), _loop_time())
        return Reply(204)

    def _wish(self, request: Request) -> Reply:
        self._hooks.wish(request.decode(Wish))
        return Reply(204)


def _handle(route: Route, request: Request) -> Reply:
    """A refusal is an answer like any other: it is remembered."""
    try:
        return route.handle(request)
    except Refused as refused:
        return route.refuse(refused.problem)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
