"""All SQL of engagements: who has which call, and which one after it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.dispatch.model import AlreadyTaken, DriverEngaged, Slot
from daeri.dispatch.plan import Mode
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, DriverId

# Where a drive is under way, a call is for after it. Before the drive there is no next one: the key is violated.
SLOT_OF = """
CASE WHEN EXISTS (SELECT FROM engagements e JOIN calls_public w ON w.id = e.call_id
                  WHERE e.driver_id = {driver} AND e.slot = 'now' AND w.state = 'driving') THEN 'next' ELSE 'now' END
"""
# $1 offer, $2 company, $3 call, $4 driver, $5 now, $6 metres, $7 mode, $8 slot, or null for that of the moment.
_ENGAGE = f"""
WITH engaged AS (
    INSERT INTO engagements (driver_id, slot, company_id, call_id, since)
    SELECT $4::uuid, coalesce($8, {SLOT_OF.format(driver="$4")}), $2::uuid, $3::uuid, $5::timestamptz RETURNING slot
)
INSERT INTO offers (id, company_id, call_id, driver_id, mode, state, offered_at, expires_at, closed_at, pickup_m,
                    pickup_s, policy_version, slot)
SELECT $1::uuid, $2, $3, $4, $7, 'accepted', $5, $5, $5, $6::integer, 0, 0, slot FROM engaged
"""
# Whoever has the call; their other commands wait until this transaction ends.
_LOCK_ENGAGED = """
SELECT id FROM drivers_public WHERE id = (SELECT driver_id FROM engagements WHERE call_id = $1) FOR NO KEY UPDATE
"""
# When a call ends that was under way, the driver's next one takes its place.
_DISENGAGE = """
WITH ended AS (
    DELETE FROM engagements WHERE call_id = $1 RETURNING driver_id, slot, company_id, call_id, since
), follows AS (
    SELECT n.driver_id, n.slot, n.company_id, n.call_id, n.since
    FROM ended e JOIN engagements n ON n.driver_id = e.driver_id AND n.slot = 'next' WHERE e.slot = 'now'
), raised AS (
    UPDATE engagements n SET slot = 'now', since = $2 FROM follows f WHERE n.call_id = f.call_id
), kept AS (
    INSERT INTO past_engagements (company_id, call_id, driver_id, slot, since, until)
    SELECT p.company_id, p.call_id, p.driver_id, p.slot, p.since, $2
    FROM (SELECT * FROM ended UNION ALL SELECT * FROM follows) p
)
SELECT driver_id FROM ended
"""
_ENGAGED = "SELECT driver_id, slot, call_id FROM engagements WHERE driver_id = ANY($1)"
_SLOT_OF_CALL = "SELECT slot FROM engagements WHERE call_id = $1"
_OVERLAPS = """
WITH spans AS (
    SELECT call_id, driver_id, slot, since, until FROM past_engagements WHERE company_id = $1
    UNION ALL
    SELECT call_id, driver_id, slot, since, 'infinity' FROM engagements WHERE company_id = $1
), ordered AS (
    SELECT since, max(until) OVER (PARTITION BY driver_id, slot ORDER BY since, until
                                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS driver_until,
           max(until) OVER (PARTITION BY call_id ORDER BY since, until
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS call_until
    FROM spans
)
SELECT count(*) FROM ordered WHERE driver_until > since OR call_until > since
"""


async def engage(
    tx: Tx,
    offer_id: UUID,
    company_id: UUID,
    *,
    call_id: UUID,
    driver_id: UUID,
    metres: int,
    mode: Mode,
    slot: Slot | None,
    now: datetime,
) -> None:
    """Engage the driver with a call that was not offered to them, and leave an accepted offer as its record.

    Without `slot` it follows a drive that is under way.
    """
    try:
        await tx.execute(_ENGAGE, offer_id, company_id, call_id, driver_id, now, metres, mode, slot)
    except UniqueViolationError as violation:
        raise engagement_error(violation) from violation


async def disengage(tx: Tx, call_id: UUID, now: datetime) -> DriverId | None:
    """End the call's engagement and keep it as past; the driver who had it. What was to follow it is under way now.

    The driver is locked first, so that nothing else comes to follow meanwhile.
    """
    if await tx.value(_LOCK_ENGAGED, call_id) is None:
        return None
    driver_id = await tx.value(_DISENGAGE, call_id, now)
    return None if driver_id is None else DriverId(driver_id)


async def calls_of_drivers(tx: Tx, driver_ids: Sequence[UUID]) -> dict[DriverId, CallId]:
    """The call under way of each of these drivers who has one."""
    found = await engaged(tx, driver_ids)
    return {driver_id: calls[Slot.NOW] for driver_id, calls in found.items() if Slot.NOW in calls}


async def engaged(tx: Tx, driver_ids: Sequence[UUID]) -> dict[DriverId, dict[Slot, CallId]]:
    """The calls that each of these drivers has; who has none is left out."""
    found: defaultdict[DriverId, dict[Slot, CallId]] = defaultdict(dict)
    for row in await tx.rows(_ENGAGED, list(driver_ids)):
        found[row["driver_id"]][Slot(row["slot"])] = row["call_id"]
    return found


async def slot_of_call(tx: Tx, call_id: UUID) -> Slot | None:
    """Which of its driver's calls it is; None when nobody has it."""
    slot = await tx.value(_SLOT_OF_CALL, call_id)
    return None if slot is None else Slot(slot)


async def overlaps(tx: Tx, company_id: UUID) -> int:
    return int(await tx.value(_OVERLAPS, company_id))


def engagement_error(violation: UniqueViolationError) -> AlreadyTaken | DriverEngaged:
    if violation.constraint_name == "engagements_one_a_call":
        return AlreadyTaken()
    return DriverEngaged()
