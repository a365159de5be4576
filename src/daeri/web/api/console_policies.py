"""Policies for staff: what is in force, what shall be and from when, and who said so."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from daeri.accounts.model import Permission, Principal
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Service
from daeri.policies import api as policies
from daeri.policies.api import PolicyBook
from daeri.policies.model import Policy, PolicyRecord, Scope, parse
from daeri.rulebook import KINDS, RegionUnknown, kind_of
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context, WebContext
from daeri.web.principals import WhoAsks, require_staff
from daeri.web.wire_parts import NO_NUL
from daeri.web.words import Language

Req = Request[Any, Any, Any]
Value = dict[str, Any]
Code = Annotated[str, Meta(min_length=2, max_length=10, pattern=r"^[0-9]+$")]
_NO_NOTE = ""


class Standing(StrEnum):
    """What a record is at the moment."""

    IN_FORCE = "in_force"
    PLANNED = "planned"
    PAST = "past"


class PolicyRow(msgspec.Struct, frozen=True):
    """One policy as it is wherever no region or service has its own; version 0 is built in."""

    name: str
    version: int
    records: int
    scopes: int


class PolicyRows(msgspec.Struct, frozen=True):
    items: tuple[PolicyRow, ...]


class PolicyRecordRow(msgspec.Struct, frozen=True):
    """One record; without a value its scope was withdrawn from then on."""

    id: UUID
    version: int
    region: str | None
    region_names: Mapping[str, str]
    service: Service | None
    value: Value | None
    effective_from: datetime
    created_at: datetime
    created_by: str
    note: str
    standing: Standing


class PolicyPage(msgspec.Struct, frozen=True):
    """A policy with its fields (JSON Schema), what is built in, what holds, and all that was written, newest first."""

    name: str
    fields: Value
    built_in: Value
    value: Value
    version: int
    records: tuple[PolicyRecordRow, ...]


class PolicyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record to be; without `effective_from` it holds at once. A null value withdraws the scope's own."""

    value: Value | None
    region: Code | None = None
    service: Service | None = None
    effective_from: Annotated[datetime, Meta(tz=True)] | None = None
    note: Annotated[str, Meta(max_length=500, pattern=NO_NUL)] = _NO_NOTE


@get("/console/policies")
async def list_policies(context: Context, principal: WhoAsks) -> PolicyRows:
    """Every policy of the house by name."""
    _require(principal, Permission.POLICIES_READ)
    async with context.database.reading() as tx:
        book = await policies.load_book(tx, principal.company_id)
        written = [(name, await policies.history(tx, principal.company_id, kind)) for name, kind in KINDS.items()]
    now = context.clock.now()
    return PolicyRows(tuple(_row(name, records, book, now) for name, records in written))


@get("/console/policies/{name:str}")
async def get_policy(context: Context, principal: WhoAsks, name: FromPath[str]) -> PolicyPage:
    """One policy: its fields, what holds, and its records."""
    _require(principal, Permission.POLICIES_READ)
    async with context.database.snapshot() as tx:
        return await _page(tx, context, principal.company_id, kind_of(name))


@post(
    "/console/policies/{name:str}",
    status_code=201,
    operation_class=Command,
    responses=answers(201, PolicyPage),
)
async def write_policy(
    request: Req, context: Context, principal: WhoAsks, name: FromPath[str], data: JSONBody[PolicyIn]
) -> Response[bytes]:
    """Let a policy hold from an instant on, for everybody, a region or a service."""
    _require(principal, Permission.POLICIES_WRITE)
    kind = kind_of(name)

    async def work(tx: Tx) -> PolicyPage:
        await _write(tx, context, principal, kind, data)
        return await _page(tx, context, principal.company_id, kind)

    return await context.commands.run(request, principal, work, status=201)


async def _write(tx: Tx, context: WebContext, principal: Principal, kind: type[Policy], data: PolicyIn) -> None:
    scope, now = _scope(context, data), context.clock.now()
    if data.value is None:
        await policies.withdraw(
            tx,
            principal.company_id,
            kind,
            now=now,
            ids=context.ids,
            actor=principal.actor,
            scope=scope,
            effective_from=data.effective_from,
            note=data.note,
        )
        return
    await policies.write(
        tx,
        principal.company_id,
        parse(kind, data.value),
        now=now,
        ids=context.ids,
        actor=principal.actor,
        scope=scope,
        effective_from=data.effective_from,
        note=data.note,
    )


async def _page(tx: Tx, context: WebContext, company_id: CompanyId, kind: type[Policy]) -> PolicyPage:
    records = await policies.history(tx, company_id, kind)
    now = context.clock.now()
    found = PolicyBook(records).read(kind, at=now)
    writers = [record.created_by for record in records if record.created_by is not None]
    names = await context.names.of(tx, company_id, writers)
    standing = _standings(records, now)
    return PolicyPage(
        name=kind.name,
        fields=msgspec.json.schema(kind),
        built_in=msgspec.to_builtins(kind()),
        value=msgspec.to_builtins(found.value),
        version=found.version,
        records=tuple(_record(context, record, names, standing[record.id]) for record in reversed(records)),
    )


def _record(
    context: WebContext, record: PolicyRecord, names: Mapping[UUID, str], standing: Standing
) -> PolicyRecordRow:
    code = record.scope.region
    region = None if code is None else context.regions.by_code(code)
    return PolicyRecordRow(
        id=record.id,
        version=record.version,
        region=code,
        region_names={} if region is None else {Language.KO: region.name_ko, Language.EN: region.name_en},
        service=record.scope.service,
        value=None if record.value is None else dict(record.value),
        effective_from=record.effective_from,
        created_at=record.created_at,
        created_by="" if record.created_by is None else names.get(record.created_by, ""),
        note=record.note,
        standing=standing,
    )


def _standings(records: Sequence[PolicyRecord], now: datetime) -> dict[UUID, Standing]:
    """By record: of each scope the latest that has begun is in force, what begins later is planned."""
    begun: dict[Scope, PolicyRecord] = {}
    for record in sorted(records, key=lambda record: (record.effective_from, record.version)):
        if record.effective_from <= now:
            begun[record.scope] = record
    speaking = {record.id for record in begun.values()}
    return {
        record.id: Standing.PLANNED
        if record.effective_from > now
        else (Standing.IN_FORCE if record.id in speaking else Standing.PAST)
        for record in records
    }


def _row(name: str, records: Sequence[PolicyRecord], book: PolicyBook, now: datetime) -> PolicyRow:
    standing = _standings(records, now)
    own = {record.scope for record in records if standing[record.id] is Standing.IN_FORCE and record.value is not None}
    return PolicyRow(name, book.read(KINDS[name], at=now).version, len(records), len(own))


def _scope(context: WebContext, data: PolicyIn) -> Scope:
    """RegionUnknown for a code that nobody has; ten digits are cut to what the table knows."""
    if data.region is None:
        return Scope(None, data.service)
    known = context.regions.by_code(data.region)
    if known is None:
        raise RegionUnknown(region=data.region)
    return Scope(known.code, data.service)


def _require(principal: Principal, permission: Permission) -> None:
    require_staff(principal)
    principal.require(permission)


router = Router(path="/", route_handlers=[list_policies, get_policy, write_policy], tags=["console"])
