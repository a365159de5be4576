"""The engine works off what is due for drivers: ends of suspensions and papers, reminders."""

import random
from datetime import date, timedelta

from tests.dispatch.factories import Night
from tests.drivers.factories import Desk

from daeri.adapters.bus.memory import MemoryBus
from daeri.dispatch.fleet import LiveFleet, Status
from daeri.drivers import api as drivers
from daeri.drivers.model import Duty, SignUp
from daeri.engine.engine import Engine
from daeri.infra.database import Database
from daeri.infra.metrics import new_metrics
from daeri.infra.tracing import open_tracer
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.time import SteppedClock
from daeri.policies.model import DispatchPolicy, PositionPolicy, Versioned


def _engine(database: Database, bus: MemoryBus, clock: SteppedClock, fleet: LiveFleet) -> Engine:
    return Engine(
        database=database,
        bus=bus,
        fleet=fleet,
        clock=clock,
        ids=Ids(clock, random.Random(9).randbytes),
        metrics=new_metrics(),
        tracer=open_tracer(None),
        dispatch_policy=lambda *_: Versioned(DispatchPolicy(), 0),
        position_policy=lambda _: PositionPolicy(),
    )


async def test_a_tick_ends_what_has_ended(
    database: Database, bus: MemoryBus, clock: SteppedClock, ids: Ids, company: CompanyId
) -> None:
    desk = Desk(Night(database, company, clock, ids))
    expiring = await desk.driver(licence=date(2026, 11, 22))
    reminded = await desk.driver(licence=date(2026, 11, 30))
    suspended = await desk.driver()
    await desk.suspend(suspended, ends_at=clock.now() + timedelta(hours=1))
    fleet = LiveFleet()
    engine = _engine(database, bus, clock, fleet)
    await engine.start()
    await engine.tick()
    assert (await desk.get(expiring)).duty is Duty.ON
    clock.advance_to(clock.now() + timedelta(hours=12))
    await engine.tick()
    assert (await desk.get(expiring)).duty is Duty.OFF
    assert (await desk.get(suspended)).status is SignUp.APPROVED
    async with database.reading() as tx:
        told = await drivers.reminded(tx, company, reminded, now=clock.now())
    assert [each.days for each in told] == [7]
    await engine.tick()  # hears of it
    slot = fleet.slot_of(expiring)
    assert slot is not None
    assert fleet.view().status[slot] == Status.OFF
    engine.stop()
