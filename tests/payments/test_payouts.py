"""Withdrawals: debited once, sent once, ended once; whatever is asked at the same instant or made up."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.payments.bank import KOREAN_BANK, Bank, at_once
from tests.payments.factories import FARE, NET, Till

from daeri.companies import api as companies
from daeri.companies.model import CreateCompany
from daeri.drivers.model import DriverNotFound
from daeri.infra.keys import KeyRing, SealBroken, new_keys, reseal
from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Payment
from daeri.payments import api as payments
from daeri.payments.lifecycle import PayoutStep, next_payout_state
from daeri.payments.model import Account, AmountInvalid, ReasonMissing
from daeri.payments.payout_model import (
    BankAccountHeld,
    BankAccountInvalid,
    BankAccountMissing,
    BankReferenceUsed,
    GivenAccount,
    NothingToPayOut,
    NotYetDriver,
    Payout,
    PayoutAmountDiffers,
    PayoutEnded,
    PayoutFileNotFound,
    PayoutNotFound,
    PayoutNotSent,
    PayoutOpen,
    PayoutOutcome,
    PayoutState,
    PayoutTooLittle,
    PayoutTooMuch,
)

PAID, RETURNED = PayoutOutcome.PAID, PayoutOutcome.RETURNED
HUGE = 10**15
ROUNDS = 8


@pytest.fixture
def bank(till: Till) -> Bank:
    return Bank(till)


@pytest.fixture
def busy_bank(crowd: Till) -> Bank:
    """The same, where every command hesitates before each of its statements."""
    return Bank(crowd)


async def other_company(bank: Bank) -> Bank:
    night = bank.till.night
    async with night.transaction() as tx:
        made = await companies.create(
            tx, CreateCompany("saebyeok", "새벽대리", "Saebyeok"), now=night.clock.now(), ids=night.ids
        )
    return Bank(Till(type(night)(night.database, CompanyId(made.id), night.clock, night.ids)), bank.ring)


def test_the_table_of_a_payouts_life() -> None:
    leads = {}
    for state in PayoutState:
        for step in PayoutStep:
            try:
                leads[state, step] = next_payout_state(state, step)
            except (PayoutNotSent, PayoutEnded) as refusal:
                leads[state, step] = type(refusal)
    assert leads == {
        (PayoutState.REQUESTED, PayoutStep.SEND): PayoutState.SENT,
        (PayoutState.REQUESTED, PayoutStep.PAY): PayoutNotSent,
        (PayoutState.REQUESTED, PayoutStep.RETURN): PayoutNotSent,
        (PayoutState.REQUESTED, PayoutStep.TURN_DOWN): PayoutState.RETURNED,
        (PayoutState.SENT, PayoutStep.PAY): PayoutState.PAID,
        (PayoutState.SENT, PayoutStep.RETURN): PayoutState.RETURNED,
        **{(PayoutState.SENT, step): PayoutEnded for step in (PayoutStep.SEND, PayoutStep.TURN_DOWN)},
        **{(state, step): PayoutEnded for state in (PayoutState.PAID, PayoutState.RETURNED) for step in PayoutStep},
    }


async def test_a_withdrawal_from_the_request_to_the_bank(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    payout = await bank.withdraw(driver, 30_000)
    assert (payout.state, payout.number_masked, payout.holder) == (PayoutState.REQUESTED, "********6789", "김민준")
    assert (await bank.balance(driver)).won == 20_000
    assert await bank.till.totals() == {Account.BANK: 50_000, Account.DRIVER: -20_000, Account.PAYOUTS: -30_000}
    file = await bank.send()
    assert (file.payouts, file.total) == (1, 30_000)
    (transfer,) = await bank.read(file.id)
    assert (transfer.bank, transfer.number, transfer.holder) == ("088", "110123456789", "김민준")
    assert (transfer.payout_id, transfer.amount) == (payout.id, 30_000)
    assert "110123456789" not in repr(transfer)
    ended = await bank.end(payout.id, PAID)
    assert (ended.state, ended.reference) == (PayoutState.PAID, "B-1")
    assert await bank.till.totals() == {Account.BANK: 20_000, Account.DRIVER: -20_000}


async def test_what_the_bank_returns_is_the_drivers_again(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    payout = await bank.sent(driver, 50_000)
    assert (await bank.balance(driver)).won == 0
    await bank.end(payout.id, RETURNED, "예금주 불일치")
    assert (await bank.balance(driver)).won == 50_000
    assert await bank.till.totals() == {Account.BANK: 50_000, Account.DRIVER: -50_000}
    again = await bank.withdraw(driver, 50_000)
    assert again.id != payout.id


async def test_staff_turn_down_what_no_file_has_taken(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    payout = await bank.withdraw(driver, 20_000)
    with pytest.raises(PayoutNotSent):
        await bank.end(payout.id, PAID)
    turned_down = await bank.end(payout.id, RETURNED, "계좌 확인 필요")
    assert (turned_down.state, turned_down.file_id) == (PayoutState.RETURNED, None)
    assert (await bank.balance(driver)).won == 50_000
    with pytest.raises(NothingToPayOut):
        await bank.send()


async def test_who_was_never_approved_withdraws_nothing(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    for status, is_paid in (("applied", False), ("refused", False), ("suspended", True)):
        async with bank.till.night.transaction() as tx:
            await tx.execute("UPDATE drivers SET status = $2, duty = 'off' WHERE id = $1", driver, status)
        if is_paid:
            await bank.withdraw(driver, 10_000)
        else:
            with pytest.raises(NotYetDriver) as refusal:
                await bank.withdraw(driver, 10_000)
            assert refusal.value.facts == {"status": status}


@pytest.mark.parametrize("amount", [0, -1, -HUGE, 9_999])
async def test_too_little_is_refused(bank: Bank, amount: int) -> None:
    driver = await bank.driver(50_000)
    with pytest.raises(PayoutTooLittle) as refusal:
        await bank.withdraw(driver, amount)
    assert refusal.value.facts == {"minimum_won": 10_000}
    assert await bank.lines(driver) == [50_000]


@pytest.mark.parametrize("amount", [50_001, HUGE, 2**63 - 1])
async def test_too_much_is_refused(bank: Bank, amount: int) -> None:
    driver = await bank.driver(50_000)
    with pytest.raises(PayoutTooMuch) as refusal:
        await bank.withdraw(driver, amount)
    assert refusal.value.facts == {"payable_won": 50_000}
    assert await bank.lines(driver) == [50_000]


async def test_what_must_stay_on_the_balance_cannot_be_withdrawn(bank: Bank) -> None:
    await bank.rule(minimum_won=15_000)
    driver = await bank.driver(50_000)
    assert (await bank.balance(driver)).payable_won == 35_000
    with pytest.raises(PayoutTooMuch):
        await bank.withdraw(driver, 35_001)
    await bank.withdraw(driver, 35_000)
    assert not await bank.is_short(driver)


async def test_without_an_account_or_beside_another_payout_nothing_goes(bank: Bank) -> None:
    driver = await bank.driver(50_000, has_account=False)
    with pytest.raises(BankAccountMissing):
        await bank.withdraw(driver, 10_000)
    await bank.put_account(driver)
    await bank.withdraw(driver, 10_000)
    with pytest.raises(PayoutOpen) as refusal:
        await bank.withdraw(driver, 10_000)
    assert refusal.value.facts == {"amount_won": 10_000}
    await bank.send()
    with pytest.raises(PayoutOpen):
        await bank.withdraw(driver, 10_000)
    assert await bank.lines(driver) == [50_000, -10_000]


async def test_who_changed_the_account_waits_for_the_next_payout(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    changed = await bank.put_account(driver, GivenAccount("004", "999 999 99 999999", "김민준"))
    with pytest.raises(BankAccountHeld) as refusal:
        await bank.withdraw(driver, 10_000)
    assert refusal.value.facts == {"until": (changed.changed_at + timedelta(hours=24)).isoformat()}
    assert await bank.lines(driver) == [50_000]
    bank.till.night.later(hours=24)
    assert (await bank.withdraw(driver, 10_000)).number_masked == changed.number_masked


async def test_a_company_may_pay_out_at_once_to_another_account(bank: Bank) -> None:
    await bank.rule(account_hold_hours=0)
    driver = await bank.driver(50_000)
    await bank.put_account(driver, GivenAccount("004", "999 999 99 999999", "김민준"))
    await bank.withdraw(driver, 10_000)


async def test_the_same_account_again_is_no_change(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    again = await bank.put_account(driver, GivenAccount("088", "110 123 456789", "김 민준"))
    assert (again.version, again.holder) == (1, "김 민준")
    assert (await bank.withdraw(driver, 10_000)).holder == "김 민준"


async def test_a_payout_goes_where_it_was_to_go(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    await bank.withdraw(driver, 10_000)
    changed = await bank.put_account(driver, GivenAccount("004", "999 999 99 999999", "다른 사람"))
    assert (changed.version, changed.number_masked) == (2, "**********9999")
    (transfer,) = await bank.read((await bank.send()).id)
    assert (transfer.bank, transfer.number) == ("088", "110123456789")


@pytest.mark.parametrize(
    ("given_account", "wrong"),
    [
        (GivenAccount("999", KOREAN_BANK.number, "김"), "bank"),
        (GivenAccount("", KOREAN_BANK.number, "김"), "bank"),
        *((GivenAccount("088", number, "김"), "number") for number in ("", "1234567", "1" * 17, "abc", "١١١١١١١١١١")),
        *((GivenAccount("088", KOREAN_BANK.number, holder), "holder") for holder in ("", "  ", "가" * 41)),
    ],
)
async def test_an_account_that_cannot_be_one_is_refused(bank: Bank, given_account: GivenAccount, wrong: str) -> None:
    driver = await bank.driver(has_account=False)
    with pytest.raises(BankAccountInvalid) as refusal:
        await bank.put_account(driver, given_account)
    assert refusal.value.facts == {"field": wrong}
    assert await bank.account(driver) is None


async def test_numbers_are_sealed_and_a_new_key_reaches_them(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    payout = await bank.withdraw(driver, 10_000)
    file = await bank.send()
    async with bank.till.night.database.reading() as tx:
        sealed = await tx.value("SELECT number_sealed FROM payouts WHERE id = $1", payout.id)
        shown = await tx.value("SELECT row_to_json(p)::text FROM payouts p WHERE id = $1", payout.id)
    assert b"110123456789" not in sealed
    assert "110123456789" not in shown
    keys = bank.ring.keys
    newer = KeyRing(type(keys)(2, {**keys.sealing, 2: new_keys().sealing[1]}, keys.hashing, keys.signing))
    done = await reseal(bank.till.night.database, newer, payments.payouts.SEALED_COLUMNS)
    assert sum(done.values()) == 2
    retired = KeyRing(type(keys)(2, {2: newer.keys.sealing[2]}, keys.hashing, keys.signing))
    (transfer,) = await Bank(bank.till, retired).read(file.id)
    assert transfer.number == "110123456789"
    with pytest.raises(SealBroken):
        await bank.read(file.id)


async def test_nothing_of_another_company_is_paid_read_or_ended(bank: Bank) -> None:
    theirs = await other_company(bank)
    driver = await theirs.driver(50_000)
    payout = await theirs.withdraw(driver, 10_000)
    file = await theirs.send()
    with pytest.raises(PayoutFileNotFound):
        await bank.read(file.id)
    for outcome in PayoutOutcome:
        with pytest.raises(PayoutNotFound):
            await bank.end(payout.id, outcome)
        with pytest.raises(PayoutNotFound):
            await bank.hear(payout.id, outcome)
    with pytest.raises(NothingToPayOut):
        await bank.send()
    with pytest.raises(DriverNotFound):
        await bank.withdraw(driver, 10_000)
    assert await bank.payouts(driver) == []
    assert (await theirs.get(payout.id)).state is PayoutState.SENT


async def test_the_bank_says_it_again_and_nothing_changes(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    payout = await bank.sent(driver, 20_000)
    assert (await bank.hear(payout.id, PAID, 20_000))[1] is True
    books, lines = await bank.till.totals(), await bank.lines(driver)
    for _ in range(3):
        ended, is_news = await bank.hear(payout.id, PAID, 20_000)
        assert (ended.state, is_news) == (PayoutState.PAID, False)
    with pytest.raises(PayoutEnded) as refusal:
        await bank.hear(payout.id, RETURNED)
    assert refusal.value.facts == {"state": "paid"}
    with pytest.raises(PayoutEnded):
        await bank.end(payout.id, PAID)
    assert (await bank.till.totals(), await bank.lines(driver)) == (books, lines)


async def test_the_bank_speaks_too_early_or_of_another_amount(bank: Bank) -> None:
    driver = await bank.driver(50_000)
    payout = await bank.withdraw(driver, 20_000)
    for outcome in PayoutOutcome:
        with pytest.raises(PayoutNotSent):
            await bank.hear(payout.id, outcome)
    await bank.send()
    for amount in (0, 19_999, HUGE):
        with pytest.raises(PayoutAmountDiffers):
            await bank.hear(payout.id, PAID, amount)
    with pytest.raises(PayoutNotFound):
        await bank.hear(uuid4(), PAID)
    assert (await bank.get(payout.id)).state is PayoutState.SENT


async def test_two_withdrawals_at_once_debit_once(busy_bank: Bank) -> None:
    for _ in range(ROUNDS):
        driver = await busy_bank.driver(50_000)
        outcome = await at_once(busy_bank.withdraw(driver, 50_000), busy_bank.withdraw(driver, 50_000))
        assert sorted(isinstance(one, Payout) for one in outcome) == [False, True]
        assert PayoutOpen in outcome
        assert await busy_bank.lines(driver) == [50_000, -50_000]
    await busy_bank.till.totals()


async def test_a_withdrawal_beside_a_cash_ride_never_takes_what_commission_needs(busy_bank: Bank) -> None:
    """Commission comes out of the balance either before the withdrawal, which is then too much, or after it."""
    seen = set()
    for _ in range(ROUNDS):
        call, driver = await busy_bank.till.assigned(Payment.CASH)
        await busy_bank.put_account(driver)
        await busy_bank.top_up(driver, 20_000)
        await busy_bank.till.night.arrive(call.id, driver)
        await busy_bank.till.night.start(call.id, driver)
        await busy_bank.till.night.complete(call.id, driver)
        outcome = await at_once(busy_bank.withdraw(driver, 20_000), busy_bank.till.react(call.id))
        lines = await busy_bank.lines(driver)
        assert sum(lines) == (await busy_bank.balance(driver)).won
        seen.add(outcome[0] if isinstance(outcome[0], type) else Payout)
        if isinstance(outcome[0], Payout):
            assert sorted(lines) == sorted([20_000, -20_000, NET, -FARE])
        else:
            assert outcome[0] is PayoutTooMuch
            assert lines == [20_000, NET, -FARE]
    await busy_bank.till.totals()
    assert seen <= {Payout, PayoutTooMuch}


@pytest.mark.parametrize("second", list(PayoutOutcome))
async def test_a_payouts_outcome_twice_at_once_is_booked_once(busy_bank: Bank, second: PayoutOutcome) -> None:
    for _ in range(ROUNDS):
        driver = await busy_bank.driver(30_000)
        payout = await busy_bank.sent(driver, 30_000)
        heard = await at_once(busy_bank.hear(payout.id, PAID), busy_bank.hear(payout.id, second))
        news = [one[1] for one in heard if isinstance(one, tuple)]
        assert news.count(True) == 1
        if second is RETURNED:
            assert PayoutEnded in heard
        lines, state = await busy_bank.lines(driver), (await busy_bank.get(payout.id)).state
        assert lines == ([30_000, -30_000] if state is PayoutState.PAID else [30_000, -30_000, 30_000])
        assert (await busy_bank.till.totals()).get(Account.PAYOUTS) is None


async def test_two_files_at_once_take_each_payout_once(busy_bank: Bank) -> None:
    for _ in range(ROUNDS):
        drivers = [await busy_bank.driver(10_000) for _ in range(3)]
        payouts = [await busy_bank.withdraw(driver, 10_000) for driver in drivers]
        made = await at_once(busy_bank.send(), busy_bank.send())
        assert NothingToPayOut in made
        (file,) = [one for one in made if not isinstance(one, type)]
        assert file.payouts == 3
        assert {transfer.payout_id for transfer in await busy_bank.read(file.id)} == {one.id for one in payouts}


async def test_an_outcome_beside_the_next_withdrawal_ends_in_order(busy_bank: Bank) -> None:
    """Neither waits for the other for ever, and whatever comes first, no won is lost."""
    for _ in range(ROUNDS):
        driver = await busy_bank.driver(30_000)
        payout = await busy_bank.sent(driver, 20_000)
        outcome = await at_once(busy_bank.hear(payout.id, RETURNED), busy_bank.withdraw(driver, 10_000))
        assert outcome[1] is PayoutOpen or isinstance(outcome[1], Payout)
        left = 30_000 - (10_000 if isinstance(outcome[1], Payout) else 0)
        assert (await busy_bank.balance(driver)).won == left
        assert sum(await busy_bank.lines(driver)) == left


async def test_money_from_the_bank_is_taken_once(bank: Bank) -> None:
    driver, other = await bank.driver(), await bank.driver()
    await bank.top_up(driver, 30_000, "20261122-0001")
    for again in (driver, other):
        with pytest.raises(BankReferenceUsed):
            await bank.top_up(again, 30_000, " 20261122-0001 ")
    assert (await bank.lines(driver), await bank.lines(other)) == ([30_000], [])
    theirs = await other_company(bank)  # whose bank counts for itself
    await theirs.top_up(await theirs.driver(), 30_000, "20261122-0001")


@pytest.mark.parametrize("amount", [0, -1, 999, 1_000_001, HUGE, -HUGE])
async def test_a_top_up_that_cannot_be_meant_is_refused(bank: Bank, amount: int) -> None:
    driver = await bank.driver()
    with pytest.raises(AmountInvalid):
        await bank.top_up(driver, amount)
    for reference in ("   ", "x" * 101):
        with pytest.raises(ReasonMissing):
            await bank.top_up(driver, 30_000, reference)
    assert await bank.lines(driver) == []


async def test_one_reference_twice_at_once_is_one_top_up(busy_bank: Bank) -> None:
    for turn in range(ROUNDS):
        driver = await busy_bank.driver()
        made = await at_once(*(busy_bank.top_up(driver, 10_000, f"R-{turn}") for _ in range(2)))
        assert BankReferenceUsed in made
        assert await busy_bank.lines(driver) == [10_000]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["top_up", "withdraw", "send", "pay", "return", "hear_paid", "hear_returned"]),
        st.sampled_from([-1, 0, 1_000, 9_999, 10_000, 30_000, 100_000, HUGE]),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_whatever_is_asked_in_whatever_order_no_won_is_lost(bank: Bank, steps: list[tuple[str, int]]) -> None:
    driver = await bank.driver()
    expected = 0
    for what, amount in steps:
        open_one = next((one for one in await bank.payouts(driver) if one.ended_at is None), None)
        deeds = {
            "top_up": lambda amount=amount: bank.top_up(driver, amount),
            "withdraw": lambda amount=amount: bank.withdraw(driver, amount),
            "send": bank.send,
        }
        if open_one is not None:
            deeds |= {
                "pay": lambda one=open_one: bank.end(one.id, PAID),
                "return": lambda one=open_one: bank.end(one.id, RETURNED),
                "hear_paid": lambda one=open_one: bank.hear(one.id, PAID),
                "hear_returned": lambda one=open_one: bank.hear(one.id, RETURNED, one.amount),
            }
        if what not in deeds:
            continue
        (done,) = await at_once(deeds[what]())
        if isinstance(done, type):
            continue
        back = 0 if open_one is None else open_one.amount
        expected += {"top_up": amount, "withdraw": -amount, "return": back, "hear_returned": back}.get(what, 0)
        assert (await bank.balance(driver)).won == expected == sum(await bank.lines(driver))
        assert expected >= 0
        totals = await bank.till.totals()  # which sum to zero, or this fails
        under_way = [one.amount for one in await bank.payouts(driver) if one.ended_at is None]
        assert -totals.get(Account.PAYOUTS, 0) >= sum(under_way)
