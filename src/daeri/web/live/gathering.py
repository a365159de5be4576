"""Rows that hints have named, gathered for a moment and handed on together."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from daeri.infra.bus import Bus

log = structlog.get_logger(__name__)

GATHER_S = 0.1  # hints that come within this are answered by one read
_RETRY_S = 1.0


class Gatherer:
    """Listens on `topic`.<id> while it is awake; what `tell` could not do with a batch is tried again."""

    def __init__(self, bus: Bus, topic: str, tell: Callable[[set[UUID]], Awaitable[None]]) -> None:
        self._bus = bus
        self._topic = topic
        self._tell = tell
        self._dirty: set[UUID] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stop_listening: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._task is None:
            self._stop_listening = self._bus.listen(self._topic, self._heard)
            self._task = asyncio.get_running_loop().create_task(self._run())

    def rest(self) -> None:
        """Listen and read no more."""
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
            if not named:
                continue
            try:
                await self._tell(named)
            except Exception:
                # The outermost loop of a feed: what was not told is read again.
                log.exception("rows_not_told", topic=self._topic, rows=len(named))
                await asyncio.sleep(_RETRY_S)
                self._dirty |= named
                self._wake.set()

    def _heard(self, topic: str, _message: bytes) -> None:
        self._dirty.add(UUID(topic.partition(".")[2]))
        self._wake.set()
