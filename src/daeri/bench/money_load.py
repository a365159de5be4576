"""The load of `bench money`: drivers who complete their drives, so many that a certain number is never paid yet."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from uuid import UUID

import asyncpg
import uvloop

from daeri.bench.load import HttpClient, Refused
from daeri.bench.money_seed import Drive
from daeri.bench.stage import Address, People

_LOOK_EVERY_S = 0.02
_PAID_WITHIN_S = 60.0
_RAMP_S = 2.0  # the first captures of a round take their time to come
_ENDED = "SELECT call_id, state FROM charges WHERE call_id = ANY($1) AND ended_at IS NOT NULL"


@dataclass(slots=True)
class Window:
    """What counts of a round, by the machine's clock in seconds since 1970; `seconds` of each completion's answer.

    `captured` counts what comes before and afterwards too.
    """

    began_at: float
    ended_at: float
    captured: int = 0
    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


class MoneyLoad:
    """Completes drives over HTTP and looks into the database for their captures."""

    def __init__(self, people: People, address: Address, connection: asyncpg.Connection, *, at_once: int) -> None:
        self._tokens = {holder.id: holder.access_token for holder in people.drivers}
        self._http = HttpClient(address.port, connections=at_once)
        self._database = connection
        self._at_once = at_once
        self._unpaid: dict[UUID, asyncio.Future[str]] = {}

    async def run(self, seconds: float, drives: Sequence[Drive], *, ramp_s: float = _RAMP_S) -> Window:
        """Complete drives for that long, or until none is left; nothing is unpaid afterwards.

        What is captured in the first `ramp_s` (which come before `seconds`) or later does not count.
        """
        self._http.seconds.clear()
        began_at = time.time() + ramp_s
        window = Window(began_at, began_at + seconds)
        left = deque(drives)
        looking = asyncio.ensure_future(self._look())
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._work(left, window))
        looking.cancel()
        window.seconds = self._http.seconds["complete"]
        return window

    async def close(self) -> None:
        self._http.close()
        await self._database.close()

    async def _work(self, left: deque[Drive], window: Window) -> None:
        while time.time() < window.ended_at:
            if not left:
                window.ended_at = min(window.ended_at, time.time())
                return
            try:
                state = await self._complete(left.popleft())
            except (Refused, TimeoutError, ConnectionError) as error:
                window.errors[f"{type(error).__name__}: {error}"[:200]] += 1
                continue
            if state == "captured":
                window.captured += 1
            else:
                window.errors[f"a charge is {state}"] += 1

    async def _complete(self, drive: Drive) -> str:
        """One completion; the state of its charge in the end."""
        token = self._tokens[str(drive.driver_id)]
        ended = self._unpaid[drive.call_id] = asyncio.get_running_loop().create_future()
        try:
            await self._http.command("complete", token, f"/driver/calls/{drive.call_id}/complete")
            return await asyncio.wait_for(ended, _PAID_WITHIN_S)
        finally:
            del self._unpaid[drive.call_id]

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for row in await self._database.fetch(_ENDED, list(self._unpaid)):
                waiting = self._unpaid.get(row["call_id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(row["state"])


async def open_load(people: People, address: Address, dsn: str, *, at_once: int) -> MoneyLoad:
    """A load that looks into the database by a connection of its own."""
    return MoneyLoad(people, address, await asyncpg.connect(dsn), at_once=at_once)


def load_process(people: People, address: Address, dsn: str, at_once: int, line: Connection) -> None:
    """Say `ready` on `line`; then answer each (seconds, drives) with a Window, until None."""

    async def work() -> None:
        load = await open_load(people, address, dsn, at_once=at_once)
        line.send("ready")
        loop = asyncio.get_running_loop()
        while (wanted := await loop.run_in_executor(None, line.recv)) is not None:
            line.send(await load.run(*wanted))
        await load.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())
