"""Asks the card provider for what is written down, between two transactions, until everything has an answer.

A crash at any line leaves a row that is asked about again with the same key, so that it happens once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta

import structlog
from asyncpg import InterfaceError, PostgresError

from daeri.infra.bus import Bus
from daeri.infra.database import Database, DatabaseBusy
from daeri.infra.keys import KeyRing
from daeri.kernel.ids import Ids
from daeri.kernel.time import Clock, WallClock
from daeri.payments import charge_store, charging, claiming
from daeri.payments.asking import Asker
from daeri.payments.charge_model import Cancel, Charge, ChargeState
from daeri.payments.charge_store import DueCharge, Patience
from daeri.payments.charging import WORK_TOPIC, Told
from daeri.payments.ports import Cards

log = structlog.get_logger(__name__)

_PATIENCE = Patience()
_MOST = 32  # questions to the provider that are open at the same time
_LOOK_EVERY = timedelta(seconds=5)  # hints may be lost

Point = Callable[[str], Awaitable[None]]


async def _pass(_name: str) -> None:
    """Where a test may let the process die."""


class Collector:
    """One in each worker; several of them share the work by leases."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        cards: Cards | None,
        *,
        ring: KeyRing,
        ids: Ids,
        clock: Clock,
        wall: WallClock,
        patience: Patience = _PATIENCE,
        reached: Point = _pass,
    ) -> None:
        """Without `cards` nobody is asked, and what is not paid is followed up all the same.

        `reached` hears the name of each step that was reached, before the next begins.
        """
        self._database = database
        self._asker = None if cards is None else Asker(cards, ring)
        self._ids = ids
        self._clock = clock
        self._wall = wall
        self._patience = patience
        self._reached = reached
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stop_listening = bus.listen(WORK_TOPIC, lambda _topic, _message: self._wake.set())

    async def run(self, end: asyncio.Event) -> None:
        """Work until `end`; what fails is tried again, and who answers slowly keeps nobody waiting."""
        try:
            while not end.is_set():
                self._wake.clear()  # before looking: what comes meanwhile is looked for again
                begun = 0
                try:
                    begun = await self._begin() + await self._follow_up()
                except (PostgresError, InterfaceError, OSError, DatabaseBusy):
                    log.exception("collector_failed")
                if not begun:
                    await self._rest(end)
        finally:
            self._stop_listening()
            for task in self._running:
                task.cancel()

    async def work_off(self) -> int:
        """Ask about everything that is due now, once; how much that was. Follows up claims and tasks too."""
        asked = 0 if self._asker is None else await self._ask(self._asker)
        return asked + await self._follow_up()

    async def _ask(self, asker: Asker) -> int:
        work = await self._lease(asker, _MOST)
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
        return len(work)

    async def _begin(self) -> int:
        """Begin to ask about what is due, beside what is being asked already."""
        free = _MOST - len(self._running)
        if self._asker is None or free <= 0:
            return 0
        work = await self._lease(self._asker, free)
        for one in work:
            task = asyncio.create_task(self._guarded(one))
            self._running.add(task)
            task.add_done_callback(self._ended)
        return len(work)

    async def _lease(self, asker: Asker, most: int) -> list[Coroutine[None, None, None]]:
        async with self._database.transaction() as tx:
            due = await charge_store.lease(tx, self._wall.wall_now(), self._patience, most)
            cancels = await charge_store.lease_cancels(tx, self._wall.wall_now(), self._patience, most)
        await self._reached("leased")
        return [
            *(self._charge(asker, charge) for charge in due),
            *(self._cancel(asker, cancel) for cancel in cancels),
        ]

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except (PostgresError, InterfaceError, OSError, DatabaseBusy):
            log.exception("collector_failed")

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._wake.set()

    async def _follow_up(self) -> int:
        async with self._database.transaction() as tx:
            return await claiming.follow_up(tx, now=self._clock.now(), ids=self._ids)

    async def _rest(self, end: asyncio.Event) -> None:
        """Until something is to be asked, something was answered, or it is time to look."""
        waits = {asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(end.wait())}
        _, left = await asyncio.wait(waits, timeout=_LOOK_EVERY.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        for one in left:
            one.cancel()

    async def _charge(self, asker: Asker, due: DueCharge) -> None:
        """One step of one charge: ask, then record; a charge that is held only is captured at once."""
        told = await asker.about(due)
        await self._reached("asked")
        kept = await self._record(due.charge, told)
        if kept is not None and kept.state is ChargeState.AUTHORISED:
            captured = await asker.capture(kept)
            await self._reached("captured")
            await self._record(kept, captured)

    async def _record(self, charge: Charge, told: Told) -> Charge | None:
        async with self._database.transaction() as tx:
            kept = await charging.record(tx, charge.id, told, now=self._clock.now(), ids=self._ids)
        await self._reached("recorded")
        return kept

    async def _cancel(self, asker: Asker, cancel: Cancel) -> None:
        async with self._database.reading() as tx:
            charge = await charge_store.get(tx, cancel.charge_id)
        if charge is None:
            raise LookupError(f"cancel {cancel.id} has no charge")
        answer, refusal = await asker.give_back(cancel, charge)
        await self._reached("cancel_asked")
        async with self._database.transaction() as tx:
            await charging.record_cancel(tx, cancel.id, answer, refusal, now=self._clock.now(), ids=self._ids)
        await self._reached("cancel_recorded")
