"""The door of the companies: create, find, change settings, tell people something."""

from datetime import datetime
from uuid import UUID

import msgspec

from daeri.companies import notice_store, store
from daeri.companies.model import (
    SLUG,
    Audience,
    Company,
    CompanyChanged,
    CompanyInvalid,
    CompanyNotFound,
    CompanySettings,
    CreateCompany,
    NewNotice,
    Notice,
    NoticeInvalid,
    NoticeNotFound,
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


async def post_notice(
    tx: Tx, company_id: CompanyId, what: NewNotice, actor: Actor, *, now: datetime, ids: Ids
) -> Notice:
    """Tell people something for a time; NoticeInvalid when that time is over or turned round."""
    if what.shown_until is not None and what.shown_until <= max(now, what.shown_from):
        raise NoticeInvalid()
    return await notice_store.add(tx, ids.new(), company_id, what, created_by=actor.id, now=now)


async def notices_for(tx: Tx, company_id: CompanyId, audience: Audience, *, now: datetime) -> list[Notice]:
    """What these people shall read now, newest first."""
    return await notice_store.shown(tx, company_id, (audience, Audience.ALL), now, limit=50)


async def notices(tx: Tx, company_id: CompanyId) -> list[Notice]:
    """All notices, those to come and those that are over too, newest first."""
    return await notice_store.every(tx, company_id, limit=200)


async def withdraw_notice(tx: Tx, company_id: CompanyId, notice_id: UUID, actor: Actor, *, now: datetime) -> None:
    """Take a notice down at once; NoticeNotFound."""
    if not await notice_store.withdraw(tx, company_id, notice_id, by=actor.id, now=now):
        raise NoticeNotFound(notice_id=str(notice_id))
