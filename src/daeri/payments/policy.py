"""PURE: what a drive's end means for its bill, what agents may do with it, and when a claim is followed up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from daeri.calls.model import Call, State
from daeri.customers.model import Payer as BusinessPayer
from daeri.kernel.money import Won
from daeri.kernel.result import Allowed, Refused
from daeri.kernel.terms import Payment, Source
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
)


class Course(StrEnum):
    """How a bill goes on once it is opened."""

    CHARGE = "charge"  # the payer's card is charged
    CASH = "cash"  # the driver has it
    ACCOUNT = "account"  # it waits for the month's statement
    AGENT = "agent"  # an agent charges it by hand
    CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who owes, and how they are to pay."""

    payer: Payer
    payer_id: UUID
    method: Method


def debtor_of(call: Call) -> Debtor | None:
    """Who owes an ended call: the orderer of a partner's call, the company of a business account, or its customer.

    None where nobody is known.
    """
    if call.source is not Source.OWN:
        method = Method.CASH if call.payment is Payment.CASH else Method.ACCOUNT
        return Debtor(Payer.ORDERER, call.orderer_id, method)
    if call.business is not None and call.business.payer is BusinessPayer.COMPANY:
        return Debtor(Payer.BUSINESS, call.business.id, Method.ACCOUNT)
    if call.customer_id is None:
        return None
    return Debtor(Payer.CUSTOMER, call.customer_id, Method(call.payment.value))


def cash_claim(kind: BillKind) -> ClaimReason:
    """What a claim is about that was to be paid in cash."""
    return ClaimReason.NO_SHOW if kind is BillKind.NO_SHOW else ClaimReason.CASH_NOT_PAID


def course_of(
    method: Method, kind: BillKind, *, has_card: bool, cash_received: bool | None, by_agent: bool
) -> tuple[Course, ClaimReason | None]:
    """How the bill of a drive that has ended goes on. A driver who says nothing of cash has it."""
    if method is Method.ACCOUNT:
        return Course.ACCOUNT, None
    if method is Method.CASH:
        return (Course.CLAIM, cash_claim(kind)) if cash_received is False else (Course.CASH, None)
    if by_agent:
        return Course.AGENT, None
    if has_card:
        return Course.CHARGE, None
    return Course.CLAIM, ClaimReason.NO_CARD


def cost_of(call: Call) -> Won:
    """What the drive came to cost."""
    return call.fare.amount if call.final_amount is None else call.final_amount


def cost_after_reconnection(original: Call, bill: Bill | None, agreed: AgreedFare | None) -> Won:
    """What the ride costs once its reconnected drive is over (R-116 … R-123).

    The fare that both agreed to, else what it cost already, else the original's fare. The fee of a customer who did
    not come gives way to the fare of the drive that they had after all.
    """
    if agreed is not None:
        return agreed.amount
    if bill is not None and bill.kind is BillKind.FARE:
        return bill.amount
    return original.fare.amount


class SettleRefusal(StrEnum):
    ON_ORIGINAL = "on_original"
    PARTNERS_CALL = "partners_call"
    NOT_DRIVEN = "not_driven"
    ALREADY_PAID = "already_paid"
    GIVEN_UP = "given_up"
    IN_CASH = "in_cash"
    ON_ACCOUNT = "on_account"
    UNDER_WAY = "under_way"
    NO_CARD = "no_card"


class AdjustRefusal(StrEnum):
    ON_ORIGINAL = "on_original"
    PARTNERS_CALL = "partners_call"
    NOT_DRIVEN = "not_driven"
    GIVEN_UP = "given_up"
    UNDER_WAY = "under_way"
    SAME = "same"
    AMOUNT = "amount"
    BUSINESS = "business"
    BY_BANK = "by_bank"  # there is no card to give it back to, and none to charge anew


class AgreeRefusal(StrEnum):
    ON_ORIGINAL = "on_original"
    PARTNERS_CALL = "partners_call"
    BUSINESS = "business"
    NOT_ENDED = "not_ended"  # nothing to go on with
    DRIVE_OVER = "drive_over"  # it is adjusted now


class RestRefusal(StrEnum):
    """Why what is left of a bill is neither given up nor taken in by hand."""

    ON_ORIGINAL = "on_original"
    PARTNERS_CALL = "partners_call"
    NOT_DRIVEN = "not_driven"
    ALREADY_PAID = "already_paid"
    GIVEN_UP = "given_up"
    ON_ACCOUNT = "on_account"
    UNDER_WAY = "under_way"


