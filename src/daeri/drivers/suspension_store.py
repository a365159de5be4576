"""All SQL of suspensions and appeals."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.drivers.model import Appeal, Driver, Suspend, Suspension, WaitingAppeal
from daeri.infra.database import Row, Tx
from daeri.kernel.terms import Actor

_SUSPENSION = """
SELECT s.id, s.driver_id, s.reason, s.evidence, s.starts_at, s.ends_at, s.decided_by, s.ended_at, s.lifted_at,
       s.lifted_by, s.lift_reason, a.id AS appeal_id, a.text, a.at, a.answer, a.answered_at, a.upheld
FROM driver_suspensions s LEFT JOIN driver_appeals a ON a.suspension_id = s.id
"""
_ADD = """
INSERT INTO driver_suspensions (id, driver_id, company_id, reason, evidence, starts_at, ends_at, decided_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_GET = _SUSPENSION + "WHERE s.id = $1 AND s.company_id = $2"
_OPEN = _SUSPENSION + "WHERE s.driver_id = ANY($1) AND s.ended_at IS NULL"
_HISTORY = _SUSPENSION + "WHERE s.driver_id = $1 AND s.company_id = $2 ORDER BY s.id DESC"
_DUE = """
SELECT s.id, s.driver_id, s.company_id FROM driver_suspensions s
WHERE s.ended_at IS NULL AND s.ends_at <= $1 ORDER BY s.driver_id LIMIT $2
"""
_RUN_OUT = "UPDATE driver_suspensions SET ended_at = ends_at WHERE id = $1 AND ended_at IS NULL AND ends_at <= $2"
_LIFT = """
UPDATE driver_suspensions SET ended_at = $2, lifted_at = $2, lifted_by = $3, lift_reason = $4
WHERE id = $1 AND ended_at IS NULL
"""
_APPEAL = """
INSERT INTO driver_appeals (id, suspension_id, driver_id, company_id, text, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT ON CONSTRAINT driver_appeals_once DO NOTHING
"""
_APPEALED = """
SELECT a.suspension_id, a.driver_id FROM driver_appeals a WHERE a.id = $1 AND a.company_id = $2
"""
_ANSWER = """
UPDATE driver_appeals SET upheld = $2, answer = $3, answered_at = $4, answered_by = $5
WHERE id = $1 AND answered_at IS NULL
"""
_WAITING = """
SELECT a.driver_id, a.suspension_id, a.id AS appeal_id, a.text, a.at, a.answer, a.answered_at, a.upheld
FROM driver_appeals a WHERE a.company_id = $1 AND a.answered_at IS NULL ORDER BY a.at LIMIT $2
"""


async def add(
    tx: Tx, suspension_id: UUID, driver: Driver, what: Suspend, *, decided_by: UUID | None, now: datetime
) -> None:
    await tx.execute(
        _ADD, suspension_id, driver.id, driver.company_id, what.reason, what.evidence, now, what.ends_at, decided_by
    )


async def get(tx: Tx, company_id: UUID, suspension_id: UUID) -> Suspension | None:
    row = await tx.row(_GET, suspension_id, company_id)
    return None if row is None else _suspension(row)


async def running(tx: Tx, driver_ids: Sequence[UUID]) -> list[Suspension]:
    """The suspensions of these drivers that have not been ended; their end may have come."""
    return [_suspension(row) for row in await tx.rows(_OPEN, list(driver_ids))]


async def history(tx: Tx, company_id: UUID, driver_id: UUID) -> list[Suspension]:
    return [_suspension(row) for row in await tx.rows(_HISTORY, driver_id, company_id)]


async def due(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID, UUID]]:
    """(suspension, driver, company) where the end has come, in the order of the drivers."""
    return [(row["id"], row["driver_id"], row["company_id"]) for row in await tx.rows(_DUE, now, limit)]


async def run_out(tx: Tx, suspension_id: UUID, now: datetime) -> bool:
    """End it at the end that it had; whether it was still running."""
    return await tx.execute(_RUN_OUT, suspension_id, now) == 1


async def lift(tx: Tx, suspension_id: UUID, reason: str, actor: Actor, now: datetime) -> None:
    await tx.execute(_LIFT, suspension_id, now, actor.id, reason)


async def appeal(tx: Tx, appeal_id: UUID, suspension_id: UUID, driver: Driver, *, text: str, now: datetime) -> bool:
    """Keep the appeal; False when there is one already."""
    return await tx.execute(_APPEAL, appeal_id, suspension_id, driver.id, driver.company_id, text, now) == 1


async def appealed(tx: Tx, company_id: UUID, appeal_id: UUID) -> tuple[UUID, UUID] | None:
    """(suspension, driver) of an appeal."""
    row = await tx.row(_APPEALED, appeal_id, company_id)
    return None if row is None else (row["suspension_id"], row["driver_id"])


async def answer(tx: Tx, appeal_id: UUID, text: str, actor: Actor, *, upheld: bool, now: datetime) -> bool:
    """Keep the answer; False when there is one already."""
    return await tx.execute(_ANSWER, appeal_id, upheld, text, now, actor.id) == 1


async def waiting_appeals(tx: Tx, company_id: UUID, limit: int) -> list[WaitingAppeal]:
    rows = await tx.rows(_WAITING, company_id, limit)
    return [WaitingAppeal(row["driver_id"], row["suspension_id"], _appeal(row)) for row in rows]


def _suspension(row: Row) -> Suspension:
    return Suspension(
        id=row["id"],
        driver_id=row["driver_id"],
        reason=row["reason"],
        evidence=row["evidence"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        by_hand=row["decided_by"] is not None,
        decided_by=row["decided_by"],
        ended_at=row["ended_at"],
        lifted_at=row["lifted_at"],
        lifted_by=row["lifted_by"],
        lift_reason=row["lift_reason"],
        appeal=None if row["appeal_id"] is None else _appeal(row),
    )


def _appeal(row: Row) -> Appeal:
    return Appeal(row["appeal_id"], row["text"], row["at"], row["answer"], row["answered_at"], row["upheld"])
