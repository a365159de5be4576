"""A driver's truth as one read: what `GET /driver` answers and what the socket says on connecting."""

from daeri.calls import api as calls
from daeri.dispatch import api as dispatch
from daeri.drivers import api as drivers
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId
from daeri.web.context import WebContext
from daeri.web.wire import DriverStateOut, call_out, offer_card


async def read_truth(tx: Tx, context: WebContext, driver_id: DriverId, company_id: CompanyId) -> DriverStateOut:
    """Duty, the call under way, live offers, and how to report positions."""
    driver = await drivers.get(tx, company_id, driver_id)
    engaged = await dispatch.calls_of_drivers(tx, [driver_id])
    offers = await dispatch.live_offers(tx, [driver_id])
    wanted = [*engaged.values(), *(offer.call_id for offer in offers)]
    found = {call.id: call for call in await calls.get_many(tx, wanted)} if wanted else {}
    names = await context.names.of(tx, company_id, [driver_id])
    call = found.get(engaged[driver_id]) if driver_id in engaged else None
    return DriverStateOut(
        status=driver.status,
        duty=driver.duty,
        call=None if call is None else call_out(call, names),
        offers=tuple(offer_card(offer, found[offer.call_id]) for offer in offers if offer.call_id in found),
        cadence_s=context.position_policy(company_id).cadence_s,
        socket=context.settings.driver_socket_url,
    )
