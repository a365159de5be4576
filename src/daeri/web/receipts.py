"""What a ride has cost and how it is paid, as its customer sees it, without a driver's share and premium. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from daeri.calls.model import Call, NoReceipt, State
from daeri.customers.model import Payer as CallPayer
from daeri.kernel.money import Won
from daeri.payments.api import Money
from daeri.payments.charge_model import Cancel, CancelState, Card, CardRefusal, Charge, ChargeState, Purpose
from daeri.payments.model import Bill, BillKind, BillState, ClaimReason, Method, Payer, TaskKind
from daeri.pricing.model import FarePlan, LineKind, QuoteLine
from daeri.web.money_wire import MoneyMoveOut, MoneyState, MoveKind, MoveState, OwedOut, ReceiptOut
from daeri.web.wire_parts import RideBillOut, UsedCardOut

_RUNNING: Final = frozenset({ChargeState.INTENDED, ChargeState.AUTHORISED, ChargeState.UNKNOWN})
_OPEN_CANCELS: Final = frozenset({CancelState.INTENDED, CancelState.UNKNOWN})
_CHARGES: Final = {ChargeState.CAPTURED: MoveState.DONE, ChargeState.DECLINED: MoveState.REFUSED}
_CANCELS: Final = {CancelState.DONE: MoveState.DONE, CancelState.REFUSED: MoveState.REFUSED}
_PAYABLE: Final = frozenset({MoneyState.UNPAID, MoneyState.NOT_CHARGED})


@dataclass(frozen=True, slots=True)
class Wallet:
    """The cards that a receipt may name: by id those that were charged, and the payer's own, the default first."""

    charged: Mapping[UUID, Card]
    own: Sequence[Card]
    can_charge: bool  # whether a card provider is set


def receipt_of(ride: Call, money: Money, wallet: Wallet, driver_name: str | None) -> ReceiptOut:
    """The receipt of a ride that arrived, or that costs something all the same; NoReceipt for any other."""
    bill = money.bill
    if bill is None and (ride.state is not State.COMPLETED or ride.ended_at is None):
        raise NoReceipt(state=ride.state)
    state = state_of(money)
    total = _cost_of(ride) if bill is None else bill.amount
    kind = BillKind.FARE if bill is None else bill.kind
    method = _method_of(ride) if bill is None else bill.method
    duration = None if ride.started_at is None or ride.ended_at is None else ride.ended_at - ride.started_at
    is_one_drive = ride.goes_on_as is None
    return ReceiptOut(
        number=ride.number,
        kind=kind,
        lines=lines_of(ride, kind, total),
        total=total,
        payment=ride.payment,
        payer=CallPayer.CUSTOMER if ride.business is None else ride.business.payer,
        started_at=money.original.started_at or ride.started_at,
        ended_at=ride.ended_at,
        distance_m=ride.route_m,
        duration_s=int(duration.total_seconds()) if duration is not None and is_one_drive else None,
        driver_name=driver_name,
        method=method,
        state=state,
        card=_card_of(money, method, wallet),
        paid_at=bill.settled_at if bill is not None and bill.state is BillState.PAID else None,
        reason=bill.claim_reason if bill is not None and state is MoneyState.UNPAID else None,
        refusal=_refusal(money) if state is MoneyState.UNPAID else None,
        outstanding=money.outstanding,
        to_be=_to_be(money),
        can_pay=wallet.can_charge and state in _PAYABLE and bill is not None and bill.payer is Payer.CUSTOMER,
        moves=tuple(sorted(_moves(money, wallet), key=lambda move: move.at)),
    )


def state_of(money: Money) -> MoneyState:
    """How the ride's money stands."""
    bill, running = money.bill, _running(money)
    if bill is None:
        return MoneyState.PREPARING
    if bill.method is Method.ACCOUNT:
        return MoneyState.ON_ACCOUNT
    if any(cancel.state in _OPEN_CANCELS for cancel in money.cancels):
        return MoneyState.CHANGING
    if running is not None:
        return _being_charged(running)
    match bill.state:
        case BillState.PAID:
            return MoneyState.PAID
        case BillState.CLAIMED:
            return MoneyState.UNPAID
        case BillState.WRITTEN_OFF:
            return MoneyState.GIVEN_UP
        case BillState.OPEN:
            is_with_agent = any(task.done_at is None for task in money.tasks)
            return MoneyState.WITH_AGENT if is_with_agent else MoneyState.NOT_CHARGED


def owed_out(ride: Call, money: Money, bill: Bill) -> OwedOut | None:
    """A claim as the customer sees it; None for a bill that is none."""
    if bill.claimed_at is None or bill.claim_reason is None:
        return None
    return OwedOut(
        call_id=bill.call_id,
        number=bill.number,
        kind=bill.kind,
        amount=money.outstanding,
        since=bill.claimed_at,
        ended_at=bill.drive_ended_at,
        reason=bill.claim_reason,
        refusal=_refusal(money),
        is_being_charged=_running(money) is not None,
        origin=ride.origin.name,
        destination=ride.destination.name,
    )


