"""All SQL of the companies."""

from datetime import datetime

import msgspec

from daeri.companies.model import Company, CompanySettings, CreateCompany
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId, EventId
from daeri.kernel.terms import Actor

_COLUMNS = "id, slug, name_ko, name_en, settings, version, created_at"

_INSERT = f"""
WITH company AS (
    INSERT INTO companies ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, 1, $6)
    ON CONFLICT (slug) DO NOTHING RETURNING {_COLUMNS}
), event AS (
    SELECT emit($7, id, 'company.created', 'company', id, version, created_at, $8, $9, NULL,
                jsonb_build_object('slug', slug)) FROM company
)
SELECT company.* FROM company, event
"""

_CHANGE_SETTINGS = f"""
WITH company AS (
    UPDATE companies SET settings = $3, version = version + 1 WHERE id = $1 AND version = $2 RETURNING {_COLUMNS}
), event AS (
    SELECT emit($4, id, 'company.settings_changed', 'company', id, version, $5, $6, $7, NULL,
                jsonb_build_object('settings', settings)) FROM company
)
SELECT company.* FROM company, event
"""

_BY_ID = f"SELECT {_COLUMNS} FROM companies WHERE id = $1"
_BY_SLUG = f"SELECT {_COLUMNS} FROM companies WHERE slug = $1"
_FIRST_TWO = f"SELECT {_COLUMNS} FROM companies LIMIT 2"
_ALL = f"SELECT {_COLUMNS} FROM companies ORDER BY slug"


async def insert(
    tx: Tx, company_id: CompanyId, command: CreateCompany, *, now: datetime, event_id: EventId, actor: Actor
) -> Company | None:
    """The new company, or None when its slug is taken."""
    settings = msgspec.to_builtins(command.settings)
    names = (command.slug, command.name_ko, command.name_en)
    row = await tx.row(_INSERT, company_id, *names, settings, now, event_id, actor.kind.value, actor.id)
    return _company(row)


async def change_settings(
    tx: Tx, seen: Company, settings: CompanySettings, *, now: datetime, event_id: EventId, actor: Actor
) -> Company | None:
    """The changed company, or None when it is no longer at the version of `seen`."""
    value = msgspec.to_builtins(settings)
    key = (seen.id, seen.version)
    return _company(await tx.row(_CHANGE_SETTINGS, *key, value, event_id, now, actor.kind.value, actor.id))


async def by_id(tx: Tx, company_id: CompanyId) -> Company | None:
    return _company(await tx.row(_BY_ID, company_id))


async def by_slug(tx: Tx, slug: str) -> Company | None:
    return _company(await tx.row(_BY_SLUG, slug))


async def only(tx: Tx) -> Company | None:
    """The company when there is exactly one."""
    rows = await tx.rows(_FIRST_TWO)
    return _company(rows[0]) if len(rows) == 1 else None


async def every(tx: Tx) -> list[Company]:
    return [company for row in await tx.rows(_ALL) if (company := _company(row))]


def _company(row: Row | None) -> Company | None:
    if row is None:
        return None
    return Company(
        id=CompanyId(row["id"]),
        slug=row["slug"],
        name_ko=row["name_ko"],
        name_en=row["name_en"],
        settings=msgspec.convert(row["settings"], CompanySettings),
        version=row["version"],
        created_at=row["created_at"],
    )
