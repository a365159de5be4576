"""`daeri admin drivers` and `daeri admin approve-driver`: who has applied, and who may drive."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind
from daeri.bootstrap import Parts
from daeri.cli.working import CompanySlug, DatabaseUrl, DataFolder, with_parts
from daeri.companies import api as companies
from daeri.drivers import api as drivers
from daeri.drivers.model import Driver, DriverNotFound
from daeri.infra.database import Tx
from daeri.kernel.errors import Conflict, Invalid
from daeri.kernel.ids import AccountId, CompanyId, DriverId
from daeri.kernel.terms import SYSTEM, Service

app = typer.Typer()


class DriverAmbiguous(Conflict):
    """Several drivers' numbers end so. Facts: count."""

    code = "driver_ambiguous"


class ServiceUnknown(Invalid):
    """Facts: given, known."""

    code = "service_unknown"


@dataclass(frozen=True, slots=True)
class Applicant:
    """A driver who waits for approval, as staff may see them."""

    driver: Driver
    name: str
    phone: str


@app.command("drivers")
def list_applicants(
    company: CompanySlug = None, database_url: DatabaseUrl = None, data_folder: DataFolder = None
) -> None:
    """List the drivers who have applied and wait for approval."""
    found = with_parts(database_url, data_folder, lambda parts: applicants(parts, company))
    for each in found:
        since = f"{each.driver.duty_changed_at:%Y-%m-%d %H:%M}Z"
        typer.echo(f"{each.driver.id}  {each.phone}  {since}  {','.join(each.driver.services)}  {each.name}")
    if not found:
        typer.echo("nobody waits for approval")


@app.command("approve-driver")
def approve_driver(
    driver: Annotated[str, typer.Argument(help="Telephone number or id.")],
    company: CompanySlug = None,
    services: Annotated[str | None, typer.Option(help="With commas between; those of the sign-up otherwise.")] = None,
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
) -> None:
    """Let a driver who has applied go on duty."""
    allowed = None if services is None else parse_services(services)
    made = with_parts(database_url, data_folder, lambda parts: approve(parts, company, driver, allowed))
    typer.echo(f"{made.id} is approved for {','.join(made.services)}")


async def applicants(parts: Parts, slug: str | None) -> list[Applicant]:
    """Who waits for approval, in the order in which they applied."""
    async with parts.database.reading() as tx:
        company_id = (await companies.resolve(tx, slug)).id
        waiting = await drivers.applied(tx, company_id)
        ids = [AccountId(driver.id) for driver in waiting]
        names = await accounts.display_names(tx, company_id, ids)
        phones = await accounts.masked_phones(tx, parts.gate, company_id, ids)
    return [Applicant(each, names.get(each.id, ""), phones.get(AccountId(each.id), "-")) for each in waiting]


async def approve(parts: Parts, slug: str | None, who: str, services: list[Service] | None) -> Driver:
    """Approve the driver of this number or id. Raises DriverNotFound or DriverAmbiguous."""
    async with parts.database.transaction() as tx:
        company_id = (await companies.resolve(tx, slug)).id
        driver_id = await _driver_of(tx, parts, company_id, who)
        now = parts.clock.now()
        return await drivers.approve(
            tx, driver_id, company_id, SYSTEM, now=now, ids=parts.ids, services=services, ring=parts.gate.ring
        )


def parse_services(text: str) -> list[Service]:
    """`general,vip` as services; raises ServiceUnknown."""
    named = [part.strip() for part in text.split(",") if part.strip()]
    if not named:
        raise ServiceUnknown(given="nothing", known=", ".join(Service))
    return [parse_service(name) for name in dict.fromkeys(named)]


def parse_service(text: str) -> Service:
    """Raises ServiceUnknown."""
    try:
        return Service(text)
    except ValueError as error:
        raise ServiceUnknown(given=text, known=", ".join(Service)) from error


async def _driver_of(tx: Tx, parts: Parts, company_id: CompanyId, who: str) -> DriverId:
    try:
        return DriverId(UUID(who))
    except ValueError:
        found = await accounts.find_by_phone(tx, parts.gate, company_id, who, kinds=[AccountKind.DRIVER])
    if len(found) > 1:
        raise DriverAmbiguous(count=len(found))
    if not found:
        raise DriverNotFound
    return DriverId(found[0])
