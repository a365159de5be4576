"""The door of the companies: create, find, change settings."""

from datetime import datetime

import msgspec

from daeri.companies import store
from daeri.companies.model import (
    SLUG,
    Company,
    CompanyChanged,
    CompanyInvalid,
    CompanyNotFound,
    CompanySettings,
    CreateCompany,
    SlugTaken,
    parse_settings,
)
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, EventId, Ids
from daeri.kernel.terms import SYSTEM, Actor


async def create(tx: Tx, command: CreateCompany, *, now: datetime, ids: Ids, actor: Actor = SYSTEM) -> Company:
    """A new company; CompanyInvalid when a field is out of its bounds, SlugTaken when another has the slug."""
    if not SLUG.fullmatch(command.slug):
        raise CompanyInvalid(problem="slug")
    if not command.name_ko.strip() or not command.name_en.strip():
        raise CompanyInvalid(problem="name")
    parse_settings(msgspec.to_builtins(command.settings))  # constructing a struct checks no bounds
    company_id, event_id = CompanyId(ids.new()), EventId(ids.new())
    company = await store.insert(tx, company_id, command, now=now, event_id=event_id, actor=actor)
    if company is None:
        raise SlugTaken(slug=command.slug)
    return company


async def get(tx: Tx, company_id: CompanyId) -> Company:
    """The company of this id, or CompanyNotFound."""
    company = await store.by_id(tx, company_id)
    if company is None:
        raise CompanyNotFound()
    return company


async def by_slug(tx: Tx, slug: str) -> Company:
    """The company that addresses name so, or CompanyNotFound."""
    company = await store.by_slug(tx, slug)
    if company is None:
        raise CompanyNotFound()
    return company


async def resolve(tx: Tx, slug: str | None) -> Company:
    """The company of `slug`; without one, the only company of the installation, else CompanyNotFound."""
    if slug is not None:
        return await by_slug(tx, slug)
    company = await store.only(tx)
    if company is None:
        raise CompanyNotFound()
    return company


async def every(tx: Tx) -> list[Company]:
    """All companies of the installation, by slug; for processes, never for a person of one company."""
    return await store.every(tx)


async def change_settings(
    tx: Tx, seen: Company, settings: CompanySettings, *, now: datetime, ids: Ids, actor: Actor
) -> Company:
    """Replace the settings that `seen` holds; CompanyChanged when someone else was faster."""
    parse_settings(msgspec.to_builtins(settings))
    event_id = EventId(ids.new())
    company = await store.change_settings(tx, seen, settings, now=now, event_id=event_id, actor=actor)
    if company is None:
        raise CompanyChanged(version=seen.version)
    return company
