"""What a customer is told while they wait: the search so far, how short drivers are, and what would help."""

from datetime import datetime

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.dispatch import api as dispatch
from daeri.infra.database import Tx
from daeri.pricing import api as pricing
from daeri.web.context import WebContext
from daeri.web.signals import shortage_at
from daeri.web.wire_parts import ProgressOut, RaiseOut, ShortageOut


async def progress_of(tx: Tx, context: WebContext, call: Call, *, now: datetime) -> ProgressOut:
    """Only what the rows say; what nobody knows is null (R-052, R-056, I-038)."""
    policies = context.request_policies(call.company_id, call.origin.region, call.service, now)
    searched = call if call.goes_on_as is None else await calls.get(tx, call.company_id, call.goes_on_as)
    search = await dispatch.search_of(tx, searched, policies.dispatch.value, now=now)
    shortage = await shortage_at(tx, context, call.company_id, call.origin.point)
    sheet = None if call.quote is None else pricing.plan_sheet(call.quote, policies.plans, shortage.level)
    is_low = sheet is not None and pricing.is_low(call.fare.amount, sheet)
    would_help = search.is_unmet and (search.has_widened or is_low)
    found = pricing.raised(call.fare.amount, sheet, policies.plans) if sheet is not None and would_help else None
    return ProgressOut(
        call_id=call.id,
        waiting_s=int(search.waited.total_seconds()),
        asked=search.asked,
        radius_m=search.radius_m,
        nearest_m=search.nearest_m,
        expected_s=search.expected_s,
        reason=search.outcome,
        is_fare_low=is_low,
        shortage=ShortageOut(shortage.level, shortage.reason),
        raise_to=None if found is None else RaiseOut(*found),
    )
