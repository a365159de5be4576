"""By which record a driver's waiting counts."""

from datetime import datetime

import msgspec

from daeri.calls.model import Call
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Service
from daeri.pricing.model import WaitingPolicy
from daeri.web.context import WebContext


def waiting_policy(context: WebContext, call: Call, at: datetime) -> WaitingPolicy:
    """The record in force at an arrival, where the call begins and for its service.

    What a reconnected drive costs was agreed before it began: waiting adds nothing, nor does it that nobody came.
    """
    found = waiting_policy_of(context, call.company_id, call.origin.region, call.service, at)
    if call.reconnects_call_id is None:
        return found
    return msgspec.structs.replace(found, per_min_won=0, no_show_fee_won=0)


def waiting_policy_of(
    context: WebContext, company_id: CompanyId, region: str | None, service: Service, at: datetime
) -> WaitingPolicy:
    """The record in force at an arrival in that region."""
    book, chain = context.shelf.of(company_id), context.region_chain(region)
    return book.read(WaitingPolicy, at=at, region_chain=chain, service=service).value
