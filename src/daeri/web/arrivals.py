"""When drivers will be there, as far as their positions say: an old position says nothing (I-040)."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call, State
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Arrival, Slot
from daeri.infra.database import Tx
from daeri.policies.model import DispatchPolicy
from daeri.web.context import WebContext
from daeri.web.live.fleet_columns import position_of


def arrival_of(context: WebContext, call: Call, before: Call | None = None) -> Arrival | None:
    """Of the call's driver; `before` is the drive that they finish first."""
    slot = None if call.driver_id is None else context.fleet.slot_of(call.driver_id)
    found = None if slot is None else position_of(context.fleet, slot)
    if found is None:
        return None
    point, at = found
    now, chain = context.clock.now(), context.region_chain(call.origin.region)
    book = context.shelf.of(call.company_id)
    policy = book.read(DispatchPolicy, at=now, region_chain=chain, service=call.service).value
    if now - at > timedelta(seconds=policy.position_max_age_s):
        return None
    return dispatch.arrival(call, point, policy, before=before)


async def drives_before(tx: Tx, found: Sequence[Call]) -> dict[UUID, Call]:
    """By call, the drive that its driver finishes first; calls whose driver comes at once are left out."""
    drivers = {call.id: call.driver_id for call in found if call.state is State.ASSIGNED and call.driver_id}
    if not drivers:
        return {}
    engaged = await dispatch.engaged(tx, list(set(drivers.values())))
    first = {call_id: engaged.get(driver_id, {}).get(Slot.NOW) for call_id, driver_id in drivers.items()}
    themselves = {call.id: call.driven_as for call in found}
    wanted = {call_id: other for call_id, other in first.items() if other is not None and other != themselves[call_id]}
    known = {call.id: call for call in await calls.get_many(tx, list(set(wanted.values())))} if wanted else {}
    return {call_id: known[other] for call_id, other in wanted.items() if other in known}
