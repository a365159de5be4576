"""The prepaid balance: what it is made of, when it is too low for new calls, and who says so."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.dispatch.factories import make_company
from tests.payments.bank import Bank
from tests.payments.factories import COMMISSION, FARE, NET, Till

from daeri.adapters.bus.memory import MemoryBus
from daeri.dispatch.model import BalanceTooLow
from daeri.kernel.terms import Payment
from daeri.payments.api import balances
from daeri.payments.model import BalancePolicy
from daeri.payments.payout_model import PayoutOutcome
from daeri.policies import api as policies
from daeri.policies.api import PolicyShelf


@pytest.fixture
def bank(till: Till) -> Bank:
    return Bank(till)


async def review(bank: Bank) -> int:
    night = bank.till.night
    async with night.transaction() as tx:
        book = await policies.load_book(tx, night.company)
        return await balances.review(tx, book, night.company, now=night.clock.now())


async def test_a_ride_by_card_adds_what_is_left_and_one_in_cash_takes_commission(bank: Bank) -> None:
    by_card = await bank.till.driven(Payment.CARD)
    assert by_card.driver_id is not None
    assert (await bank.balance(by_card.driver_id)).won == NET
    in_cash = await bank.till.driven(Payment.CASH)
    assert in_cash.driver_id is not None
    assert (await bank.balance(in_cash.driver_id)).won == -COMMISSION
    assert await bank.lines(in_cash.driver_id) == [NET, -FARE]


async def test_without_a_record_nobody_is_ever_short(bank: Bank) -> None:
    ride = await bank.till.driven(Payment.CASH)
    assert ride.driver_id is not None
    known = await bank.balance(ride.driver_id)
    assert (known.is_short, known.is_low, known.minimum_won, known.payable_won) == (False, False, None, 0)
    assert not await bank.is_short(ride.driver_id)


async def test_the_line_that_makes_a_balance_too_low_stops_the_cards_and_a_top_up_brings_them_back(bank: Bank) -> None:
    await bank.rule(minimum_won=10_000, warn_below_won=5_000)
    call, driver = await bank.till.assigned(Payment.CASH)
    await bank.top_up(driver, 18_000)
    known = await bank.balance(driver)
    assert (known.is_short, known.is_low) == (False, False)
    night = bank.till.night
    await night.arrive(call.id, driver)
    await night.start(call.id, driver)
    await night.complete(call.id, driver)
    await bank.till.react(call.id)
    known = await bank.balance(driver)
    assert (known.won, known.is_short, known.is_low) == (13_000, False, True)  # told before it is too late
    await bank.rule(minimum_won=13_001, warn_below_won=0)
    assert await review(bank) >= 1
    assert await bank.is_short(driver)
    waiting = await night.request()
    assert await night.apply([night.planned(waiting.id, driver)]) == []
    with pytest.raises(BalanceTooLow):
        await night.assign_by_hand(waiting.id, driver)
    await bank.top_up(driver, 1_000)
    assert not await bank.is_short(driver)
    assert len(await night.apply([night.planned(waiting.id, driver)])) == 1


async def test_exactly_the_minimum_is_enough(bank: Bank) -> None:
    await bank.rule(minimum_won=10_000)
    driver = await bank.driver(10_000)
    assert not await bank.is_short(driver)
    assert not (await bank.balance(driver)).is_short


async def test_who_never_had_a_line_is_judged_by_the_review_and_free_again_without_a_record(bank: Bank) -> None:
    fresh, rich = await bank.driver(), await bank.driver(50_000)
    assert await review(bank) == 0
    await bank.rule(minimum_won=10_000)
    assert await review(bank) == 1
    assert (await bank.is_short(fresh), await bank.is_short(rich)) == (True, False)
    assert await review(bank) == 0
    await bank.rule(minimum_won=None)
    assert await review(bank) == 1
    assert not await bank.is_short(fresh)


async def test_every_company_is_judged_by_its_own_record(bank: Bank, bus: MemoryBus) -> None:
    night = bank.till.night
    async with night.transaction() as tx:
        other = await make_company(tx, night.ids, "saebyeok")
    theirs = Bank(Till(replace(night, company=other)))
    ours = [await bank.driver() for _ in range(3)]
    spared = await theirs.driver()
    await bank.rule(minimum_won=10_000)
    async with night.database.transaction() as tx:
        shelf = PolicyShelf(await policies.load_books(tx), bus)
    assert await balances.review_all(night.database, shelf, now=night.clock.now()) == 3
    assert [await bank.is_short(driver) for driver in [*ours, spared]] == [True, True, True, False]


async def test_a_record_counts_from_the_time_it_is_for(bank: Bank) -> None:
    fresh, night = await bank.driver(), bank.till.night
    async with night.transaction() as tx:
        await policies.write(
            tx,
            night.company,
            BalancePolicy(minimum_won=10_000),
            now=night.clock.now(),
            ids=night.ids,
            effective_from=night.clock.now() + timedelta(hours=1),
        )
    assert await review(bank) == 0
    night.later(hours=1)
    assert await review(bank) == 1
    assert await bank.is_short(fresh)


async def test_what_the_bank_returns_lifts_a_balance_that_is_too_low(bank: Bank) -> None:
    await bank.rule(minimum_won=0)
    driver = await bank.driver(30_000)
    payout = await bank.sent(driver, 30_000)
    await bank.rule(minimum_won=10_000)
    await review(bank)
    assert await bank.is_short(driver)
    await bank.end(payout.id, PayoutOutcome.RETURNED)
    assert not await bank.is_short(driver)
