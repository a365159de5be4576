"""What the end of a drive leaves: a run by the records of its end, a premium by the kind of call, score and points."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from tests.dispatch.factories import make_company
from tests.insurance.factories import Insured
from tests.payments.factories import COMMISSION, FARE, NET, Till

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.drivers import api as drivers
from daeri.drivers.model import DriverDay, Earnings, Run
from daeri.infra.keys import KeyRing, new_keys
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Payment, Service, Source
from daeri.payments import api as payments
from daeri.payments import tasks
from daeri.payments.model import Account, BillKind, BillState, ClaimReason
from daeri.policies import api as policies
from daeri.policies.model import EVERYONE, Policy, Scope
from daeri.pricing.model import CommissionPolicy, PremiumPolicy
from daeri.rewards import api as rewards
from daeri.rewards.model import Reward, RewardPolicy

DAY = date(2026, 11, 22)
PREMIUMS = PremiumPolicy(affiliate_won=700)
FLAT = RewardPolicy(base_score=4, slots=(), points_per_run=10)


@pytest.fixture
def insured(till: Till) -> Insured:
    return Insured(till.night, KeyRing(new_keys()))


async def _write(till: Till, policy: Policy, scope: Scope = EVERYONE) -> int:
    async with till.night.transaction() as tx:
        now, ids = till.night.clock.now(), till.night.ids
        return (await policies.write(tx, till.night.company, policy, now=now, ids=ids, scope=scope)).version


async def _runs(till: Till, driver: UUID, day: date = DAY) -> list[Run]:
    async with till.night.database.reading() as tx:
        return await drivers.runs_of_day(tx, till.night.company, driver, day)


async def _rewards(till: Till, driver: UUID) -> tuple[Reward, ...]:
    async with till.night.database.reading() as tx:
        return (await rewards.history(tx, till.night.company, driver)).items


async def _settled(till: Till, call: Call, driver: DriverId) -> tuple[Run, Reward]:
    """The one run and the one award that a completed call left."""
    await till.react(call.id)
    (run,) = await _runs(till, driver)
    (reward,) = await _rewards(till, driver)
    assert run.call_id == reward.call_id == call.id
    return run, reward


def _driver_of(call: Call) -> DriverId:
    assert call.driver_id is not None
    return call.driver_id


async def test_the_policy_of_the_end_holds_and_its_version_is_kept(till: Till) -> None:
    version = await _write(till, CommissionPolicy(percent=10))
    premium = await _write(till, PremiumPolicy(own_won=300))
    call, driver = await till.assigned()
    for step in (till.night.arrive, till.night.start, till.night.complete):
        await step(call.id, driver)
    till.night.later(seconds=1)
    await _write(till, CommissionPolicy(percent=90))
    for _ in range(2):  # an event may come again
        await till.react(call.id)
    (run,) = await _runs(till, driver)
    assert (run.fare, run.commission, run.premium, run.net) == (FARE, 2_500, 300, 22_200)
    assert (run.commission_version, run.premium_version) == (version, premium)
    assert (run.kind, run.payment, run.number, run.is_drive) == ("own", "card", call.number, True)


async def test_a_region_may_have_a_commission_of_its_own(till: Till) -> None:
    await _write(till, CommissionPolicy(percent=10))
    await _write(till, CommissionPolicy(percent=30), Scope(region="11680"))
    await _write(till, CommissionPolicy(percent=50), Scope(region="11680", service=Service.VIP))
    call = await till.driven()
    (run,) = await _runs(till, _driver_of(call))
    assert run.commission == 7_500


async def test_days_add_up(till: Till) -> None:
    driver = _driver_of(await till.driven())
    async with till.night.database.reading() as tx:
        company = till.night.company
        found = await drivers.earnings(tx, company, driver, since=DAY, until=DAY)
        assert found == [Earnings(DAY, 1, Won(FARE), Won(COMMISSION), Won(0), Won(NET))]
        assert await drivers.days(tx, company, driver, since=date(2026, 11, 1)) == [DriverDay(DAY, 1, Won(FARE))]
        assert await drivers.days(tx, company, driver, since=date(2026, 11, 23)) == []
        stranger, nobody = CompanyId(till.night.ids.new()), DriverId(till.night.ids.new())
        assert await drivers.earnings(tx, stranger, driver, since=DAY, until=DAY) == []
        assert await drivers.days(tx, stranger, driver, since=DAY) == []
        assert await drivers.runs_of_day(tx, company, nobody, DAY) == []


@pytest.mark.parametrize(
    ("ends", "day"),
    [
        (datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC), DAY),
        (datetime(2026, 11, 22, 15, 0, tzinfo=UTC), DAY + timedelta(days=1)),  # midnight in Korea
    ],
)
async def test_a_run_counts_on_the_korean_day_on_which_it_ended(till: Till, ends: datetime, day: date) -> None:
    call, driver = await till.assigned()
    for step in (till.night.arrive, till.night.start):
        await step(call.id, driver)
    till.night.clock.advance_to(ends)
    await till.night.complete(call.id, driver)
    await till.react(call.id)
    async with till.night.database.reading() as tx:
        (kept,) = await drivers.days(tx, till.night.company, driver, since=date(2026, 11, 1))
    assert (kept.day, kept.runs) == (day, 1)
    assert len(await _runs(till, driver, day)) == 1


async def test_a_day_sums_what_drives_came_to_cost(till: Till) -> None:
    call, driver = await till.assigned()
    for step in (till.night.arrive, till.night.start):
        await step(call.id, driver)
    async with till.night.transaction() as tx:
        now, ids = till.night.clock.now(), till.night.ids
        await calls.complete(tx, call.id, till.night.company, driver, now=now, ids=ids, final_amount=Won(27_000))
    await till.react(call.id)
    async with till.night.database.reading() as tx:
        (kept,) = await drivers.days(tx, till.night.company, driver, since=DAY)
    assert kept.fares == 27_000


# --- premium by kind of call


@pytest.mark.rule("I-059")
async def test_an_own_calls_premium_is_what_the_record_says_and_nothing_without_one(till: Till) -> None:
    first = await till.driven()
    (run,) = await _runs(till, _driver_of(first))
    assert (run.kind, run.premium, run.premium_version) == ("own", 0, 0)
    version = await _write(till, PremiumPolicy(own_won=500))
    second = await till.driven()
    (run,) = await _runs(till, _driver_of(second))
    assert (run.premium, run.net, run.premium_version) == (500, NET - 500, version)
    assert (await till.totals())[Account.PREMIUM] == -500


@pytest.mark.rule("R-022")
async def test_a_phone_calls_premium_is_supported(till: Till, insured: Insured) -> None:
    await _write(till, PREMIUMS)
    call, driver = await insured.ordered(Source.PHONE)
    await insured.drive(call, driver)
    run, _ = await _settled(till, call, driver)
    assert (run.kind, run.premium, run.net) == ("phone", 0, NET)
    assert Account.PREMIUM not in await till.totals()


@pytest.mark.rule("R-025")
async def test_an_affiliate_calls_premium_is_deducted_where_the_record_says_so(till: Till, insured: Insured) -> None:
    await _write(till, PREMIUMS)
    call, driver = await insured.ordered(Source.AFFILIATE)
    await insured.drive(call, driver)
    run, _ = await _settled(till, call, driver)
    assert (run.kind, run.premium, run.net) == ("affiliate", 700, NET - 700)
    assert await till.totals() == {
        Account.ORDERER: FARE,
        Account.DRIVER: 700 - NET,
        Account.COMMISSION: -COMMISSION,
        Account.PREMIUM: -700,
    }


@pytest.mark.rule("R-025", "R-022")
async def test_one_partners_two_grades_are_settled_each_by_its_own(till: Till, insured: Insured) -> None:
    await _write(till, PREMIUMS)
    async with till.night.transaction() as tx:
        partner = await make_company(tx, till.night.ids, "saebyeok")
    premiums = {}
    for source in (Source.PHONE, Source.AFFILIATE):
        call, driver = await insured.ordered(source, partner)
        await insured.drive(call, driver)
        run, _ = await _settled(till, call, driver)
        premiums[run.kind] = run.premium
    assert premiums == {"phone": 0, "affiliate": 700}


@pytest.mark.rule("R-026")
async def test_a_consigned_drive_is_insured_by_the_partner_and_costs_its_driver_no_premium_of_ours(
    till: Till, insured: Insured
) -> None:
    await _write(till, PremiumPolicy(own_won=500, affiliate_won=700))
    call, driver = await insured.consigned()
    await insured.drive(call, driver)
    run, reward = await _settled(till, call, driver)
    assert (run.kind, run.premium) == ("consigned", 0)
    assert (await insured.covers(call.id))[0].source == "partner"
    assert (reward.worth.score, reward.worth.points) == (0, 0)


@pytest.mark.rule("R-027")
async def test_the_same_route_costs_the_customer_the_same_whoever_drives(till: Till, insured: Insured) -> None:
    await _write(till, PremiumPolicy(own_won=500, consigned_won=900))
    own = await till.driven()
    call, driver = await insured.consigned()
    await insured.drive(call, driver)
    await till.react(call.id)
    ours, theirs = await till.bill(own.id), await till.bill(call.id)
    assert (ours.amount, ours.payer, ours.method) == (theirs.amount, theirs.payer, theirs.method)
    assert ours.driver_id != theirs.driver_id
    assert await _owed(till, own) == await _owed(till, call) == FARE


async def _owed(till: Till, call: Call) -> Won:
    async with till.night.database.reading() as tx:
        return await till.lines_of(tx, call.id, Account.CUSTOMER)


# --- score and points


@pytest.mark.rule("R-023", "R-024", "I-049")
async def test_a_phone_call_is_awarded_like_an_own_one_and_an_affiliate_call_is_not(
    till: Till, insured: Insured
) -> None:
    await _write(till, FLAT)
    own = await till.driven()
    (reward,) = await _rewards(till, _driver_of(own))
    phone, by_phone = await insured.ordered(Source.PHONE)
    affiliate, by_affiliate = await insured.ordered(Source.AFFILIATE, phone.orderer_id)
    for call, driver in ((phone, by_phone), (affiliate, by_affiliate)):
        await insured.drive(call, driver, minutes=0)
        await till.react(call.id)
    ((alike,), (nothing,)) = (await _rewards(till, by_phone), await _rewards(till, by_affiliate))
    assert reward.worth == alike.worth
    assert (alike.worth.score, alike.worth.points) == (4, 10)
    assert (nothing.worth.score, nothing.worth.points, nothing.worth.slot) == (0, 0, None)


@pytest.mark.rule("I-010")
@pytest.mark.parametrize("payment", list(Payment))
async def test_a_reconnected_pair_counts_once(till: Till, payment: Payment) -> None:
    await _write(till, PremiumPolicy(own_won=300))
    await _write(till, FLAT)
    for original in (await till.broken_off(payment), await till.driven(payment)):
        await till.drive_on(await till.reconnect(original))
        await till.react(original.id)
        driver = _driver_of(original)
        (run,), (reward,) = await _runs(till, driver), await _rewards(till, driver)
        assert run.call_id == reward.call_id == original.id
        assert (run.premium, reward.worth.score, reward.worth.points) == (300, 4, 10)
    assert (await till.totals())[Account.PREMIUM] == -600


@pytest.mark.rule("I-010")
async def test_the_fee_of_a_customer_who_did_not_come_counts_nothing_until_they_are_driven(till: Till) -> None:
    call, driver = await till.did_not_come(Payment.CASH)
    bill = await till.bill(call.id)
    assert (bill.kind, bill.claim_reason) == (BillKind.NO_SHOW, ClaimReason.NO_SHOW)
    (run,) = await _runs(till, driver)
    assert not run.is_drive
    assert await _rewards(till, driver) == ()
    await till.drive_on(await till.reconnect(call))
    assert [reward.call_id for reward in await _rewards(till, driver)] == [call.id]
    assert await till.open_tasks() == ["unpaid", "adjust"]
    async with till.deed() as deed:
        await payments.correct_cash(deed, call.id, "the driver has the fee", received=True)
    assert await till.open_tasks() == ["adjust"]  # the drive is not billed yet


@pytest.mark.rule("I-010", "I-057")
async def test_who_came_after_all_owes_a_fare_and_no_fee(till: Till) -> None:
    call, _ = await till.did_not_come(Payment.CASH)
    await till.drive_on(await till.reconnect(call))
    await till.adjust(call.id, 25_000)
    bill = await till.bill(call.id)
    assert (bill.kind, bill.state, bill.claim_reason) == (
        *(BillKind.FARE, BillState.CLAIMED, ClaimReason.CASH_NOT_PAID),
    )
    assert await till.open_tasks() == ["unpaid"]


@pytest.mark.rule("I-010")
async def test_an_event_that_comes_twice_at_once_settles_once(till: Till, crowd: Till) -> None:
    call, driver = await crowd.assigned()
    for step in (crowd.night.arrive, crowd.night.start, crowd.night.complete):
        await step(call.id, driver)
    await asyncio.gather(*(crowd.react(call.id) for _ in range(4)), return_exceptions=True)
    await till.react(call.id)
    assert len(await _runs(till, driver)) == len(await _rewards(till, driver)) == 1
    assert (await till.totals())[Account.COMMISSION] == -COMMISSION


@pytest.mark.rule("R-015", "I-049")
async def test_the_score_of_the_hour_in_which_the_call_came_is_awarded(till: Till) -> None:
    """The card said so before it was taken, and what it said holds, however long the drive takes."""
    await _write(till, RewardPolicy())
    call, driver = await till.assigned()  # a Sunday at 23:00
    await till.night.arrive(call.id, driver)
    await till.night.start(call.id, driver)
    till.night.later(hours=4)
    await _write(till, RewardPolicy(base_score=50, slots=()))
    await till.night.complete(call.id, driver)
    await till.react(call.id)
    (reward,) = await _rewards(till, driver)
    shown = rewards.score_of(RewardPolicy(), reward.kind, wanted_at=call.requested_at)
    assert (reward.worth, shown.score) == (shown, 2)


async def _react_and_fail(till: Till, call: Call) -> None:
    async with till.night.transaction() as tx:
        event = (await calls.timeline(tx, till.night.company, call.id))[-1]
        await tasks.settle_drive(tx, event)
        raise RuntimeError


async def test_a_reaction_that_fails_leaves_neither_bill_nor_award(till: Till) -> None:
    call, driver = await till.assigned()
    for step in (till.night.arrive, till.night.start, till.night.complete):
        await step(call.id, driver)
    with pytest.raises(RuntimeError):
        await _react_and_fail(till, call)
    assert await _rewards(till, driver) == ()
    assert (await till.money(call.id)).bill is None
