"""What customers do with calls: quote, request, follow, cancel."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import Parameter, QueryParameter

from daeri.accounts.model import Principal
from daeri.calls import api as calls
from daeri.calls.model import Change, Place, Quoted, State, Wish
from daeri.dispatch import api as dispatch
from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId
from daeri.pricing import api as pricing
from daeri.pricing.model import Quote, Trip
from daeri.web.api.documented import Command, answers
from daeri.web.context import WebContext
from daeri.web.principals import customer_of
from daeri.web.wire import CallIn, CallOut, CallPageOut, PlaceIn, QuoteIn, ReasonIn, call_out, driver_ids_of, place

Req = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=100)]


@post("/quotes", status_code=200)
async def quote(context: WebContext, principal: Principal, data: QuoteIn) -> Quote:
    """The calculator's fare for a trip that would begin now."""
    return await _quote(context, principal, data)


@post("/calls", status_code=201, operation_class=Command, responses=answers(201, CallOut))
async def request_call(request: Req, context: WebContext, principal: Principal, data: CallIn) -> Response[bytes]:
    """Ask for a driver."""
    wish = _wish(context, principal, data)
    quoted = await _quote(context, principal, data)

    async def work(tx: Tx) -> CallOut:
        now = context.clock.now()
        policies = context.request_policies(principal.company_id, wish.origin.region, wish.service, now)
        command = calls.build_request(wish, Quoted(quoted.amount, quoted.tariff_version), policies, now=now)
        return call_out(await calls.request(tx, command, principal.actor, now=now, ids=context.ids), {})

    return await context.commands.run(request, principal, work, status=201)


@get("/calls")
async def list_calls(
    context: WebContext,
    principal: Principal,
    wanted: Annotated[State | None, QueryParameter(name="state")] = None,
    cursor: UUID | None = None,
    limit: Limit = 50,
) -> CallPageOut:
    """The customer's own calls, newest first."""
    customer_id = customer_of(principal)
    states = () if wanted is None else (wanted,)
    async with context.database.reading() as tx:
        page = await calls.of_customer(tx, customer_id, states=states, before=cursor, limit=limit)
        names = await context.names.of(tx, principal.company_id, driver_ids_of(page.calls))
    return CallPageOut(tuple(call_out(call, names) for call in page.calls), _cursor(page.next_before))


@get("/calls/{call_id:uuid}")
async def get_call(context: WebContext, principal: Principal, call_id: UUID) -> CallOut:
    """One of the customer's own calls."""
    customer_id = customer_of(principal)
    async with context.database.reading() as tx:
        call = await calls.get_for_customer(tx, principal.company_id, call_id, customer_id)
        return call_out(call, await context.names.of(tx, principal.company_id, driver_ids_of([call])))


@post("/calls/{call_id:uuid}/cancel", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def cancel_call(
    request: Req, context: WebContext, principal: Principal, call_id: UUID, data: ReasonIn | None = None
) -> Response[bytes]:
    """Cancel, before or after a driver was assigned (R-059, R-060)."""
    customer_id = customer_of(principal)

    async def work(tx: Tx) -> CallOut:
        await calls.get_for_customer(tx, principal.company_id, call_id, customer_id)
        change = Change(principal.actor, None if data is None else data.reason)
        call = await dispatch.cancel(
            tx, CallId(call_id), principal.company_id, change, now=context.clock.now(), ids=context.ids
        )
        return call_out(call, await context.names.of(tx, principal.company_id, driver_ids_of([call])))

    return await context.commands.run(request, principal, work)


async def _quote(context: WebContext, principal: Principal, data: QuoteIn | CallIn) -> Quote:
    origin = place(data.origin, None).point
    trip = Trip(origin, place(data.destination, None).point, tuple(place(via, None).point for via in data.vias))
    return await pricing.calculate(
        context.router,
        context.fallback_router,
        context.shelf.of(principal.company_id),
        trip,
        departure=context.clock.now(),
        region_chain=context.region_chain(context.region_of(origin)),
        service=data.service,
    )


def _wish(context: WebContext, principal: Principal, data: CallIn) -> Wish:
    def known(given: PlaceIn) -> Place:
        return place(given, context.region_of(Point(given.lat, given.lon)))

    return Wish(
        company_id=principal.company_id,
        customer_id=customer_of(principal),
        origin=known(data.origin),
        destination=known(data.destination),
        vias=tuple(map(known, data.vias)),
        service=data.service,
        options=tuple(dict.fromkeys(data.options)),
        payment=data.payment,
        typed_fare=data.fare_amount,
        note=data.note,
        reserved_for=data.reserved_for,
    )


def _cursor(before: UUID | None) -> str | None:
    return None if before is None else str(before)


router = Router(path="/", route_handlers=[quote, request_call, list_calls, get_call, cancel_call], tags=["customer"])
