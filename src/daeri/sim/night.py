"""The demo: a night in Seoul, in real time, against the public API."""

import asyncio
from collections.abc import Coroutine, Sequence
from random import Random

from daeri.sim.agents import DriverAgent
from daeri.sim.books import Books, NightSummary
from daeri.sim.client import Api, Refusal, open_api
from daeri.sim.customers import Crowd
from daeri.sim.figures import show
from daeri.sim.tokens import TokensFile
from daeri.sim.wire import Call

DRIVERS = 300
TIME_SCALE = 3.0
# Half of the trips are shorter than this, in metres: short enough for a demo of a minute to see people get home.
TRIP_M = 800.0
# A driver serves a call in about three minutes of real life on these short trips.
_CALLS_PER_DRIVER_S = 1 / 450
_OPENING_SHARE = 0.3
_OPENING_S = 3.0
_READS_AT_ONCE = 16


async def run_night(
    base_url: str,
    tokens: TokensFile,
    *,
    drivers: int = DRIVERS,
    seed: int = 1,
    seconds: float | None = None,
    time_scale: float = TIME_SCALE,
    trip_m: float = TRIP_M,
    stop: asyncio.Event | None = None,
) -> NightSummary:
    """Plays the night for `seconds` (None: until `stop` is set) and reads every call back from the server.

    `time_scale` shortens people's waits and speeds moves up; `trip_m` is the median length of a trip in metres. When
    the task is cancelled, all agents end and nothing is summed up. Raises Unreachable when the server is away at the
    start or at the end, Refusal when it does not know our tokens; in between the agents wait for it.
    """
    random = Random(seed)
    books = Books()
    async with open_api(base_url) as api:
        await api.double_assignments(tokens.admin.access_token)
        crew = [
            DriverAgent(holder, Random(random.random()), api, books, time_scale=time_scale)
            for holder in tokens.drivers[:drivers]
        ]
        crowd = Crowd(tokens.customers, Random(random.random()), api, books, time_scale=time_scale, trip_m=trip_m)
        async with asyncio.TaskGroup() as group:
            troupe = _Troupe(group)
            for driver in crew:
                troupe.start(driver.run())
            troupe.start(show(books, crew))
            troupe.start(_open_and_go_on(crew, crowd, troupe, time_scale))
            await _wait(seconds, stop)
            troupe.dismiss()
        await crowd.answered()
        return await _sum_up(api, books, tokens)


class _Troupe:
    """The tasks of everybody on stage, so that all can be sent home at once."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, part: Coroutine[None, None, None]) -> None:
        task = self._group.create_task(part)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def dismiss(self) -> None:
        for task in self._tasks:
            task.cancel()


async def _wait(seconds: float | None, stop: asyncio.Event | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await (stop or asyncio.Event()).wait()
    except TimeoutError:
        return


async def _open_and_go_on(crew: Sequence[DriverAgent], crowd: Crowd, troupe: _Troupe, time_scale: float) -> None:
    """Drives under way first: calls beside drivers who already stand on the map, then the steady flow."""
    await _until_reported(crew)
    here = [driver for driver in crew if driver.has_reported]
    for driver in here[: round(len(crew) * _OPENING_SHARE)]:
        crowd.call_beside(driver.position, troupe.start)
        await asyncio.sleep(_OPENING_S / (len(crew) * _OPENING_SHARE))
    await crowd.keep_calling(len(crew) * _CALLS_PER_DRIVER_S * time_scale, troupe.start)


async def _until_reported(crew: Sequence[DriverAgent], *, share: float = 0.6, at_most_s: float = 6.0) -> None:
    deadline_s = asyncio.get_running_loop().time() + at_most_s
    while asyncio.get_running_loop().time() < deadline_s:
        if sum(driver.has_reported for driver in crew) >= share * len(crew):
            return
        await asyncio.sleep(0.1)


async def _sum_up(api: Api, books: Books, tokens: TokensFile) -> NightSummary:
    read_back = await read_calls_back(api, books)
    return books.close(read_back, await api.double_assignments(tokens.admin.access_token))


async def read_calls_back(api: Api, books: Books) -> dict[str, Call | None]:
    """What the server says of every acknowledged call, asked as its customer; None when it does not know it."""
    gate = asyncio.Semaphore(_READS_AT_ONCE)

    async def read(call_id: str, token: str) -> tuple[str, Call | None]:
        async with gate:
            return call_id, await read_call(api, token, call_id)

    reads = [read(call_id, entry.token) for call_id, entry in books.entries.items()]
    return dict(await asyncio.gather(*reads))


async def read_call(api: Api, token: str, call_id: str) -> Call | None:
    try:
        return await api.call(token, call_id)
    except Refusal as refusal:
        if refusal.status == 404:
            return None
        raise
