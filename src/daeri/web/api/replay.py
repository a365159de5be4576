"""Replay mode only: business time moves when told to, and the answer comes when everything due has been done."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Router, post
from litestar.params import JSONBody
from msgspec import Meta

from daeri.accounts.model import Permission
from daeri.kernel.errors import Invalid, NotFound
from daeri.web.context import Context
from daeri.web.principals import WhoAsks, require_staff

_LONGEST_STEP = timedelta(days=1)


class StepIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    until: Annotated[datetime, Meta(tz=True)]


class StepOut(msgspec.Struct, frozen=True):
    """`messages` are what drivers and customers would have been told on their sockets and streams."""

    now: datetime
    ticks: int
    messages: list[dict[str, Any]]


class TimeGoesOn(Invalid):
    """Business time cannot go back; facts: now."""

    code = "time_goes_on"


class StepTooLong(Invalid):
    """More rounds of matching than one request should wait for; facts: most_hours."""

    code = "step_too_long"


class NotReplaying(NotFound):
    """This process runs in real time."""

    code = "not_replaying"


@post("/replay/step", status_code=200)
async def step_time(context: Context, principal: WhoAsks, data: JSONBody[StepIn]) -> StepOut:
    """Tick up to `until`, then wait for the jobs."""
    require_staff(principal)
    principal.require(Permission.POLICIES_WRITE)
    now = context.clock.now()
    if data.until < now:
        raise TimeGoesOn(now=now.isoformat())
    if data.until - now > _LONGEST_STEP:
        raise StepTooLong(most_hours=_LONGEST_STEP // timedelta(hours=1))
    if context.stepper is None:
        raise NotReplaying()
    ticks = await context.stepper.step(data.until)
    return StepOut(context.clock.now(), ticks, await context.stepper.messages())


router = Router(path="/", route_handlers=[step_time], tags=["replay"])
