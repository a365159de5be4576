"""A customer; the id is the id of the account that they sign in with."""

from dataclasses import dataclass
from datetime import datetime

from daeri.kernel.errors import NotFound
from daeri.kernel.ids import CompanyId, CustomerId


@dataclass(frozen=True, slots=True)
class Customer:
    id: CustomerId
    company_id: CompanyId
    version: int
    created_at: datetime


class CustomerNotFound(NotFound):
    """No such customer in this company."""

    code = "customer_not_found"
