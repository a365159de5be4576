"""Drivers who may not work any more: suspended, or with an expired paper. What they are offered is withdrawn at once,
what they drive is finished first.
"""

from datetime import datetime

from daeri.dispatch import store
from daeri.dispatch.announcing import announce_closed
from daeri.drivers import api as drivers
from daeri.drivers.model import Suspend, Suspension
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId, Ids
from daeri.kernel.terms import Actor


async def suspend(
    tx: Tx, driver_id: DriverId, company_id: CompanyId, what: Suspend, actor: Actor, *, now: datetime, ids: Ids
) -> Suspension:
    """Suspend a driver (I-005): off duty at once, or once the call under way is finished."""
    suspension = await drivers.suspend(tx, driver_id, company_id, what, actor, now=now, ids=ids)
    announce_closed(tx, await store.withdraw_of_driver(tx, driver_id, now))
    await rest_if_barred(tx, driver_id, now=now, ids=ids)
    return suspension


async def rest_if_barred(tx: Tx, driver_id: DriverId, *, now: datetime, ids: Ids) -> bool:
    """Put a driver off duty who may not work and has nothing to finish; whether that was so."""
    if await store.calls_of_drivers(tx, [driver_id]):
        return False
    return await drivers.rest_if_barred(tx, driver_id, now=now, ids=ids)


async def attend_drivers(tx: Tx, *, now: datetime, ids: Ids) -> list[DriverId]:
    """What is due for drivers: suspensions end, reminders are told, and who may not work goes off duty; who that was.

    Doing it again changes nothing.
    """
    await drivers.end_due(tx, now=now, ids=ids)
    barred = await store.barred_on_duty(tx, now)
    await store.lock_drivers(tx, barred)
    rested = []
    for driver_id in barred:
        if await rest_if_barred(tx, driver_id, now=now, ids=ids):
            announce_closed(tx, await store.withdraw_of_driver(tx, driver_id, now))
            rested.append(driver_id)
    await drivers.remind_due(tx, now=now, ids=ids)
    return rested
