"""The door of rewards: what a run is worth, what was awarded for it, where a driver stands."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.infra.database import Tx
from daeri.policies.api import PolicyBook
from daeri.rewards import policy, store
from daeri.rewards.model import Reward, RewardKind, RewardPage, RewardPolicy, Ride, Standing, Worth

__all__ = ["award", "history", "of_calls", "score_of", "standing"]


def score_of(policy_: RewardPolicy, kind: RewardKind, *, wanted_at: datetime) -> Worth:
    """What a run is worth that is wanted at that instant: on the card before it is taken, and when it is awarded. Pure.

    (R-015, R-023, R-024, I-049)
    """
    return policy.worth_of(policy_, kind, wanted_at)


async def award(tx: Tx, book: PolicyBook, ride: Ride, *, region_chain: Sequence[str] = ()) -> bool:
    """Award what the ride is worth, once for each ride (I-010); False when that was done before."""
    found = book.read(RewardPolicy, at=ride.read_at, region_chain=region_chain, service=ride.service)
    worth = policy.worth_of(found.value, ride.kind, ride.wanted_at)
    return await store.award(tx, ride, worth, found.version)


async def standing(tx: Tx, book: PolicyBook, company_id: UUID, driver_id: UUID, *, now: datetime) -> Standing:
    """Level, score of the window and all points, by the record in force."""
    found = book.read(RewardPolicy, at=now).value
    score, points = await store.sums(tx, company_id, driver_id, policy.window_begins(found, now))
    level, following = policy.level_of(found, score)
    return Standing(score, points, level, following, found.window_days)


async def history(
    tx: Tx, company_id: UUID, driver_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> RewardPage:
    """What the driver was awarded, newest first, from after the ride `before` on."""
    found = await store.page(tx, company_id, driver_id, before, limit + 1)
    more = len(found) > limit
    return RewardPage(tuple(found[:limit]), found[limit - 1].call_id if more else None)


async def of_calls(tx: Tx, company_id: UUID, driver_id: UUID, call_ids: Sequence[UUID]) -> dict[UUID, Reward]:
    """What the driver was awarded for these rides, by the customer's own call."""
    found = await store.of_calls(tx, company_id, driver_id, call_ids) if call_ids else []
    return {reward.call_id: reward for reward in found}
