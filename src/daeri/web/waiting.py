"""By which record a driver's waiting counts."""

from datetime import datetime

from daeri.calls.model import Call
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Service
from daeri.pricing.model import WaitingPolicy
from daeri.web.context import WebContext


def waiting_policy(context: WebContext, call: Call, at: datetime) -> WaitingPolicy:
    """The record in force at an arrival, where the call begins and for its service."""
    return waiting_policy_of(context, call.company_id, call.origin.region, call.service, at)


def waiting_policy_of(
    context: WebContext, company_id: CompanyId, region: str | None, service: Service, at: datetime
) -> WaitingPolicy:
    """The record in force at an arrival in that region."""
    book, chain = context.shelf.of(company_id), context.region_chain(region)
    return book.read(WaitingPolicy, at=at, region_chain=chain, service=service).value
