"""Favourites, cars and business accounts: the customer's own, counted, and nobody else's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from tests.dispatch.factories import make_account, make_company

from daeri.customers import api
from daeri.customers.model import (
    BUSINESS_AGGREGATE,
    BusinessAccount,
    BusinessId,
    BusinessNameTaken,
    BusinessNotFound,
    CarDetails,
    CarNotFound,
    CustomerLimits,
    CustomerNotFound,
    NewPlace,
    Payer,
    PlaceNotFound,
    PlateInvalid,
    PlateTaken,
    PointInvalid,
    TooManyCars,
    TooManyPlaces,
    Transmission,
)
from daeri.infra import events
from daeri.infra.database import Database, Tx
from daeri.kernel.errors import DaeriError
from daeri.kernel.geo import Point
from daeri.kernel.ids import AccountId, CompanyId, CustomerId, Ids
from daeri.kernel.terms import SYSTEM
from daeri.kernel.time import SteppedClock

LIMITS = CustomerLimits(max_places=2, max_cars=2)
HOME = NewPlace("집", "서울숲", "서울 성동구", Point(37.5444, 127.0374))
CAR = CarDetails("12가 3456", "흰색 세단", Transmission.MANUAL, "뒷문이 잘 안 열려요")


@dataclass(frozen=True)
class Desk:
    database: Database
    company: CompanyId
    clock: SteppedClock
    ids: Ids

    async def customer(self, company: CompanyId | None = None) -> CustomerId:
        home = company or self.company
        async with self.database.transaction() as tx:
            account = AccountId(await make_account(tx, self.ids, home, "customer"))
            return (await api.ensure(tx, account, home, now=self.clock.now())).id

    async def add_car(self, customer: CustomerId, car: CarDetails = CAR) -> object:
        async with self.database.transaction() as tx:
            return await api.add_car(tx, customer, self.company, car, LIMITS, now=self.clock.now(), ids=self.ids)

    async def add_place(self, customer: CustomerId, place: NewPlace = HOME) -> object:
        async with self.database.transaction() as tx:
            return await api.add_place(tx, customer, self.company, place, LIMITS, now=self.clock.now(), ids=self.ids)

    async def open(self, name: str = "한강무역", payer: Payer = Payer.COMPANY) -> BusinessAccount:
        async with self.database.transaction() as tx:
            return await api.open_business(tx, self.company, name, payer, SYSTEM, now=self.clock.now(), ids=self.ids)

    async def join(self, account: BusinessId, customer: CustomerId) -> None:
        async with self.database.transaction() as tx:
            await api.add_member(tx, self.company, account, customer, SYSTEM, now=self.clock.now(), ids=self.ids)

    async def run(self, work: Callable[[Tx], Awaitable[object]]) -> object:
        async with self.database.transaction() as tx:
            return await work(tx)


@pytest.fixture
def desk(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Desk:
    return Desk(database, company, clock, ids)


async def test_what_is_kept_is_read_again_in_order(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.add_place(customer)
    desk.clock.advance_to(desk.clock.now() + timedelta(minutes=1))
    await desk.add_place(customer, NewPlace("회사", "강남역", "", Point(37.4979, 127.0276)))
    await desk.add_car(customer)
    kept = await desk.run(lambda tx: api.belongings(tx, customer, desk.company))
    assert [place.label for place in kept.favourites] == ["집", "회사"]
    assert [(car.plate, car.transmission) for car in kept.cars] == [("12가3456", Transmission.MANUAL)]
    assert kept.business == ()


async def test_bad_plates_and_points_are_refused(desk: Desk) -> None:
    customer = await desk.customer()
    with pytest.raises(PlateInvalid):
        await desk.add_car(customer, CarDetails("가나다"))
    with pytest.raises(PointInvalid):
        await desk.add_place(customer, NewPlace("집", "바다", "", Point(0, 0)))


async def test_one_plate_is_one_car_of_a_customer(desk: Desk) -> None:
    first, second = await desk.customer(), await desk.customer()
    await desk.add_car(first)
    with pytest.raises(PlateTaken):
        await desk.add_car(first, CarDetails("12가-3456"))
    await desk.add_car(second)  # a family's car


async def test_a_car_is_written_anew(desk: Desk) -> None:
    customer = await desk.customer()
    first = await desk.add_car(customer)
    second = await desk.add_car(customer, CarDetails("34나5678"))
    changed = await desk.run(lambda tx: api.change_car(tx, customer, first.id, CarDetails("34나 5679", "은색")))
    assert (changed.plate, changed.model, changed.note) == ("34나5679", "은색", "")
    with pytest.raises(PlateTaken):
        await desk.run(lambda tx: api.change_car(tx, customer, first.id, CarDetails("34나5678")))
    assert (await desk.run(lambda tx: api.car(tx, customer, second.id))).plate == "34나5678"


async def test_what_is_another_customers_is_not_found(desk: Desk) -> None:
    owner, stranger = await desk.customer(), await desk.customer()
    car, place = await desk.add_car(owner), await desk.add_place(owner)
    for refused, work in (
        (CarNotFound, lambda tx: api.car(tx, stranger, car.id)),
        (CarNotFound, lambda tx: api.change_car(tx, stranger, car.id, CAR)),
        (CarNotFound, lambda tx: api.drop_car(tx, stranger, car.id)),
        (PlaceNotFound, lambda tx: api.drop_place(tx, stranger, place.id)),
    ):
        with pytest.raises(refused):
            await desk.run(work)
    await desk.run(lambda tx: api.drop_car(tx, owner, car.id))
    await desk.run(lambda tx: api.drop_place(tx, owner, place.id))
    kept = await desk.run(lambda tx: api.belongings(tx, owner, desk.company))
    assert (kept.cars, kept.favourites) == ((), ())


async def test_requests_at_the_same_instant_keep_within_the_limits(desk: Desk) -> None:
    customer = await desk.customer()
    cars = [desk.add_car(customer, CarDetails(f"{number}가3456")) for number in range(11, 17)]
    places = [desk.add_place(customer) for _ in range(6)]
    answers = await asyncio.gather(*cars, *places, return_exceptions=True)
    assert all(isinstance(answer, DaeriError) for answer in answers if isinstance(answer, BaseException))
    assert sum(isinstance(answer, TooManyCars) for answer in answers) == 4
    assert sum(isinstance(answer, TooManyPlaces) for answer in answers) == 4


@pytest.mark.rule("R-005")
async def test_only_members_call_on_an_open_account(desk: Desk) -> None:
    member, stranger = await desk.customer(), await desk.customer()
    business = await desk.open(payer=Payer.CUSTOMER)
    await desk.join(business.id, member)
    await desk.join(business.id, member)
    found = await desk.run(lambda tx: api.business_account(tx, desk.company, member, business.id))
    assert (found.name, found.payer) == ("한강무역", Payer.CUSTOMER)
    with pytest.raises(BusinessNotFound):
        await desk.run(lambda tx: api.business_account(tx, desk.company, stranger, business.id))
    now = desk.clock.now()
    await desk.run(lambda tx: api.close_business(tx, desk.company, business.id, SYSTEM, now=now, ids=desk.ids))
    with pytest.raises(BusinessNotFound):
        await desk.run(lambda tx: api.business_account(tx, desk.company, member, business.id))
    with pytest.raises(BusinessNotFound):
        await desk.join(business.id, stranger)
    known = await desk.run(lambda tx: api.business_accounts_by_id(tx, desk.company, [business.id]))
    assert known[business.id].closed_at == now


async def test_a_member_who_left_may_not_call_any_more(desk: Desk) -> None:
    member = await desk.customer()
    business = await desk.open()
    await desk.join(business.id, member)
    now = desk.clock.now()

    async def leave(tx: Tx) -> None:
        await api.drop_member(tx, desk.company, business.id, member, SYSTEM, now=now, ids=desk.ids)

    await desk.run(leave)
    with pytest.raises(CustomerNotFound):
        await desk.run(leave)
    kept = await desk.run(lambda tx: api.belongings(tx, member, desk.company))
    assert kept.business == ()
    history = await desk.run(lambda tx: events.history(tx, desk.company, BUSINESS_AGGREGATE, business.id))
    assert [event.kind for event in history] == ["business.opened", "business.member_joined", "business.member_left"]


async def test_another_companys_account_and_customer_do_not_exist(desk: Desk) -> None:
    async with desk.database.transaction() as tx:
        other = await make_company(tx, desk.ids, "other")
    theirs, ours = await desk.customer(other), await desk.customer()
    business = await desk.open()
    with pytest.raises(CustomerNotFound):
        await desk.join(business.id, theirs)
    await desk.join(business.id, ours)
    with pytest.raises(BusinessNotFound):
        await desk.run(lambda tx: api.business_account(tx, other, ours, business.id))


async def test_two_open_accounts_never_share_a_name(desk: Desk) -> None:
    first = await desk.open()
    with pytest.raises(BusinessNameTaken):
        await desk.open()
    now = desk.clock.now()
    await desk.run(lambda tx: api.close_business(tx, desk.company, first.id, SYSTEM, now=now, ids=desk.ids))
    await desk.open()
