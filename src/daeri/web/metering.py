"""What the meter of a call shows: its track in rows, and the driver's newest position, which may not be one yet."""

from datetime import datetime

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.infra.database import Tx
from daeri.pricing import api as pricing
from daeri.pricing.api import Fix
from daeri.pricing.model import FarePlan, MeterPolicy, MeterReading, Tariff
from daeri.web.context import WebContext
from daeri.web.live.fleet_columns import position_of


async def read_meter(tx: Tx, context: WebContext, call: Call, *, now: datetime) -> MeterReading | None:
    """The meter of the drive until `now`; None where the fare comes from no meter, or no drive has begun."""
    if call.fare.plan is not FarePlan.METER or call.started_at is None:
        return None
    until, started_at = call.ended_at or now, call.started_at
    book, chain = context.shelf.of(call.company_id), context.region_chain(call.origin.region)
    policy = book.read(MeterPolicy, at=started_at, region_chain=chain, service=call.service).value
    tariff = book.read(Tariff, at=started_at, region_chain=chain, service=call.service)
    fixes = pricing.fixes_of(await calls.track(tx, call.company_id, call.id))
    newest = _newest(context, call)
    if newest is not None and (not fixes or newest.at > fixes[-1].at):
        fixes.append(newest)
    metered = pricing.measure(fixes, policy, started_at=started_at, until=until)
    return pricing.read_meter(
        metered,
        tariff,
        started_at=started_at,
        vias=len(call.vias),
        service=call.service,
        estimate=call.fare.amount,
    )


def _newest(context: WebContext, call: Call) -> Fix | None:
    """Where the driver is; positions reach rows a while later."""
    slot = None if call.driver_id is None else context.fleet.slot_of(call.driver_id)
    found = None if slot is None else position_of(context.fleet, slot)
    return None if found is None else Fix(found[1], found[0])
