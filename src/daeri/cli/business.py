"""`daeri business`: accounts of businesses with the company, and who may call on them."""

from typing import Annotated
from uuid import UUID

import typer

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind
from daeri.bootstrap import Parts
from daeri.cli.working import CompanySlug, DatabaseUrl, DataFolder, with_parts
from daeri.companies import api as companies
from daeri.customers import api as customers
from daeri.customers.model import BusinessAccount, BusinessId, CustomerNotFound, Payer
from daeri.infra.database import Tx
from daeri.kernel.errors import Conflict
from daeri.kernel.ids import CompanyId, CustomerId
from daeri.kernel.terms import SYSTEM

app = typer.Typer(no_args_is_help=True, help="Accounts of businesses, and whose calls go on them.")

Account = Annotated[UUID, typer.Argument(help="Id of the business account.")]
Who = Annotated[str, typer.Argument(help="The customer's telephone number or id.")]


class CustomerAmbiguous(Conflict):
    """Several customers' numbers end so. Facts: count."""

    code = "customer_ambiguous"


@app.command("open")
def open_account(
    name: Annotated[str, typer.Argument(help="What its members read.")],
    payer: Annotated[Payer, typer.Option(help="Who pays for the calls.")] = Payer.COMPANY,
    company: CompanySlug = None,
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
) -> None:
    """Open an account."""
    made = with_parts(database_url, data_folder, lambda parts: make(parts, company, name, payer))
    typer.echo(line_of(made))


@app.command("list")
def list_accounts(
    company: CompanySlug = None, database_url: DatabaseUrl = None, data_folder: DataFolder = None
) -> None:
    """List the accounts, closed ones too."""
    for account in with_parts(database_url, data_folder, lambda parts: every(parts, company)):
        typer.echo(line_of(account))


@app.command("close")
def close_account(
    account: Account, company: CompanySlug = None, database_url: DatabaseUrl = None, data_folder: DataFolder = None
) -> None:
    """Nobody calls on the account any more."""
    typer.echo(line_of(with_parts(database_url, data_folder, lambda parts: close(parts, company, account))))


@app.command("add-member")
def add_member(
    account: Account,
    who: Who,
    company: CompanySlug = None,
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
) -> None:
    """Let a customer call on the account."""
    member = with_parts(database_url, data_folder, lambda parts: join(parts, company, account, who))
    typer.echo(f"{member} may call on {account}")


@app.command("drop-member")
def drop_member(
    account: Account,
    who: Who,
    company: CompanySlug = None,
    database_url: DatabaseUrl = None,
    data_folder: DataFolder = None,
) -> None:
    """Take the account from a customer."""
    member = with_parts(database_url, data_folder, lambda parts: leave(parts, company, account, who))
    typer.echo(f"{member} may no longer call on {account}")


async def make(parts: Parts, slug: str | None, name: str, payer: Payer) -> BusinessAccount:
    """Raises BusinessNameTaken."""
    async with parts.database.transaction() as tx:
        company_id = (await companies.resolve(tx, slug)).id
        now = parts.clock.now()
        return await customers.open_business(tx, company_id, name, payer, SYSTEM, now=now, ids=parts.ids)


async def every(parts: Parts, slug: str | None) -> list[BusinessAccount]:
    async with parts.database.reading() as tx:
        return await customers.business_accounts(tx, (await companies.resolve(tx, slug)).id)


async def close(parts: Parts, slug: str | None, account: UUID) -> BusinessAccount:
    """Raises BusinessNotFound."""
    async with parts.database.transaction() as tx:
        company_id = (await companies.resolve(tx, slug)).id
        now = parts.clock.now()
        return await customers.close_business(tx, company_id, BusinessId(account), SYSTEM, now=now, ids=parts.ids)


async def join(parts: Parts, slug: str | None, account: UUID, who: str) -> CustomerId:
    """Raises BusinessNotFound, CustomerNotFound or CustomerAmbiguous."""
    async with parts.database.transaction() as tx:
        company_id = (await companies.resolve(tx, slug)).id
        member = await _customer_of(tx, parts, company_id, who)
        now = parts.clock.now()
        await customers.add_member(tx, company_id, BusinessId(account), member, SYSTEM, now=now, ids=parts.ids)
        return member


async def leave(parts: Parts, slug: str | None, account: UUID, who: str) -> CustomerId:
    """Raises BusinessNotFound, CustomerNotFound or CustomerAmbiguous."""
    async with parts.database.transaction() as tx:
        company_id = (await companies.resolve(tx, slug)).id
        member = await _customer_of(tx, parts, company_id, who)
        now = parts.clock.now()
        await customers.drop_member(tx, company_id, BusinessId(account), member, SYSTEM, now=now, ids=parts.ids)
        return member


def line_of(account: BusinessAccount) -> str:
    """An account as it is listed."""
    return f"{account.id}  {'closed' if account.closed_at else 'open  '}  {account.payer} pays  {account.name}"


async def _customer_of(tx: Tx, parts: Parts, company_id: CompanyId, who: str) -> CustomerId:
    try:
        return CustomerId(UUID(who))
    except ValueError:
        found = await accounts.find_by_phone(tx, parts.gate, company_id, who, kinds=[AccountKind.CUSTOMER])
    if not found:
        raise CustomerNotFound()
    if len(found) > 1:
        raise CustomerAmbiguous(count=len(found))
    return CustomerId(found[0])
