"""What drivers do: duty, offers, the open list; the drive itself is a room of its own (drive)."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.dispatch import api as dispatch
from daeri.drivers.model import Duty
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, OfferId
from daeri.web.api.documented import Command, answers
from daeri.web.cards import listed_cards, worth_of
from daeri.web.context import Context, WebContext
from daeri.web.driver_truth import read_truth
from daeri.web.live.positions import pack
from daeri.web.principals import WhoAsks, driver_of
from daeri.web.wire import CallOut, CardsOut, DriverStateOut, DutyIn, ReasonIn, call_out, driver_ids_of

Req = Request[Any, Any, Any]


@get("/driver")
async def get_driver(context: Context, principal: WhoAsks) -> DriverStateOut:
    """The driver's truth: duty, call, offers; what an app reads after every reload."""
    driver_id = driver_of(principal)
    async with context.database.snapshot() as tx:
        return await read_truth(tx, context, driver_id, principal.company_id)


@post("/driver/duty", status_code=200, operation_class=Command, responses=answers(200, DriverStateOut))
async def set_duty(request: Req, context: Context, principal: WhoAsks, data: JSONBody[DutyIn]) -> Response[bytes]:
    """Go on or off duty. Off duty withdraws an open offer and is refused while on a call."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> DriverStateOut:
        duty, now = Duty.ON if data.on else Duty.OFF, context.clock.now()
        await dispatch.set_duty(tx, driver_id, principal.company_id, duty, principal.actor, now=now, ids=context.ids)
        return await read_truth(tx, context, driver_id, principal.company_id)

    answer = await context.commands.run(request, principal, work)
    if data.on and data.position is not None:
        at = context.clock.now()
        context.fleet.receive(context.fleet.slot_for(driver_id), pack(at, data.position.lat, data.position.lon))
    return answer


@post(
    "/driver/offers/{offer_id:uuid}/accept", status_code=200, operation_class=Command, responses=answers(200, CallOut)
)
async def accept_offer(request: Req, context: Context, principal: WhoAsks, offer_id: FromPath[UUID]) -> Response[bytes]:
    """Take the offered call."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> CallOut:
        call = await dispatch.accept(
            tx, OfferId(offer_id), driver_id, principal.company_id, now=context.clock.now(), ids=context.ids
        )
        return await _out(tx, context, call)

    return await context.commands.run(request, principal, work)


@post("/driver/offers/{offer_id:uuid}/decline", status_code=200, operation_class=Command, responses=answers(204, None))
async def decline_offer(
    request: Req, context: Context, principal: WhoAsks, offer_id: FromPath[UUID]
) -> Response[bytes]:
    """Say no; the call goes to the next driver."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> None:
        await dispatch.decline(tx, OfferId(offer_id), driver_id, now=context.clock.now())

    return await context.commands.run(request, principal, work, status=204)


@get("/driver/open-calls")
async def list_open_calls(context: Context, principal: WhoAsks) -> CardsOut:
    """The open-list calls near the driver, nearest first."""
    driver_id = driver_of(principal)
    async with context.database.snapshot() as tx:
        listed = await dispatch.open_list(tx, driver_id)
        found: dict[UUID, Call] = {
            call.id: call for call in await calls.get_many(tx, [entry.call_id for entry in listed])
        }
    return CardsOut(tuple(listed_cards(listed, found, partial(worth_of, context))))


@post("/driver/calls/{call_id:uuid}/take", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def take_call(request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> Response[bytes]:
    """Take a call of the open list; the first wins."""
    driver_id = driver_of(principal)

    async def work(tx: Tx) -> CallOut:
        call = await dispatch.take(
            tx, CallId(call_id), driver_id, principal.company_id, now=context.clock.now(), ids=context.ids
        )
        return await _out(tx, context, call)

    return await context.commands.run(request, principal, work)


@post("/driver/calls/{call_id:uuid}/cancel", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def cancel_drive(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[ReasonIn | None] = None
) -> Response[bytes]:
    """The driver ends the call unfinished (I-053)."""
    driver_id = driver_of(principal)
    reason = None if data is None else data.reason

    async def work(tx: Tx) -> CallOut:
        call = await dispatch.cancel_by_driver(
            tx, CallId(call_id), driver_id, principal.company_id, reason, now=context.clock.now(), ids=context.ids
        )
        return await _out(tx, context, call)

    return await context.commands.run(request, principal, work)


async def _out(tx: Tx, context: WebContext, call: Call) -> CallOut:
    return call_out(call, await context.names.of(tx, call.company_id, driver_ids_of([call])))


router = Router(
    path="/",
    route_handlers=[
        get_driver,
        set_duty,
        accept_offer,
        decline_offer,
        list_open_calls,
        take_call,
        cancel_drive,
    ],
    tags=["driver"],
)  # fmt: skip -- the routes in the order of a night
