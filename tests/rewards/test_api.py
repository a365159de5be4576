"""Awards on a real database: one a ride, kept for good; levels of a window, points of all."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from tests.dispatch.factories import Night, make_company

from daeri.infra.database import Database
from daeri.kernel.ids import CallId, CompanyId, DriverId, Ids
from daeri.kernel.terms import Service
from daeri.kernel.time import SteppedClock
from daeri.policies import api as policies
from daeri.policies.model import EVERYONE, Policy, Scope
from daeri.rewards import api
from daeri.rewards.model import RewardKind, RewardLevel, RewardPolicy, Ride, Standing

FLAT = RewardPolicy(base_score=4, slots=(), points_per_run=10)
_ONE_THAT_COUNTS = """
INSERT INTO rewards (call_id, company_id, driver_id, number, kind, score, points, wanted_at, ended_at, day,
                     policy_version)
SELECT gen_random_uuid(), company_id, driver_id, number, kind, 3, 0, wanted_at, ended_at, day, 0 FROM rewards
"""


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)


@pytest.fixture
def crowd(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids, random.Random(20261122))


async def _write(night: Night, policy: Policy, scope: Scope = EVERYONE) -> int:
    async with night.transaction() as tx:
        now = night.clock.now()
        return (await policies.write(tx, night.company, policy, now=now, ids=night.ids, scope=scope)).version


def _ride(night: Night, driver: DriverId, kind: RewardKind = RewardKind.OWN) -> Ride:
    now = night.clock.now()
    return Ride(
        call_id=CallId(night.ids.new()),
        company_id=night.company,
        driver_id=driver,
        number="4KX2M9QA",
        kind=kind,
        service=Service.GENERAL,
        wanted_at=now - timedelta(minutes=40),
        read_at=now - timedelta(minutes=40),
        ended_at=now,
    )


async def _award(night: Night, ride: Ride, *chain: str) -> bool:
    async with night.transaction() as tx:
        book = await policies.load_book(tx, night.company)
        return await api.award(tx, book, ride, region_chain=chain)


async def _standing(night: Night, driver: DriverId, company: CompanyId | None = None) -> Standing:
    async with night.transaction() as tx:
        book = await policies.load_book(tx, night.company)
        return await api.standing(tx, book, company or night.company, driver, now=night.clock.now())


@pytest.mark.rule("I-010")
async def test_a_ride_is_awarded_once(night: Night) -> None:
    await _write(night, FLAT)
    night.later(hours=1)
    driver = await night.driver()
    ride = _ride(night, driver)
    assert [await _award(night, ride) for _ in range(3)] == [True, False, False]
    standing = await _standing(night, driver)
    assert (standing.score, standing.points) == (4, 10)


@pytest.mark.rule("I-010")
async def test_of_awards_at_once_one_is_kept(crowd: Night) -> None:
    driver = await crowd.driver()
    for _ in range(5):
        ride = _ride(crowd, driver)
        assert sum(await asyncio.gather(*(_award(crowd, ride) for _ in range(4)))) == 1


@pytest.mark.rule("R-015", "I-049")
async def test_the_record_that_spoke_on_the_card_speaks_at_the_award(night: Night) -> None:
    version = await _write(night, FLAT)
    driver = await night.driver()
    shown_at = night.clock.now()
    night.later(minutes=5)
    await _write(night, RewardPolicy(base_score=99, slots=()))
    night.later(minutes=30)
    await _award(night, replace(_ride(night, driver), wanted_at=shown_at, read_at=shown_at))
    async with night.database.reading() as tx:
        (kept,) = (await api.history(tx, night.company, driver)).items
    assert (kept.worth.score, kept.policy_version) == (4, version)


async def test_a_region_and_a_service_may_have_a_record_of_their_own(night: Night) -> None:
    await _write(night, FLAT)
    await _write(night, RewardPolicy(base_score=7, slots=()), Scope(region="11"))
    night.later(hours=1)
    driver = await night.driver()
    await _award(night, _ride(night, driver), "11680", "11")
    assert (await _standing(night, driver)).score == 7


async def test_a_level_is_the_score_of_the_window_and_points_are_all(night: Night) -> None:
    levels = (RewardLevel(name="basic", from_score=0), RewardLevel(name="gold", from_score=8))
    await _write(night, RewardPolicy(base_score=4, slots=(), points_per_run=10, window_days=2, levels=levels))
    night.later(hours=1)
    driver = await night.driver()
    assert await _standing(night, driver) == Standing(0, 0, levels[0], levels[1], 2)
    await _award(night, _ride(night, driver))
    night.later(days=1)
    await _award(night, _ride(night, driver))
    assert await _standing(night, driver) == Standing(8, 20, levels[1], None, 2)
    night.later(days=1)
    assert await _standing(night, driver) == Standing(4, 20, levels[0], levels[1], 2)


async def test_the_history_is_read_page_by_page_newest_first(night: Night) -> None:
    driver, other = await night.driver(), await night.driver()
    rides = []
    for _ in range(5):
        night.later(minutes=30)
        rides.append(_ride(night, driver))
        await _award(night, rides[-1])
        await _award(night, _ride(night, other))
    found, before = [], None
    for _ in range(3):
        async with night.database.reading() as tx:
            page = await api.history(tx, night.company, driver, before=before, limit=2)
        found += [reward.call_id for reward in page.items]
        before = page.next_before
    assert found == [ride.call_id for ride in reversed(rides)]
    assert before is None


async def test_awards_of_given_calls_are_the_drivers_own(night: Night) -> None:
    driver, other = await night.driver(), await night.driver()
    mine, theirs = _ride(night, driver), _ride(night, other)
    for ride in (mine, theirs):
        await _award(night, ride)
    async with night.transaction() as tx:
        found = await api.of_calls(tx, night.company, driver, [mine.call_id, theirs.call_id])
        assert list(found) == [mine.call_id]
        assert await api.of_calls(tx, night.company, driver, []) == {}
        elsewhere = await make_company(tx, night.ids, "saebyeok")
        assert await api.of_calls(tx, elsewhere, driver, [mine.call_id]) == {}
        assert (await api.history(tx, elsewhere, driver)).items == ()
    assert (await _standing(night, driver, elsewhere)).points == 0


@pytest.mark.rule("I-010")
async def test_nothing_that_was_awarded_is_changed_or_taken_back(night: Night) -> None:
    driver = await night.driver()
    await _award(night, _ride(night, driver))
    for attempt in ("UPDATE rewards SET score = 99", "DELETE FROM rewards", "TRUNCATE rewards"):
        with pytest.raises(asyncpg.RestrictViolationError):
            async with night.transaction() as tx:
                await tx.execute(attempt)


@pytest.mark.rule("R-023")
async def test_the_database_keeps_affiliate_calls_from_counting(night: Night) -> None:
    driver = await night.driver()
    assert await _award(night, _ride(night, driver, RewardKind.AFFILIATE))
    async with night.database.reading() as tx:
        (kept,) = (await api.history(tx, night.company, driver)).items
    assert (kept.kind, kept.worth.score, kept.worth.points) == (RewardKind.AFFILIATE, 0, 0)
    with pytest.raises(asyncpg.CheckViolationError):
        async with night.transaction() as tx:
            await tx.execute(_ONE_THAT_COUNTS)
