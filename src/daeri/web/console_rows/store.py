"""SQL for what the console shows of a whole company at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.drivers.model import SignUp
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import Service

_DRIVERS = "SELECT id, duty, status FROM drivers_public WHERE company_id = $1 ORDER BY id"
# A call's id begins with its time, so that the day's rows are found by the index of the list.
_TODAY = """
SELECT count(*) FILTER (WHERE state = 'completed' AND ended_at >= $3) AS finished,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM assigned_at - dispatch_at))
           FILTER (WHERE assigned_at >= $3) AS median
FROM calls_public WHERE company_id = $1 AND id >= $2
"""
_BOARD = """
SELECT c.id, c.dispatch_at, c.origin_region, c.service, o.asked, o.offered_to, d.outcome
FROM calls_public c
LEFT JOIN LATERAL (
    SELECT count(*) AS asked, (array_agg(x.driver_id) FILTER (WHERE x.state = 'live'))[1] AS offered_to
    FROM offers x WHERE x.call_id = c.id
) o ON true
LEFT JOIN LATERAL (
    SELECT y.outcome FROM decisions y WHERE y.call_id = c.id AND y.decided_at >= c.requested_at
    ORDER BY y.decided_at DESC LIMIT 1
) d ON true
WHERE c.company_id = $1 AND c.state = 'requested' ORDER BY c.id LIMIT $2
"""

_CALLS_OF_CUSTOMERS = """
SELECT customer_id, count(*) AS calls, count(*) FILTER (WHERE state = 'completed') AS completed,
       max(requested_at) AS last_at
FROM calls_public WHERE company_id = $1 AND customer_id = ANY($2) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class CustomerCalls:
    """How many calls a customer ever asked for, how many were completed, and when the last one was asked for."""

    calls: int = 0
    completed: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A waiting call: since when, how many were asked, who holds its live offer, the last outcome of matching."""

    call_id: UUID
    dispatch_at: datetime
    region: str | None
    service: Service
    asked: int
    offered_to: DriverId | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Today:
    """Calls finished, and the median seconds from dispatch to assignment; None before the first."""

    finished: int
    median_s: float | None


async def drivers(tx: Tx, company_id: UUID) -> list[tuple[DriverId, bool, SignUp]]:
    """Every driver of the company in the order of their ids, whether they are on duty, and whether they may work."""
    return [
        (DriverId(row["id"]), row["duty"] == "on", SignUp(row["status"])) for row in await tx.rows(_DRIVERS, company_id)
    ]


async def today(tx: Tx, company_id: UUID, *, first_id: UUID, since: datetime) -> Today:
    """The day's figures; `first_id` bounds the rows that are read."""
    row = await tx.row(_TODAY, company_id, first_id, since)
    if row is None:
        return Today(0, None)
    return Today(row["finished"], None if row["median"] is None else float(row["median"]))


async def board(tx: Tx, company_id: UUID, *, limit: int = 2_000) -> list[WaitingRow]:
    """The company's waiting calls with what dispatch has done for them, oldest first."""
    return [
        WaitingRow(
            row["id"],
            row["dispatch_at"],
            row["origin_region"],
            Service(row["service"]),
            row["asked"],
            row["offered_to"],
            row["outcome"],
        )
        for row in await tx.rows(_BOARD, company_id, limit)
    ]


async def calls_of_customers(tx: Tx, company_id: UUID, customer_ids: Sequence[UUID]) -> dict[UUID, CustomerCalls]:
    """Who has never called is left out."""
    rows = await tx.rows(_CALLS_OF_CUSTOMERS, company_id, list(customer_ids))
    return {row["customer_id"]: CustomerCalls(row["calls"], row["completed"], row["last_at"]) for row in rows}
