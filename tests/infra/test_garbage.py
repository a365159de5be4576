"""What the garbage keeper frees, and what it leaves behind when it ends.

The collector is the process's, and servers of other tests set it, so each case runs in an interpreter of its own.
"""

import subprocess
import sys

_BEFORE = """
import asyncio, gc, weakref
from daeri.infra import garbage
from daeri.kernel.time import SystemClock

class Circle:
    def __init__(self):
        self.self = self
"""


def _run(case: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BEFORE + case], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_circles_among_what_is_new_are_freed_and_the_rest_is_set_aside() -> None:
    _run("""
seen = weakref.ref(Circle())
before = gc.get_freeze_count()
garbage.set_aside()
assert seen() is None
assert gc.get_freeze_count() > before
""")


def test_circles_among_what_was_set_aside_are_freed_by_a_whole_look() -> None:
    _run("""
circle = Circle()
seen = weakref.ref(circle)
garbage.set_aside()
del circle
garbage.set_aside()
assert seen() is not None
garbage.look_at_everything()
assert seen() is None
""")


def test_ending_gives_the_collector_back_as_it_was() -> None:
    _run("""
usual = gc.get_threshold()
garbage._EVERY_S = 0.0

async def live_for_a_moment():
    task = asyncio.create_task(garbage.keep_pauses_short(SystemClock()))
    await asyncio.sleep(0.05)
    assert gc.get_threshold() != usual
    assert gc.get_freeze_count() > 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

asyncio.run(live_for_a_moment())
assert gc.get_threshold() == usual
assert gc.get_freeze_count() == 0
""")
