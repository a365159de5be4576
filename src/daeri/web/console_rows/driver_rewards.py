"""Where a driver stands and what for, read for staff."""

from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId
from daeri.rewards import api as rewards
from daeri.web.console.driver_reads import RewardPanel
from daeri.web.context import WebContext
from daeri.web.reward_wire import LevelOut, rewards_out

SHOWN = 10  # of the history, before more of it is asked for


async def read_rewards(tx: Tx, context: WebContext, company_id: CompanyId, driver_id: DriverId) -> RewardPanel:
    """Level, score, points, and the newest of what they come from."""
    book, now = context.shelf.of(company_id), context.clock.now()
    standing = await rewards.standing(tx, book, company_id, driver_id, now=now)
    newest = rewards_out(await rewards.history(tx, company_id, driver_id, limit=SHOWN))
    following = standing.following
    return RewardPanel(
        level=LevelOut(standing.level.name, standing.level.from_score),
        next_level=None if following is None else LevelOut(following.name, following.from_score),
        score=standing.score,
        points=standing.points,
        window_days=standing.window_days,
        items=newest.items,
        next_cursor=newest.next_cursor,
    )
