"""Who owes a ride, how its bill goes on, and what agents may do: pure decisions."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.dispatch.factories import GANGNAM, JAMSIL

from daeri.calls.model import Business, Call, Fare, State
from daeri.customers.model import BusinessId
from daeri.customers.model import Payer as BusinessPayer
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.result import Allowed, Refused
from daeri.kernel.terms import Payment, Service, Source, Timing
from daeri.payments import billing, entries, policy
from daeri.payments.model import (
    AgreedFare,
    Bill,
    BillKind,
    BillState,
    BusinessAdjust,
    ClaimPolicy,
    ClaimReason,
    Method,
    Payer,
    PaymentPolicy,
    Split,
)
from daeri.payments.policy import AdjustRefusal, Course, MoneyFacts, SettleRefusal
from daeri.pricing.model import FarePlan

NOW = datetime(2026, 11, 28, 16, 0, tzinfo=UTC)
OURS, THEIRS = CompanyId(UUID(int=1)), CompanyId(UUID(int=2))
CUSTOMER, DRIVER = CustomerId(UUID(int=3)), DriverId(UUID(int=4))
CALL = Call(
    id=CallId(UUID(int=5)),
    company_id=OURS,
    number="0000000A",
    version=5,
    state=State.COMPLETED,
    source=Source.OWN,
    orderer_id=OURS,
    performer_id=OURS,
    driver_id=DRIVER,
    customer_id=CUSTOMER,
    service=Service.GENERAL,
    timing=Timing.NOW,
    options=(),
    payment=Payment.CARD,
    fare=Fare(Won(25_000), FarePlan.CALCULATOR, 0),
    origin=GANGNAM,
    destination=JAMSIL,
    vias=(),
    note="",
    requested_at=NOW,
    reserved_for=None,
    dispatch_at=NOW,
    expires_at=NOW,
    assigned_at=NOW,
    arrived_at=NOW,
    started_at=NOW,
    ended_at=NOW,
    ended_by=None,
    cancelled_from=None,
    end_reason=None,
    releases=0,
    policy_version=0,
)
BILL = Bill(
    call_id=CALL.id,
    company_id=OURS,
    number=CALL.number,
    kind=BillKind.FARE,
    payer=Payer.CUSTOMER,
    payer_id=CUSTOMER,
    driver_id=DRIVER,
    customer_id=CUSTOMER,
    method=Method.CARD,
    state=BillState.OPEN,
    split=Split(Won(25_000), Won(5_000), Won(300), Won(19_700), 20, 0, 0),
    split_count=1,
    opened_at=NOW,
    drive_ended_at=NOW,
    settled_at=None,
    claimed_at=None,
    claim_reason=None,
    version=1,
)
BUSINESS = Business(BusinessId(UUID(int=6)), "Nuri Trading", BusinessPayer.COMPANY)
PHONE = replace(CALL, source=Source.PHONE, orderer_id=THEIRS)
AGAIN = replace(CALL, reconnects_call_id=CallId(UUID(int=7)))


def facts_of(call: Call, bill: Bill | None, *, is_under_way: bool = False, has_card: bool = True) -> MoneyFacts:
    return MoneyFacts(call, bill, is_under_way, has_card)


@pytest.mark.parametrize(
    ("call", "payer", "method"),
    [
        (CALL, Payer.CUSTOMER, Method.CARD),
        (replace(CALL, payment=Payment.CASH), Payer.CUSTOMER, Method.CASH),
        (replace(CALL, business=BUSINESS), Payer.BUSINESS, Method.ACCOUNT),
        (replace(CALL, business=replace(BUSINESS, payer=BusinessPayer.CUSTOMER)), Payer.CUSTOMER, Method.CARD),
        (PHONE, Payer.ORDERER, Method.ACCOUNT),
        (replace(PHONE, payment=Payment.CASH), Payer.ORDERER, Method.CASH),
    ],
)
def test_who_owes_a_ride_and_how(call: Call, payer: Payer, method: Method) -> None:
    debtor = policy.debtor_of(call)
    assert debtor is not None
    assert (debtor.payer, debtor.method) == (payer, method)


def test_nobody_owes_what_nobody_is_known_for() -> None:
    assert policy.debtor_of(replace(CALL, customer_id=None)) is None


@pytest.mark.parametrize(
    ("method", "facts", "course"),
    [
        (Method.CARD, {"has_card": True}, Course.CHARGE),
        (Method.CARD, {"has_card": True, "by_agent": True}, Course.AGENT),
        (Method.CARD, {}, Course.CLAIM),
        (Method.CASH, {}, Course.CASH),
        (Method.CASH, {"cash_received": True, "by_agent": True}, Course.CASH),
        (Method.CASH, {"cash_received": False, "has_card": True}, Course.CLAIM),
        (Method.ACCOUNT, {"has_card": True, "by_agent": True}, Course.ACCOUNT),
    ],
)
def test_how_a_bill_goes_on(method: Method, facts: dict[str, bool], course: Course) -> None:
    usual: dict[str, bool | None] = {"has_card": False, "cash_received": None, "by_agent": False}
    found, reason = policy.course_of(method, BillKind.FARE, **{**usual, **facts})  # type: ignore[arg-type] -- one fact each
    assert (found, reason is not None) == (course, course is Course.CLAIM)


def test_who_did_not_come_is_not_said_to_have_refused_the_driver_cash() -> None:
    unpaid = {"has_card": False, "cash_received": False, "by_agent": False}
    reasons = [policy.course_of(Method.CASH, kind, **unpaid)[1] for kind in (BillKind.FARE, BillKind.NO_SHOW)]
    assert reasons == [ClaimReason.CASH_NOT_PAID, ClaimReason.NO_SHOW]


@pytest.mark.rule("R-029", "R-112", "R-113", "R-114")
@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (facts_of(AGAIN, BILL), SettleRefusal.ON_ORIGINAL),
        (facts_of(PHONE, BILL), SettleRefusal.PARTNERS_CALL),
        (facts_of(CALL, None), SettleRefusal.NOT_DRIVEN),
        (facts_of(CALL, replace(BILL, state=BillState.PAID)), SettleRefusal.ALREADY_PAID),
        (facts_of(CALL, replace(BILL, state=BillState.WRITTEN_OFF)), SettleRefusal.GIVEN_UP),
        (facts_of(CALL, replace(BILL, method=Method.ACCOUNT)), SettleRefusal.ON_ACCOUNT),
        (facts_of(CALL, replace(BILL, method=Method.CASH)), SettleRefusal.IN_CASH),
        (facts_of(CALL, BILL, is_under_way=True), SettleRefusal.UNDER_WAY),
        (facts_of(CALL, BILL, has_card=False), SettleRefusal.NO_CARD),
        (facts_of(CALL, BILL), None),
        (facts_of(CALL, replace(BILL, method=Method.CASH, state=BillState.CLAIMED)), None),
    ],
)
def test_whether_an_agent_may_settle(facts: MoneyFacts, reason: SettleRefusal | None) -> None:
    assert policy.decide_settle(facts) == (Allowed() if reason is None else Refused(reason))


@pytest.mark.rule("R-029", "R-114", "I-020", "I-023")
@pytest.mark.parametrize(
    ("facts", "amount", "reason"),
    [
        (facts_of(AGAIN, BILL), 20_000, AdjustRefusal.ON_ORIGINAL),
        (facts_of(PHONE, BILL), 20_000, AdjustRefusal.PARTNERS_CALL),
        (facts_of(CALL, None), 20_000, AdjustRefusal.NOT_DRIVEN),
        (facts_of(CALL, BILL), 999, AdjustRefusal.AMOUNT),
        (facts_of(CALL, BILL), 1_000_001, AdjustRefusal.AMOUNT),
        (facts_of(CALL, replace(BILL, state=BillState.WRITTEN_OFF)), 20_000, AdjustRefusal.GIVEN_UP),
        (facts_of(replace(CALL, business=BUSINESS), BILL), 20_000, AdjustRefusal.BUSINESS),
        (facts_of(CALL, BILL), 25_000, AdjustRefusal.SAME),
        (facts_of(CALL, BILL, is_under_way=True), 20_000, AdjustRefusal.UNDER_WAY),
        (facts_of(CALL, BILL, has_card=False), 20_000, None),
        (facts_of(CALL, BILL), 40_000, None),
    ],
)
def test_whether_an_agent_may_adjust(facts: MoneyFacts, amount: int, reason: AdjustRefusal | None) -> None:
    assert policy.decide_adjust(facts, amount, PaymentPolicy()) == (Allowed() if reason is None else Refused(reason))


@pytest.mark.rule("I-023")
def test_a_company_may_let_its_riders_consent_to_an_adjustment() -> None:
    facts = facts_of(replace(CALL, business=BUSINESS), BILL)
    allowing = PaymentPolicy(business_adjust=BusinessAdjust.RIDER_CONSENTS)
    assert policy.decide_adjust(facts, 20_000, allowing) == Allowed()


@pytest.mark.rule("R-116", "R-118")
def test_what_a_reconnected_ride_costs() -> None:
    agreed = AgreedFare(Won(31_000), "a via", NOW, UUID(int=9))
    no_show = replace(BILL, kind=BillKind.NO_SHOW, split=replace(BILL.split, amount=Won(10_000)))
    assert policy.cost_after_reconnection(CALL, None, None) == 25_000
    assert policy.cost_after_reconnection(CALL, None, agreed) == 31_000
    assert policy.cost_after_reconnection(CALL, BILL, None) == 25_000
    assert policy.cost_after_reconnection(CALL, no_show, None) == 25_000


def test_reminders_grow_and_end() -> None:
    steps = list(policy.claim_steps(ClaimPolicy(remind_after_days=(1, 5), give_up_after_days=30), NOW))
    assert [(kind, (due - NOW).days) for kind, due in steps] == [("remind", 1), ("remind", 5), ("give_up", 30)]
    for wrong in ({"remind_after_days": (5, 1)}, {"remind_after_days": (60,)}, {"give_up_after_days": 7}):
        with pytest.raises(ValueError, match="remind"):
            ClaimPolicy(**wrong)  # type: ignore[arg-type] -- one wrong field each


@given(amount=st.integers(0, 10**7), percent=st.integers(0, 100), premium=st.integers(0, 10_000))
def test_every_entry_of_a_bill_sums_to_zero(amount: int, percent: int, premium: int) -> None:
    split = billing.resplit(replace(BILL.split, premium=Won(premium), commission_percent=percent), Won(amount))
    assert split.net + split.commission + split.premium == amount
    bill = replace(BILL, split=split)
    made = [
        entries.fare_due(bill),
        entries.cash_collected(bill),
        entries.captured(bill, Won(amount)),
        entries.cancelled(bill, Won(amount)),
        entries.written_off(bill, Won(amount)),
        entries.transfer_received(bill, Won(amount)),
        entries.payout_begun(DRIVER, Won(amount)),
        entries.payout_done(Won(amount)),
        entries.payout_returned(DRIVER, Won(amount)),
        entries.topped_up(DRIVER, Won(amount)),
        entries.topped_up_by_card(DRIVER, Won(amount)),
    ]
    assert all(sum(line.amount for line in lines) == 0 for lines in made)
