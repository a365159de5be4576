"""Drivers' rows: sign-up, duty, last positions, days."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from tests.dispatch.factories import Night, make_account, make_company

from daeri.drivers import api
from daeri.drivers.model import DriverNotFound, Duty, LastPosition, NotApproved, SignUp
from daeri.infra import events
from daeri.infra.database import Database
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, DriverId, Ids
from daeri.kernel.terms import SYSTEM, Actor, ActorKind, Service
from daeri.kernel.time import SteppedClock


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)


async def _applied(night: Night) -> DriverId:
    async with night.transaction() as tx:
        driver = DriverId(await make_account(tx, night.ids, night.company, "driver"))
        for _ in range(2):  # the second time changes nothing
            await api.apply(tx, driver, night.company, now=night.clock.now(), ids=night.ids)
    return driver


async def _history(night: Night, driver: UUID) -> list[tuple[str, int]]:
    async with night.database.reading() as tx:
        return [(event.kind, event.version) for event in await events.history(tx, night.company, "driver", driver)]


async def test_a_driver_who_applied_may_not_go_on_duty_until_approved(night: Night) -> None:
    driver = await _applied(night)
    with pytest.raises(NotApproved) as refusal:
        await night.set_duty(driver, Duty.ON)
    assert refusal.value.facts == {"status": SignUp.APPLIED}
    async with night.transaction() as tx:
        approved = await api.approve(
            tx, driver, night.company, SYSTEM, now=night.clock.now(), ids=night.ids, services=[Service.VIP]
        )
    assert (approved.status, approved.duty, approved.services) == (SignUp.APPROVED, Duty.OFF, (Service.VIP,))
    await night.set_duty(driver, Duty.ON)
    assert await _history(night, driver) == [("driver.applied", 1), ("driver.approved", 2), ("driver.on_duty", 3)]


async def test_saying_the_same_duty_twice_changes_nothing(night: Night) -> None:
    driver = await night.driver(Duty.ON)
    async with night.database.reading() as tx:
        before = await api.get(tx, night.company, driver)
    night.later(minutes=1)
    await night.set_duty(driver, Duty.ON)
    async with night.database.reading() as tx:
        assert await api.get(tx, night.company, driver) == before
        assert await api.on_duty(tx, night.company) == 1


async def test_every_change_gives_a_revision_beyond_all_others(night: Night) -> None:
    first, second = await night.driver(Duty.ON), await night.driver(Duty.ON)
    await night.set_duty(first, Duty.OFF)
    async with night.database.reading() as tx:
        moved, still = await api.get(tx, night.company, first), await api.get(tx, night.company, second)
    assert moved.revision > still.revision
    assert moved.duty_changed_at == night.clock.now()


async def test_the_database_keeps_a_driver_who_is_not_approved_off_duty(night: Night) -> None:
    driver = await _applied(night)
    with pytest.raises(asyncpg.CheckViolationError):
        async with night.transaction() as tx:
            await tx.execute("UPDATE drivers SET duty = 'on' WHERE id = $1", driver)


async def test_another_companys_driver_does_not_exist(night: Night) -> None:
    driver = await night.driver()
    actor = Actor(ActorKind.DRIVER, driver)
    async with night.transaction() as tx:
        other = await make_company(tx, night.ids, "dalbit")
        now, ids = night.clock.now(), night.ids
        for attempt in (
            api.get(tx, other, driver),
            api.lock_for_work(tx, other, driver, now=now),
            api.set_duty(tx, driver, other, Duty.OFF, actor, now=now, ids=ids),
            api.approve(tx, driver, other, SYSTEM, now=now, ids=ids),
        ):
            with pytest.raises(DriverNotFound):
                await attempt
        assert await api.on_duty(tx, other) == 0
        assert (await api.get(tx, night.company, driver)).duty is Duty.ON


async def test_only_a_newer_position_replaces_the_last_one(night: Night) -> None:
    driver, off = await night.driver(Duty.ON), await night.driver(Duty.OFF)
    now = night.clock.now()
    first = LastPosition(driver, Point(37.5, 127.0), now, 8.0)
    older = replace(first, point=Point(37.6, 127.1), at=now - timedelta(seconds=3))
    newer = replace(first, point=Point(37.7, 127.2), at=now + timedelta(seconds=3))
    async with night.transaction() as tx:
        await api.save_positions(tx, [])
        await api.save_positions(tx, [first, replace(first, driver_id=off)])
        await api.save_positions(tx, [older])
        assert await api.last_positions(tx, [driver]) == [first]
        await api.save_positions(tx, [newer, replace(newer, driver_id=DriverId(night.ids.new()))])
        assert await api.last_positions(tx, [driver]) == [newer]
        assert await api.positions_on_duty(tx) == [newer]
