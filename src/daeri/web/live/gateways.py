"""Gateways: accounts that carry the positions of many drivers, each named by a handle of theirs alone."""

from collections.abc import Sequence
from uuid import UUID

from daeri.accounts.model import AccountKind, Principal, SessionId, WrongKind
from daeri.dispatch import api as dispatch
from daeri.dispatch.fleet import Gateway, LiveFleet
from daeri.infra.database import Database
from daeri.kernel.ids import DriverId

_RECORD_BYTES = 24


class Gateways:
    """One set of handles a session; a gateway can name and move its own company's drivers only."""

    def __init__(self, fleet: LiveFleet) -> None:
        self._fleet = fleet
        self._gateways: dict[SessionId, Gateway] = {}

    async def name(self, database: Database, principal: Principal, driver_ids: Sequence[UUID]) -> list[int | None]:
        """A handle for each of these drivers, None for who is not of the gateway's company. Replaces the last ones."""
        _require_gateway(principal)
        async with database.reading() as tx:
            states = await dispatch.driver_states(tx, driver_ids)
        own = {state.driver_id for state in states if state.company_id == principal.company_id}
        slots = [self._fleet.slot_for(DriverId(given)) if given in own else None for given in driver_ids]
        return self.of(principal).name(slots)

    def of(self, principal: Principal) -> Gateway:
        """The gateway of this session."""
        _require_gateway(principal)
        return self._gateways.setdefault(principal.session_id, Gateway())

    def receive(self, principal: Principal, payload: bytes) -> int:
        """Take a frame of 24-byte records; how many records it holds."""
        self._fleet.receive_handles(self.of(principal), payload)
        return len(payload) // _RECORD_BYTES

    def forget(self, session_id: SessionId) -> None:
        """The session has ended."""
        self._gateways.pop(session_id, None)


def _require_gateway(principal: Principal) -> None:
    if principal.kind is not AccountKind.GATEWAY:
        raise WrongKind(kind=principal.kind)
