"""Keeps the live fleet true to the rows: at start, after each hint, and by a slow sweep for hints that were lost."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from daeri.dispatch import api as dispatch
from daeri.dispatch.fleet import CAN_PAY, Duty, LiveFleet, Status
from daeri.dispatch.model import DriverState, Offer
from daeri.drivers import api as drivers
from daeri.drivers.model import LastPosition
from daeri.infra.bus import Bus
from daeri.infra.database import Database
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, DriverId
from daeri.kernel.terms import Service
from daeri.kernel.time import from_millis, to_millis

_SERVICE_BITS = {service: 1 << place for place, service in enumerate(Service)}
_SWEEPS = 120  # a sweep reads one driver in so many, so that all are read again in as many sweeps
# Transactions do not commit in the order of their revisions: what was the newest some sweeps ago is settled by now.
_SETTLED_SWEEPS = 10
_OVERLAP = 1_000  # revisions that may be unsettled at the start


def capabilities_of(services: Iterable[Service]) -> int:
    """The services that a driver may take (or a call needs) as bits."""
    return sum(_SERVICE_BITS[service] for service in services)


class FleetKeeper:
    """One reader of the drivers' rows; its reads follow one another, so a later one is never older."""

    def __init__(self, fleet: LiveFleet, database: Database, bus: Bus) -> None:
        self._fleet = fleet
        self._database = database
        self._dirty: set[UUID] = set()
        self._reads = 0
        self._revision = 0
        self._marks: deque[int] = deque([0], maxlen=_SETTLED_SWEEPS)  # newest revisions at the last sweeps
        self._sweep = 0
        self._calls: dict[int, CallId] = {}
        self._saved_at: dict[int, int] = {}
        self._short: set[DriverId] = set()
        self.stop = bus.listen(drivers.TOPIC, self._heard)

    def call_of(self, slot: int) -> CallId | None:
        """The call that the driver of that slot is on."""
        return self._calls.get(slot)

    def on_duty(self) -> int:
        """How many drivers are on duty."""
        return int((self._fleet.view().status != Status.OFF).sum())

    def reported_since(self, instant: datetime) -> int:
        """How many of the drivers on duty have been heard of since then."""
        columns, used = self._fleet.columns, len(self._fleet)
        heard = (columns.seen_ms[:used] >= to_millis(instant)) & (columns.status[:used] != Status.OFF)
        return int(heard.sum())

    async def load(self) -> None:
        """Everybody on duty, and where they were last heard of."""
        self._reads += 1
        async with self._database.transaction() as tx:
            states = await dispatch.driver_states_on_duty(tx)
            positions = await drivers.positions_on_duty(tx)
        self._take(states)
        self._marks.append(max(0, self._revision - _OVERLAP))
        for position in positions:
            slot = self._fleet.slot_of(position.driver_id)
            if slot is not None:
                at_ms = to_millis(position.at)
                self._fleet.place(slot, at_ms=at_ms, lat=position.point.lat, lon=position.point.lon)

    async def refresh(self) -> bool:
        """Read again what hints have named; whether there was anything."""
        if not self._dirty:
            return False
        named, self._dirty = list(self._dirty), set()
        self._reads += 1
        is_read = False
        try:
            async with self._database.reading() as tx:
                self._take(await dispatch.driver_states(tx, named))
            is_read = True
        finally:
            if not is_read:
                self._dirty.update(named)
        return True

    async def sweep(self) -> None:
        """Find what lost hints would have told: changed rights and duty, and a share of everybody on duty."""
        self._reads += 1
        async with self._database.reading() as tx:
            self._take(await dispatch.driver_states_since(tx, self._marks[0]))
        self._marks.append(self._revision)
        status = self._fleet.view().status
        for slot in range(self._sweep, len(self._fleet), _SWEEPS):
            driver_id = self._fleet.driver_at(slot)
            if driver_id is not None and status[slot] != Status.OFF:
                self._dirty.add(driver_id)
        self._sweep = (self._sweep + 1) % _SWEEPS

    def hold(self, offers: Iterable[Offer]) -> None:
        """Drivers who have just been given an offer are not free any more."""
        self._reads += 1
        for offer in offers:
            self._fleet.hold(offer.driver_id, version=self._reads)

    def short_with_offer(self) -> list[DriverId]:
        """Who was seen with an offer and a balance that is too low for it, once each."""
        found, self._short = sorted(self._short), set()
        return found

    def unsaved_positions(self, share: int, shares: int) -> list[LastPosition]:
        """The newest positions in one share of the slots that have not been saved yet."""
        columns, saved = self._fleet.columns, self._saved_at
        found = []
        for slot in range(share, len(self._fleet), shares):
            at_ms = int(columns.at_ms[slot])
            driver_id = self._fleet.driver_at(slot)
            if driver_id is None or at_ms <= saved.get(slot, -1):
                continue
            point = Point(float(columns.lat[slot]), float(columns.lon[slot]))
            found.append(LastPosition(driver_id, point, from_millis(at_ms), float(columns.accuracy_m[slot])))
        return found

    def saved(self, positions: Iterable[LastPosition]) -> None:
        """These have become rows."""
        for position in positions:
            slot = self._fleet.slot_of(position.driver_id)
            if slot is not None:
                self._saved_at[slot] = to_millis(position.at)

    def _heard(self, topic: str, _message: bytes) -> None:
        self._dirty.add(UUID(topic.partition(".")[2]))

    def _take(self, states: Iterable[DriverState]) -> None:
        for state in states:
            slot = self._fleet.set_duty(
                state.driver_id,
                company_id=state.company_id,
                capabilities=capabilities_of(state.services) | (0 if state.is_short else CAN_PAY),
                duty=Duty.ON if state.on_duty else Duty.OFF,
                version=state.revision,
            )
            self._fleet.set_status(state.driver_id, _occupation(state), version=self._reads, ends_at=state.ends_at)
            self._revision = max(self._revision, state.revision)
            if state.is_short and state.offer_id is not None:
                self._short.add(state.driver_id)
            if state.call_id is None:
                self._calls.pop(slot, None)
            else:
                self._calls[slot] = state.call_id


def _occupation(state: DriverState) -> Status:
    if state.call_id is not None:
        return Status.BUSY
    return Status.IDLE if state.offer_id is None else Status.HELD
