"""Replay mode has no sockets: what everybody would have been told is collected here, step by step."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.drivers import api as drivers
from daeri.infra.bus import Bus
from daeri.infra.database import Tx
from daeri.kernel.terms import ActorKind
from daeri.web.cards import WorthOf, unknown_worth
from daeri.web.live.driver_rows import Told, difference, names_of, read_rows
from daeri.web.live.messages import CallChanged
from daeri.web.names import NameBook
from daeri.web.wire import call_out

Message = dict[str, Any]  # JSON, as a client decodes it


class ReplayInbox:
    """Remembers whom hints have named, and what each was last told. Tells of every driver and customer there is."""

    def __init__(self, bus: Bus, names: NameBook, worth: WorthOf = unknown_worth) -> None:
        self._names = names
        self._worth = worth
        self._drivers: set[UUID] = set()
        self._calls: set[UUID] = set()
        self._told: dict[UUID, Told] = {}
        self._driver_on: dict[UUID, UUID] = {}  # by call
        self._versions: dict[UUID, int] = {}  # of the calls that customers were told of
        self._stops = [bus.listen(drivers.TOPIC, self._heard_driver), bus.listen(calls.TOPIC, self._heard_call)]

    def close(self) -> None:
        """Stop listening."""
        for stop in self._stops:
            stop()

    async def collect(self, tx: Tx) -> list[Message]:
        """What changed for anybody since the last time: drivers by id and kind, then customers by id."""
        named, self._drivers = self._drivers, set()
        changed, self._calls = self._calls, set()
        named |= {self._driver_on[call_id] for call_id in changed if call_id in self._driver_on}
        return [*await self._of_drivers(tx, sorted(named)), *await self._of_customers(tx, sorted(changed))]

    async def _of_drivers(self, tx: Tx, named: list[UUID]) -> list[Message]:
        if not named:
            return []
        told = {driver_id: self._told.get(driver_id, Told()) for driver_id in named}
        rows = await read_rows(tx, self._names, named, told.values(), self._worth)
        found: list[Message] = []
        for driver_id in named:
            messages, knows = difference(driver_id, told[driver_id], rows)
            self._learn(driver_id, told[driver_id], knows)
            found += _sorted({"driver_id": str(driver_id), **msgspec.to_builtins(message)} for message in messages)
        return found

    def _learn(self, driver_id: UUID, told: Told, knows: Told) -> None:
        for call_id in (told.call_id, told.next_call_id):
            if call_id is not None and self._driver_on.get(call_id) == driver_id:
                del self._driver_on[call_id]  # unless the call has become somebody else's meanwhile
        for call_id in (knows.call_id, knows.next_call_id):
            if call_id is not None:
                self._driver_on[call_id] = driver_id
        self._told[driver_id] = knows

    async def _of_customers(self, tx: Tx, changed: list[UUID]) -> list[Message]:
        if not changed:
            return []
        found = [call for call in await calls.rides_named(tx, changed) if self._is_news(call)]
        names = await names_of(tx, self._names, found)
        self._versions.update({call.id: call.version for call in found if call.ended_at is None})
        for call in found:
            if call.ended_at is not None:
                self._versions.pop(call.id, None)
        found.sort(key=lambda call: (str(call.customer_id), call.id))
        return [
            {
                "customer_id": str(call.customer_id),
                **msgspec.to_builtins(CallChanged(call_out(call, names, viewer=ActorKind.CUSTOMER))),
            }
            for call in found
        ]

    def _is_news(self, call: Call) -> bool:
        return call.customer_id is not None and call.version > self._versions.get(call.id, 0)

    def _heard_driver(self, topic: str, _message: bytes) -> None:
        self._drivers.add(UUID(topic.partition(".")[2]))

    def _heard_call(self, topic: str, _message: bytes) -> None:
        self._calls.add(UUID(topic.partition(".")[2]))


def _sorted(messages: Iterable[Message]) -> list[Message]:
    """By kind; within a kind as they were found, which is in the order of ids."""
    return sorted(messages, key=lambda message: str(message["type"]))
