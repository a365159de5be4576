"""All SQL of notices."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.companies.model import Audience, NewNotice, Notice
from daeri.infra.database import Row, Tx

_COLUMNS = """
id, audience, title_ko, title_en, body_ko, body_en, shown_from, shown_until, created_at, created_by, withdrawn_at
"""
_ADD = f"""
INSERT INTO notices (company_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL)
RETURNING {_COLUMNS}
"""
_SHOWN = f"""
SELECT {_COLUMNS} FROM notices
WHERE company_id = $1 AND audience = ANY($2) AND shown_from <= $3 AND (shown_until IS NULL OR shown_until > $3)
  AND withdrawn_at IS NULL
ORDER BY shown_from DESC, id DESC LIMIT $4
"""
_ALL = f"SELECT {_COLUMNS} FROM notices WHERE company_id = $1 ORDER BY shown_from DESC, id DESC LIMIT $2"
_WITHDRAW = """
UPDATE notices SET withdrawn_at = coalesce(withdrawn_at, $3), withdrawn_by = coalesce(withdrawn_by, $4)
WHERE id = $1 AND company_id = $2
"""


async def add(
    tx: Tx, notice_id: UUID, company_id: UUID, what: NewNotice, *, created_by: UUID | None, now: datetime
) -> Notice:
    row = await tx.row(
        _ADD,
        company_id,
        notice_id,
        what.audience,
        what.title_ko,
        what.title_en,
        what.body_ko,
        what.body_en,
        what.shown_from,
        what.shown_until,
        now,
        created_by,
    )
    if row is None:
        raise LookupError("an insert returned no row")
    return _notice(row)


async def shown(tx: Tx, company_id: UUID, audiences: Sequence[Audience], now: datetime, limit: int) -> list[Notice]:
    return [_notice(row) for row in await tx.rows(_SHOWN, company_id, list(audiences), now, limit)]


async def every(tx: Tx, company_id: UUID, limit: int) -> list[Notice]:
    return [_notice(row) for row in await tx.rows(_ALL, company_id, limit)]


async def withdraw(tx: Tx, company_id: UUID, notice_id: UUID, *, by: UUID | None, now: datetime) -> bool:
    """Take it down, for good; whether there is such a notice."""
    return await tx.execute(_WITHDRAW, notice_id, company_id, now, by) == 1


def _notice(row: Row) -> Notice:
    what = NewNotice(
        Audience(row["audience"]),
        row["title_ko"],
        row["title_en"],
        row["body_ko"],
        row["body_en"],
        row["shown_from"],
        row["shown_until"],
    )
    return Notice(row["id"], what, row["created_at"], row["created_by"], row["withdrawn_at"])
