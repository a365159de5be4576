"""The shortage signal: waiting calls against free drivers around a place, raised by the weather (R-052)."""

from datetime import timedelta
from uuid import UUID

import pytest
from tests.dispatch.factories import GANGNAM, JAMSIL, Night

from daeri.dispatch import api
from daeri.dispatch.fleet import CAN_PAY, Duty, LiveFleet, Status
from daeri.dispatch.model import Condition, Shortage, ShortagePolicy, ShortageReason, Weather, WeatherEndsBeforeItBegins
from daeri.dispatch.shortage import free_by_square, judge, squares_around
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.terms import SYSTEM
from daeri.pricing.plan_model import ShortageLevel

POLICY = ShortagePolicy()
NONE, TIGHT, SHORT = ShortageLevel.NONE, ShortageLevel.TIGHT, ShortageLevel.SHORT
VOLUME, WEATHER = ShortageReason.VOLUME, ShortageReason.WEATHER


@pytest.mark.rule("R-052")
@pytest.mark.parametrize(
    ("waiting", "free", "condition", "level", "reason"),
    [
        (0, 0, Condition.CLEAR, NONE, None),
        (2, 0, Condition.CLEAR, NONE, None),
        (3, 7, Condition.CLEAR, NONE, None),
        (3, 6, Condition.CLEAR, TIGHT, VOLUME),
        (3, 3, Condition.CLEAR, SHORT, VOLUME),
        (3, 0, Condition.CLEAR, SHORT, VOLUME),
        (0, 50, Condition.RAIN, TIGHT, WEATHER),
        (3, 6, Condition.SNOW, SHORT, WEATHER),
        (0, 50, Condition.STORM, SHORT, WEATHER),
        (3, 3, Condition.STORM, SHORT, VOLUME),
        (30, None, Condition.CLEAR, NONE, None),
    ],
)
def test_calls_for_each_free_driver_and_the_weather_make_the_level(
    waiting: int, free: int | None, condition: Condition, level: ShortageLevel, reason: ShortageReason | None
) -> None:
    found = judge(POLICY, waiting=waiting, free_drivers=free, condition=condition)
    assert found == Shortage(level, reason, waiting, free)


def test_the_squares_around_a_place_hold_what_is_near_and_nothing_far() -> None:
    around = set(squares_around(GANGNAM.point, 5_000))
    fleet, company = LiveFleet(), CompanyId(UUID(int=1))
    for number, (point, status) in enumerate(
        [
            (GANGNAM.point, Status.IDLE),
            (Point(GANGNAM.point.lat + 0.02, GANGNAM.point.lon), Status.IDLE),
            (GANGNAM.point, Status.BUSY),
            (Point(35.18, 129.07), Status.IDLE),
        ]
    ):
        driver = DriverId(UUID(int=number + 1))
        slot = fleet.set_duty(driver, company_id=company, capabilities=1 | CAN_PAY, duty=Duty.ON, version=1)
        fleet.set_status(driver, status, version=1)
        fleet.place(slot, at_ms=1_000, lat=point.lat, lon=point.lon)
    squares, free = free_by_square(fleet.view(), 0)[0]
    assert sum(count for square, count in zip(squares, free, strict=True) if square in around) == 2
    assert sum(free) == 3
    assert free_by_square(fleet.view(), 2_000) == {}
    for number in range(4):
        fleet.set_duty(DriverId(UUID(int=number + 1)), company_id=company, capabilities=1, duty=Duty.ON, version=2)
    assert free_by_square(fleet.view(), 0) == {}  # nobody who may be given a call


async def ask(night: Night, *, chain: tuple[str, ...] = ("11680", "11")) -> Shortage:
    async with night.database.reading() as tx:
        return await api.shortage(tx, night.company, GANGNAM.point, POLICY, region_chain=chain, now=night.clock.now())


async def count(night: Night, free: int) -> None:
    squares = squares_around(GANGNAM.point, 1)
    async with night.transaction() as tx:
        await api.save_free_drivers(tx, {night.company: (squares, [free])}, now=night.clock.now())


async def say(night: Night, condition: Condition, *, region: str | None = None, minutes: int | None = None) -> Weather:
    now = night.clock.now()
    until = None if minutes is None else now + timedelta(minutes=minutes)
    async with night.transaction() as tx:
        return await api.say_weather(
            tx, night.company, condition, SYSTEM, region=region, until=until, now=now, ids=night.ids
        )


@pytest.mark.rule("R-052")
async def test_rows_give_the_signal(night: Night) -> None:
    assert await ask(night) == Shortage(NONE, None, 0, None)
    for _ in range(4):
        await night.request()
    await night.request(origin=JAMSIL, destination=GANGNAM)  # 6.6 km away
    await count(night, 5)
    assert await ask(night) == Shortage(TIGHT, VOLUME, 4, 5)
    await count(night, 2)
    assert await ask(night) == Shortage(SHORT, VOLUME, 4, 2)
    night.later(minutes=2)  # nobody has counted since
    assert await ask(night) == Shortage(NONE, None, 4, None)


@pytest.mark.rule("R-052")
async def test_the_last_word_on_the_weather_holds_until_its_end(night: Night) -> None:
    await say(night, Condition.RAIN, minutes=30)
    assert (await ask(night)).level is TIGHT
    night.later(minutes=1)
    await say(night, Condition.STORM, region="11")
    assert (await ask(night)).level is SHORT
    assert (await ask(night, chain=("26350", "26"))).level is TIGHT
    night.later(minutes=1)
    await say(night, Condition.CLEAR, region="11")
    assert (await ask(night)).level is NONE
    night.later(minutes=30)
    assert (await ask(night, chain=("26350", "26"))).level is NONE
    with pytest.raises(WeatherEndsBeforeItBegins):
        await say(night, Condition.SNOW, minutes=0)


async def test_the_board_names_where_calls_wait(night: Night) -> None:
    await night.request()
    await night.request()
    await night.request(origin=JAMSIL, destination=GANGNAM)
    async with night.database.reading() as tx:
        areas = await api.waiting_areas(tx, night.company)
    assert [(area.region, area.waiting) for area in areas] == [("11680", 2), ("11710", 1)]
    assert areas[0].centre.lat == pytest.approx(GANGNAM.point.lat)
