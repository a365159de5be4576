"""SQL over the public views, for what spans a whole company."""

from datetime import datetime
from uuid import UUID

from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId

_DRIVERS = "SELECT id, duty FROM drivers_public WHERE company_id = $1 ORDER BY id"
_MEDIAN_WAIT = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM assigned_at - dispatch_at))
FROM calls_public WHERE company_id = $1 AND id >= $2 AND assigned_at >= $3
"""


async def drivers(tx: Tx, company_id: UUID) -> list[tuple[DriverId, bool]]:
    """Every driver of the company in the order of their ids, and whether they are on duty."""
    return [(DriverId(row["id"]), row["duty"] == "on") for row in await tx.rows(_DRIVERS, company_id)]


async def median_wait_s(tx: Tx, company_id: UUID, *, first_id: UUID, since: datetime) -> float | None:
    """Half of the calls assigned since then waited less; `first_id` bounds the rows that are read."""
    seconds = await tx.value(_MEDIAN_WAIT, company_id, first_id, since)
    return None if seconds is None else float(seconds)
