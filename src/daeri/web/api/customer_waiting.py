"""What customers do and see while a call waits: another fare, the right number, how the search goes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody

from daeri.accounts.model import Principal
from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.calls.request_model import NewFare
from daeri.dispatch import api as dispatch
from daeri.infra.database import Tx
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context
from daeri.web.principals import WhoAsks, customer_of
from daeri.web.progress import progress_of
from daeri.web.requesting import level_at, one_ride, seen
from daeri.web.wire import CallOut
from daeri.web.wire_parts import FareIn, ProgressOut, RiderPhoneIn

Req = Request[Any, Any, Any]


@post("/calls/{call_id:uuid}/fare", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def change_fare(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[FareIn]
) -> Response[bytes]:
    """Change the fare plan of a call that waits, and go on waiting (I-038, R-056)."""

    async def work(tx: Tx) -> CallOut:
        call, now = await _own(tx, principal, call_id), context.clock.now()
        policies = context.request_policies(principal.company_id, call.origin.region, call.service, now)
        level = await level_at(tx, context, principal.company_id, call.origin.point)
        waits_for = timedelta(seconds=policies.dispatch.value.call_expiry_s)
        wanted = NewFare(data.plan, data.amount, policies.plans, level, waits_for)
        changed = await dispatch.change_fare(
            tx, call.driven_as, principal.company_id, wanted, principal.actor, now=now, ids=context.ids
        )
        return await seen(tx, context, await one_ride(tx, changed))

    return await context.commands.run(request, principal, work)


@post("/calls/{call_id:uuid}/rider", status_code=200, operation_class=Command, responses=answers(200, CallOut))
async def correct_rider(
    request: Req, context: Context, principal: WhoAsks, call_id: FromPath[UUID], data: JSONBody[RiderPhoneIn]
) -> Response[bytes]:
    """Correct the number of a call's rider, which its driver calls from now on (I-058)."""

    async def work(tx: Tx) -> CallOut:
        own = await _own(tx, principal, call_id)
        phone = calls.rider_phone(context.gate.vault, principal.company_id, data.phone)
        call = await calls.correct_rider(
            tx,
            own.driven_as,
            principal.company_id,
            phone,
            name=None if data.name is None else data.name.strip(),
            actor=principal.actor,
            now=context.clock.now(),
            ids=context.ids,
        )
        return await seen(tx, context, await one_ride(tx, call))

    return await context.commands.run(request, principal, work)


@get("/calls/{call_id:uuid}/progress")
async def get_progress(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> ProgressOut:
    """What has been done so far to find a driver, and what would help (R-052, I-038)."""
    async with context.database.snapshot() as tx:
        return await progress_of(tx, context, await _own(tx, principal, call_id), now=context.clock.now())


async def _own(tx: Tx, principal: Principal, call_id: UUID) -> Call:
    return await calls.get_for_customer(tx, principal.company_id, call_id, customer_of(principal))


router = Router(path="/", route_handlers=[change_fare, correct_rider, get_progress], tags=["customer"])