def bill_out(bill: Bill) -> RideBillOut:
    return RideBillOut(bill.amount, bill.state, bill.method)


def used_card(card: Card | None) -> UsedCardOut | None:
    return None if card is None else UsedCardOut(card.id, card.issuer, card.number_masked)


def lines_of(ride: Call, kind: BillKind, total: Won) -> tuple[QuoteLine, ...]:
    """What `total` is made of: what was agreed, what waiting added, what was added or taken off afterwards."""
    if kind is BillKind.NO_SHOW:
        return (QuoteLine(LineKind.NO_SHOW, total),)
    cost = _cost_of(ride)
    lines = _cost_lines(ride, cost)
    return lines if total == cost else (*lines, QuoteLine(LineKind.ADJUSTED, Won(total - cost)))


def _cost_lines(ride: Call, cost: Won) -> tuple[QuoteLine, ...]:
    """By meter what it showed."""
    waited = (QuoteLine(LineKind.WAITING, ride.waiting_won),) if ride.waiting_won else ()
    if ride.fare.plan is FarePlan.METER:
        return (QuoteLine(LineKind.METER, Won(cost - ride.waiting_won)), *waited)
    agreed = ride.lines or (QuoteLine(LineKind.TYPED, ride.fare.amount),)
    lines = (*agreed, *waited)
    rest = cost - sum(line.amount for line in lines)
    return (*lines, QuoteLine(LineKind.ADJUSTED, Won(rest))) if rest else lines


def _cost_of(ride: Call) -> Won:
    return ride.fare.amount if ride.final_amount is None else ride.final_amount


def _method_of(ride: Call) -> Method:
    """How a ride without a bill yet will be paid."""
    if ride.business is not None and ride.business.payer is CallPayer.COMPANY:
        return Method.ACCOUNT
    return Method(ride.payment.value)


def _running(money: Money) -> Charge | None:
    return next((charge for charge in reversed(money.charges) if charge.state in _RUNNING), None)


def _being_charged(running: Charge) -> MoneyState:
    if running.purpose is Purpose.ADJUSTMENT:
        return MoneyState.CHANGING
    return MoneyState.CONFIRMING if running.state is ChargeState.UNKNOWN else MoneyState.CHARGING


def _refusal(money: Money) -> CardRefusal | None:
    """Why the last card was refused, where that is why the bill is not paid."""
    is_why = money.bill is not None and money.bill.claim_reason is ClaimReason.DECLINED
    return money.charges[-1].refusal if is_why and money.charges else None


def _to_be(money: Money) -> Won | None:
    """What was agreed, or is being changed to, where the ride costs something else still."""
    changing = next((c.then_amount for c in reversed(money.cancels) if c.state in _OPEN_CANCELS), None)
    if changing is not None:
        return changing
    is_due = any(task.kind is TaskKind.ADJUST and task.done_at is None for task in money.tasks)
    return money.agreed.amount if is_due and money.agreed is not None else None


def _card_of(money: Money, method: Method, wallet: Wallet) -> UsedCardOut | None:
    """The card that was asked last, or that will be."""
    if method is not Method.CARD:
        return None
    asked = wallet.charged.get(money.charges[-1].card_id) if money.charges else None
    return used_card(asked or next(iter(wallet.own), None))


def _moves(money: Money, wallet: Wallet) -> Iterator[MoneyMoveOut]:
    cards = {charge.id: used_card(wallet.charged.get(charge.card_id)) for charge in money.charges}
    for charge in money.charges:
        yield MoneyMoveOut(
            MoveKind.CHARGED,
            _CHARGES.get(charge.state, MoveState.UNDER_WAY),
            charge.amount,
            charge.ended_at or charge.created_at,
            cards[charge.id],
            charge.refusal,
        )
    for cancel in money.cancels:
        yield _given_back(cancel, cards.get(cancel.charge_id))
    bill = money.bill
    if bill is None or bill.state is not BillState.PAID or bill.method is Method.ACCOUNT:
        return
    if money.is_paid_by_bank:
        yield MoneyMoveOut(MoveKind.TRANSFERRED, MoveState.DONE, bill.amount, bill.settled_at or bill.opened_at)
    elif bill.method is Method.CASH and not money.charges:
        yield MoneyMoveOut(MoveKind.CASH, MoveState.DONE, bill.amount, bill.settled_at or bill.opened_at)


def _given_back(cancel: Cancel, card: UsedCardOut | None) -> MoneyMoveOut:
    state = _CANCELS.get(cancel.state, MoveState.UNDER_WAY)
    return MoneyMoveOut(MoveKind.GIVEN_BACK, state, cancel.amount, cancel.ended_at or cancel.created_at, card)
