"""A call as whoever asks may see it, or the refusal that there is none."""

from uuid import UUID

from daeri.calls import store
from daeri.calls.model import Call, CallNotFound
from daeri.infra.database import Tx


async def get(tx: Tx, company_id: UUID, call_id: UUID) -> Call:
    """A call of the company; CallNotFound also when it is another company's."""
    call = await store.get(tx, company_id, call_id)
    if call is None:
        raise CallNotFound(call_id=str(call_id))
    return call


async def get_for_driver(tx: Tx, company_id: UUID, call_id: UUID, driver_id: UUID) -> Call:
    """A call that the driver has; anybody else's is not found."""
    call = await get(tx, company_id, call_id)
    if call.driver_id != driver_id:
        raise CallNotFound(call_id=str(call_id))
    return call
