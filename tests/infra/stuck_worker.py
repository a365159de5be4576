"""A worker in a process of its own that stops in the middle of its handler, to be killed there. usage: DSN HANDLER"""

import asyncio
import sys

from daeri.adapters.bus.memory import MemoryBus
from daeri.infra.database import Tx, open_database
from daeri.infra.events import Event
from daeri.infra.jobs import Worker
from daeri.kernel.time import SystemClock


async def half_done(tx: Tx, event: Event) -> None:
    await tx.execute("INSERT INTO effects (event_id, worker) VALUES ($1, 'killed')", event.id)
    print("in the middle", flush=True)
    await asyncio.sleep(600)


async def main(dsn: str, handler: str) -> None:
    async with open_database(dsn, MemoryBus(), connections=4) as database:
        await Worker(database, {handler: half_done}, SystemClock()).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
