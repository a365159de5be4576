"""A call is given up: whoever had it, was offered it or sees it in the open list is free of it, and hears so."""

from datetime import datetime

from daeri.dispatch import engagement_store, grounding, listing_store, offer_store
from daeri.dispatch.announcing import announce, announce_closed
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, Ids


async def let_go(tx: Tx, call_id: CallId, now: datetime, ids: Ids) -> None:
    """Whoever has the call, was offered it or sees it in the list hears that it is gone."""
    announce_closed(tx, await offer_store.withdraw_of_call(tx, call_id, now))
    await free(tx, call_id, now, ids)
    await unlist(tx, call_id)


async def free(tx: Tx, call_id: CallId, now: datetime, ids: Ids) -> None:
    driver_id = await engagement_store.disengage(tx, call_id, now)
    if driver_id is not None:
        await grounding.rest_if_barred(tx, driver_id, now=now, ids=ids)
        announce(tx, [driver_id])


async def unlist(tx: Tx, call_id: CallId) -> None:
    announce(tx, await listing_store.drop_listing(tx, call_id))
