"""A driver's prepaid balance: what the ledger says, and whether it is too low for new calls."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from daeri.companies import api as companies
from daeri.drivers import api as drivers
from daeri.infra.database import Database, Tx
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.money import Won
from daeri.payments import charge_store, ledger
from daeri.payments.charge_model import Charge, Purpose
from daeri.payments.model import Account, BalancePolicy
from daeri.policies.api import PolicyBook, PolicyShelf

_AT_ONCE: Final = 200  # drivers whose rows one transaction holds


@dataclass(frozen=True, slots=True)
class Balance:
    """What is the driver's, in won; below zero the driver owes it."""

    won: Won
    minimum_won: int | None
    is_short: bool  # too low for new calls
    is_low: bool  # soon too low: the driver is told
    payable_won: Won  # what may be paid out now
    payout_minimum_won: int


async def read(
    tx: Tx, book: PolicyBook, company_id: CompanyId, driver_id: UUID, *, now: datetime, lock: bool = False
) -> Balance:
    """The driver's balance by the policy of `now`; `lock` keeps it as it is until this transaction ends."""
    policy = book.read(BalancePolicy, at=now).value
    won = Won(-await ledger.balance(tx, company_id, Account.DRIVER, driver_id, lock=lock))
    minimum = policy.minimum_won
    return Balance(
        won=won,
        minimum_won=minimum,
        is_short=minimum is not None and won < minimum,
        is_low=minimum is not None and won < minimum + policy.warn_below_won,
        payable_won=Won(max(0, won - (minimum or 0))),
        payout_minimum_won=policy.payout_minimum_won,
    )


async def judge(tx: Tx, book: PolicyBook, company_id: CompanyId, driver_id: UUID, *, now: datetime) -> None:
    """After a line of the driver's: whether they get new calls."""
    policy = book.read(BalancePolicy, at=now).value
    if policy.minimum_won is None:
        return
    found = await read(tx, book, company_id, driver_id, now=now)
    await drivers.mind_balance(tx, company_id, DriverId(driver_id), is_short=found.is_short)


async def review(tx: Tx, book: PolicyBook, company_id: CompanyId, *, now: datetime) -> int:
    """Whether the company's drivers get new calls by the record of `now`, which may have come into force just now.

    A few hundred at a time; how many were judged anew. Each line that a driver gets is judged with it.
    """
    minimum = book.read(BalancePolicy, at=now).value.minimum_won
    found = await ledger.misjudged(tx, company_id, minimum, _AT_ONCE)
    for driver_id in found:
        known = await read(tx, book, company_id, driver_id, now=now, lock=True)
        await drivers.mind_balance(tx, company_id, DriverId(driver_id), is_short=known.is_short)
    return len(found)


async def review_all(database: Database, shelf: PolicyShelf, *, now: datetime) -> int:
    """The same for every company, each few hundred in a transaction of their own."""
    async with database.reading() as tx:
        found = await companies.every(tx)
    judged = 0
    for company in found:
        some = _AT_ONCE
        while some == _AT_ONCE:
            async with database.transaction() as tx:
                some = await review(tx, shelf.of(company.id), company.id, now=now)
            judged += some
    return judged


async def top_ups(tx: Tx, company_id: CompanyId, driver_id: UUID, *, limit: int = 10) -> list[Charge]:
    """What the driver's own cards were to fill the balance with, newest first."""
    return await charge_store.of_payer(tx, company_id, driver_id, Purpose.TOP_UP, limit)
