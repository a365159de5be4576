"""Positions over HTTP, for clients without a socket: a bare ASGI handler, because every driver sends one in seconds."""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request, Router, post
from litestar.exceptions import ClientException, HTTPException, MethodNotAllowedException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.params import JSONBody
from litestar.types import HTTPScope, Receive, Send
from msgspec import Meta

from daeri.accounts.model import AccountKind, Principal, SignedOut, WrongKind
from daeri.dispatch.fleet import LiveFleet
from daeri.infra.metrics import Part
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import DriverId
from daeri.web.api.documented import Bare
from daeri.web.bodies import decode
from daeri.web.context import Context, WebContext
from daeri.web.edge import DATABASE_AWAY, Headers, complete_headers
from daeri.web.live.positions import pack_samples
from daeri.web.principals import WhoAsks
from daeri.web.problems import MEDIA_TYPE, Problems
from daeri.web.request_ids import request_id_of

_MOST_BYTES = 65_536  # a frame of about 3,000 records
_RECORD_BYTES, _GATEWAY_RECORD_BYTES = 20, 24
_BEARER = b"Bearer "
_BINARY = b"application/octet-stream"
_ACCEPTED_STATUS = 202
ACCEPTED = b'{"accepted":%d}'


class SamplesIn(msgspec.Struct, frozen=True):
    """Rows [at_ms, lat, lon, accuracy_m?]; what is implausible is counted and dropped when the fleet reads it."""

    points: Annotated[list[list[float]], Meta(max_length=1_000)]


class AcceptedOut(msgspec.Struct, frozen=True):
    """How many records came; what is implausible among them is dropped later."""

    accepted: int


class HandlesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[UUID], Meta(max_length=100_000)]


class HandlesOut(msgspec.Struct, frozen=True):
    """Numbers to name drivers by in binary records, until the next request; null for a driver of somebody else."""

    handles: list[int | None]


PATH = "/api/v1/driver/positions"
DOCUMENT = Bare(
    PATH,
    {
        "operationId": "reportPositions",
        "tags": ["driver"],
        "description": (
            "Report where the driver is, or, as a gateway, where many drivers are. Records are little-endian: at_ms "
            "int64, lat_e7 int32, lon_e7 int32, accuracy_dm uint16, two bytes of nothing; a gateway puts the driver's "
            "handle, uint32, before each and sends records only. What is implausible is counted and dropped."
        ),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/SamplesIn"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": {
            "202": {
                "description": "Taken in for checking.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AcceptedOut"}}},
            }
        },
    },
    (SamplesIn, AcceptedOut),
)


async def report_positions(scope: HTTPScope, receive: Receive, send: Send, context: WebContext) -> int:
    """POST one body of records or rows; 202 tells how many were taken in for checking. Returns the status.

    The app calls it before its framework, which would cost ten times what the report does.
    """
    try:
        count = await _take(scope, receive, context)
    except (DaeriError, HTTPException, *DATABASE_AWAY) as refusal:
        return await _refuse(scope, send, context.problems, refusal)
    await _answer(send, _ACCEPTED_STATUS, "application/json", ACCEPTED % count)
    return _ACCEPTED_STATUS


def measured_reports(context: WebContext) -> Callable[[HTTPScope, Receive, Send], Awaitable[None]]:
    """Takes reports and counts them; what is counted is looked up once, not for every report."""
    metrics = context.metrics
    taken, took = metrics.requests.labels("POST", PATH, "202"), metrics.request_seconds.labels("POST", PATH)
    cpu_seconds = metrics.cpu_seconds.labels(Part.HTTP)

    async def report(scope: HTTPScope, receive: Receive, send: Send) -> None:
        started, cpu = time.perf_counter(), time.thread_time()
        status = await report_positions(scope, receive, send, context)
        seconds = time.perf_counter() - started
        if status != _ACCEPTED_STATUS:
            metrics.request_done(scope["method"], PATH, status, seconds)
            return
        # Nearly every report is there whole when it is asked for, so nothing else ran in between.
        cpu_seconds.inc(time.thread_time() - cpu)
        taken.inc()
        took.observe(seconds)

    return report


@post("/driver/handles", status_code=200)
async def name_drivers(context: Context, principal: WhoAsks, data: JSONBody[HandlesIn]) -> HandlesOut:
    """A gateway names the drivers that it will report for."""
    return HandlesOut(await context.gateways.name(context.database, principal, data.ids))


async def _take(scope: HTTPScope, receive: Receive, context: WebContext) -> int:
    if scope.get("method") != "POST":
        raise MethodNotAllowedException(headers={"allow": "POST"})
    headers = dict(scope["headers"])
    principal = await context.authenticator.authenticate(_token(headers))
    return _taken(principal, headers, await _body(headers, receive), context)


def take_at_once(headers: Headers, body: bytes, context: WebContext) -> int | None:
    """How many records were taken in for checking, or None where the database has to be asked whose token this is.

    Raises what the waiting way would refuse with.
    """
    given = dict(headers)
    principal = context.authenticator.remembered(_token(given))
    return None if principal is None else _taken(principal, given, body, context)


def _taken(principal: Principal, headers: dict[bytes, bytes], body: bytes, context: WebContext) -> int:
    is_binary = headers.get(b"content-type", b"").startswith(_BINARY)
    if principal.kind is AccountKind.GATEWAY:
        return context.gateways.receive(principal, body)
    if principal.kind is not AccountKind.DRIVER:
        raise WrongKind(kind=principal.kind)
    records = body if is_binary else _packed(body)
    if len(records) % _RECORD_BYTES:
        raise ClientException
    _receive(context.fleet, DriverId(principal.account_id), records)
    return len(records) // _RECORD_BYTES


def _receive(fleet: LiveFleet, driver_id: DriverId, records: bytes) -> None:
    slot = fleet.slot_of(driver_id)
    fleet.receive(fleet.slot_for(driver_id) if slot is None else slot, records)


def _packed(body: bytes) -> bytes:
    return pack_samples(decode(body, SamplesIn).points)


def _token(headers: dict[bytes, bytes]) -> str:
    header = headers.get(b"authorization", b"")
    if not header.startswith(_BEARER):
        raise SignedOut(reason="token_missing")
    return header[len(_BEARER) :].decode("latin-1")


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """The whole body; refused before it is read when it says that it is too large, and as soon as it proves to be."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > _MOST_BYTES:
        raise RequestEntityTooLarge
    parts, total, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientException
        parts.append(message["body"])
        total += len(message["body"])
        more = message["more_body"]
        if total > _MOST_BYTES:
            raise RequestEntityTooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _refuse(scope: HTTPScope, send: Send, problems: Problems, refusal: Exception) -> int:
    """What the app does around every other answer."""
    request_id = request_id_of(scope)
    scope.setdefault("state", {})["request_id"] = request_id
    response = problems.answer_to(Request(scope), refusal)
    status = response.status_code or 500
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    await _answer(send, status, MEDIA_TYPE, response.content, complete_headers(scope, headers, request_id))
    return status


async def _answer(send: Send, status: int, media_type: str, body: bytes, more: Headers | None = None) -> None:
    headers = [*(more or ()), (b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


router = Router(path="/", route_handlers=[name_drivers], tags=["driver"])
