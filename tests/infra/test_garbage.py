"""What the garbage keeper frees, and what it leaves behind when it ends."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from daeri.infra import garbage
from daeri.kernel.time import SystemClock


class Circle:
    """Holds itself."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_circles_among_what_is_new_are_freed_and_the_rest_is_set_aside() -> None:
    seen = weakref.ref(Circle())
    before = gc.get_freeze_count()
    garbage.set_aside()
    assert seen() is None
    assert gc.get_freeze_count() > before


def test_circles_among_what_was_set_aside_are_freed_by_a_whole_look() -> None:
    circle = Circle()
    seen = weakref.ref(circle)
    garbage.set_aside()
    del circle
    garbage.set_aside()
    assert seen() is not None
    garbage.look_at_everything()
    assert seen() is None


def test_ending_gives_the_collector_back_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_EVERY_S", 0.0)
    usual = gc.get_threshold()

    async def live_for_a_moment() -> None:
        task = asyncio.create_task(garbage.keep_pauses_short(SystemClock()))
        await asyncio.sleep(0.01)
        assert gc.get_threshold() != usual
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(live_for_a_moment())
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0
