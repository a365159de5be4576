"""A customer's live stream: their own calls as they change, and where their driver is."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from litestar import Request, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation
from litestar.response import Stream

from daeri.accounts.model import Principal, SessionId
from daeri.calls import api as calls
from daeri.calls.model import Call, State
from daeri.dispatch.model import Goal
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CustomerId
from daeri.kernel.terms import ActorKind
from daeri.payments.model import Bill
from daeri.web.arrivals import arrival_of, drives_before
from daeri.web.context import WebContext
from daeri.web.live.bill_feed import BillFeed
from daeri.web.live.call_feed import CallFeed
from daeri.web.live.console_stream import REREAD_EVERY, STREAM_HEADERS
from daeri.web.live.driver_rows import names_of
from daeri.web.live.fleet_columns import position_of
from daeri.web.live.outbox import Outbox, event
from daeri.web.principals import WhoAsks, customer_of, principal_of
from daeri.web.progress import progress_of
from daeri.web.receipts import bill_out
from daeri.web.shown_drivers import learn_standings, shown_driver
from daeri.web.wire import CallOut, call_out
from daeri.web.wire_parts import ProgressOut, RideBillOut

log = structlog.get_logger(__name__)

EVERY_S = 1.0
PROGRESS_EVERY = 5  # seconds between two looks at how the search for a waiting call's driver goes
_RUNNING = (State.RESERVED, State.REQUESTED, State.ASSIGNED, State.ARRIVED, State.DRIVING)
_ENGAGED = frozenset({State.ASSIGNED, State.ARRIVED, State.DRIVING})
_OUTBOX_BYTES = 262_144


class CallsSnapshot(msgspec.Struct, frozen=True):
    """The customer's calls that have not ended, newest first."""

    calls: tuple[CallOut, ...]


class DriverPosition(msgspec.Struct, frozen=True):
    """Where the driver of a call is, in degrees, and how long they still take; that is null for an old position."""

    call_id: UUID
    at: datetime
    lat: float
    lon: float
    eta_s: int | None = None
    eta_to: Goal | None = None


class BillTold(msgspec.Struct, frozen=True):
    """The bill of a ride has changed: what it costs and how far it is paid, in short."""

    call_id: UUID
    bill: RideBillOut


@dataclass(slots=True, eq=False)
class Follower:
    """One open stream; `engaged` are the customer's calls that a driver has."""

    principal: Principal
    outbox: Outbox
    engaged: dict[UUID, Call] = field(default_factory=dict)  # by call
    before: dict[UUID, Call | None] = field(default_factory=dict)  # by call: what its driver finishes first
    told_at: dict[UUID, tuple[datetime, bool]] = field(default_factory=dict)  # by call: the position told last
    versions: dict[UUID, int] = field(default_factory=dict)  # by call: what the customer has seen
    running: set[UUID] = field(default_factory=set)
    waiting: dict[UUID, Call] = field(default_factory=dict)  # by call: those that wait for a driver
    progress: dict[UUID, ProgressOut] = field(default_factory=dict)  # by call: what was told last

    def learn(self, call: Call) -> bool:
        """Whether the call as it stands is news."""
        if call.version <= self.versions.get(call.id, 0):
            return False
        self.versions[call.id] = call.version
        (self.running.add if call.ended_at is None else self.running.discard)(call.id)
        if call.state is State.REQUESTED:
            self.waiting[call.id] = call
        else:
            self.waiting.pop(call.id, None)
            self.progress.pop(call.id, None)
        self.told_at.pop(call.id, None)
        self.before.pop(call.id, None)
        if call.driver_id is not None and call.state in _ENGAGED:
            self.engaged[call.id] = call
        else:
            self.engaged.pop(call.id, None)
        return True

    def learn_progress(self, progress: ProgressOut) -> bool:
        """Whether it says more than that time has passed, of a call that still waits."""
        timeless = msgspec.structs.replace(progress, waiting_s=0)
        if progress.call_id not in self.waiting or self.progress.get(progress.call_id) == timeless:
            return False
        self.progress[progress.call_id] = timeless
        return True


