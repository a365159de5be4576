"""An end that comes at the latest: a process that was told to stop, or has failed, does not stay for ever."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    """Leave the process with status 1 when the block has not ended by itself `seconds` after it has begun.

    What every task was waiting for is written to standard error: that it comes to this is a bug, and this is its
    trace. Whatever a killed process leaves undone is as safe here: the next start takes it up.
    """
    leaving = asyncio.get_running_loop().call_later(seconds, _leave, seconds)
    try:
        yield
    finally:
        leaving.cancel()


def _leave(seconds: float) -> None:
    log.error("did_not_end", seconds=seconds)
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)
