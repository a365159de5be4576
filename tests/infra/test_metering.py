"""What metered work costs is counted without what happens while it waits."""

import asyncio
import time

import pytest
from prometheus_client import CollectorRegistry, Counter

from daeri.infra.metering import Metered


@pytest.fixture
def counter() -> Counter:
    return Counter("cpu_seconds", "CPU", registry=CollectorRegistry())


def _burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def _counted(counter: Counter) -> float:
    return next(sample.value for sample in next(iter(counter.collect())).samples if sample.name.endswith("_total"))


async def test_only_the_steps_of_the_work_count(counter: Counter) -> None:
    async def work() -> str:
        _burn(0.01)
        await asyncio.sleep(0.02)
        _burn(0.01)
        return "done"

    async def other() -> None:
        await asyncio.sleep(0.01)
        _burn(0.1)

    neighbour = asyncio.ensure_future(other())
    assert await Metered(work(), counter) == "done"
    await neighbour
    assert 0.02 <= _counted(counter) < 0.06


async def test_what_the_work_raises_is_raised(counter: Counter) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise KeyError("gone")

    with pytest.raises(KeyError):
        await Metered(work(), counter)


async def test_a_cancellation_reaches_the_work(counter: Counter) -> None:
    cleaned = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append("up")

    async def metered() -> None:
        await Metered(work(), counter)

    task = asyncio.ensure_future(metered())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == ["up"]
