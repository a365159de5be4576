"""Calls that have changed, read once for everybody in this process who follows calls."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.infra.bus import Bus
from daeri.infra.database import Database
from daeri.web.live.driver_rows import names_of
from daeri.web.names import NameBook
from daeri.web.shown_drivers import learn_standings

log = structlog.get_logger(__name__)

GATHER_S = 0.1  # hints that come within this are answered by one read
_RETRY_S = 1.0

Follower = Callable[[Sequence[Call], Mapping[UUID, str]], None]


class CallFeed:
    """Listens and reads only while somebody follows."""

    def __init__(self, database: Database, bus: Bus, names: NameBook) -> None:
        self._database = database
        self._bus = bus
        self._names = names
        self._followers: list[Follower] = []
        self._dirty: set[UUID] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stop_listening: Callable[[], None] | None = None

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Hand the changed calls of all companies, and their drivers' names, to `follower`; returns what stops it."""
        self._followers.append(follower)
        if self._task is None:
            self._stop_listening = self._bus.listen(calls.TOPIC, self._heard)
            self._task = asyncio.get_running_loop().create_task(self._run())

        def stop() -> None:
            with suppress(ValueError):
                self._followers.remove(follower)
            if not self._followers:
                self._rest()

        return stop

    def _rest(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        self._dirty.clear()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(GATHER_S)
            named, self._dirty = self._dirty, set()
            try:
                await self._tell(named)
            except Exception:
                # The outermost loop of the feed: what was not told is read again.
                log.exception("calls_not_told", calls=len(named))
                await asyncio.sleep(_RETRY_S)
                self._dirty |= named
                self._wake.set()

    async def _tell(self, named: set[UUID]) -> None:
        if not named:
            return
        async with self._database.transaction() as tx:
            found = await calls.get_many(tx, list(named))
            names = await names_of(tx, self._names, found)
            await learn_standings(tx, self._names, found)
        for follower in tuple(self._followers):
            follower(found, names)

    def _heard(self, topic: str, _message: bytes) -> None:
        self._dirty.add(UUID(topic.partition(".")[2]))
        self._wake.set()
