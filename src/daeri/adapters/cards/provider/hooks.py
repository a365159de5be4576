"""Webhooks of the sandbox provider: sent once, twice, late or in another order, and never tried again."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import httpx
import msgspec
from msgspec import Meta

from daeri.adapters.cards.provider.books import Paid
from daeri.adapters.cards.webhooks import SIGNATURE_HEADER, Notice, sign

_TIMEOUT_S = 5.0


class Manner(StrEnum):
    ONCE = "once"
    TWICE = "twice"
    LATE = "late"
    SWAPPED = "swapped"  # each is kept back until the next one has been sent


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where webhooks go from now on, and how; no address ends them."""

    url: str | None = None
    manner: Manner = Manner.ONCE
    late_s: Annotated[float, Meta(ge=0, le=3_600)] = 1.0


@dataclass(slots=True)
class Hooks:
    """Sends in the background, in the order of what happened. `secret` is what receivers know too."""

    secret: str
    now: Callable[[], datetime]
    _wish: Wish = field(default_factory=Wish)
    _number: int = 0
    _kept_back: Notice | None = None
    _queue: asyncio.Queue[tuple[str, Notice]] = field(default_factory=asyncio.Queue)

    def wish(self, wish: Wish) -> None:
        """What was kept back until now is sent first."""
        self._send(self._kept_back)
        self._wish, self._kept_back = wish, None

    def tell(self, paid: Paid, at: datetime) -> None:
        """A payment has changed."""
        self._number += 1
        event_id = f"event_{secrets.token_urlsafe(12)}"
        notice = Notice(event_id, self._number, paid.order.order_id, paid.payment_key, paid.state.value, at)
        match self._wish.manner:
            case Manner.ONCE:
                self._send(notice)
            case Manner.TWICE:
                self._send(notice, notice)
            case Manner.LATE:
                asyncio.get_running_loop().call_later(self._wish.late_s, self._send, notice)
            case Manner.SWAPPED if self._kept_back is None:
                self._kept_back = notice
            case Manner.SWAPPED:
                self._send(notice, self._kept_back)
                self._kept_back = None

    async def run(self) -> None:
        """Send what is told, one after the other, until cancelled."""
        first = await self._queue.get()
        async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
            await self._post(client, *first)
            while True:
                await self._post(client, *await self._queue.get())

    async def _post(self, client: httpx.AsyncClient, url: str, notice: Notice) -> None:
        """Once; who does not hear it will not hear it."""
        body = msgspec.json.encode(notice)
        headers = {"content-type": "application/json", SIGNATURE_HEADER: sign(self.secret, body, self.now())}
        with suppress(httpx.HTTPError, httpx.InvalidURL):
            await client.post(url, content=body, headers=headers)

    def _send(self, *notices: Notice | None) -> None:
        url = self._wish.url
        for notice in notices:
            if url is not None and notice is not None:
                self._queue.put_nowait((url, notice))
