"""What the commands share: settings, a database, an event loop that ends on a signal."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

import uvloop

from daeri.infra.embedded import embedded_postgres, running_dsn
from daeri.infra.logs import configure_logs
from daeri.infra.settings import Settings

Answer = TypeVar("Answer")


@contextmanager
def database_of(settings: Settings, *, throwaway: bool = False) -> Iterator[str]:
    """The address of the database: the configured one, the one that is running already, or an embedded one."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    running = running_dsn(settings.data_folder)
    if running is not None:
        yield running
        return
    with embedded_postgres(settings.data_folder, throwaway=throwaway) as server:
        yield server.dsn


@contextmanager
def own_database(settings: Settings) -> Iterator[str]:
    """Like `database_of`, but for a process that serves: the data folder must not be in use already."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with embedded_postgres(settings.data_folder) as server:
        yield server.dsn


def run(work: Callable[[asyncio.Event], Awaitable[Answer]], settings: Settings) -> Answer:
    """Run `work(stop)` on a uvloop; the first SIGINT or SIGTERM sets `stop`, a second one interrupts."""
    configure_logs(settings.log_format, settings.log_level)

    async def until_told() -> Answer:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for which in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(which, _stop_or_leave, stop)
        return await work(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_told())


async def unless_stopped(stop: asyncio.Event, work: Coroutine[None, None, Answer]) -> Answer:
    """What `work` gives; once `stop` is set it is cancelled and the process leaves as interrupted."""
    doing, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({doing, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not doing.done():
        doing.cancel()
        await asyncio.wait({doing})
        raise SystemExit(130)
    return doing.result()


def _stop_or_leave(stop: asyncio.Event) -> None:
    if stop.is_set():
        sys.stderr.write("interrupted\n")
        raise SystemExit(130)
    stop.set()
