"""Too low a balance, no cards: nothing is offered, listed or taken, and what is under way can be finished."""

import random

import pytest
from tests.dispatch.factories import Night
from tests.dispatch.test_policy import DRIVES, VIP, Stand, call, driving, offered, outcome_of, reasons, tick

from daeri.adapters.bus.memory import MemoryBus
from daeri.dispatch import api as dispatch
from daeri.dispatch.fleet import CAN_PAY, LiveFleet
from daeri.dispatch.model import BalanceTooLow, OfferState
from daeri.dispatch.plan import Outcome, Reason
from daeri.drivers import api as drivers
from daeri.engine.engine import Engine
from daeri.infra.database import Database
from daeri.infra.metrics import new_metrics
from daeri.infra.tracing import open_tracer
from daeri.kernel.ids import DriverId, Ids
from daeri.kernel.time import SteppedClock
from daeri.policies.model import DispatchPolicy, PositionPolicy, Versioned

PAYS = DRIVES | CAN_PAY


async def run_short(night: Night, driver: DriverId, *, is_short: bool = True) -> None:
    async with night.transaction() as tx:
        await drivers.mind_balance(tx, night.company, driver, is_short=is_short)


def test_a_tick_passes_over_who_is_short_and_says_why() -> None:
    plan = tick([Stand(100, can=DRIVES), Stand(900, can=PAYS)], call(needs=PAYS))
    assert offered(plan) == {0: 1}
    assert reasons(plan) == {0: Reason.LOW_BALANCE, 1: Reason.CHOSEN}


def test_who_lacks_something_else_too_is_not_told_of_their_balance() -> None:
    plan = tick([Stand(100, can=DRIVES)], call(needs=PAYS | VIP))
    assert reasons(plan) == {0: Reason.NOT_ELIGIBLE}


def test_who_is_about_to_finish_a_drive_gets_no_next_call_when_short() -> None:
    plan = tick([driving(50, ends=100)], call(needs=PAYS))
    assert offered(plan) == {}
    assert outcome_of(plan).outcome is Outcome.NONE_ELIGIBLE


async def test_nothing_is_offered_listed_or_taken(night: Night) -> None:
    waiting, listed, driver = await night.request(), await night.request(), await night.driver()
    await night.list_for(listed.id, driver)
    await run_short(night, driver)
    assert await night.apply([night.planned(waiting.id, driver)]) == []
    async with night.database.reading() as tx:
        assert await dispatch.open_list(tx, driver) == []
        assert await dispatch.knowledge(tx, [driver]) == {}
    with pytest.raises(BalanceTooLow):
        await night.take(listed.id, driver)
    with pytest.raises(BalanceTooLow):
        await night.assign_by_hand(waiting.id, driver)
    await run_short(night, driver, is_short=False)
    assert (await night.take(listed.id, driver)).driver_id == driver


async def test_a_card_that_is_out_already_cannot_be_accepted(night: Night) -> None:
    waiting, driver = await night.request(), await night.driver()
    offer = await night.offer(waiting.id, driver)
    await run_short(night, driver)
    with pytest.raises(BalanceTooLow):
        await night.accept(offer.id, driver)
    assert await night.engaged() == {}


async def test_a_drive_that_is_under_way_is_finished(night: Night) -> None:
    ride, driver = await night.assigned()
    await run_short(night, driver)
    await night.arrive(ride.id, driver)
    await night.start(ride.id, driver)
    assert (await night.complete(ride.id, driver)).ended_at is not None
    assert await night.engaged() == {}


async def test_the_engine_takes_the_card_back_at_its_next_tick(
    night: Night, database: Database, bus: MemoryBus, clock: SteppedClock
) -> None:
    waiting, driver, other = await night.request(), await night.driver(), await night.driver()
    await night.offer(waiting.id, driver)
    fleet = LiveFleet()
    engine = Engine(
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
    await engine.start()
    await run_short(night, driver)
    await engine.tick()
    (offer,) = await night.offers_of(waiting.id)
    assert offer.state is OfferState.WITHDRAWN
    can = {one: int(fleet.view().capabilities[fleet.slot_of(one)]) for one in (driver, other)}
    assert can[driver] | CAN_PAY == can[other]
    assert not can[driver] & CAN_PAY
    await run_short(night, driver, is_short=False)
    await engine.tick()
    assert int(fleet.view().capabilities[fleet.slot_of(driver)]) == can[other]
    engine.stop()
