"""Statements: every line explained, and the sum is the balance; a month of a business account, paid once and whole."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.payments.bank import Bank, at_once
from tests.payments.factories import COMMISSION, FARE, NET, Till

from daeri.calls.model import Business, Call
from daeri.customers import api as customers
from daeri.customers.model import BusinessNotFound, Payer
from daeri.drivers.model import DriverNotFound
from daeri.kernel.terms import SYSTEM, Option, Payment
from daeri.payments import api as payments
from daeri.payments.api import statements
from daeri.payments.model import Account, BillState, ReasonMissing
from daeri.payments.payout_model import (
    BankReferenceUsed,
    MonthAmountDiffers,
    MonthNotDue,
    PayoutOutcome,
    ReceiptPurpose,
)
from daeri.payments.statements import BusinessStatement, LineWhat, what_of
from daeri.pricing.model import PremiumPolicy

NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def bank(till: Till) -> Bank:
    return Bank(till)


@pytest.fixture
def busy_bank(crowd: Till) -> Bank:
    return Bank(crowd)


async def account(bank: Bank, name: str = "한빛상사") -> UUID:
    night = bank.till.night
    async with night.transaction() as tx:
        made = await customers.open_business(
            tx, night.company, name, Payer.COMPANY, SYSTEM, now=night.clock.now(), ids=night.ids
        )
    return made.id


async def ride_on(bank: Bank, account_id: UUID) -> Call:
    """A ride that the business account owes."""
    night = bank.till.night
    on = Business(account_id, "한빛상사", Payer.COMPANY)
    call, driver = await night.request(options=(Option.BUSINESS,), business=on), await night.driver()
    offer = await night.offer(call.id, driver)
    await night.accept(offer.id, driver)
    await night.arrive(call.id, driver)
    await night.start(call.id, driver)
    await night.complete(call.id, driver)
    await bank.till.react(call.id)
    return call


async def month(bank: Bank, account_id: UUID, first: date = NOVEMBER) -> BusinessStatement:
    async with bank.till.night.transaction() as tx:
        return await statements.of_account(tx, bank.company, account_id, first)


async def pay(bank: Bank, account_id: UUID, amount: int, first: date = NOVEMBER, reference: str = "") -> UUID:
    async with bank.till.deed() as deed:
        return await payments.receipts.settle_month(deed, account_id, first, amount, reference or uuid4().hex)


@pytest.mark.rule("I-049")
async def test_each_line_is_explained(bank: Bank) -> None:
    await bank.till.write(PremiumPolicy(own_won=1_500))
    ride = await bank.till.driven(Payment.CASH)
    driver = ride.driver_id
    assert driver is not None
    await bank.put_account(driver)
    await bank.top_up(driver, 40_000)
    payout = await bank.withdraw(driver, 20_000)
    await bank.end(payout.id, PayoutOutcome.RETURNED)
    found = await bank.statement(driver)
    (day,) = found.days
    told = [(what_of(line), line.amount, line.number) for line in day.lines]
    assert told == [
        (LineWhat.FARE, FARE - COMMISSION - 1_500, ride.number),
        (LineWhat.CASH, -FARE, ride.number),
        (LineWhat.TOP_UP_BANK, 40_000, None),
        (LineWhat.PAYOUT, -20_000, None),
        (LineWhat.PAYOUT_RETURNED, 20_000, None),
    ]
    fare = day.lines[0]
    assert (fare.fare, fare.commission, fare.commission_percent, fare.premium) == (FARE, COMMISSION, 20, 1_500)
    assert (found.opening, found.closing, day.change, day.closing) == (0, 33_500, 33_500, 33_500)
    assert found.closing == (await bank.balance(driver)).won


@pytest.mark.rule("I-020", "I-049")
async def test_a_fare_that_was_adjusted_is_taken_back_and_booked_anew(bank: Bank) -> None:
    ride = await bank.till.driven(Payment.CASH)
    assert ride.driver_id is not None
    await bank.till.adjust(ride.id, 30_000)
    lines = list((await bank.statement(ride.driver_id)).lines())
    assert [what_of(line) for line in lines] == [
        LineWhat.FARE,
        LineWhat.CASH,
        LineWhat.CASH_UNDONE,
        LineWhat.FARE_UNDONE,
        LineWhat.FARE,
        LineWhat.CASH,
    ]
    assert [line.amount for line in lines] == [NET, -FARE, FARE, -NET, 24_000, -30_000]
    undone = lines[3]
    assert (undone.fare, undone.commission, undone.premium) == (-FARE, -COMMISSION, 0)
    for line in lines:
        if line.fare and what_of(line) in (LineWhat.FARE, LineWhat.FARE_UNDONE):
            assert line.fare - line.commission - line.premium == line.amount


async def test_days_are_korean_and_each_ends_with_its_balance(bank: Bank) -> None:
    driver, night = await bank.driver(), bank.till.night
    night.clock.advance_to(datetime(2026, 11, 30, 14, 59, tzinfo=UTC))  # 23:59 in Korea
    await bank.top_up(driver, 10_000)
    night.clock.advance_to(datetime(2026, 11, 30, 15, 0, tzinfo=UTC))
    await bank.top_up(driver, 20_000)
    night.later(days=2)
    await bank.top_up(driver, 5_000)
    whole = await bank.statement(driver, date(2026, 11, 1), date(2026, 12, 31))
    assert [(day.day, day.change, day.closing) for day in whole.days] == [
        (date(2026, 11, 30), 10_000, 10_000),
        (date(2026, 12, 1), 20_000, 30_000),
        (date(2026, 12, 3), 5_000, 35_000),
    ]
    december = await bank.statement(driver, date(2026, 12, 1), date(2026, 12, 2))
    assert (december.opening, december.closing, len(december.days)) == (10_000, 30_000, 1)
    quiet = await bank.statement(driver, date(2026, 12, 10), date(2026, 12, 12))
    assert (quiet.opening, quiet.closing, quiet.days) == (35_000, 35_000, ())


async def test_another_companys_driver_has_no_statement_here(bank: Bank) -> None:
    for nobody in (uuid4(), bank.company):
        async with bank.till.night.transaction() as tx:
            with pytest.raises(DriverNotFound):
                await statements.of_driver(tx, bank.company, nobody, bank.today, bank.today)


async def test_a_business_account_owes_its_month_and_pays_it_whole(bank: Bank) -> None:
    company = await account(bank)
    rides = [await ride_on(bank, company) for _ in range(3)]
    found = await month(bank, company)
    assert [ride.number for ride in found.rides] == [ride.number for ride in rides]
    assert (found.total, found.due, found.receipts) == (3 * FARE, 3 * FARE, ())
    assert (found.rides[0].origin, found.rides[0].destination) == ("강남역", "잠실역")
    for wrong in (0, -1, 3 * FARE - 1, 10**15):
        with pytest.raises(MonthAmountDiffers) as refusal:
            await pay(bank, company, wrong)
        assert refusal.value.facts == {"due_won": 3 * FARE}
    await pay(bank, company, 3 * FARE, reference="B-77")
    found = await month(bank, company)
    assert (found.due, {ride.state for ride in found.rides}) == (0, {BillState.PAID})
    assert [(one.reference, one.amount, one.purpose) for one in found.receipts] == [
        ("B-77", 3 * FARE, ReceiptPurpose.ACCOUNT)
    ]
    totals = await bank.till.totals()
    assert (totals[Account.BANK], totals.get(Account.BUSINESS)) == (3 * FARE, None)
    with pytest.raises(MonthNotDue):
        await pay(bank, company, 3 * FARE)
    async with bank.till.night.database.reading() as tx:
        history = await payments.bill_history(tx, bank.company, rides[0].id)
    assert history[-1].data == {"amount": FARE, "how": "statement"}


async def test_months_are_korean_and_apart(bank: Bank) -> None:
    company, night = await account(bank), bank.till.night
    night.clock.advance_to(datetime(2026, 11, 30, 14, 59, 59, tzinfo=UTC))
    await ride_on(bank, company)
    night.clock.advance_to(datetime(2026, 11, 30, 15, 0, tzinfo=UTC))
    await ride_on(bank, company)
    await ride_on(bank, company)
    await pay(bank, company, FARE)
    async with night.transaction() as tx:
        months = await statements.months_of(tx, bank.company, company)
        ((known, standing),) = await statements.accounts(tx, bank.company, month=date(2026, 12, 1))
    assert [(one.first, one.rides, one.total, one.due) for one in months] == [
        (date(2026, 12, 1), 2, 2 * FARE, 2 * FARE),
        (date(2026, 11, 1), 1, FARE, 0),
    ]
    assert (known.id, standing.rides, standing.total, standing.due) == (company, 2, 2 * FARE, 2 * FARE)


async def test_what_is_not_ours_or_not_owed_is_not_paid(bank: Bank) -> None:
    company = await account(bank)
    with pytest.raises(MonthNotDue):
        await pay(bank, company, FARE)
    for nobody in (uuid4(), bank.company):
        with pytest.raises(BusinessNotFound):
            await pay(bank, nobody, FARE)
        with pytest.raises(BusinessNotFound):
            await month(bank, nobody)
    await ride_on(bank, company)
    await bank.top_up(await bank.driver(), 5_000, "B-1")
    with pytest.raises(BankReferenceUsed):
        await pay(bank, company, FARE, reference="B-1")
    with pytest.raises(ReasonMissing):
        await pay(bank, company, FARE, reference="   ")
    assert (await month(bank, company)).due == FARE


async def test_a_month_that_two_pay_at_once_is_paid_once(busy_bank: Bank) -> None:
    for turn in range(5):
        company = await account(busy_bank, f"상사 {turn}")
        await ride_on(busy_bank, company)
        paid = await at_once(*(pay(busy_bank, company, FARE) for _ in range(2)))
        assert MonthNotDue in paid
        assert len((await month(busy_bank, company)).receipts) == 1


DEEDS = st.lists(
    st.sampled_from(["card", "cash", "cash_unpaid", "adjust", "top_up", "withdraw", "send", "pay", "return", "day"]),
    min_size=1,
    max_size=9,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS, amount=st.integers(10_000, 60_000))
async def test_the_sum_of_a_statement_is_the_balance_whatever_happened(
    bank: Bank, deeds: list[str], amount: int
) -> None:
    night = bank.till.night
    first, people, rides = bank.today, {await bank.driver(30_000)}, []
    for deed in deeds:
        driver = sorted(people)[0]
        payout = next((one for one in await bank.payouts(driver) if one.ended_at is None), None)
        match deed:
            case "card" | "cash" | "cash_unpaid":
                payment = Payment.CARD if deed == "card" else Payment.CASH
                ride = await bank.till.driven(payment, cash_received=False if deed == "cash_unpaid" else None)
                rides.append(ride.id)
                people.add(ride.driver_id)
            case "adjust" if rides:
                await at_once(bank.till.adjust(rides[-1], amount))
            case "top_up":
                await bank.top_up(driver, amount)
            case "withdraw":
                await at_once(bank.withdraw(driver, amount))
            case "send":
                await at_once(bank.send())
            case "pay" | "return" if payout is not None:
                outcome = PayoutOutcome.PAID if deed == "pay" else PayoutOutcome.RETURNED
                await at_once(bank.end(payout.id, outcome))
            case "day":
                night.later(days=1)
    for driver in people:
        found = await bank.statement(driver, first, bank.today)
        known = await bank.balance(driver)
        assert found.closing == known.won == sum(await bank.lines(driver))
        assert found.closing - found.opening == sum(line.amount for line in found.lines())
        by_day = [await bank.statement(driver, day, day) for day in _days(first, bank.today)]
        assert by_day[-1].closing == known.won
        assert all(before.closing == after.opening for before, after in pairwise(by_day))
    await bank.till.totals()


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