class CashRefusal(StrEnum):
    """Why what the driver said of the cash cannot be put right."""

    ON_ORIGINAL = "on_original"
    PARTNERS_CALL = "partners_call"
    NOT_DRIVEN = "not_driven"
    NOT_IN_CASH = "not_in_cash"  # it was not cash that paid it, and none was to pay it
    NOT_PAID = "not_paid"
    ALREADY_PAID = "already_paid"
    GIVEN_UP = "given_up"
    UNDER_WAY = "under_way"


class AskRefusal(StrEnum):
    ON_ORIGINAL = "on_original"
    PARTNERS_CALL = "partners_call"
    NOTHING_ASKED = "nothing_asked"  # the provider has answered everything


@dataclass(frozen=True, slots=True)
class MoneyFacts:
    """What decides whether an agent may move the money of a call."""

    call: Call
    bill: Bill | None
    is_under_way: bool  # the provider is being asked already
    has_card: bool
    goes_on: Call | None = None  # the call that it was reconnected as
    is_paid_by_bank: bool = False
    has_driver_cash: bool = False


def decide_settle(facts: MoneyFacts) -> Allowed | Refused[SettleRefusal]:
    """Whether an agent may charge a ride by hand (R-112 … R-116): on the original, driven, not paid."""
    barred = _barred(facts.call)
    if barred is not None:
        return Refused(SettleRefusal(barred))
    if facts.bill is None:
        return Refused(SettleRefusal.NOT_DRIVEN)
    reason = _why_not_settled(facts, facts.bill)
    return Allowed() if reason is None else Refused(reason)


def _why_not_settled(facts: MoneyFacts, bill: Bill) -> SettleRefusal | None:
    if bill.state is BillState.PAID:
        return SettleRefusal.ALREADY_PAID
    if bill.state is BillState.WRITTEN_OFF:
        return SettleRefusal.GIVEN_UP
    if bill.method is Method.ACCOUNT:
        return SettleRefusal.ON_ACCOUNT
    if facts.is_under_way:
        return SettleRefusal.UNDER_WAY
    if bill.method is Method.CASH and bill.state is not BillState.CLAIMED:
        return SettleRefusal.IN_CASH
    return None if facts.has_card else SettleRefusal.NO_CARD


def decide_adjust(facts: MoneyFacts, amount: int | None, policy: PaymentPolicy) -> Allowed | Refused[AdjustRefusal]:
    """Whether an agent may let the ride cost `amount` instead, up or down (I-020), on the original alone (R-114).

    Without an amount: whether any is possible.
    """
    barred = _barred(facts.call)
    if barred is not None:
        return Refused(AdjustRefusal(barred))
    if facts.bill is None:
        return Refused(AdjustRefusal.NOT_DRIVEN)
    reason = _why_not_adjusted(facts, facts.bill, amount, policy)
    return Allowed() if reason is None else Refused(reason)


def _why_not_adjusted(facts: MoneyFacts, bill: Bill, amount: int | None, policy: PaymentPolicy) -> AdjustRefusal | None:
    if amount is not None and not policy.adjust_floor_won <= amount <= policy.adjust_ceiling_won:
        return AdjustRefusal.AMOUNT
    if bill.state is BillState.WRITTEN_OFF:
        return AdjustRefusal.GIVEN_UP
    if facts.call.business is not None and policy.business_adjust is BusinessAdjust.BLOCK:
        return AdjustRefusal.BUSINESS
    if facts.is_paid_by_bank:
        return AdjustRefusal.BY_BANK
    if amount == bill.amount:
        return AdjustRefusal.SAME
    return AdjustRefusal.UNDER_WAY if facts.is_under_way else None


def decide_agree(facts: MoneyFacts, policy: PaymentPolicy) -> Allowed | Refused[AgreeRefusal]:
    """Whether another fare may be agreed before a reconnected drive is over (R-118 … R-123).

    That of a business account is its company's to agree to (I-023).
    """
    barred = _barred(facts.call)
    if barred is not None:
        return Refused(AgreeRefusal(barred))
    if facts.call.business is not None and policy.business_adjust is BusinessAdjust.BLOCK:
        return Refused(AgreeRefusal.BUSINESS)
    if facts.call.state not in (State.COMPLETED, State.CANCELLED_AFTER_ASSIGNMENT):
        return Refused(AgreeRefusal.NOT_ENDED)
    is_over = facts.goes_on is not None and facts.goes_on.ended_at is not None
    return Refused(AgreeRefusal.DRIVE_OVER) if is_over else Allowed()


