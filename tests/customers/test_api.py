"""Customers: made at the first sign-in, once, within their own company."""

import asyncio
from datetime import timedelta

import pytest

from daeri.customers import api
from daeri.customers.model import Customer, CustomerNotFound
from daeri.infra.database import Database
from daeri.kernel.ids import AccountId, CompanyId, CustomerId, Ids
from daeri.kernel.time import SteppedClock

_ACCOUNT = """
INSERT INTO accounts (id, company_id, kind, phone_sealed, phone_hash, phone_last4_hash, status, created_at)
VALUES ($1, $2, $3, '\\x00', $4, '\\x00', 'active', $5)
"""


async def make_account(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids, kind: str = "customer"
) -> AccountId:
    account_id = AccountId(ids.new())
    async with database.transaction() as tx:
        await tx.execute(_ACCOUNT, account_id, company, kind, account_id.bytes, clock.now())
    return account_id


async def test_a_customer_is_made_once_and_stays(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    account_id = await make_account(database, company, clock, ids)
    first_seen = clock.now()

    async def ensure() -> Customer:
        async with database.transaction() as tx:
            return await api.ensure(tx, account_id, company, now=clock.now())

    made = await asyncio.gather(*(ensure() for _ in range(4)))
    clock.advance_to(first_seen + timedelta(days=1))
    assert {*made, await ensure()} == {Customer(CustomerId(account_id), company, 1, first_seen)}


async def test_another_companys_customer_does_not_exist(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    account_id = await make_account(database, company, clock, ids)
    other = CompanyId(ids.new())
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO companies (id, slug, name_ko, name_en, created_at) VALUES ($1, 'other', '남', 'Other', $2)",
            other,
            clock.now(),
        )
        for _ in range(2):  # before the customer exists, and after
            with pytest.raises(CustomerNotFound):
                await api.ensure(tx, account_id, other, now=clock.now())
            with pytest.raises(CustomerNotFound):
                await api.get(tx, CustomerId(account_id), other)
            await api.ensure(tx, account_id, company, now=clock.now())


async def test_only_a_customers_account_becomes_a_customer(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    driver = await make_account(database, company, clock, ids, kind="driver")
    async with database.transaction() as tx:
        with pytest.raises(CustomerNotFound):
            await api.ensure(tx, driver, company, now=clock.now())
        with pytest.raises(CustomerNotFound):
            await api.ensure(tx, AccountId(ids.new()), company, now=clock.now())
        seen = await tx.rows("SELECT id FROM customers_public")
    assert seen == []
