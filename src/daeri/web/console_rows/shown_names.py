"""What people, business accounts and orderers are shown as."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.companies import api as companies
from daeri.customers import api as customers
from daeri.infra.database import Tx
from daeri.kernel.ids import AccountId, CompanyId
from daeri.payments.model import Account
from daeri.web.context import WebContext

Owner = tuple[Account, UUID]


async def people(
    tx: Tx, context: WebContext, company_id: CompanyId, ids: Iterable[UUID | None]
) -> Mapping[UUID, str]:  # fmt: skip -- the signature reads as one sentence
    """A name, or a masked number where there is no name; who is unknown is left out."""
    wanted = {each for each in ids if each is not None}
    found = {key: name for key, name in (await context.names.of(tx, company_id, wanted)).items() if name}
    nameless = [AccountId(key) for key in wanted if key not in found]
    if nameless:
        masked: Mapping[Any, str] = await accounts.masked_phones(tx, context.gate, company_id, nameless)
        found.update(masked)
    return found


async def owners(
    tx: Tx, context: WebContext, company_id: CompanyId, found: Iterable[Owner]
) -> Mapping[UUID, str]:  # fmt: skip -- the signature reads as one sentence
    """Who has part of an account: customers and drivers, business accounts, orderers."""
    wanted = set(found)
    of_people = [owner for account, owner in wanted if account in (Account.CUSTOMER, Account.DRIVER)]
    names = dict(await people(tx, context, company_id, of_people))
    of_business = [owner for account, owner in wanted if account is Account.BUSINESS]
    if of_business:
        known = await customers.business_accounts_by_id(tx, company_id, of_business)
        names.update({key: account.name for key, account in known.items()})
    for owner in {owner for account, owner in wanted if account is Account.ORDERER}:
        names[owner] = (await companies.get(tx, CompanyId(owner))).brand_ko
    return names
