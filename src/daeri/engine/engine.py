"""One tick of the dispatcher, and what it does between ticks. `loop` runs it in real time, a replay steps it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from daeri.calls import api as calls
from daeri.customers import api as customers
from daeri.dispatch import api as dispatch
from daeri.dispatch.fleet import LiveFleet, Status
from daeri.dispatch.model import Waiting
from daeri.dispatch.plan import Listing, Outcome, Snapshot
from daeri.dispatch.policy import decide
from daeri.dispatch.shortage import free_by_square
from daeri.drivers import api as drivers
from daeri.engine import translate
from daeri.engine.fleet_keeper import FleetKeeper
from daeri.engine.tracks import Tracks
from daeri.engine.translate import Group
from daeri.infra.bus import Bus
from daeri.infra.database import Database, Tx
from daeri.infra.metrics import Metrics, Part
from daeri.infra.tracing import Tracer
from daeri.kernel.ids import CallId, CompanyId, DriverId, Ids
from daeri.kernel.terms import Service
from daeri.kernel.time import Clock, to_millis
from daeri.policies.model import DispatchPolicy, PositionPolicy, Versioned

log = structlog.get_logger(__name__)

READY_SHARE = 0.9  # of the drivers on duty must have reported before the first decision after a start
READY_CADENCES = 2  # or so many reporting intervals have passed
FLEET_TOPIC = "fleet"  # hints: the fleet has moved

_TIMERS_EVERY = timedelta(seconds=1)
_REREAD_EVERY = timedelta(seconds=1)  # waiting calls are read again even when no hint came
_DAYS_EVERY = timedelta(hours=6)
_COUNT_EVERY = timedelta(seconds=10)
_COUNTED_AGE = timedelta(minutes=1)  # of the positions by which drivers are counted
_SAME_FAULT_EVERY = timedelta(seconds=10)  # a fault that comes back with every tick is logged so often at most

DispatchReader = Callable[[CompanyId, str | None, Service, datetime], Versioned[DispatchPolicy]]


@dataclass(frozen=True, slots=True)
class Keeping:
    """How often lost hints are swept for and positions saved; everybody is saved once in `shares` times."""

    every: timedelta = timedelta(seconds=1)
    shares: int = 20


class Due:
    """Something that is to happen every so often of business time."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._next: datetime | None = None

    def comes(self, now: datetime) -> bool:
        """Whether it is time; if so, the next time is one interval on."""
        if self._next is not None and now < self._next:
            return False
        self._next = now + self._every
        return True


