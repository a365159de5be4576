"""All SQL of drivers' runs and what they earned."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from daeri.drivers.model import Earnings, Run
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId, DriverId

_COLUMNS = """
call_id, driver_id, company_id, day, ended_at, number, kind, payment, fare, commission, premium, net,
commission_version, premium_version, is_drive
"""
# The run's day is kept up with it: what the run adds, or what another fare changes.
_KEEP = f"""
WITH before AS (
    SELECT fare, is_drive FROM driver_runs WHERE call_id = $1
), kept AS (
    INSERT INTO driver_runs ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (call_id) DO UPDATE SET fare = $9, commission = $10, premium = $11, net = $12, commission_version = $13,
        premium_version = $14, is_drive = $15
)
INSERT INTO driver_days AS d (driver_id, day, company_id, runs, fares)
SELECT $2, $4, $3, $15::boolean::integer - coalesce((SELECT is_drive FROM before), false)::integer,
       $9 - coalesce((SELECT fare FROM before), 0)
ON CONFLICT (driver_id, day) DO UPDATE SET runs = d.runs + excluded.runs, fares = d.fares + excluded.fares
"""
_SUMS = """
count(*) FILTER (WHERE is_drive) AS runs, coalesce(sum(fare), 0)::bigint AS fares,
coalesce(sum(commission), 0)::bigint AS commission,
coalesce(sum(premium), 0)::bigint AS premium, coalesce(sum(net), 0)::bigint AS net
"""
_BY_DAY = f"""
SELECT day, {_SUMS} FROM driver_runs
WHERE driver_id = $1 AND company_id = $2 AND day BETWEEN $3 AND $4 GROUP BY day ORDER BY day DESC
"""
_OF_DAY = f"""
SELECT {_COLUMNS} FROM driver_runs WHERE driver_id = $1 AND company_id = $2 AND day = $3 ORDER BY ended_at DESC
"""
_COUNT = "SELECT coalesce(sum(runs), 0) FROM driver_days WHERE driver_id = $1 AND company_id = $2"

_COUNTS = """
SELECT driver_id, sum(runs)::bigint AS runs FROM driver_days
WHERE driver_id = ANY($1) AND company_id = $2 GROUP BY driver_id
"""


async def keep(tx: Tx, run: Run) -> None:
    """Keep the run; of one that is there already, what it left to its driver now."""
    await tx.execute(
        _KEEP,
        run.call_id,
        run.driver_id,
        run.company_id,
        run.day,
        run.ended_at,
        run.number,
        run.kind,
        run.payment,
        run.fare,
        run.commission,
        run.premium,
        run.net,
        run.commission_version,
        run.premium_version,
        run.is_drive,
    )


async def by_day(tx: Tx, company_id: UUID, driver_id: UUID, since: date, until: date) -> list[Earnings]:
    return [
        Earnings(row["day"], row["runs"], row["fares"], row["commission"], row["premium"], row["net"])
        for row in await tx.rows(_BY_DAY, driver_id, company_id, since, until)
    ]


async def of_day(tx: Tx, company_id: UUID, driver_id: UUID, day: date) -> list[Run]:
    return [_run(row) for row in await tx.rows(_OF_DAY, driver_id, company_id, day)]


async def count(tx: Tx, company_id: UUID, driver_id: UUID) -> int:
    return int(await tx.value(_COUNT, driver_id, company_id))


async def counts(tx: Tx, company_id: UUID, driver_ids: Sequence[UUID]) -> dict[UUID, int]:
    return {row["driver_id"]: row["runs"] for row in await tx.rows(_COUNTS, list(driver_ids), company_id)}


def _run(row: Row) -> Run:
    return Run(
        call_id=row["call_id"],
        driver_id=DriverId(row["driver_id"]),
        company_id=CompanyId(row["company_id"]),
        day=row["day"],
        ended_at=row["ended_at"],
        number=row["number"],
        kind=row["kind"],
        payment=row["payment"],
        fare=row["fare"],
        commission=row["commission"],
        premium=row["premium"],
        net=row["net"],
        commission_version=row["commission_version"],
        premium_version=row["premium_version"],
        is_drive=row["is_drive"],
    )
