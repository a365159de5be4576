"""What customers do with calls: quote, request, follow, cancel."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, Parameter, QueryParameter

from daeri.calls import api as calls
from daeri.calls.model import CallAssigned, Change, State
from daeri.dispatch import api as dispatch
from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.kernel.terms import ActorKind
from daeri.payments import api as payments
from daeri.pricing import api as pricing
from daeri.pricing.model import FarePlan
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context
from daeri.web.principals import WhoAsks, customer_of
from daeri.web.receipts import bill_out
from daeri.web.requesting import (
    check_money,
    check_round_trip,
    level_at,
    one_ride,
    paying_of,
    priced,
    quote_out,
    seen,
    wish_of,
)
from daeri.web.shown_drivers import learn_standings, shown_driver
from daeri.web.waiting import waiting_policy_of
from daeri.web.wire import CallIn, CallOut, CallPageOut, QuoteIn, ReasonIn, call_out, driver_ids_of
from daeri.web.wire_parts import QuoteOut

Req = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=100)]


class CancelIn(ReasonIn, frozen=True, forbid_unknown_fields=True):
    """Why, and whether only while no driver has the call: what was said to cost nothing then costs nothing."""

    unassigned_only: bool = False


@post("/quotes", status_code=200)
async def quote(context: Context, principal: WhoAsks, data: JSONBody[QuoteIn]) -> QuoteOut:
    """What a trip costs, by the calculator and by each fare plan, now or when it is reserved for."""
    check_round_trip(data)
    found = await priced(context, principal, data)
    origin, company_id, now = Point(data.origin.lat, data.origin.lon), principal.company_id, context.clock.now()
    region = context.region_of(origin)
    policies = context.request_policies(company_id, region, data.service, now)
    waiting = waiting_policy_of(context, company_id, region, data.service, data.reserved_for or now)
    async with context.database.snapshot() as tx:
        level = await level_at(tx, context, company_id, origin, data.reserved_for)
        paying = await paying_of(tx, context, principal)
    sheet = pricing.plan_sheet(found.quote, policies.plans, level)
    return quote_out(found, sheet, policies.reservation, waiting, paying)


@post("/calls", status_code=201, operation_class=Command, responses=answers(201, CallOut))
async def request_call(request: Req, context: Context, principal: WhoAsks, data: JSONBody[CallIn]) -> Response[bytes]:
    """Ask for a driver, or for one for each of several cars: then the answer is the first call, with its group."""
    customer_of(principal)
    found = await priced(context, principal, data)

    async def work(tx: Tx) -> CallOut:
        now = context.clock.now()
        wish = await wish_of(tx, context, principal, data)
        await check_money(tx, context, principal, wish)
        policies = context.request_policies(principal.company_id, wish.origin.region, wish.service, now)
        level = None
        if wish.plan is FarePlan.RECOMMENDED:  # the other plans cost the same however short drivers are
            level = await level_at(tx, context, principal.company_id, wish.origin.point, wish.reserved_for)
        commands = calls.build_requests(wish, found.quote, policies, shortage=level, now=now)
        made = await calls.request_group(tx, commands, principal.actor, now=now, ids=context.ids)
        return call_out(made[0], {}, viewer=ActorKind.CUSTOMER)

    return await context.commands.run(request, principal, work, status=201)


@get("/calls")
async def list_calls(
    context: Context,
    principal: WhoAsks,
    wanted: Annotated[State | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> CallPageOut:
    """The customer's own calls, newest first; one that was reconnected is one with what it went on as (I-057)."""
    customer_id = customer_of(principal)
    states = () if wanted is None else (wanted,)
    async with context.database.snapshot() as tx:
        page = await calls.of_customer(tx, customer_id, states=states, before=cursor, limit=limit)
        names = await context.names.of(tx, principal.company_id, driver_ids_of(page.calls))
        await learn_standings(tx, context.names, page.calls)
        ended = [call.id for call in page.calls if call.ended_at is not None]
        bills = {bill.call_id: bill_out(bill) for bill in await payments.bills_named(tx, ended)}
    items = tuple(
        call_out(
            call,
            names,
            viewer=ActorKind.CUSTOMER,
            driver=shown_driver(context.names, call, names),
            bill=bills.get(call.id),
        )
        for call in page.calls
    )
    return CallPageOut(items, _cursor(page.next_before))


@get("/calls/{call_id:uuid}")
async def get_call(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> CallOut:
    """One of the customer's own calls."""
    customer_id = customer_of(principal)
    async with context.database.snapshot() as tx:
        call = await calls.get_for_customer(tx, principal.company_id, call_id, customer_id)
        return await seen(tx, context, call)


@post("/calls/{call_id:uuid}/cancel", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def cancel_call(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[CancelIn | None] = None
) -> Response[bytes]:
    """Cancel, before or after a driver was assigned (R-059, R-060); CallAssigned where only before was wanted."""
    customer_id = customer_of(principal)

    async def work(tx: Tx) -> CallOut:
        known = await calls.get_for_customer(tx, principal.company_id, call_id, customer_id)
        change = Change(principal.actor, None if data is None else data.reason)
        call = await dispatch.cancel(
            tx, known.driven_as, principal.company_id, change, now=context.clock.now(), ids=context.ids
        )
        if data is not None and data.unassigned_only and call.state is State.CANCELLED_AFTER_ASSIGNMENT:
            raise CallAssigned()  # and nothing was cancelled
        return await seen(tx, context, await one_ride(tx, call))

    return await context.commands.run(request, principal, work)


def _cursor(before: UUID | None) -> str | None:
    return None if before is None else str(before)


router = Router(path="/", route_handlers=[quote, request_call, list_calls, get_call, cancel_call], tags=["customer"])