class Engine:
    """Holds the live fleet and decides; all rows that it writes go through the domains' apis."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        fleet: LiveFleet,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        tracer: Tracer,
        dispatch_policy: DispatchReader,
        position_policy: Callable[[datetime], PositionPolicy],
        keeping: Keeping = Keeping(),
    ) -> None:
        self._database = database
        self._bus = bus
        self._fleet = fleet
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._tracer = tracer
        self._dispatch_policy = dispatch_policy
        self._position_policy = position_policy
        self._keeping = keeping
        self.keeper = FleetKeeper(fleet, database, bus)
        self._tracks = Tracks(self.keeper)
        self.ticked_at: float | None = None  # seconds of the process's own clock: the start, then each good tick
        self._outcomes: dict[CallId, Outcome] = {}
        self._barred: dict[CallId, Sequence[DriverId]] = {}  # of the waiting calls: whom their customers never meet
        self._pairs_changed = True
        self._shown: dict[CallId, Listing] = {}  # what drivers see of the open list
        self._waiting: list[Waiting] = []
        self._stale = True
        self._started_at: datetime | None = None
        self._ready = False
        self._offer_expiries: datetime | None = None
        self._save_share = 0
        self._timers, self._reread, self._save = Due(_TIMERS_EVERY), Due(_REREAD_EVERY), Due(keeping.every)
        self._sweep, self._days = Due(keeping.every), Due(_DAYS_EVERY)
        self._count = Due(_COUNT_EVERY)
        self._group_log, self._barred_reread = Due(_SAME_FAULT_EVERY), Due(_REREAD_EVERY)
        self._stops = [
            bus.listen(calls.WAITING_TOPIC, self._heard),
            bus.listen(customers.NEVER_MEET_TOPIC, self._heard_pairs),
        ]

    async def start(self) -> None:
        """Read the fleet and make today's partitions; decisions begin once enough drivers have reported."""
        now = self._clock.now()
        self._started_at = now
        self._fleet.limits = translate.limits_of(self._position_policy(now))
        await self.keeper.load()
        async with self._database.transaction() as tx:
            await dispatch.prepare_days(tx, now.date())
            self._offer_expiries = await dispatch.next_due(tx)
        self._days.comes(now)
        self.ticked_at = time.monotonic()
        log.info("engine_started", drivers_on_duty=self.keeper.on_duty())

    def stop(self) -> None:
        self.keeper.stop()
        for stop in self._stops:
            stop()

    async def finish(self) -> None:
        """Write what is only in memory: positions and tracks."""
        await self._save_positions(0, 1)
        await self._append_tracks(0, 1)

    def failed(self) -> None:
        """Count a tick, or a part of one, that broke off."""
        self._metrics.ticks_failed.inc()

    async def tick(self) -> None:
        """Move the fleet, end what is due, decide what waits, write it."""
        now = self._clock.now()
        self._absorb(now)
        moved = await self.keeper.refresh()
        await self._take_from_short(now)
        await self._end_what_is_due(now)
        if self._sweep.comes(now):
            await self.keeper.sweep()
        if moved or self._stale or self._waiting or self._reread.comes(now):
            await self._decide(now)
        self.ticked_at = time.monotonic()

    def _heard(self, _topic: str, _message: bytes) -> None:
        self._stale = True

    def _heard_pairs(self, _topic: str, _message: bytes) -> None:
        self._pairs_changed = True

    def _absorb(self, now: datetime) -> None:
        with self._metrics.cpu_of(Part.TICK), self._metrics.timed("absorb"):
            report = self._fleet.absorb(to_millis(now))
            self._tracks.add(report.busy)
        dropped = {reason.name.lower(): count for reason, count in report.dropped.items()}
        self._metrics.positions(report.believed, dropped)
        if report.believed:
            self._bus.publish(FLEET_TOPIC, b"")

    async def _take_from_short(self, now: datetime) -> None:
        """Cards go back whose drivers' balance has become too low for them."""
        short = self.keeper.short_with_offer()
        if short:
            async with self._database.transaction() as tx:
                await dispatch.withdraw_from_short(tx, short, now=now)

    async def _end_what_is_due(self, now: datetime) -> None:
        """Offers at their very time; calls, which have minutes, and drivers, who have days, once a second."""
        if self._offer_expiries is not None and self._offer_expiries <= now:
            async with self._database.transaction() as tx:
                await dispatch.expire_offers(tx, now=now)
                self._offer_expiries = await dispatch.next_due(tx)
            await self.keeper.refresh()
        if self._timers.comes(now):
            self._fleet.limits = translate.limits_of(self._position_policy(now))
            async with self._database.reading() as tx:
                next_due, drivers_due = await calls.next_due(tx), await drivers.next_due(tx)
            if next_due is not None and next_due <= now:
                await self._move_what_is_due(now)
            if drivers_due is not None and drivers_due <= now:
                async with self._database.transaction() as tx:
                    await dispatch.attend_drivers(tx, now=now, ids=self._ids)

    async def _move_what_is_due(self, now: datetime) -> None:
        async with self._database.transaction() as tx:
            await calls.come_due(tx, now=now, ids=self._ids)
            await dispatch.expire_calls(tx, now=now, ids=self._ids)

    async def keep(self) -> None:
        """The slow work, which no decision waits for: snapshots of positions, tracks, tomorrow's partitions."""
        now = self._clock.now()
        if self._save.comes(now):
            await self._save_positions(self._save_share, self._keeping.shares)
            await self._append_tracks(self._save_share, self._keeping.shares)
            self._save_share = (self._save_share + 1) % self._keeping.shares
            self._count_fleet()
        if self._count.comes(now):
            await self._count_free(now)
        if self._days.comes(now):
            async with self._database.transaction() as tx:
                await dispatch.prepare_days(tx, now.date())

    async def _save_positions(self, share: int, shares: int) -> None:
        positions = self.keeper.unsaved_positions(share, shares)
        async with self._database.transaction() as tx:
            await drivers.save_positions(tx, positions)
        self.keeper.saved(positions)

    async def _count_free(self, now: datetime) -> None:
        """Where drivers are free, for the shortage signal; and the log of decisions is made ready to be searched."""
        counted = free_by_square(self._fleet.view(), to_millis(now - _COUNTED_AGE))
        companies = self._fleet.companies()
        free = {company_id: counted.get(index, ([], [])) for company_id, index in companies.items()}
        async with self._database.transaction() as tx:
            await dispatch.save_free_drivers(tx, free, now=now)
            await dispatch.index_decisions(tx)

    async def _append_tracks(self, share: int, shares: int) -> None:
        """Chunks stay in memory until their rows are there; a share at a time, as tens of thousands may be driving."""
        chunks = self._tracks.chunks(share, shares)
        async with self._database.transaction() as tx:
            await calls.append_track(tx, chunks)
        self._tracks.written(chunks)

    async def _decide(self, now: datetime) -> None:
        self._stale = False
        async with self._database.reading() as tx:
            self._waiting = await dispatch.waiting(tx)
            await self._read_barred(tx, now)
        self._metrics.waiting_calls.set(len(self._waiting))
        if not self._is_ready(now):
            return
        known = {waiting.call_id for waiting in self._waiting}
        listed = {waiting.call_id for waiting in self._waiting if waiting.is_listed}
        self._shown = {call_id: listing for call_id, listing in self._shown.items() if call_id in listed}
        for group in self._groups(now):
            try:
                with self._tracer.span("decide", calls=len(group.calls)):
                    await self._decide_group(group, now)
            except Exception:
                # The outermost loop of one group's decisions: its calls wait for the next tick, others do not suffer.
                self.failed()
                if self._group_log.comes(now):
                    log.exception("group_not_decided", calls=len(group.calls))
        self._outcomes = {call_id: outcome for call_id, outcome in self._outcomes.items() if call_id in known}

    async def _read_barred(self, tx: Tx, now: datetime) -> None:
        """Whom the customers of the waiting calls never meet: of new calls at once, of all after a hint and by and by.

        The database looks again when an offer is written or answered.
        """
        if self._barred_reread.comes(now) or self._pairs_changed:
            self._barred, self._pairs_changed = {}, False
        new = [waiting.call_id for waiting in self._waiting if waiting.call_id not in self._barred]
        found = await dispatch.never_to_meet(tx, new) if new else {}
        self._barred = {
            waiting.call_id: found.get(waiting.call_id, self._barred.get(waiting.call_id, ()))
            for waiting in self._waiting
        }

    async def _decide_group(self, group: Group, now: datetime) -> None:
        with self._metrics.cpu_of(Part.TICK), self._metrics.timed("decide"):
            snapshot = Snapshot(group.calls, self._fleet.view())
            plan = decide(snapshot, now, group.parameters)
            offers = translate.new_offers(plan, self._fleet, group.versions, self._ids.new)
            listings = translate.new_listings(plan, self._fleet, self._shown)
            decisions = translate.new_decisions(plan, group, self._fleet, now)
        if not (offers or listings or decisions):
            return
        with self._metrics.timed("apply"):
            async with self._database.transaction() as tx:
                written = await dispatch.apply(tx, offers, listings, decisions, now=now)
        self._outcomes.update({change.call_id: change.outcome for change in plan.changes})
        written_listings = {listing.call_id for listing in listings}
        self._shown.update({one.call_id: one for one in plan.listings if one.call_id in written_listings})
        self.keeper.hold(written)
        if written:
            soonest = min(offer.expires_at for offer in written)
            self._offer_expiries = min(self._offer_expiries or soonest, soonest)

    def _groups(self, now: datetime) -> Sequence[Group]:
        """The waiting calls by what their policies have in common; usually one group."""
        found: dict[DispatchPolicy, list[tuple[Waiting, Versioned[DispatchPolicy]]]] = {}
        for waiting in self._waiting:
            policy = self._dispatch_policy(waiting.company_id, waiting.region, waiting.service, now)
            found.setdefault(translate.shared_part(policy.value), []).append((waiting, policy))
        return [self._group(members) for members in found.values()]

    def _group(self, members: list[tuple[Waiting, Versioned[DispatchPolicy]]]) -> Group:
        return Group(
            parameters=translate.parameters_of({policy.value for _, policy in members}),
            calls=tuple(
                translate.waiting_call(
                    waiting,
                    policy.value,
                    self._fleet,
                    barred=self._barred.get(waiting.call_id, ()),
                    previous=self._outcomes.get(waiting.call_id),
                )
                for waiting, policy in members
            ),
            companies={waiting.call_id: waiting.company_id for waiting, _ in members},
            versions={waiting.call_id: policy.version for waiting, policy in members},
        )

    def _is_ready(self, now: datetime) -> bool:
        """After a start: not before nearly everybody on duty has reported, or two cadences have passed."""
        if self._ready or self._started_at is None:
            return self._ready
        on_duty = self.keeper.on_duty()
        patience = timedelta(seconds=READY_CADENCES * self._position_policy(now).cadence_s)
        enough = self.keeper.reported_since(self._started_at) >= READY_SHARE * on_duty
        self._ready = now >= self._started_at + patience or (enough and on_duty > 0)
        return self._ready

    def _count_fleet(self) -> None:
        status = self._fleet.view().status
        for state in Status:
            self._metrics.fleet.labels(state.name.lower()).set(int((status == state).sum()))
