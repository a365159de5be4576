"""A driver's truth as one read: what `GET /driver` answers and what the socket says on connecting."""

from datetime import datetime
from functools import partial
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Slot
from daeri.drivers import api as drivers
from daeri.drivers.model import Driver, SignUp
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.terms import ActorKind
from daeri.web.cards import listed_cards, offer_cards, worth_of
from daeri.web.context import WebContext
from daeri.web.wire import DriverStateOut, ExpiryOut, SuspendedOut, call_out


async def read_truth(tx: Tx, context: WebContext, driver_id: DriverId, company_id: CompanyId) -> DriverStateOut:
    """Duty, the calls they have, live offers, the open list, and how to report positions."""
    driver, now = await drivers.get(tx, company_id, driver_id), context.clock.now()
    engaged = (await dispatch.engaged(tx, [driver_id])).get(driver_id, {})
    offers = await dispatch.live_offers(tx, [driver_id])
    listed = await dispatch.open_list(tx, driver_id)
    wanted = [*engaged.values(), *(offer.call_id for offer in offers), *(entry.call_id for entry in listed)]
    found: dict[UUID, Call] = {call.id: call for call in await calls.get_many(tx, wanted)} if wanted else {}
    names = await context.names.of(tx, company_id, [driver_id])
    own = {slot: call_out(found[call_id], names, viewer=ActorKind.DRIVER) for slot, call_id in engaged.items()}
    worth = partial(worth_of, context)
    expiries = await drivers.expiries(tx, driver, now=now)
    return DriverStateOut(
        status=driver.status,
        duty=driver.duty,
        call=own.get(Slot.NOW),
        offers=tuple(offer_cards(offers, found, worth)),
        cadence_s=context.position_policy(company_id).cadence_s,
        socket=context.settings.driver_socket_url,
        next_call=own.get(Slot.NEXT),
        listed=tuple(listed_cards(listed, found, worth)),
        suspension=await _suspended(tx, driver, now),
        expiries=tuple(ExpiryOut(each.paper, each.on, each.days) for each in expiries),
    )


async def _suspended(tx: Tx, driver: Driver, now: datetime) -> SuspendedOut | None:
    """What keeps the driver from work; nobody else needs the query."""
    if driver.status is not SignUp.SUSPENDED:
        return None
    running = (await drivers.running_of(tx, [driver.id], now=now)).get(driver.id)
    if running is None:
        return None
    return SuspendedOut(running.id, running.reason, running.evidence, running.starts_at, running.ends_at)
