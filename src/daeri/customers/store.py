"""All SQL of the customers."""

from datetime import datetime

from daeri.customers.model import Customer
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, CustomerId

_INSERT = """
INSERT INTO customers (id, company_id, version, created_at)
SELECT id, company_id, 1, $3 FROM accounts_public WHERE id = $1 AND company_id = $2 AND kind = 'customer'
ON CONFLICT (id) DO NOTHING
"""

_BY_ID = "SELECT id, company_id, version, created_at FROM customers WHERE id = $1 AND company_id = $2"


async def insert(tx: Tx, customer_id: CustomerId, company_id: CompanyId, *, now: datetime) -> None:
    """A new customer, unless the account is one already or no customer's account of this company."""
    await tx.execute(_INSERT, customer_id, company_id, now)


async def by_id(tx: Tx, customer_id: CustomerId, company_id: CompanyId) -> Customer | None:
    row = await tx.row(_BY_ID, customer_id, company_id)
    if row is None:
        return None
    return Customer(CustomerId(row["id"]), CompanyId(row["company_id"]), row["version"], row["created_at"])
