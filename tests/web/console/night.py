"""A made-up night for the live stream: drivers that move, calls that come, wait and go. Seeded; no clock of its own."""

import math
import random
from dataclasses import dataclass, field
from uuid import UUID

from tests.web.console.fakes import PLACES, call_number, ident, person

from daeri.web.console.live import (
    Board,
    BoardFacts,
    DriverColumns,
    DriverStatus,
    Figures,
    LiveCall,
    Place,
    Snapshot,
    UnmetReason,
)


@dataclass
class Night:
    """`step` moves one second on and gives the events of that second, as a server would send them."""

    now: int
    drivers: int = 400
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    calls: dict[UUID, LiveCall] = field(default_factory=dict)
    finished: int = 318
    made: int = 0

    def __post_init__(self) -> None:
        around = [self.chance.choice(PLACES) for _ in range(self.drivers)]
        self.lat = [p.lat + self.chance.gauss(0, 0.016) for p in around]
        self.lon = [p.lon + self.chance.gauss(0, 0.02) for p in around]
        self.heading = [self.chance.uniform(0, 2 * math.pi) for _ in around]
        self.status = self.chance.choices([1, 2, 3, 4], [30, 4, 60, 3], k=self.drivers)
        for n in range(14):
            self._request(self.now - self.chance.randrange(4, 260) * 1000 - n)
        for n in range(30):
            call = self._request(self.now - 600_000 - n)
            self._assign(call)

    def snapshot(self) -> Snapshot:
        names = [person(n) for n in range(self.drivers)]
        ids = [str(ident(2, n)) for n in range(self.drivers)]
        slots = list(range(self.drivers))
        columns = DriverColumns(self.now, slots, list(self.lat), list(self.lon), list(self.status), ids, names)
        return Snapshot(self.now, list(self.calls.values()), self.board().rows, columns, self.figures())

    def step(self) -> list[tuple[str, DriverColumns | LiveCall | Board | Figures]]:
        self.now += 1000
        events: list[tuple[str, DriverColumns | LiveCall | Board | Figures]] = []
        if self.chance.random() < 0.4:
            events.append(("call", self._request(self.now)))
        waiting = self.waiting()
        if waiting and self.chance.random() < 0.4:
            events.append(("call", self._assign(self.chance.choice(waiting))))
        driving = [call for call in self.calls.values() if call.state == "assigned"]
        if len(driving) > 25 and self.chance.random() < 0.4:
            events.append(("call", self._end(driving[0])))
        return [*events, ("drivers", self._move()), ("board", self.board()), ("figures", self.figures())]

    def waiting(self) -> list[LiveCall]:
        return [call for call in self.calls.values() if call.state == "requested"]

    def board(self) -> Board:
        reasons = list(UnmetReason)
        rows = []
        for call in self.waiting():
            seconds, seed = (self.now - call.requested_at) // 1000, call.id.int & 0xFFFF
            asked, unmet = min(9, seconds // 15), seed % 3 == 0
            offered = None if unmet else person(seed * 7 % 100)
            reason = reasons[seed % len(reasons)] if unmet else None
            rows.append(BoardFacts(call.id, asked, offered, min(5000, 1000 + seconds // 20 * 500), reason))
        return Board(self.now, rows)

    def figures(self) -> Figures:
        board = self.board().rows
        offered = sum(row.offered_to is not None for row in board)
        driving = self.status.count(DriverStatus.DRIVING)
        return Figures(self.now, len(board), offered, driving, self.drivers, self.finished, 18.4)

    def _request(self, at: int) -> LiveCall:
        self.made += 1
        origin, destination = self.chance.sample(PLACES, 2)
        place = Place(origin.lat + self.chance.gauss(0, 0.006), origin.lon + self.chance.gauss(0, 0.006), origin.name)
        service = "vip" if self.made % 6 == 0 else "general"
        number = call_number(self.made)
        call = LiveCall(ident(1, self.made), number, 1, "requested", service, place, destination, at)
        self.calls[call.id] = call
        return call

    def _assign(self, call: LiveCall) -> LiveCall:
        slot = self.chance.randrange(self.drivers)
        return self._put(call, "assigned", slot)

    def _end(self, call: LiveCall) -> LiveCall:
        ended = self._put(call, "completed", 0)
        del self.calls[call.id]
        self.finished += 1
        return ended

    def _put(self, call: LiveCall, state: str, slot: int) -> LiveCall:
        changed = LiveCall(call.id, call.number, call.version + 1, state, call.service, call.origin, call.destination,
                           call.requested_at, ident(2, slot), person(slot))  # fmt: skip
        self.calls[call.id] = changed
        return changed

    def _move(self) -> DriverColumns:
        moved = [slot for slot in range(self.drivers) if self.status[slot] != DriverStatus.STALE]
        for slot in moved:
            metres = 9 if self.status[slot] == DriverStatus.DRIVING else 1.2
            self.heading[slot] += self.chance.gauss(0, 0.2)
            self.lat[slot] += metres * math.cos(self.heading[slot]) / 111_320
            self.lon[slot] += metres * math.sin(self.heading[slot]) / 88_300
        lat, lon = [self.lat[s] for s in moved], [self.lon[s] for s in moved]
        return DriverColumns(self.now, moved, lat, lon, [self.status[s] for s in moved])
