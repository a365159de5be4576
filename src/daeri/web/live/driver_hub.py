"""Tells connected drivers what has changed for them: hints are gathered, rows read once, the difference sent."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

import msgspec
import structlog

from daeri.calls import api as calls
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Knowledge
from daeri.drivers import api as drivers
from daeri.drivers.model import AtWork
from daeri.infra.bus import Bus
from daeri.infra.database import Database
from daeri.web.cards import WorthOf, unknown_worth
from daeri.web.live.driver_rows import DriverRows, Told, difference, read_rows
from daeri.web.live.messages import for_gateway
from daeri.web.names import NameBook

log = structlog.get_logger(__name__)

GATHER_S = 0.01  # hints that come within this are answered by one read
SWEEP_SHARES = 30  # one share of the connected drivers a second is compared with the rows, for hints that were lost
_SWEPT_AT_ONCE = 500
_TOLD_AT_ONCE = 500  # a backlog is told in parts, so that nobody else waits for all of it
_RETRY_S = 1.0


@dataclass(slots=True, eq=False)
class Ear:
    """One connection that hears of one driver; a gateway's messages name the driver."""

    driver_id: UUID
    send: Callable[[bytes], None]
    is_gateway: bool = False
    told: Told = field(default_factory=Told)
    first_read: int = 0  # reads that began before the connection knew what it knows say nothing new to it


class DriverHub:
    """The ears of one process. `run` reads and tells until it is cancelled."""

    def __init__(self, database: Database, bus: Bus, names: NameBook, worth: WorthOf = unknown_worth) -> None:
        self._database = database
        self._names = names
        self._worth = worth
        self._ears: dict[UUID, list[Ear]] = {}
        self._driver_on: dict[UUID, UUID] = {}  # by call
        self._dirty: set[UUID] = set()
        self._wake = asyncio.Event()
        self._reads = 0
        self._share = 0
        self._stops = [bus.listen(drivers.TOPIC, self._heard_driver), bus.listen(calls.TOPIC, self._heard_call)]

    def add(self, ear: Ear) -> None:
        """Tell this connection from now on; what changed since it was welcomed is found by a read of its own."""
        ear.first_read = self._reads + 1
        self._ears.setdefault(ear.driver_id, []).append(ear)
        self._follow(ear)
        self._mark(ear.driver_id)

    def remove(self, ears: Iterable[Ear]) -> None:
        """These connections have gone."""
        for ear in ears:
            left = [other for other in self._ears.get(ear.driver_id, ()) if other is not ear]
            if left:
                self._ears[ear.driver_id] = left
                continue
            self._ears.pop(ear.driver_id, None)
            self._forget(ear)

    async def sweep(self) -> None:
        """Find those in the next share of the connected drivers who know less than the rows; called once a second."""
        self._share = (self._share + 1) % SWEEP_SHARES
        swept = [driver_id for driver_id in self._ears if driver_id.int % SWEEP_SHARES == self._share]
        for first in range(0, len(swept), _SWEPT_AT_ONCE):
            part = swept[first : first + _SWEPT_AT_ONCE]
            async with self._database.reading() as tx:
                known, working = await dispatch.knowledge(tx, part), await drivers.at_work(tx, part)
            for driver_id in part:
                rows = known.get(driver_id), working.get(driver_id)
                if any(not _knows(ear.told, *rows) for ear in self._ears.get(driver_id, ())):
                    self._mark(driver_id)

    async def run(self) -> None:
        """Read and tell, one read after the other, so that a later one is never older."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(GATHER_S)
            named = set(islice(self._dirty, _TOLD_AT_ONCE))
            self._dirty -= named
            if self._dirty:
                self._wake.set()
            try:
                await self._tell(named)
            except Exception:
                # The outermost loop of the hub: whoever was not told is read again.
                log.exception("drivers_not_told", drivers=len(named))
                await asyncio.sleep(_RETRY_S)
                self._dirty |= named
                self._wake.set()

    def close(self) -> None:
        """Stop listening."""
        for stop in self._stops:
            stop()

    async def _tell(self, named: set[UUID]) -> None:
        self._reads += 1
        read = self._reads
        present = [driver_id for driver_id in named if driver_id in self._ears]
        if not present:
            return
        told = [ear.told for driver_id in present for ear in self._ears[driver_id]]
        async with self._database.snapshot() as tx:
            rows = await read_rows(tx, self._names, present, told, self._worth)
        for driver_id in present:
            for ear in tuple(self._ears.get(driver_id, ())):
                if ear.first_read <= read:
                    self._tell_ear(ear, rows)

    def _tell_ear(self, ear: Ear, rows: DriverRows) -> None:
        messages, knows = difference(ear.driver_id, ear.told, rows)
        self._forget(ear)
        ear.told = knows
        self._follow(ear)
        for message in messages:
            encoded = msgspec.json.encode(message)
            ear.send(for_gateway(encoded, ear.driver_id) if ear.is_gateway else encoded)

    def _follow(self, ear: Ear) -> None:
        """The calls that the ear knows are its driver's."""
        for call_id in (ear.told.call_id, ear.told.next_call_id):
            if call_id is not None:
                self._driver_on[call_id] = ear.driver_id

    def _forget(self, ear: Ear) -> None:
        """The calls that the ear knew are not its driver's; meanwhile they may have become somebody else's."""
        for call_id in (ear.told.call_id, ear.told.next_call_id):
            if call_id is not None and self._driver_on.get(call_id) == ear.driver_id:
                del self._driver_on[call_id]

    def _heard_driver(self, topic: str, _message: bytes) -> None:
        driver_id = UUID(topic.partition(".")[2])
        if driver_id in self._ears:
            self._mark(driver_id)

    def _heard_call(self, topic: str, _message: bytes) -> None:
        driver_id = self._driver_on.get(UUID(topic.partition(".")[2]))
        if driver_id is not None:
            self._mark(driver_id)

    def _mark(self, driver_id: UUID) -> None:
        self._dirty.add(driver_id)
        self._wake.set()


def _knows(told: Told, known: Knowledge | None, at_work: AtWork | None) -> bool:
    rows = known or Knowledge()
    return told == Told(
        rows.offers, rows.call_id, rows.call_version, rows.next_call_id, rows.next_call_version, rows.listed, at_work
    )
