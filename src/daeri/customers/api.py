"""The door of the customers."""

from datetime import datetime

from daeri.customers import store
from daeri.customers.model import Customer, CustomerNotFound
from daeri.infra.database import Tx
from daeri.kernel.ids import AccountId, CompanyId, CustomerId


async def ensure(tx: Tx, account_id: AccountId, company_id: CompanyId, *, now: datetime) -> Customer:
    """The customer behind the account, made at their first sign-in; safe to repeat and to race.

    CustomerNotFound when there is no such customer's account in this company.
    """
    customer_id = CustomerId(account_id)
    await store.insert(tx, customer_id, company_id, now=now)
    return await get(tx, customer_id, company_id)


async def get(tx: Tx, customer_id: CustomerId, company_id: CompanyId) -> Customer:
    """The company's customer of this id, or CustomerNotFound."""
    customer = await store.by_id(tx, customer_id, company_id)
    if customer is None:
        raise CustomerNotFound()
    return customer
