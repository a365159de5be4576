"""All SQL of cases. Each change is one statement: the row and its event."""

from datetime import datetime
from uuid import UUID

from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Actor, ActorKind
from daeri.support.model import Case, CaseFilter, CaseKind, CaseState, EventKind, Report

_COLUMNS = """
id, company_id, number, kind, call_id, opened_by_kind, opened_by, state, text, facts, phone_sealed, opened_at,
closed_at, closed_by, note, version
"""
# The letter keeps a case's number apart from a call's.
_OPEN = """
WITH opened AS (
    INSERT INTO cases (id, company_id, number, kind, call_id, opened_by_kind, opened_by, state, text, facts,
                       phone_sealed, opened_at, version)
    VALUES ($1, $2, 'C-' || call_number(nextval('case_numbers')), $3, $4, $5, $6, 'open', $7, $8, $9, $10, 1)
    RETURNING *
), told AS (
    SELECT emit($11, company_id, $12, 'case', id, 1, $10, $5, $6, NULL,
                jsonb_build_object('kind', kind, 'call_id', call_id)) FROM opened
)
SELECT opened.* FROM opened, told
"""
_CLOSE = """
WITH closed AS (
    UPDATE cases SET state = 'closed', closed_at = $3, closed_by = $5, note = $6, version = version + 1
    WHERE id = $1 AND company_id = $2 AND state = 'open' RETURNING *
), told AS (
    SELECT emit($7, company_id, $8, 'case', id, version, $3, $4, $5, NULL,
                jsonb_build_object('kind', kind, 'call_id', call_id, 'note', note)) FROM closed
)
SELECT closed.* FROM closed, told
"""
_GET = f"SELECT {_COLUMNS} FROM cases WHERE id = $1 AND company_id = $2"
# Newest first; `$2` is the last id of the page before.
_LIST = f"""
SELECT {_COLUMNS} FROM cases
WHERE company_id = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR state = $3)
  AND ($4::text IS NULL OR kind = $4) AND ($5::uuid IS NULL OR call_id = $5) AND ($6::uuid IS NULL OR opened_by = $6)
ORDER BY id DESC LIMIT $7
"""


async def insert(
    tx: Tx,
    case_id: UUID,
    company_id: UUID,
    call_id: UUID,
    report: Report,
    *,
    phone_sealed: bytes | None,
    actor: Actor,
    event_id: UUID,
    now: datetime,
) -> Case:  # fmt: skip -- the signature reads as one sentence
    row = await tx.row(
        _OPEN,
        case_id,
        company_id,
        report.kind,
        call_id,
        actor.kind,
        actor.id,
        report.text,
        dict(report.facts),
        phone_sealed,
        now,
        event_id,
        EventKind.OPENED,
    )  # fmt: skip -- the order of the parameters is the statement's
    if row is None:
        raise LookupError("an insert returned no row")
    return _case(row)


async def close(
    tx: Tx, case_id: UUID, company_id: UUID, note: str, *, actor: Actor, event_id: UUID, now: datetime
) -> Case | None:
    """Close an open case; None when it is not open."""
    row = await tx.row(_CLOSE, case_id, company_id, now, actor.kind, actor.id, note, event_id, EventKind.CLOSED)
    return None if row is None else _case(row)


async def get(tx: Tx, company_id: UUID, case_id: UUID) -> Case | None:
    row = await tx.row(_GET, case_id, company_id)
    return None if row is None else _case(row)


async def page(tx: Tx, wanted: CaseFilter, before: UUID | None, limit: int) -> list[Case]:
    rows = await tx.rows(
        _LIST, wanted.company_id, before, wanted.state, wanted.kind, wanted.call_id, wanted.opened_by, limit
    )
    return [_case(row) for row in rows]


def _case(row: Row) -> Case:
    return Case(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        number=row["number"],
        kind=CaseKind(row["kind"]),
        call_id=row["call_id"],
        opened_by_kind=ActorKind(row["opened_by_kind"]),
        opened_by=row["opened_by"],
        state=CaseState(row["state"]),
        text=row["text"],
        facts=row["facts"],
        phone_sealed=row["phone_sealed"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        note=row["note"],
        version=row["version"],
    )
