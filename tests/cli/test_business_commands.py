"""Business accounts from the command line, and what a demo's customers keep."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from daeri.accounts import api as accounts
from daeri.accounts.api import DemoPerson
from daeri.accounts.model import AccountKind, Moment
from daeri.bootstrap import Parts, open_parts
from daeri.cli import business, seeding
from daeri.companies.model import Company
from daeri.customers import api as customers
from daeri.customers.model import BusinessNotFound, CustomerNotFound, Payer
from daeri.infra.settings import load_settings
from daeri.kernel.ids import CustomerId


@pytest.fixture
async def parts(dsn: str, scratch_folder: Path) -> AsyncIterator[Parts]:
    async with open_parts(load_settings(data_folder=scratch_folder), dsn) as opened:
        yield opened


@pytest.fixture
async def home(parts: Parts) -> Company:
    async with parts.database.transaction() as tx:
        return await seeding.ensure_company(tx, parts)


async def make_customers(parts: Parts, home: Company, count: int) -> list[CustomerId]:
    moment = Moment(parts.clock.now(), parts.wall.wall_now())
    people = [DemoPerson("김민준", accounts.demo_phone(number)) for number in range(count)]
    async with parts.database.transaction() as tx:
        made = await accounts.create_demo_accounts(tx, parts.gate, home.id, AccountKind.CUSTOMER, people, moment=moment)
        return [(await customers.ensure(tx, one, home.id, now=moment.now)).id for one in made]


async def test_an_account_is_opened_joined_left_and_closed(parts: Parts, home: Company) -> None:
    member, _ = await make_customers(parts, home, 2)
    made = await business.make(parts, None, "한강무역", Payer.CUSTOMER)
    assert await business.join(parts, None, made.id, accounts.demo_phone(0)) == member
    assert await business.join(parts, None, made.id, str(member)) == member
    assert await business.leave(parts, None, made.id, str(member)) == member
    with pytest.raises(CustomerNotFound):
        await business.join(parts, None, made.id, "010-0000-9999")
    with pytest.raises(BusinessNotFound):
        await business.close(parts, None, uuid4())
    await business.close(parts, None, made.id)
    (listed,) = await business.every(parts, None)
    assert "closed" in business.line_of(listed)


async def test_demo_customers_have_a_car_and_favourites_however_often_they_are_made(
    parts: Parts, home: Company
) -> None:
    people = await make_customers(parts, home, 3)
    for _ in range(2):
        await seeding.furnish(parts, home.id, people)
    async with parts.database.reading() as tx:
        kept = [await customers.belongings(tx, person, home.id) for person in people]
    assert [(len(one.cars), len(one.favourites), len(one.business)) for one in kept] == [
        (1, 2, 1),
        (1, 2, 0),
        (1, 2, 0),
    ]
