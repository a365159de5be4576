"""Customers of the simulated night: they ask, wait, look at their telephone, change their mind, give up."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from random import Random

from daeri.kernel.geo import Point
from daeri.sim.books import Books
from daeri.sim.city import Trip, draw_trip, near
from daeri.sim.client import Api, Refusal, Unreachable
from daeri.sim.tokens import Holder
from daeri.sim.wire import WITH_DRIVER, Call, NewCall, Place

_LOOKS_EVERY_S = 9.0
_MOST_DROPS = 3  # of drivers by one customer: whoever reads the warning stops before new calls are refused
Start = Callable[[Coroutine[None, None, None]], None]


@dataclass(frozen=True, slots=True)
class Whims:
    """What one customer will do, in seconds of real life after the request or the assignment; None: never."""

    gives_up_s: float
    changes_mind_s: float | None
    drops_driver_s: float | None
    pays_cash: bool


def draw_whims(random: Random) -> Whims:
    return Whims(
        gives_up_s=random.uniform(120, 400),
        changes_mind_s=random.uniform(1, 12) if random.random() < 0.04 else None,
        drops_driver_s=random.uniform(3, 60) if random.random() < 0.05 else None,
        pays_cash=random.random() < 0.3,
    )


class Crowd:
    """All customers. One of them has one call at a time."""

    def __init__(
        self, holders: list[Holder], random: Random, api: Api, books: Books, *, time_scale: float, trip_m: float
    ) -> None:
        self._free = deque(random.sample(holders, len(holders)))
        self._random = random
        self._api = api
        self._books = books
        self._scale = time_scale
        self._trip_m = trip_m
        self._asking: set[asyncio.Task[Call]] = set()
        self._drops = Counter[str]()

    async def answered(self) -> None:
        """Wait until every request that is on its way has its answer in the books, or none."""
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def keep_calling(self, calls_per_s: float, start: Start) -> None:
        """Requests at random moments, at this mean rate, until cancelled."""
        while True:
            await asyncio.sleep(self._random.expovariate(calls_per_s))
            self._call(draw_trip(self._random, longest_m=self._trip_m * self._random.lognormvariate(0, 0.6)), start)

    def call_beside(self, point: Point, start: Start) -> None:
        """A request from a few steps away, so that a drive is soon under way."""
        origin = near(self._random, point, 120)
        self._call(
            draw_trip(self._random, longest_m=self._trip_m * self._random.uniform(0.15, 2), origin=origin), start
        )

    def _call(self, trip: Trip, start: Start) -> None:
        """Nothing happens when every customer has a call already."""
        if self._free:
            start(self._go_home(self._free.popleft(), trip, draw_whims(self._random)))

    async def _go_home(self, holder: Holder, trip: Trip, whims: Whims) -> None:
        if self._drops[holder.id] >= _MOST_DROPS:
            whims = replace(whims, drops_driver_s=None)
        try:
            origin, destination = _place(trip.origin, trip.origin_name), _place(trip.destination, trip.destination_name)
            wanted = NewCall(origin, destination, payment="cash" if whims.pays_cash else None)
            asking = asyncio.create_task(self._ask(holder, wanted))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
            # Who sends the customer home does not take back what they have asked for.
            call = await asyncio.shield(asking)
            await self._wait(holder, call, whims)
        except (Refusal, Unreachable):
            # The books keep an acknowledged call; the customer puts the telephone away for a while.
            await asyncio.sleep(10 / self._scale)
        self._free.append(holder)

    async def _ask(self, holder: Holder, wanted: NewCall) -> Call:
        call = await self._api.request_call(holder.access_token, wanted)
        self._books.acknowledge(holder.access_token, call)
        return call

    async def _wait(self, holder: Holder, call: Call, whims: Whims) -> None:
        requested_s = _now_s()
        assigned_s: float | None = None
        patience_s = min(whims.gives_up_s, whims.changes_mind_s or whims.gives_up_s)
        while not call.has_ended:
            await asyncio.sleep(min(_LOOKS_EVERY_S, patience_s) / self._scale)
            call = await self._look(holder, call.id)
            if call.state in WITH_DRIVER and assigned_s is None:
                assigned_s = _now_s()
            if self._wants_out(call, requested_s, assigned_s, patience_s, whims):
                call = await self._cancel(holder, call.id)

    def _wants_out(
        self, call: Call, requested_s: float, assigned_s: float | None, patience_s: float, whims: Whims
    ) -> bool:
        if call.state == "requested":
            return (_now_s() - requested_s) * self._scale >= patience_s
        if call.state != "assigned" or assigned_s is None or whims.drops_driver_s is None:
            return False
        return (_now_s() - assigned_s) * self._scale >= whims.drops_driver_s

    async def _look(self, holder: Holder, call_id: str) -> Call:
        call = await self._api.call(holder.access_token, call_id)
        self._books.see(call)
        return call

    async def _cancel(self, holder: Holder, call_id: str) -> Call:
        try:
            call = await self._api.cancel(holder.access_token, call_id, "changed_mind")
        except Refusal:
            # It has moved on in the meantime; look again.
            return await self._look(holder, call_id)
        self._books.see(call)
        self._drops[holder.id] += call.state == "cancelled_after_assignment"
        return call


def _place(point: Point, name: str) -> Place:
    return Place(point.lat, point.lon, name)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
