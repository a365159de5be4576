"""An end that comes at the latest: a process that was told to stop, or has failed, does not stay for ever."""

import asyncio
import os
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self

import structlog

log = structlog.get_logger(__name__)


class LatestEnd:
    """Leaves the process with status 1 so many seconds (None: never) after it was told to stop, if it is still inside.

    That it comes to this is a bug: what every task was waiting for is logged. What a killed process leaves undone is
    as safe here, and the next start takes it up.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def begin_when(self, told: asyncio.Event) -> None:
        await told.wait()
        if self._seconds is None:
            return
        # A thread gets its turn also when the loop stands still.
        self._timer = threading.Timer(self._seconds, self._leave, (asyncio.get_running_loop(),))
        self._timer.daemon = True
        self._timer.start()

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            waiting = sorted(" > ".join(waits_for(task)) for task in asyncio.all_tasks(loop))
            log.error("did_not_end", seconds=self._seconds, waiting=waiting)
        finally:  # whatever has become of the log
            os._exit(1)


def waits_for(task: "asyncio.Task[Any]") -> list[str]:
    """Where a task stands, from its own coroutine to the innermost that it awaits: `name (file:line)` for each."""
    return [f"{frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})" for frame in _frames(task)]


def _frames(task: "asyncio.Task[Any]") -> Iterator[FrameType]:
    """As far as Python can follow: an asynchronous generator does not tell what it waits for."""
    awaited: object = task.get_coro()
    while awaited is not None:
        frame: FrameType | None = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is None:
            return
        yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
