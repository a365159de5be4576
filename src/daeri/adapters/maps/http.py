"""What the routers over HTTP share: one request, one decoded answer, one error."""

from typing import TypeVar

import httpx
import msgspec

from daeri.pricing.model import RouteFailure, RouteUnavailable

TIMEOUT_S = 3.0  # a person waits for the quote; the straight line answers at once

Answer = TypeVar("Answer")


async def ask(client: httpx.AsyncClient, request: httpx.Request, router: str) -> httpx.Response:
    """The answer of the server, read whole; RouteUnavailable when it cannot be reached or fails (5xx)."""
    try:
        response = await client.send(request)
    except httpx.HTTPError as error:
        raise RouteUnavailable(router, RouteFailure.UNREACHABLE) from error
    if response.is_server_error:
        raise RouteUnavailable(router, RouteFailure.UNREACHABLE)
    return response


def decode(response: httpx.Response, kind: type[Answer], router: str) -> Answer:
    """The body as `kind`; RouteUnavailable when it has another form."""
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RouteUnavailable(router, RouteFailure.BAD_ANSWER) from error