class CustomerStreams:
    """All customers' streams of one process; works only while somebody follows."""

    def __init__(self, context: WebContext, feed: CallFeed) -> None:
        self._context = context
        self._feed = feed
        self._bills = BillFeed(context.database, context.bus)
        self._followers: dict[CustomerId, list[Follower]] = {}
        self._task: asyncio.Task[None] | None = None
        self._stop_hearing = context.authenticator.on_revoked(self._revoked)
        self._is_draining = False
        self._seconds = 0

    async def follow(self, request: Request[Any, Any, Any], principal: Principal) -> AsyncIterator[bytes]:
        """The running calls, then events until the session or the process ends."""
        customer_id = customer_of(principal)
        follower = Follower(principal, Outbox(_OUTBOX_BYTES))
        self._enter(customer_id, follower)
        try:
            # What changes while the rows are read waits in the outbox; a call is taken by its version.
            yield event("snapshot", await self._snapshot(customer_id, follower))
            async for chunk in follower.outbox.chunks():
                if not await self._may_still(request):
                    return
                yield chunk
        finally:
            self._leave(customer_id, follower)

    async def drain(self) -> None:
        """End every stream."""
        if not self._is_draining:
            self._stop_hearing()
        self._is_draining = True
        for follower in self._everyone():
            follower.outbox.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _enter(self, customer_id: CustomerId, follower: Follower) -> None:
        self._followers.setdefault(customer_id, []).append(follower)
        if self._is_draining:
            follower.outbox.close()
        elif self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        self._context.metrics.streams.inc()

    def _leave(self, customer_id: CustomerId, follower: Follower) -> None:
        left = [other for other in self._followers.get(customer_id, ()) if other is not follower]
        if left:
            self._followers[customer_id] = left
        else:
            self._followers.pop(customer_id, None)
        self._context.metrics.streams.dec()

    def _everyone(self) -> list[Follower]:
        return [follower for followers in self._followers.values() for follower in followers]

    def _revoked(self, session_id: SessionId) -> None:
        for follower in self._everyone():
            if follower.principal.session_id == session_id:
                follower.outbox.close()

    async def _may_still(self, request: Request[Any, Any, Any]) -> bool:
        """An app's access token ends before its session: then it comes again with the next one."""
        try:
            await principal_of(request, self._context)
        except DaeriError:
            return False
        return True

    async def _snapshot(self, customer_id: CustomerId, follower: Follower) -> CallsSnapshot:
        async with self._context.database.snapshot() as tx:
            page = await calls.of_customer(tx, customer_id, states=_RUNNING)
            names = await names_of(tx, self._context.names, page.calls)
            await learn_standings(tx, self._context.names, page.calls)
            before = await drives_before(tx, page.calls)
        for call in page.calls:
            if follower.learn(call):
                follower.before[call.id] = before.get(call.id)
        return CallsSnapshot(tuple(self._out(call, names, before.get(call.id)) for call in page.calls))

    def _out(self, call: Call, names: Mapping[UUID, str], before: Call | None) -> CallOut:
        arrival = arrival_of(self._context, call, before)
        driver = shown_driver(self._context.names, call, names)
        return call_out(call, names, viewer=ActorKind.CUSTOMER, driver=driver, arrival=arrival)

    async def _run(self) -> None:
        stop_following = self._feed.follow(self._calls_changed, rides=True)
        stop_bills = self._bills.follow(self._bills_changed)
        try:
            while self._followers:
                await asyncio.sleep(EVERY_S)
                try:
                    await self._tick()
                except Exception:
                    # The outermost loop of the streams: the next second looks again.
                    log.exception("customers_not_told")
        finally:
            stop_following()
            stop_bills()

    async def _tick(self) -> None:
        await self._look_before()
        for follower in self._everyone():
            self._tell_positions(follower)
        self._seconds += 1
        for customer_id in [one for one in self._followers if (one.int - self._seconds) % REREAD_EVERY == 0]:
            await self._reread(customer_id)
        for customer_id in [one for one in self._followers if (one.int - self._seconds) % PROGRESS_EVERY == 0]:
            await self._tell_progress(self._followers.get(customer_id, ()))

    async def _look_before(self) -> None:
        """What the drivers of calls finish first: at once for a call that is new, now and then for one that waits."""
        is_due = self._seconds % PROGRESS_EVERY == 0
        asked = [
            (follower, call)
            for follower in self._everyone()
            for call in follower.engaged.values()
            if call.id not in follower.before or (is_due and follower.before[call.id] is not None)
        ]
        if not asked:
            return
        async with self._context.database.snapshot() as tx:
            found = await drives_before(tx, [call for _, call in asked])
        for follower, call in asked:
            follower.before[call.id] = found.get(call.id)

    async def _tell_progress(self, followers: Sequence[Follower]) -> None:
        """How the search goes, where anything but the time has changed since it was told."""
        waiting = {call.id: call for follower in followers for call in follower.waiting.values()}
        if not waiting:
            return
        now = self._context.clock.now()
        async with self._context.database.snapshot() as tx:
            found = [await progress_of(tx, self._context, call, now=now) for call in waiting.values()]
        for follower in followers:
            for progress in found:
                if follower.learn_progress(progress):
                    follower.outbox.put(event("progress", progress))

    async def _reread(self, customer_id: CustomerId) -> None:
        """Tell of the calls whose change no hint told of: each customer's once in REREAD_EVERY seconds."""
        followers = self._followers.get(customer_id, ())
        seen = {call_id for follower in followers for call_id in follower.running}
        async with self._context.database.snapshot() as tx:
            running = (await calls.of_customer(tx, customer_id, states=_RUNNING)).calls
            missing = seen - {call.id for call in running}
            found = [*running, *(await calls.rides_named(tx, list(missing)) if missing else [])]
            names = await names_of(tx, self._context.names, found)
            await learn_standings(tx, self._context.names, found)
        self._calls_changed(found, names)

    def _tell_positions(self, follower: Follower) -> None:
        fleet = self._context.fleet
        for call_id, call in follower.engaged.items():
            slot = None if call.driver_id is None else fleet.slot_of(call.driver_id)
            found = None if slot is None else position_of(fleet, slot)
            if found is None:
                continue
            (point, at), arrival = found, arrival_of(self._context, call, follower.before.get(call_id))
            if follower.told_at.get(call_id) == (at, arrival is None):
                continue
            follower.told_at[call_id] = at, arrival is None
            eta_s, eta_to = (None, None) if arrival is None else (arrival.seconds, arrival.goal)
            follower.outbox.put(event("position", DriverPosition(call_id, at, point.lat, point.lon, eta_s, eta_to)))

    def _calls_changed(self, changed: Sequence[Call], names: Mapping[UUID, str]) -> None:
        for call in changed:
            followers = () if call.customer_id is None else self._followers.get(call.customer_id, ())
            for follower in followers:
                if follower.learn(call):
                    # Of a call that was just assigned nobody has looked yet what its driver finishes first.
                    arrival = None if call.state is State.ASSIGNED else arrival_of(self._context, call)
                    told = call_out(call, names, viewer=ActorKind.CUSTOMER, arrival=arrival)
                    follower.outbox.put(event("call", told))

    def _bills_changed(self, changed: Sequence[Bill]) -> None:
        for bill in changed:
            followers = () if bill.customer_id is None else self._followers.get(bill.customer_id, ())
            for follower in followers:
                follower.outbox.put(event("bill", BillTold(bill.call_id, bill_out(bill))))


Streams = SkipValidation[NamedDependency[CustomerStreams]]


@get("/live/calls", include_in_schema=False)
async def live_calls(request: Request[Any, Any, Any], principal: WhoAsks, customer_streams: Streams) -> Stream:
    """`snapshot`, then `call`, `progress` while one waits, `position` while its driver comes or drives, `bill`."""
    customer_of(principal)
    return Stream(customer_streams.follow(request, principal), media_type="text/event-stream", headers=STREAM_HEADERS)


def customer_stream_router(streams: CustomerStreams) -> Router:
    """The route of the stream, for the web process to mount."""
    return Router(
        path="/",
        route_handlers=[live_calls],
        dependencies={"customer_streams": Provide(lambda: streams, sync_to_thread=False)},
    )
