"""Everybody in a stepped replay: what each driver and customer does next, and the commands that they send."""

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import numpy as np

from daeri.kernel.geo import Point, distance_m
from daeri.sim import chance
from daeri.sim.actions import Action, Do, batches
from daeri.sim.books import Books
from daeri.sim.chance import between
from daeri.sim.city import offset
from daeri.sim.client import Api, Refusal
from daeri.sim.fleet import Fleet
from daeri.sim.report import Outcome
from daeri.sim.tokens import TokensFile
from daeri.sim.trips import PlannedTrip, TripFile, is_round_trip
from daeri.sim.wire import WITH_DRIVER, Call, Card, NewCall, Place, Push

# Straight-line metres a second through a city's streets.
_SPEED_M_S = 6.5
_SHORTEST_DRIVE_S = 60.0
# A drive that ends where it began went somewhere in between, this far away; the file does not say where.
_ROUND_TRIP_REACH_M = 1500.0
_STAND_WITHIN_M = 400.0
_LOOKS_AGAIN_S = 300.0
_RETRY_S = 5.0


@dataclass(slots=True)
class Ride:
    """A driver's call, since the assignment."""

    call_id: str
    trip: int
    since_s: float


class Stage:
    """The replay's agents; times are seconds of business time since 1970. Call `set_up`, then `hear` and `act`."""

    def __init__(
        self, api: Api, tokens: TokensFile, trips: TripFile, *, drivers: int, seed: int, cadence_s: float
    ) -> None:
        self.books = Books()
        self.refused: list[str] = []
        self.delayed: set[int] = set()
        self.now_s = 0.0
        self._api = api
        self._trips: Sequence[PlannedTrip] = trips.trips
        self._seed = seed
        self._cadence_s = cadence_s
        self._gateway = tokens.gateway.access_token
        self._drivers = tokens.drivers[:drivers]
        self._driver_of = {holder.id: index for index, holder in enumerate(self._drivers)}
        self._customers = [holder.access_token for holder in tokens.customers]
        self._free_customers = deque(range(len(self._customers)))
        self._fleet = Fleet([self._stand(index) for index in range(drivers)])
        self._handles = np.zeros(0, dtype=np.uint32)
        self._reporting = np.zeros(0, dtype=np.int64)
        self._outcomes = [Outcome(trip.at) for trip in self._trips]
        self._trip_of: dict[str, int] = {}
        self._call_of: dict[int, str] = {}
        self._customer_of: dict[str, int] = {}
        self._waiting: set[str] = set()
        self._rides: dict[int, Ride] = {}
        self._rider_of: dict[str, int] = {}
        self._busy_s = 0.0
        self._still_to_come = len(self._trips)
        self._due: list[Action] = []
        for index, trip in enumerate(self._trips):
            self._plan(trip.at.timestamp(), Do.REQUEST, trip=index)

    # How it stands.

    @property
    def goes_on(self) -> bool:
        """Whether a trip has not been requested yet or a call has not ended."""
        return self._still_to_come > 0 or bool(self._customer_of)

    @property
    def not_played(self) -> int:
        """Trips that found no free customer until the end."""
        return self._still_to_come

    @property
    def somebody_waits(self) -> bool:
        return bool(self._waiting)

    @property
    def next_due_s(self) -> float:
        return self._due[0].at_s if self._due else self.now_s

    @property
    def requested(self) -> int:
        return len(self.books.entries)

    @property
    def ended(self) -> int:
        return self.requested - len(self._customer_of)

    def busy_s(self, now_s: float) -> float:
        """Seconds that drivers spent with a call, all together."""
        return self._busy_s + sum(now_s - ride.since_s for ride in self._rides.values())

    def outcomes(self, read_back: dict[str, Call | None]) -> list[Outcome]:
        """What became of every acknowledged call, in the order of the file's departures."""
        known = []
        for call_id, trip in sorted(self._trip_of.items(), key=lambda item: item[1]):
            outcome, call = self._outcomes[trip], read_back.get(call_id)
            outcome.state = "lost" if call is None else call.state
            outcome.reason = None if call is None else call.end_reason
            outcome.assign_s = self.books.entries[call_id].assign_s
            known.append(outcome)
        return known

    # The course of things.

    async def set_up(self, now_s: float) -> None:
        """Everybody goes on duty where the demand will be, and the gateway learns their short names."""
        self.now_s = now_s
        for index, holder in enumerate(self._drivers):
            here = self._fleet.position(index, now_s)
            await self._api.go_on_duty(holder.access_token, Place(here.lat, here.lon))
        handles = await self._api.handles(self._gateway, [holder.id for holder in self._drivers])
        self._reporting = np.array([i for i, handle in enumerate(handles) if handle is not None], dtype=np.int64)
        self._handles = np.array([handle for handle in handles if handle is not None], dtype=np.uint32)
        await self._report()

    def hear(self, messages: Sequence[Push], now_s: float) -> None:
        """What the server told drivers and customers during the step that ended at `now_s`."""
        self.now_s = now_s
        for message in messages:
            if message.type == "offer" and message.offer is not None:
                self._consider(message.driver_id, message.offer)
            elif message.type == "call" and message.call is not None:
                self._see(message.call)

    async def act(self, now_s: float, parallel: int) -> None:
        """Sends every command that is due, in seeded order."""
        self.now_s = now_s
        due = []
        while self._due and self._due[0].at_s <= now_s:
            due.append(heapq.heappop(self._due))
        for batch in batches(due, parallel):
            if len(batch) == 1:
                await self._do(batch[0])
            else:
                await asyncio.gather(*(self._do(action) for action in batch))

    def _plan(self, at_s: float, what: Do, *, trip: int = -1, driver: int = -1, card: Card | None = None) -> None:
        order = chance.chance(self._seed, what.value, trip, driver)
        heapq.heappush(self._due, Action(at_s, order, trip, driver, what, card))

    async def _do(self, action: Action) -> None:
        match action.what:
            case Do.REPORT:
                await self._report()
            case Do.REQUEST:
                await self._request(action.trip)
            case Do.LOOK:
                await self._look(action.trip)
            case Do.CHANGE_MIND | Do.DROP_DRIVER:
                await self._cancel_as_customer(action)
            case Do.ANSWER if action.card is not None:
                await self._answer(action, action.card)
            case _:
                await self._drive(action)

    # Customers.

    async def _request(self, index: int) -> None:
        if not self._free_customers:
            self.delayed.add(index)
            self._plan(self.now_s + _RETRY_S, Do.REQUEST, trip=index)
            return
        trip, customer = self._trips[index], self._free_customers.popleft()
        token = self._customers[customer]
        self._still_to_come -= 1
        try:
            call = await self._api.request_call(token, self._wanted(index))
        except Refusal as refusal:
            self.refused.append(refusal.code)
            self._free_customers.append(customer)
            return
        self._outcomes[index].nearest_m = self._fleet.nearest_free_m(trip.origin, self.now_s)
        self._trip_of[call.id], self._call_of[index], self._customer_of[call.id] = index, call.id, customer
        self.books.acknowledge(token, call)
        self._waiting.add(call.id)
        self._see(call)
        self._plan_whims(index, call)

    def _wanted(self, index: int) -> NewCall:
        trip = self._trips[index]
        vias: tuple[Place, ...] = ()
        if is_round_trip(trip.origin, trip.destination):
            bearing = between(0, 2 * pi, self._chance("bearing", index))
            vias = (_place(offset(trip.origin, _ROUND_TRIP_REACH_M, bearing)),)
        return NewCall(_place(trip.origin), _place(trip.destination), vias)

    def _plan_whims(self, index: int, call: Call) -> None:
        if self._chance("changes_mind", index) < chance.CHANGES_MIND:
            self._plan(self.now_s + between(10, 120, self._chance("mind_after", index)), Do.CHANGE_MIND, trip=index)
        looks_s = self.now_s + _LOOKS_AGAIN_S if call.expires_at is None else call.expires_at.timestamp() + _RETRY_S
        self._plan(looks_s, Do.LOOK, trip=index)

    async def _look(self, index: int) -> None:
        """A waiting customer looks at the telephone, in case a message went by."""
        call_id = self._call_of.get(index)
        if call_id is None or call_id not in self._waiting:
            return
        self._see(await self._api.call(self._token_of(call_id), call_id))
        if call_id in self._waiting:
            self._plan(self.now_s + _LOOKS_AGAIN_S, Do.LOOK, trip=index)

    async def _cancel_as_customer(self, action: Action) -> None:
        call_id = self._call_of.get(action.trip)
        waits = call_id in self._waiting
        if call_id is None or waits is not (action.what is Do.CHANGE_MIND):
            return
        token = self._token_of(call_id)
        try:
            self._see(await self._api.cancel(token, call_id, action.what.value))
        except Refusal:
            self._see(await self._api.call(token, call_id))

    # Drivers.

    def _consider(self, driver_id: str | None, card: Card) -> None:
        driver = self._driver_of.get(driver_id or "")
        trip = self._trip_of.get(card.call_id)
        if driver is None or trip is None:
            return
        self._outcomes[trip].offers += 1
        thinks_s = between(3, 8, self._chance("thinks", driver, trip))
        self._plan(self.now_s + thinks_s, Do.ANSWER, trip=trip, driver=driver, card=card)

    async def _answer(self, action: Action, card: Card) -> None:
        if action.driver in self._rides or card.call_id not in self._waiting:
            return
        token = self._drivers[action.driver].access_token
        draw = self._chance("answers", action.driver, action.trip)
        try:
            if draw < chance.ACCEPTS:
                await self._accept(action, card, token)
            elif draw < chance.ACCEPTS + chance.DECLINES and card.offer_id is not None:
                await self._api.decline(token, card.offer_id)
        except Refusal:
            # Too late: somebody else has it, or nobody.
            return

    async def _accept(self, action: Action, card: Card, token: str) -> None:
        if card.offer_id is None:
            call = await self._api.take(token, card.call_id)
        else:
            call = await self._api.accept(token, card.offer_id)
        self._rides[action.driver] = Ride(card.call_id, action.trip, self.now_s)
        self._rider_of[card.call_id] = action.driver
        self._fleet.is_free[action.driver] = False
        self._see(call)
        self._set_out(action.driver, action.trip)

    def _set_out(self, driver: int, trip: int) -> None:
        origin = self._trips[trip].origin
        pickup_m = distance_m(self._fleet.position(driver, self.now_s), origin)
        self._outcomes[trip].pickup_m = pickup_m
        duration_s = pickup_m / _SPEED_M_S
        self._fleet.go(driver, origin, self.now_s, duration_s)
        self._plan(self.now_s + duration_s, Do.ARRIVE, trip=trip, driver=driver)
        if self._chance("driver_cancels", driver, trip) < chance.DRIVER_CANCELS:
            self._plan(self.now_s + duration_s * 0.5, Do.CANCEL, trip=trip, driver=driver)
        if self._chance("drops_driver", trip) < chance.DROPS_DRIVER:
            self._plan(self.now_s + between(5, 90, self._chance("drop_after", trip)), Do.DROP_DRIVER, trip=trip)

    async def _drive(self, action: Action) -> None:
        ride = self._rides.get(action.driver)
        if ride is None or ride.trip != action.trip:
            return
        token = self._drivers[action.driver].access_token
        try:
            call = await self._api.drive(token, ride.call_id, action.what.value)
        except Refusal:
            await self._ask_again(action, token)
            return
        self._see(call)
        match action.what:
            case Do.ARRIVE:
                waits_s = between(20, 150, self._chance("waits", action.trip))
                self._plan(self.now_s + waits_s, Do.START, trip=action.trip, driver=action.driver)
            case Do.START:
                self._drive_home(action)

    def _drive_home(self, action: Action) -> None:
        trip = self._trips[action.trip]
        way_m = distance_m(trip.origin, trip.destination)
        if is_round_trip(trip.origin, trip.destination):
            way_m = 2 * _ROUND_TRIP_REACH_M
        duration_s = max(_SHORTEST_DRIVE_S, way_m / _SPEED_M_S)
        self._fleet.go(action.driver, trip.destination, self.now_s, duration_s)
        self._plan(self.now_s + duration_s, Do.COMPLETE, trip=action.trip, driver=action.driver)

    async def _ask_again(self, action: Action, token: str) -> None:
        """A refused step: drop the ride if the server says that it is over, else try once more later."""
        call = (await self._api.driver(token)).call
        ride = self._rides.get(action.driver)
        if ride is None or (call is not None and call.id == ride.call_id):
            self._plan(self.now_s + _RETRY_S, action.what, trip=action.trip, driver=action.driver)
            return
        self._release(action.driver)

    async def _report(self) -> None:
        """All drivers' positions in one body."""
        self._plan(self.now_s + self._cadence_s, Do.REPORT)
        records = self._fleet.records(self.now_s, self._reporting, self._handles)
        await self._api.gateway_positions(self._gateway, records)

    # What everybody knows.

    def _see(self, call: Call) -> None:
        """The newest state of a call: who waits, who is free again."""
        if call.id not in self._customer_of or call.version < self.books.entries[call.id].call.version:
            return
        self.books.see(call)
        if call.state in WITH_DRIVER:
            self._waiting.discard(call.id)
            return
        rider = self._rider_of.get(call.id)
        if rider is not None:
            self._release(rider)
        if call.has_ended:
            self._waiting.discard(call.id)
            self._free_customers.append(self._customer_of.pop(call.id))
        else:
            self._waiting.add(call.id)

    def _release(self, driver: int) -> None:
        """Without a call again, and on the way back to where the calls come from."""
        ride = self._rides.pop(driver)
        del self._rider_of[ride.call_id]
        self._busy_s += self.now_s - ride.since_s
        self._fleet.is_free[driver] = True
        stand = self._stand(driver)
        way_m = distance_m(self._fleet.position(driver, self.now_s), stand)
        self._fleet.go(driver, stand, self.now_s, way_m / _SPEED_M_S)

    def _stand(self, driver: int) -> Point:
        """Where a driver waits: near the origin of some trip of the day, and nowhere exactly where another one does."""
        origin = self._trips[int(self._chance("stands", driver) * len(self._trips))].origin
        bearing = between(0, 2 * pi, self._chance("stands_towards", driver))
        return offset(origin, between(20, _STAND_WITHIN_M, self._chance("stands_off", driver)), bearing)

    def _chance(self, what: str, *whom: int) -> float:
        return chance.chance(self._seed, what, *whom)

    def _token_of(self, call_id: str) -> str:
        return self.books.entries[call_id].token


def _place(point: Point) -> Place:
    return Place(point.lat, point.lon)
