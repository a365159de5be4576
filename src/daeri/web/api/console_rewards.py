"""A driver's rewards for staff: what each ride counted, and why."""

from uuid import UUID

from litestar import Router, get
from litestar.params import FromPath, FromQuery

from daeri.accounts.model import Permission
from daeri.drivers import api as drivers
from daeri.rewards import api as rewards
from daeri.web.context import Context
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.reward_wire import RewardsOut, rewards_out


@get("/console/drivers/{driver_id:uuid}/rewards")
async def list_rewards(
    context: Context, principal: WhoAsks, driver_id: FromPath[UUID], cursor: FromQuery[UUID | None] = None
) -> RewardsOut:
    """What the driver's rides counted, newest first, with the hours that decided it."""
    require_staff(principal)
    principal.require(Permission.DRIVERS_READ)
    async with context.database.snapshot() as tx:
        driver = await drivers.get(tx, principal.company_id, driver_id)
        return rewards_out(await rewards.history(tx, driver.company_id, driver.id, before=cursor))


router = Router(path="/", route_handlers=[list_rewards], tags=["console"])
