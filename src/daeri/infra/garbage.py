"""Keeps the garbage collector's pauses short in a process that holds a hundred thousand drivers in memory.

Python walks all containers now and then to find circles that nobody holds; over a national fleet that took up to 0.9 s,
during which no card went out. What has survived a moment nearly always stays, so it is set aside (`gc.freeze`) and not
walked again; circles among what was set aside are found by one whole collection at the quietest hour.
"""

import asyncio
import gc
import time
from datetime import date, timedelta

import structlog

from daeri.kernel.time import KST, WallClock

_EVERY_S = 1.0
_QUIETEST_HOUR = 6  # in Korea
_FIRST_GENERATION = 20_000  # new containers before the youngest are looked at
_NEVER = 1_000_000  # of the automatic whole collections, which are done here instead

log = structlog.get_logger()


async def keep_pauses_short(wall: WallClock) -> None:
    """Until cancelled: look at what is new every second, and at everything once a day."""
    usual = gc.get_threshold()
    gc.set_threshold(_FIRST_GENERATION, usual[1], _NEVER)
    morning = _morning(wall)
    try:
        while True:
            await asyncio.sleep(_EVERY_S)
            set_aside()
            if morning != (morning := _morning(wall)):
                look_at_everything()
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def set_aside() -> None:
    """Free the circles among what is new; what is left will not be walked again."""
    gc.collect()
    gc.freeze()


def look_at_everything() -> None:
    """Free the circles among all there is; it stops the process for as long as its memory is large."""
    began = time.perf_counter()
    gc.unfreeze()
    found = gc.collect()
    gc.freeze()
    log.info("garbage_collected", found=found, seconds=round(time.perf_counter() - began, 3))


def _morning(wall: WallClock) -> date:
    return (wall.wall_now().astimezone(KST) - timedelta(hours=_QUIETEST_HOUR)).date()
