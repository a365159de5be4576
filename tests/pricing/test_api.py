"""The calculator: tariff by date and region, the way by the router, the straight line when it cannot answer."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from daeri.adapters.maps.straight import StraightLineRouter
from daeri.infra.database import Database
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Service
from daeri.kernel.time import SteppedClock
from daeri.policies import api as policies
from daeri.policies.api import PolicyBook
from daeri.policies.model import RequestLimits, Scope
from daeri.pricing import api
from daeri.pricing.model import LineKind, Route, RouteFailure, RouteUnavailable, Tariff, TooManyVias, Trip, TripInvalid

CITY_HALL = Point(37.5663, 126.9779)
GANGNAM = Point(37.4979, 127.0276)
JAMSIL = Point(37.5133, 127.1002)
STRAIGHT = StraightLineRouter()


class FixedRouter:
    """Answers every question alike and remembers what it was asked."""

    def __init__(self, answer: Route | RouteFailure) -> None:
        self.answer = answer
        self.asked: list[tuple[Point, ...]] = []

    async def route(self, points: Sequence[Point]) -> Route:
        self.asked.append(tuple(points))
        if isinstance(self.answer, RouteFailure):
            raise RouteUnavailable("fixed", self.answer)
        return self.answer


@pytest.mark.rule("I-026")
async def test_origin_vias_and_destination_give_the_same_amount_each_time(clock: SteppedClock) -> None:
    router = FixedRouter(Route(14_000, 1_800, exact=True))
    trip = Trip(CITY_HALL, JAMSIL, (GANGNAM,))
    quotes = [await api.calculate(router, STRAIGHT, PolicyBook(), trip, departure=clock.now()) for _ in range(2)]
    assert quotes[0] == quotes[1]
    assert router.asked[0] == (CITY_HALL, GANGNAM, JAMSIL)
    assert quotes[0].exact
    assert quotes[0].distance_m == 14_000
    # 10,000 + 12 km × 900 + 30 min × 50 + 5,000 = 27,300; at 23:00 in Korea 20 % more: 32,760
    assert (quotes[0].amount, quotes[0].tariff_version) == (32_800, 0)


async def test_the_night_is_read_from_the_departure(clock: SteppedClock) -> None:
    router = FixedRouter(Route(14_000, 1_800, exact=True))
    trip = Trip(CITY_HALL, JAMSIL)
    noon = clock.now() + timedelta(hours=13)
    quote = await api.calculate(router, STRAIGHT, PolicyBook(), trip, departure=noon)
    assert LineKind.NIGHT not in {line.kind for line in quote.lines}


@pytest.mark.parametrize("failure", list(RouteFailure))
async def test_without_an_answer_the_straight_line_is_taken_and_says_so(
    clock: SteppedClock, failure: RouteFailure
) -> None:
    trip = Trip(CITY_HALL, GANGNAM)
    quote = await api.calculate(FixedRouter(failure), STRAIGHT, PolicyBook(), trip, departure=clock.now())
    assert not quote.exact
    assert quote.distance_m == (await STRAIGHT.route(trip.points)).distance_m


async def test_the_tariff_of_the_region_and_date_is_taken_and_named(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    now, later = clock.now(), clock.now() + timedelta(days=7)
    async with database.transaction() as tx:
        await policies.write(tx, company, Tariff(base_won=20_000), now=now, ids=ids)
        busan = Tariff(base_won=15_000, services={})
        await policies.write(tx, company, busan, now=now, ids=ids, scope=Scope("26"))
        await policies.write(tx, company, Tariff(base_won=30_000), now=now, ids=ids, effective_from=later)
        book = await policies.load_book(tx, company)
    router = FixedRouter(Route(1_000, 0, exact=True))
    trip = Trip(CITY_HALL, GANGNAM)
    cases = [(now, ("11",), 20_000, 1), (now, ("26350", "26"), 15_000, 2), (later, ("11",), 30_000, 3)]
    for departure, chain, base_won, version in cases:
        quote = await api.calculate(router, STRAIGHT, book, trip, departure=departure, region_chain=chain)
        assert quote.lines[0].amount == base_won
        assert quote.tariff_version == version


async def test_a_service_has_its_own_price(clock: SteppedClock) -> None:
    router = FixedRouter(Route(10_000, 1_200, exact=True))
    trip = Trip(CITY_HALL, GANGNAM)
    fares = {
        service: (
            await api.calculate(router, STRAIGHT, PolicyBook(), trip, departure=clock.now(), service=service)
        ).amount
        for service in Service
    }
    assert fares[Service.GENERAL] < fares[Service.TAILORED] < fares[Service.VIP]
    assert fares[Service.DELIVERY] == fares[Service.GENERAL] + 10_000


@pytest.mark.parametrize("wrong", [Point(float("nan"), 127), Point(0, 0), Point(127, 37), Point(37, 181)])
async def test_a_point_that_is_no_place_is_refused_before_anyone_is_asked(clock: SteppedClock, wrong: Point) -> None:
    router = FixedRouter(Route(1, 1, exact=True))
    for trip in (Trip(wrong, GANGNAM), Trip(GANGNAM, wrong), Trip(GANGNAM, JAMSIL, (wrong,))):
        with pytest.raises(TripInvalid):
            await api.calculate(router, STRAIGHT, PolicyBook(), trip, departure=clock.now())
    assert router.asked == []


async def test_more_vias_than_the_company_takes_are_refused(clock: SteppedClock) -> None:
    most = RequestLimits().max_vias
    router = FixedRouter(Route(1, 1, exact=True))
    await api.calculate(
        router, STRAIGHT, PolicyBook(), Trip(CITY_HALL, JAMSIL, (GANGNAM,) * most), departure=clock.now()
    )
    too_many = Trip(CITY_HALL, JAMSIL, (GANGNAM,) * (most + 1))
    with pytest.raises(TooManyVias):
        await api.calculate(router, STRAIGHT, PolicyBook(), too_many, departure=clock.now())
