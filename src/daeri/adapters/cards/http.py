"""What the card providers over HTTP share: one request, one answer that can be trusted, one error for all else."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec
import structlog

from daeri.kernel.money import Won
from daeri.payments.charge_model import CardRefusal, CardRefused, CardsUnreachable

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0  # card companies take seconds; what took longer is looked up later
_TOO_MANY = 429

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Channel:
    """The way to one provider at `base_url`. What it says is believed only when it fits what was asked."""

    client: httpx.AsyncClient
    base_url: str
    provider: str
    timeout_s: float

    async def send(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        """The answer, read whole within `timeout_s`; CardsUnreachable when there is none, and for 429 and 5xx."""
        headers = {} if key is None else {"Idempotency-Key": key}
        url = f"{self.base_url.rstrip('/')}{path}"
        request = self.client.build_request(method, url, json=body, headers=headers)
        try:
            async with asyncio.timeout(self.timeout_s):
                response = await self.client.send(request)
        except (httpx.HTTPError, TimeoutError) as error:
            raise self.unreachable(type(error).__name__) from error
        if response.is_server_error or response.status_code == _TOO_MANY:
            raise self.unreachable(str(response.status_code))
        return response

    def decode(self, response: httpx.Response, kind: type[Answer]) -> Answer:
        """The body as `kind`; CardsUnreachable when it has another form."""
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.unreachable(f"bad_answer_{response.status_code}") from error

    def believe(self, *, fits: bool) -> None:
        """CardsUnreachable when an answer does not fit what was asked: it tells nothing about our money."""
        if not fits:
            raise self.unreachable("foreign_answer")

    def unreachable(self, problem: str) -> CardsUnreachable:
        """Told to the operator too. `problem` is a status, a code of the provider or the name of an error."""
        log.warning("cards_unreachable", provider=self.provider, problem=problem)
        return CardsUnreachable()


def check_amount(amount: Won) -> None:
    """CardRefused for what is no amount: no provider shall have to decide what less than nothing means."""
    if amount <= 0:
        raise CardRefused(CardRefusal.AMOUNT_INVALID)


def registration_key(auth_key: str, customer_key: str) -> str:
    """The idempotency key of a registration: what came back from the window is good for one."""
    return f"register-{hashlib.sha256(f'{customer_key} {auth_key}'.encode()).hexdigest()}"


def path_part(text: str) -> str:
    """One part of a path, whatever is in it."""
    return quote(text, safe="")
