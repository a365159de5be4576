"""The drive as its driver reports it: arrival, waiting, start, vias, meter, end, and a customer who does not come."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from daeri.accounts.model import Principal
from daeri.calls import api as calls
from daeri.calls.model import Call, NoMeter
from daeri.dispatch import api as dispatch
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, DriverId
from daeri.kernel.terms import ActorKind
from daeri.pricing.model import MeterReading
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context, WebContext
from daeri.web.metering import read_meter
from daeri.web.principals import WhoAsks, driver_of
from daeri.web.waiting import waiting_policy
from daeri.web.wire import MAX_VIAS, CallOut, call_out, driver_ids_of

Req = Request[Any, Any, Any]


class CompleteIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`cash_received`: whether the customer paid the driver in cash."""

    cash_received: bool | None = None


class ViaIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`index` is the via's place in the call, from 0."""

    index: Annotated[int, Meta(ge=0, le=MAX_VIAS)]


class GapOut(msgspec.Struct, frozen=True):
    """A time without positions, `s` seconds long."""

    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    s: int


class MeterOut(msgspec.Struct, frozen=True):
    """What the meter shows, in won; `is_trusted` is false where gaps took so much that the estimate holds."""

    amount: int
    distance_m: int
    duration_s: int
    gaps: tuple[GapOut, ...]
    jumps: int
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step of the drive is given."""

    tx: Tx
    context: WebContext
    call: Call
    driver_id: DriverId
    now: datetime


Deed = Callable[[_Step], Awaitable[Call]]


@post("/driver/calls/{call_id:uuid}/arrive", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def report_arrival(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID]
) -> Response[bytes]:
    """The driver stands before the customer; their waiting counts from now on."""
    return await _do(request, context, principal, call_id, _arrive)


@post("/driver/calls/{call_id:uuid}/start", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def start_drive(request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> Response[bytes]:
    """The drive begins; what waiting has cost is added to the fare."""
    return await _do(request, context, principal, call_id, _start)


@post("/driver/calls/{call_id:uuid}/via", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def reach_via(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[ViaIn]
) -> Response[bytes]:
    """The drive has come to a via."""

    async def reach(step: _Step) -> Call:
        ids, company_id = step.context.ids, step.call.company_id
        return await calls.reach_via(
            step.tx, step.call.id, company_id, step.driver_id, data.index, now=step.now, ids=ids
        )

    return await _do(request, context, principal, call_id, reach)


@post(
    "/driver/calls/{call_id:uuid}/complete", status_code=200, operation_class=Command, responses=answers(200, CallOut)
)
async def complete_drive(
    request: Req,
    context: Context,
    principal: WhoAsks,
    call_id: FromPath[UUID],
    data: JSONBody[CompleteIn | None] = None,
) -> Response[bytes]:
    """The drive has ended where it should; the driver is free again."""
    cash_received = None if data is None else data.cash_received

    async def complete(step: _Step) -> Call:
        reading = await read_meter(step.tx, step.context, step.call, now=step.now)
        return await dispatch.complete(
            step.tx,
            step.call.id,
            step.driver_id,
            step.call.company_id,
            now=step.now,
            ids=step.context.ids,
            final_amount=None if reading is None else reading.amount,
            cash_received=cash_received,
        )

    return await _do(request, context, principal, call_id, complete)


@post("/driver/calls/{call_id:uuid}/no-show", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def report_no_show(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID]
) -> Response[bytes]:
    """The customer did not come in the time that the policy gives them; the call ends, the driver is free."""
    return await _do(request, context, principal, call_id, _no_show)


@get("/driver/calls/{call_id:uuid}")
async def get_own_call(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> CallOut:
    """A call of the driver's, also when it is over: how it ended while their app was out of reach."""
    driver_id = driver_of(principal)
    async with context.database.snapshot() as tx:
        call = await calls.get_for_driver(tx, principal.company_id, call_id, driver_id)
        names = await context.names.of(tx, call.company_id, driver_ids_of([call]))
    return call_out(call, names, viewer=ActorKind.DRIVER)


@get("/driver/calls/{call_id:uuid}/meter")
async def get_meter(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> MeterOut:
    """What the meter of the drive shows now."""
    driver_id = driver_of(principal)
    async with context.database.snapshot() as tx:
        call = await calls.get_for_driver(tx, principal.company_id, call_id, driver_id)
        reading = await read_meter(tx, context, call, now=context.clock.now())
    if reading is None:
        raise NoMeter()
    return _meter_out(reading)


async def _arrive(step: _Step) -> Call:
    return await dispatch.arrive(
        step.tx,
        step.call.id,
        step.driver_id,
        step.call.company_id,
        now=step.now,
        ids=step.context.ids,
        waiting=waiting_policy(step.context, step.call, step.now),
    )


async def _start(step: _Step) -> Call:
    return await dispatch.start(
        step.tx, step.call.id, step.driver_id, step.call.company_id, now=step.now, ids=step.context.ids
    )


async def _no_show(step: _Step) -> Call:
    return await dispatch.no_show(
        step.tx, step.call.id, step.driver_id, step.call.company_id, now=step.now, ids=step.context.ids
    )


async def _do(request: Req, context: WebContext, principal: Principal, call_id: UUID, deed: Deed) -> Response[bytes]:
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> CallOut:
        known = await calls.get_for_driver(tx, principal.company_id, CallId(call_id), driver_id)
        call = await deed(_Step(tx, context, known, driver_id, context.clock.now()))
        names = await context.names.of(tx, call.company_id, driver_ids_of([call]))
        return call_out(call, names, viewer=ActorKind.DRIVER)

    return await context.commands.run(request, principal, work)


def _meter_out(reading: MeterReading) -> MeterOut:
    metered = reading.metered
    return MeterOut(
        amount=reading.amount,
        distance_m=metered.distance_m,
        duration_s=metered.duration_s,
        gaps=tuple(GapOut(gap.since, gap.until, gap.seconds) for gap in metered.gaps),
        jumps=metered.jumps,
        is_trusted=metered.is_trusted,
    )


router = Router(
    path="/",
    route_handlers=[report_arrival, start_drive, reach_via, complete_drive, report_no_show, get_own_call, get_meter],
    tags=["driver"],
)
