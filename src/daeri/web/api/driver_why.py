"""Why a driver did not get a call: for any call near them in the last hours, from the log of decisions."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from daeri.calls.model import CallNotFound
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Why, WhyOutcome, WhyReason
from daeri.kernel.result import Fact
from daeri.kernel.terms import Service
from daeri.web.context import Context, WebContext
from daeri.web.principals import WhoAsks, driver_of
from daeri.web.signals import region_names

MOST_HOURS = 24


class WhyOriginOut(msgspec.Struct, frozen=True):
    """As much as may be told of where a call came from: its region, and about how far it was then."""

    region: str | None
    name_ko: str | None
    name_en: str | None
    distance_m: int


class WhyStepOut(msgspec.Struct, frozen=True):
    """What stood between the driver and the call at one time."""

    at: datetime
    reason: WhyReason
    facts: dict[str, Fact]


class WhyOut(msgspec.Struct, frozen=True):
    """A call that passed the driver by. `reason` is the last one; `steps` has all where one call is asked about."""

    call_id: UUID
    at: datetime
    origin: WhyOriginOut
    service: Service
    fare_amount: int
    outcome: WhyOutcome
    reason: WhyReason
    facts: dict[str, Fact]
    steps: tuple[WhyStepOut, ...] = ()


class WhysOut(msgspec.Struct, frozen=True):
    items: tuple[WhyOut, ...]


@get("/driver/why")
async def list_why(
    context: Context, principal: WhoAsks, hours: Annotated[int, QueryParameter(ge=1, le=MOST_HOURS)] = MOST_HOURS
) -> WhysOut:
    """The calls near the driver that went elsewhere, newest first, each with why."""
    driver_id, now = driver_of(principal), context.clock.now()
    async with context.database.reading() as tx:
        found = await dispatch.why_not(tx, principal.company_id, driver_id, since=now - timedelta(hours=hours), now=now)
    return WhysOut(tuple(_out(context, why) for why in found))


@get("/driver/why/{call_id:uuid}")
async def get_why(context: Context, principal: WhoAsks, call_id: FromPath[UUID]) -> WhyOut:
    """Why this call went elsewhere, decision by decision; not found where the driver was not near."""
    driver_id, now = driver_of(principal), context.clock.now()
    since = now - timedelta(hours=MOST_HOURS)
    async with context.database.reading() as tx:
        found = await dispatch.why_not_call(tx, principal.company_id, driver_id, call_id, since=since, now=now)
    if not found:
        raise CallNotFound(call_id=str(call_id))
    steps = tuple(WhyStepOut(why.at, why.reason, dict(why.facts)) for why in found)
    return msgspec.structs.replace(_out(context, found[0]), steps=steps)


def _out(context: WebContext, why: Why) -> WhyOut:
    name_ko, name_en = region_names(context, why.region)
    origin = WhyOriginOut(why.region, name_ko, name_en, why.distance_m)
    return WhyOut(why.call_id, why.at, origin, why.service, why.fare, why.outcome, why.reason, facts=dict(why.facts))


router = Router(path="/", route_handlers=[list_why, get_why], tags=["driver"])
