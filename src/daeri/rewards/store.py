"""All SQL of rewards."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CallId, DriverId
from daeri.kernel.time import KST
from daeri.rewards.model import Reward, RewardKind, RewardSlot, Ride, Worth

_COLUMNS = "call_id, driver_id, number, kind, score, points, slot, wanted_at, ended_at, policy_version"
_AWARD = f"""
INSERT INTO rewards ({_COLUMNS}, company_id, day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (call_id) DO NOTHING
"""
_SUMS = """
SELECT coalesce(sum(score) FILTER (WHERE day >= $3), 0)::bigint AS score, coalesce(sum(points), 0)::bigint AS points
FROM rewards WHERE driver_id = $1 AND company_id = $2
"""
_PAGE = f"""
SELECT {_COLUMNS} FROM rewards r
WHERE driver_id = $1 AND company_id = $2
  AND ($3::uuid IS NULL OR (ended_at, call_id) < (SELECT b.ended_at, b.call_id FROM rewards b WHERE b.call_id = $3))
ORDER BY ended_at DESC, call_id DESC LIMIT $4
"""
_OF_CALLS = f"SELECT {_COLUMNS} FROM rewards WHERE call_id = ANY($1) AND driver_id = $2 AND company_id = $3"


async def award(tx: Tx, ride: Ride, worth: Worth, policy_version: int) -> bool:
    """Keep what the ride was worth; False when that was kept before."""
    written = await tx.execute(
        _AWARD,
        ride.call_id,
        ride.driver_id,
        ride.number,
        ride.kind,
        worth.score,
        worth.points,
        worth.slot,
        ride.wanted_at,
        ride.ended_at,
        policy_version,
        ride.company_id,
        ride.ended_at.astimezone(KST).date(),
    )
    return written == 1


async def sums(tx: Tx, company_id: UUID, driver_id: UUID, since: date) -> tuple[int, int]:
    """The driver's score from that Korean day on, and all of their points."""
    row = await tx.row(_SUMS, driver_id, company_id, since)
    return (0, 0) if row is None else (row["score"], row["points"])


async def page(tx: Tx, company_id: UUID, driver_id: UUID, before: UUID | None, limit: int) -> list[Reward]:
    return [_reward(row) for row in await tx.rows(_PAGE, driver_id, company_id, before, limit)]


async def of_calls(tx: Tx, company_id: UUID, driver_id: UUID, call_ids: Sequence[UUID]) -> list[Reward]:
    return [_reward(row) for row in await tx.rows(_OF_CALLS, list(call_ids), driver_id, company_id)]


def _reward(row: Row) -> Reward:
    slot = None if row["slot"] is None else msgspec.convert(row["slot"], RewardSlot)
    return Reward(
        call_id=CallId(row["call_id"]),
        driver_id=DriverId(row["driver_id"]),
        number=row["number"],
        kind=RewardKind(row["kind"]),
        worth=Worth(row["score"], row["points"], slot),
        wanted_at=row["wanted_at"],
        ended_at=row["ended_at"],
        policy_version=row["policy_version"],
    )
