"""A ride as its customer knows it: a call that ended by mistake and went on as another one is one ride (I-057)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from daeri.calls import store
from daeri.calls.model import Call, CallNotFound, State
from daeri.calls.policy import one_ride
from daeri.infra.database import Tx
from daeri.kernel.ids import CustomerId

_GOES_ON = frozenset({State.COMPLETED, State.CANCELLED_AFTER_ASSIGNMENT})  # what may have been reconnected


async def of_calls(tx: Tx, found: Sequence[Call]) -> list[Call]:
    """Each call as its customer's ride, a reconnected one as the call that it goes on for; in the order of `found`."""
    wanted = {call.reconnects_call_id for call in found if call.reconnects_call_id is not None}
    missing = wanted - {call.id for call in found}
    originals = await store.get_many(tx, sorted(missing)) if missing else []
    own = {call.id: call for call in [*found, *originals] if call.reconnects_call_id is None}
    drives = await _drives(tx, list(own.values()))
    ids = dict.fromkeys(call.reconnects_call_id or call.id for call in found)
    return [one_ride(own[call_id], drives.get(call_id)) for call_id in ids if call_id in own]


async def named(tx: Tx, call_ids: Sequence[UUID]) -> list[Call]:
    """The rides that calls of these ids belong to, of any company."""
    return await of_calls(tx, await store.get_many(tx, call_ids))


async def of_customer(
    tx: Tx, customer_id: CustomerId, states: Sequence[State], before: UUID | None, limit: int
) -> list[Call]:
    """The customer's rides, newest first; `states` are those that the customer sees."""
    found = await store.of_customer(tx, customer_id, states, before, limit)
    drives = await _drives(tx, found)
    return [one_ride(call, drives.get(call.id)) for call in found]


async def get_for_customer(tx: Tx, company_id: UUID, call_id: UUID, customer_id: UUID) -> Call:
    """The ride of that customer's which a call belongs to; anybody else's is not found."""
    found = await store.get(tx, company_id, call_id)
    if found is None or found.customer_id != customer_id:
        raise CallNotFound(call_id=str(call_id))
    (ride,) = await of_calls(tx, [found])
    return ride


async def _drives(tx: Tx, found: Sequence[Call]) -> Mapping[UUID, Call]:
    """The calls that these went on as, by the call that each goes on for."""
    ended = [call.id for call in found if call.state in _GOES_ON and call.driver_id is not None]
    if not ended:
        return {}
    return {call.reconnects_call_id: call for call in await store.reconnections(tx, ended) if call.reconnects_call_id}
