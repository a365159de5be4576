"""An end that comes at the latest: a process that was told to stop, or has failed, does not stay for ever."""

import asyncio
import os
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final, Self

import structlog

from daeri.infra.settings import Settings

log = structlog.get_logger(__name__)

_UNDONE_AFTER_S: Final = 20.0  # how long a server may take to end beyond what its requests are given
_SAY_WITHIN_S: Final = 2.0


class LatestEnd:
    """Leaves the process with status 1 so many seconds after its end has begun, if it is still inside the block.

    That it comes to this is a bug: what every task was waiting for is logged. What a killed process leaves undone is
    as safe here, and the next start takes it up.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def begin(self) -> None:
        """The running loop is to end from now on; a thread watches, in case the loop comes to stand still."""
        self._timer = threading.Timer(self._seconds, self._leave, (asyncio.get_running_loop(),))
        self._timer.daemon = True
        self._timer.start()

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        # In a thread of its own: the log may be what everything waits for.
        saying = threading.Thread(target=self._say, args=(loop,), daemon=True)
        saying.start()
        saying.join(_SAY_WITHIN_S)
        os._exit(1)

    def _say(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = sorted(" > ".join(waits_for(task)) for task in asyncio.all_tasks(loop))
        log.error("did_not_end", seconds=self._seconds, waiting=waiting)


def latest_end_of(settings: Settings) -> LatestEnd:
    """Of a server: after what its requests are given, and what the rest may take beyond that."""
    return LatestEnd(settings.drain_seconds + _UNDONE_AFTER_S)


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
