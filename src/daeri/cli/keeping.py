"""Looking after an installation: migrations, backups, keys, staff, regions, and whether all is well."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from daeri.accounts import api as accounts
from daeri.accounts.api import NewStaff, StaffMade
from daeri.accounts.model import Moment, Role
from daeri.bootstrap import open_parts
from daeri.calls import api as calls
from daeri.cli import approving, business, ruling
from daeri.cli.running import database_of, run
from daeri.cli.working import DatabaseUrl, DataFolder
from daeri.companies import api as companies
from daeri.companies.model import CompanyNotFound, CreateCompany
from daeri.drivers import api as drivers
from daeri.infra import backup as backups
from daeri.infra import doctor as doctors
from daeri.infra.embedded import running_dsn
from daeri.infra.keys import KeyFileMissing, reseal, rotate_ring
from daeri.infra.settings import load_settings
from daeri.kernel.terms import SYSTEM
from daeri.kernel.time import SystemClock
from daeri.migrations import api as migrations
from daeri.payments import api as payments
from daeri.regions import api as regions
from daeri.support import api as support

app = typer.Typer()
admin = typer.Typer(no_args_is_help=True, help="Staff, companies and who may drive.")
keys = typer.Typer(no_args_is_help=True, help="The installation's secret keys.")
ground = typer.Typer(no_args_is_help=True, help="Administrative regions.")
app.add_typer(admin, name="admin")
app.add_typer(keys, name="keys")
app.add_typer(ground, name="regions")
app.add_typer(ruling.app, name="policies")
app.add_typer(business.app, name="business")
admin.add_typer(approving.app)
# Every sealed column but the pictures; a test compares both with the columns that there are.
SEALED = (
    *accounts.SEALED_COLUMNS,
    *drivers.SEALED_COLUMNS,
    *calls.SEALED_COLUMNS,
    *support.SEALED_COLUMNS,
    *payments.SEALED_COLUMNS,
)
_PICTURES_AT_ONCE = 8  # of up to 5 MB each


@app.command()
def migrate(database_url: DatabaseUrl = None, data_folder: DataFolder = None) -> None:
    """Bring the database to this version's shape."""
    settings = load_settings(database_url=database_url, data_folder=data_folder)
    with database_of(settings) as dsn:
        run(lambda _stop: migrations.migrate(dsn), settings)


@app.command()
def backup(file: Path, database_url: DatabaseUrl = None, data_folder: DataFolder = None) -> None:
    """Write the database to a file. The keys are a file of their own: keep them too, elsewhere."""
    settings = load_settings(database_url=database_url, data_folder=data_folder)
    with database_of(settings) as dsn:
        run(lambda _stop: backups.backup(dsn, file), settings)


@app.command()
def restore(file: Path, database_url: DatabaseUrl = None, data_folder: DataFolder = None) -> None:
    """Fill an empty database from a backup."""
    settings = load_settings(database_url=database_url, data_folder=data_folder)
    with database_of(settings) as dsn:
        run(lambda _stop: backups.restore(dsn, file), settings)


@app.command()
def doctor(database_url: DatabaseUrl = None, data_folder: DataFolder = None) -> None:
    """Look for what is wrong, and change nothing."""
    settings = load_settings(database_url=database_url, data_folder=data_folder)
    dsn = settings.database_url or running_dsn(settings.data_folder)
    installation = doctors.Installation(
        data_folder=settings.data_folder,
        key_file=settings.keys_path,
        dsn=dsn,
        head=migrations.expected_head(),
    )
    findings = run(lambda _stop: doctors.examine(installation, SystemClock()), settings)
    for finding in findings:
        Console().print(f"{finding.status.value:>4}  {finding.name}: {finding.detail}", highlight=False)
    raise typer.Exit(1 if any(finding.status is doctors.Status.FAIL for finding in findings) else 0)


@admin.command("create")
def create_admin(
    email: str,
    name: Annotated[str, typer.Option(prompt=True, help="What they are called.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    company: Annotated[str, typer.Option(help="Slug of the company; made when it is new.")] = "main",
    company_name: Annotated[str, typer.Option(help="Name of a new company.")] = "",
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
) -> None:
    """Make an administrator, and their company when it is new; shows the secret for their authenticator once."""
    settings = load_settings(database_url=database_url, data_folder=data_folder)

    async def work(_stop: asyncio.Event) -> StaffMade:
        await migrations.migrate(dsn)
        async with open_parts(settings, dsn) as parts:
            password_hash = await parts.gate.passwords.hash(password)
            now = parts.clock.now()
            async with parts.database.transaction() as tx:
                try:
                    found = await companies.by_slug(tx, company)
                except CompanyNotFound:
                    title = company_name or company
                    found = await companies.create(tx, CreateCompany(company, title, title), now=now, ids=parts.ids)
                new = NewStaff(found.id, email, name, password_hash, [Role.ADMIN])
                moment = Moment(now, parts.wall.wall_now())
                return await accounts.create_staff(tx, parts.gate, new, actor=SYSTEM, moment=moment)

    with database_of(settings) as dsn:
        made = run(work, settings)
    # A wrapped address or secret cannot be copied: each is one line, however narrow the screen.
    typer.echo("Put this into an authenticator app, the address or the secret; they are not shown again:")
    typer.echo(made.totp_uri)
    typer.echo(made.totp_secret)


@keys.command("rotate")
def rotate_keys(database_url: DatabaseUrl = None, data_folder: DataFolder = None) -> None:
    """Add a new encryption key and seal every secret value again with it; may be stopped and run again."""
    settings = load_settings(database_url=database_url, data_folder=data_folder)
    if not settings.keys_path.exists():  # before a folder that was never used is made into an installation
        raise KeyFileMissing(path=str(settings.keys_path))

    async def work(_stop: asyncio.Event) -> int:
        async with open_parts(settings, dsn) as parts:
            ring = rotate_ring(settings.keys_path)
            pictures = await reseal(parts.database, ring, [drivers.SEALED_DOCUMENTS], batch=_PICTURES_AT_ONCE)
            return sum((await reseal(parts.database, ring, SEALED)).values()) + sum(pictures.values())

    with database_of(settings) as dsn:
        Console().print(f"{run(work, settings)} values sealed again; restart running processes to use the new key")


@ground.command("import")
def import_regions(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="GeoJSON or TopoJSON.")],
    as_of: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day that the boundaries are of.")],
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
) -> None:
    """Take in boundaries; names are mapped to codes, and those that cannot be are listed."""
    settings = load_settings(database_url=database_url, data_folder=data_folder)

    async def work(_stop: asyncio.Event) -> None:
        await migrations.migrate(dsn)
        async with open_parts(settings, dsn) as parts, parts.database.transaction() as tx:
            report = await regions.import_boundaries(tx, file, as_of=as_of.date(), now=parts.clock.now())
        console = Console()
        console.print(f"{len(report.matched)} regions taken in, {len(report.unmatched)} not matched")
        for feature in report.unmatched:
            console.print(f"  {feature}", highlight=False)

    with database_of(settings) as dsn:
        run(work, settings)
