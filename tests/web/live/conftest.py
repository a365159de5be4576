"""A night with its context, and the listener of driver sockets on a free port."""

from collections.abc import AsyncIterator

import pytest
from tests.dispatch.factories import Night, make_company
from tests.web.live.stage import make_context

from daeri.adapters.bus.memory import MemoryBus
from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock
from daeri.web.context import WebContext
from daeri.web.live.driver_listener import DriverListener
from daeri.web.live.driver_socket import SocketLimits


@pytest.fixture
async def context(database: Database, bus: MemoryBus, clock: SteppedClock, ids: Ids) -> WebContext:
    return await make_context(database, bus, clock, ids)


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)


@pytest.fixture
async def other_night(database: Database, clock: SteppedClock, ids: Ids) -> Night:
    async with database.transaction() as tx:
        company = await make_company(tx, ids, "dalbit")
    return Night(database, company, clock, ids)


@pytest.fixture
async def listener(context: WebContext) -> AsyncIterator[DriverListener]:
    limits = SocketLimits(hello_s=0.3, driver_units_a_second=300, unread_bytes=65_536)
    opened = DriverListener(context, limits)
    await opened.start()
    yield opened
    await opened.drain(0)
