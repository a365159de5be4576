"""All SQL of periods of cover."""

from datetime import datetime
from uuid import UUID

from daeri.infra.database import Row, Tx
from daeri.insurance.model import Cover, CoverPolicy, CoverSource, CoverTerms, Drive
from daeri.kernel.ids import CallId, CompanyId, DriverId
from daeri.policies.model import Versioned

_COLUMNS = """
call_id, ride_id, company_id, driver_id, performer_id, source, insurer, policy_shown, policy_until, application_id,
injury_won, property_won, own_car_won, deductible_won, policy_version, starts_at, ends_at
"""
# The driver's own policy is the one of their newest approved application; one statement, because a drive begins by it.
_BEGIN = f"""
INSERT INTO covers ({_COLUMNS})
SELECT $1, $2, $3, $4, $5, $6, coalesce(i.insurer, $7), coalesce(i.policy_masked, $8), i.insurance_expires_on,
       i.application_id, $9, $10, $11, $12, $13, $14, NULL
FROM (SELECT 1) AS one
LEFT JOIN driver_insurances_public i ON $6 = 'driver' AND i.driver_id = $4 AND i.company_id = $3
ON CONFLICT (call_id) DO NOTHING
"""
# A clock that was put back must not keep a drive from ending.
_END = "UPDATE covers SET ends_at = greatest(starts_at, $2) WHERE call_id = $1 AND ends_at IS NULL"
_OF_RIDE = f"SELECT {_COLUMNS} FROM covers WHERE ride_id = $1 AND company_id = $2 ORDER BY starts_at, call_id"


async def begin(tx: Tx, drive: Drive, policy: Versioned[CoverPolicy], source: CoverSource, *, now: datetime) -> bool:
    """Open the drive's period; False when it has one."""
    value = policy.value
    is_companys = source is CoverSource.COMPANY
    written = await tx.execute(
        _BEGIN,
        drive.call_id,
        drive.ride_id,
        drive.company_id,
        drive.driver_id,
        drive.performer_id,
        source,
        value.insurer if is_companys else "",
        value.policy_number if is_companys else "",
        value.injury_won,
        value.property_won,
        value.own_car_won,
        value.deductible_won,
        policy.version,
        now,
    )
    return written == 1


async def end(tx: Tx, call_id: UUID, now: datetime) -> bool:
    """Close the drive's period; False when none runs."""
    return await tx.execute(_END, call_id, now) == 1


async def of_ride(tx: Tx, company_id: UUID, ride_id: UUID) -> list[Cover]:
    return [_cover(row) for row in await tx.rows(_OF_RIDE, ride_id, company_id)]


def _cover(row: Row) -> Cover:
    return Cover(
        call_id=CallId(row["call_id"]),
        ride_id=CallId(row["ride_id"]),
        driver_id=DriverId(row["driver_id"]),
        performer_id=CompanyId(row["performer_id"]),
        source=CoverSource(row["source"]),
        insurer=row["insurer"],
        policy_shown=row["policy_shown"],
        policy_until=row["policy_until"],
        application_id=row["application_id"],
        terms=CoverTerms(row["injury_won"], row["property_won"], row["own_car_won"], row["deductible_won"]),
        policy_version=row["policy_version"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
    )