def decide_write_off(facts: MoneyFacts) -> Allowed | Refused[RestRefusal]:
    """Whether what is left of a bill may be given up."""
    return _decide_rest(facts)


def decide_transfer(facts: MoneyFacts) -> Allowed | Refused[RestRefusal]:
    """Whether what is left of a bill may be taken in by the bank; a business account pays its month's statement."""
    bill = facts.bill
    is_accounts = bill is not None and bill.method is Method.ACCOUNT and _barred(facts.call) is None
    return Refused(RestRefusal.ON_ACCOUNT) if is_accounts else _decide_rest(facts)


def _decide_rest(facts: MoneyFacts) -> Allowed | Refused[RestRefusal]:
    barred = _barred(facts.call)
    if barred is not None:
        return Refused(RestRefusal(barred))
    if facts.bill is None:
        return Refused(RestRefusal.NOT_DRIVEN)
    if facts.bill.state is BillState.PAID:
        return Refused(RestRefusal.ALREADY_PAID)
    if facts.bill.state is BillState.WRITTEN_OFF:
        return Refused(RestRefusal.GIVEN_UP)
    return Refused(RestRefusal.UNDER_WAY) if facts.is_under_way else Allowed()


def is_cash_alone(facts: MoneyFacts) -> bool:
    """Whether nothing but cash has to do with a bill: no card, no bank, and nobody has given it up."""
    bill = facts.bill
    if bill is None or bill.method is not Method.CASH or facts.is_under_way:
        return False
    return facts.has_driver_cash or bill.state in (BillState.OPEN, BillState.CLAIMED)


def is_said_otherwise(facts: MoneyFacts, *, cash_received: bool | None) -> bool:
    """Whether the driver of a second drive says of the cash what the bill does not: a person asks both.

    They have none though it is booked, or have some though something else paid it, or pays it just now.
    """
    bill = facts.bill
    if bill is None or bill.method is not Method.CASH or cash_received is None:
        return False
    if facts.has_driver_cash:
        return not cash_received
    return cash_received and not is_cash_alone(facts)


def decide_cash(facts: MoneyFacts, *, received: bool) -> Allowed | Refused[CashRefusal]:
    """Whether an agent may put right what the driver said of the cash: that they have it after all, or have it not."""
    barred = _barred(facts.call)
    if barred is not None:
        return Refused(CashRefusal(barred))
    if facts.bill is None:
        return Refused(CashRefusal.NOT_DRIVEN)
    reason = _why_not_put_right(facts, facts.bill, received=received)
    return Allowed() if reason is None else Refused(reason)


def _why_not_put_right(facts: MoneyFacts, bill: Bill, *, received: bool) -> CashRefusal | None:
    if bill.method is not Method.CASH:
        return CashRefusal.NOT_IN_CASH
    if bill.state is BillState.WRITTEN_OFF:
        return CashRefusal.GIVEN_UP
    if facts.is_under_way:
        return CashRefusal.UNDER_WAY
    if received:
        return CashRefusal.ALREADY_PAID if bill.state is BillState.PAID else None
    if bill.state is not BillState.PAID:
        return CashRefusal.NOT_PAID
    return None if facts.has_driver_cash else CashRefusal.NOT_IN_CASH


def decide_ask_again(facts: MoneyFacts) -> Allowed | Refused[AskRefusal]:
    """Whether there is something to ask the provider about, at once instead of later."""
    barred = _barred(facts.call)
    if barred is not None:
        return Refused(AskRefusal(barred))
    return Allowed() if facts.is_under_way else Refused(AskRefusal.NOTHING_ASKED)


def _barred(call: Call) -> str | None:
    """Money is moved on the customer's own call, and never on a partner's."""
    if call.reconnects_call_id is not None:
        return "on_original"
    return None if call.source is Source.OWN else "partners_call"


def claim_steps(policy: ClaimPolicy, claimed_at: datetime) -> Iterator[tuple[str, datetime]]:
    """When a claim is followed up: reminders, then its end, as (kind, due)."""
    for days in policy.remind_after_days:
        yield "remind", claimed_at + timedelta(days=days)
    yield "give_up", claimed_at + timedelta(days=policy.give_up_after_days)
