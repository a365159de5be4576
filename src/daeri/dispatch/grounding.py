"""Drivers who may not work any more: suspended, or with an expired paper. What they are offered is withdrawn at once,
what they drive is finished first.
"""

from datetime import datetime, timedelta

from daeri.calls import api as calls
from daeri.calls.model import Change
from daeri.dispatch import engagement_store, offer_store, store
from daeri.dispatch.announcing import announce, announce_closed
from daeri.dispatch.model import Slot
from daeri.drivers import api as drivers
from daeri.drivers.model import Suspend, Suspension
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId, Ids
from daeri.kernel.terms import SYSTEM, Actor
from daeri.policies import api as policies
from daeri.policies.model import DispatchPolicy
from daeri.regions import api as regions

GROUNDED = "driver_grounded"  # why a call goes back: its driver may not work any more


async def suspend(
    tx: Tx, driver_id: DriverId, company_id: CompanyId, what: Suspend, actor: Actor, *, now: datetime, ids: Ids
) -> Suspension:
    """Suspend a driver (I-005): off duty at once, or once the call under way is finished; what was to follow it waits
    for somebody else.
    """
    await _give_back_next(tx, driver_id, now=now, ids=ids)
    suspension = await drivers.suspend(tx, driver_id, company_id, what, actor, now=now, ids=ids)
    await _give_back_next(tx, driver_id, now=now, ids=ids)  # one that was accepted in between
    announce_closed(tx, await offer_store.withdraw_of_driver(tx, driver_id, now))
    await rest_if_barred(tx, driver_id, now=now, ids=ids)
    return suspension


async def rest_if_barred(tx: Tx, driver_id: DriverId, *, now: datetime, ids: Ids) -> bool:
    """Put a driver off duty who may not work and has nothing to finish; whether that was so."""
    if await engagement_store.calls_of_drivers(tx, [driver_id]):
        return False
    return await drivers.rest_if_barred(tx, driver_id, now=now, ids=ids)


async def attend_drivers(tx: Tx, *, now: datetime, ids: Ids) -> list[DriverId]:
    """What is due for drivers: suspensions end, reminders are told, and who may not work goes off duty; who that was.

    Doing it again changes nothing.
    """
    for driver_id in await store.barred_with_next(tx, now):
        await _give_back_next(tx, driver_id, now=now, ids=ids)
    await drivers.end_due(tx, now=now, ids=ids)
    barred = await store.barred_on_duty(tx, now)
    await store.lock_drivers(tx, barred)
    rested = []
    for driver_id in barred:
        if await rest_if_barred(tx, driver_id, now=now, ids=ids):
            announce_closed(tx, await offer_store.withdraw_of_driver(tx, driver_id, now))
            rested.append(driver_id)
    await drivers.remind_due(tx, now=now, ids=ids)
    return rested


async def _give_back_next(tx: Tx, driver_id: DriverId, *, now: datetime, ids: Ids) -> None:
    """Release the call that the driver was to drive after the one under way."""
    call_id = (await engagement_store.engaged(tx, [driver_id])).get(driver_id, {}).get(Slot.NEXT)
    if call_id is None:
        return
    (call,) = await calls.get_many(tx, [call_id])
    chain = () if call.origin.region is None else await regions.lineage(tx, call.origin.region)
    policy = await policies.read(tx, call.company_id, DispatchPolicy, at=now, region_chain=chain, service=call.service)
    waits_for = timedelta(seconds=policy.value.call_expiry_s)
    change = Change(SYSTEM, GROUNDED)
    await calls.release(tx, call_id, call.company_id, change, waits_for=waits_for, now=now, ids=ids)
    await engagement_store.disengage(tx, call_id, now)
    announce(tx, [driver_id])
