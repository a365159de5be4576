"""All SQL of who shall never meet whom, as matching and the offers must know it."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, DriverId

NEVER_MEET = """
EXISTS (SELECT FROM never_meet_public b WHERE b.customer_id = {call}.customer_id AND b.driver_id = {driver})
"""
_NEVER_TO_MEET = """
SELECT c.id AS call_id, b.driver_id FROM calls_public c
JOIN never_meet_public b ON b.customer_id = c.customer_id WHERE c.id = ANY($1)
"""


async def never_to_meet(tx: Tx, call_ids: Sequence[UUID]) -> dict[CallId, tuple[DriverId, ...]]:
    """The drivers whom each call's customer shall never meet; calls without any are left out."""
    found: defaultdict[CallId, list[DriverId]] = defaultdict(list)
    for row in await tx.rows(_NEVER_TO_MEET, list(call_ids)):
        found[row["call_id"]].append(row["driver_id"])
    return {call_id: tuple(drivers) for call_id, drivers in found.items()}
