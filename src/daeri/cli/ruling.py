"""`daeri policies`: what is in force for a company, what shall be, and who said so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
import typer

from daeri.bootstrap import Parts
from daeri.cli.approving import parse_service
from daeri.cli.working import CompanySlug, DatabaseUrl, DataFolder, with_parts
from daeri.companies import api as companies
from daeri.kernel.errors import Invalid
from daeri.policies import api as policies
from daeri.policies.model import EVERYONE, Policy, PolicyInvalid, PolicyRecord, Scope, Versioned, parse
from daeri.rulebook import KINDS, RegionUnknown, kind_of

app = typer.Typer(no_args_is_help=True, help="What each company lets its calls, fares and records go by.")

Name = Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")]


class InstantInvalid(Invalid):
    """Not an instant with its offset. Facts: given."""

    code = "instant_invalid"


@dataclass(frozen=True, slots=True)
class Order:
    """What `policies set` is to write."""

    policy: Policy
    scope: Scope
    effective_from: datetime | None
    note: str


@app.command("list")
def list_policies(
    company: CompanySlug = None, database_url: DatabaseUrl = None, data_folder: DataFolder = None
) -> None:
    """Show every policy as it is in force now, wherever no region or service has one of its own."""
    for name, found in with_parts(database_url, data_folder, lambda parts: in_force(parts, company)).items():
        source = f"version {found.version}" if found.version else "built in"
        typer.echo(f"{name} ({source})  {msgspec.json.encode(found.value).decode()}")


@app.command("set")
def set_policy(
    name: Name,
    value: Annotated[str, typer.Argument(metavar="JSON", help="Fields left out take their built-in values.")],
    company: CompanySlug = None,
    region: Annotated[str | None, typer.Option(help="Code of the region that it is for; everywhere otherwise.")] = None,
    service: Annotated[str | None, typer.Option(help="Service that it is for; all otherwise.")] = None,
    starts: Annotated[str | None, typer.Option("--from", help="ISO instant with its offset; now otherwise.")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
) -> None:
    """Let a policy hold from an instant on; running processes read it within 30 s."""
    policy = parse_policy(name, value)
    order = Order(
        policy,
        Scope(region, None if service is None else parse_service(service)),
        None if starts is None else parse_instant(starts),
        note,
    )
    typer.echo(line_of(with_parts(database_url, data_folder, lambda parts: write(parts, company, order))))


@app.command("history")
def show_history(
    name: Name, company: CompanySlug = None, database_url: DatabaseUrl = None, data_folder: DataFolder = None
) -> None:
    """Show every record of a policy in the order of writing."""
    kind = kind_of(name)
    found = with_parts(database_url, data_folder, lambda parts: history(parts, company, kind))
    for record in found:
        typer.echo(line_of(record))
    if not found:
        typer.echo("no records: the built-in values hold")


async def in_force(parts: Parts, slug: str | None) -> dict[str, Versioned[Policy]]:
    """What holds now for everyone, by the policy's name."""
    async with parts.database.reading() as tx:
        company_id = (await companies.resolve(tx, slug)).id
        book = await policies.load_book(tx, company_id)
    return {name: book.read(kind, at=parts.clock.now()) for name, kind in KINDS.items()}


async def write(parts: Parts, slug: str | None, order: Order) -> PolicyRecord:
    """Raises RegionUnknown, PolicyInvalid or PolicyInThePast."""
    code = order.scope.region
    known = None if code is None else parts.regions.by_code(code)
    if code is not None and known is None:
        raise RegionUnknown(region=code)
    scope = order.scope if known is None else Scope(known.code, order.scope.service)  # ten digits are cut
    async with parts.database.transaction() as tx:
        company_id = (await companies.resolve(tx, slug)).id
        return await policies.write(
            tx,
            company_id,
            order.policy,
            now=parts.clock.now(),
            ids=parts.ids,
            scope=scope,
            effective_from=order.effective_from,
            note=order.note,
        )


async def history(parts: Parts, slug: str | None, kind: type[Policy]) -> list[PolicyRecord]:
    async with parts.database.reading() as tx:
        return await policies.history(tx, (await companies.resolve(tx, slug)).id, kind)


def parse_policy(name: str, text: str) -> Policy:
    """A policy as typed; raises PolicyUnknown, or PolicyInvalid, which names what is wrong."""
    kind = kind_of(name)
    try:
        value: object = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise PolicyInvalid(name=name, problem=str(error)) from error
    return parse(kind, value)


def parse_instant(text: str) -> datetime:
    """Raises InstantInvalid, for a time without an offset too."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InstantInvalid(given=text) from error
    if found.tzinfo is None:
        raise InstantInvalid(given=text)
    return found


def line_of(record: PolicyRecord) -> str:
    """A record as it is listed."""
    parts = [f"{record.name} version {record.version}", f"from {record.effective_from.isoformat()}"]
    if record.scope != EVERYONE:
        parts.append(f"for {' '.join(filter(None, (record.scope.region, record.scope.service)))}")
    parts.append("withdrawn" if record.value is None else msgspec.json.encode(record.value).decode())
    return "  ".join([*parts, *([record.note] if record.note else [])])
