"""By which record a driver's waiting counts."""

from datetime import datetime

from daeri.calls.model import Call
from daeri.pricing.model import WaitingPolicy
from daeri.web.context import WebContext


def waiting_policy(context: WebContext, call: Call, at: datetime) -> WaitingPolicy:
    """The record in force at an arrival, where the call begins and for its service."""
    book, chain = context.shelf.of(call.company_id), context.region_chain(call.origin.region)
    return book.read(WaitingPolicy, at=at, region_chain=chain, service=call.service).value
