"""All SQL of the policies."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId, EventId
from daeri.kernel.terms import Actor, Service
from daeri.policies.model import PolicyRecord, Scope

_COLUMNS = "id, company_id, name, version, region, service, value, effective_from, created_at, created_by, note"

# Two writers of one name wait for each other here, so that each sees the other's version.
_LOCK_NAME = "SELECT pg_advisory_xact_lock(hashtextextended('policy ' || $1::text || ' ' || $2::text, 0))"

_INSERT = f"""
WITH record AS (
    INSERT INTO policy_records ({_COLUMNS})
    SELECT $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8, $9, $10
      FROM policy_records WHERE company_id = $2 AND name = $3
    RETURNING {_COLUMNS}
), event AS (
    SELECT emit($11, company_id, 'policy.written', 'policy', id, 1, created_at, $12, $9, NULL,
                jsonb_build_object('name', name, 'version', version, 'region', region, 'service', service,
                                   'effective_from', effective_from, 'value', value)) FROM record
)
SELECT record.* FROM record, event
"""

_OF_NAME = f"""
SELECT {_COLUMNS} FROM policy_records WHERE company_id = $1 AND name = $2 ORDER BY version
"""

_OF_COMPANY = f"""
SELECT {_COLUMNS} FROM policy_records WHERE company_id = $1 ORDER BY name, version
"""

_ALL = f"""
SELECT {_COLUMNS} FROM policy_records ORDER BY company_id, name, version
"""


async def insert(
    tx: Tx,
    *,
    record_id: UUID,
    company_id: CompanyId,
    name: str,
    scope: Scope,
    value: Mapping[str, object] | None,
    effective_from: datetime,
    now: datetime,
    actor: Actor,
    note: str,
    event_id: EventId,
) -> PolicyRecord:
    """Append a record with the next version of its name, and its event."""
    await tx.execute(_LOCK_NAME, str(company_id), name)
    service = scope.service.value if scope.service else None
    (row,) = await tx.rows(
        _INSERT,
        record_id,
        company_id,
        name,
        scope.region,
        service,
        value,
        effective_from,
        now,
        actor.id,
        note,
        event_id,
        actor.kind.value,
    )
    return _record(row)


async def of_name(tx: Tx, company_id: CompanyId, name: str) -> list[PolicyRecord]:
    return [_record(row) for row in await tx.rows(_OF_NAME, company_id, name)]


async def of_company(tx: Tx, company_id: CompanyId) -> list[PolicyRecord]:
    return [_record(row) for row in await tx.rows(_OF_COMPANY, company_id)]


async def every(tx: Tx) -> list[PolicyRecord]:
    return [_record(row) for row in await tx.rows(_ALL)]


def _record(row: Row) -> PolicyRecord:
    return PolicyRecord(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        name=row["name"],
        version=row["version"],
        scope=Scope(row["region"], Service(row["service"]) if row["service"] else None),
        value=row["value"],
        effective_from=row["effective_from"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        note=row["note"],
    )
