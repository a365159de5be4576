"""The lives of a charge, of its cancel and of a payout as tables (state, answer) -> state."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from daeri.kernel.errors import Conflict
from daeri.payments.charge_model import CancelState, ChargeState
from daeri.payments.payout_model import PayoutEnded, PayoutNotSent, PayoutState


class Answer(StrEnum):
    """What is known after the provider was asked."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    LOST = "lost"  # no answer: it may have happened, or not


class CancelAnswer(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    LOST = "lost"


class PayoutStep(StrEnum):
    """What may happen to a payout."""

    SEND = "send"  # a file takes it to the bank
    PAY = "pay"
    RETURN = "return"  # by the bank
    TURN_DOWN = "turn_down"  # by staff, before it went to the bank


class IllegalAnswer(Conflict):
    """An answer that comes too late: what it is about has ended. Facts: state, answer."""

    code = "illegal_answer"


_CHARGES: Final[Mapping[tuple[ChargeState, Answer], ChargeState]] = MappingProxyType(
    {
        (ChargeState.INTENDED, Answer.AUTHORISED): ChargeState.AUTHORISED,
        (ChargeState.INTENDED, Answer.CAPTURED): ChargeState.CAPTURED,
        (ChargeState.INTENDED, Answer.DECLINED): ChargeState.DECLINED,
        (ChargeState.INTENDED, Answer.LOST): ChargeState.UNKNOWN,
        (ChargeState.UNKNOWN, Answer.AUTHORISED): ChargeState.AUTHORISED,
        (ChargeState.UNKNOWN, Answer.CAPTURED): ChargeState.CAPTURED,
        (ChargeState.UNKNOWN, Answer.DECLINED): ChargeState.DECLINED,
        (ChargeState.UNKNOWN, Answer.LOST): ChargeState.UNKNOWN,
        (ChargeState.AUTHORISED, Answer.CAPTURED): ChargeState.CAPTURED,
        (ChargeState.AUTHORISED, Answer.DECLINED): ChargeState.DECLINED,
        (ChargeState.AUTHORISED, Answer.LOST): ChargeState.UNKNOWN,
    }
)
_CANCELS: Final[Mapping[tuple[CancelState, CancelAnswer], CancelState]] = MappingProxyType(
    {
        (CancelState.INTENDED, CancelAnswer.DONE): CancelState.DONE,
        (CancelState.INTENDED, CancelAnswer.REFUSED): CancelState.REFUSED,
        (CancelState.INTENDED, CancelAnswer.LOST): CancelState.UNKNOWN,
        (CancelState.UNKNOWN, CancelAnswer.DONE): CancelState.DONE,
        (CancelState.UNKNOWN, CancelAnswer.REFUSED): CancelState.REFUSED,
        (CancelState.UNKNOWN, CancelAnswer.LOST): CancelState.UNKNOWN,
    }
)
_PAYOUTS: Final[Mapping[tuple[PayoutState, PayoutStep], PayoutState]] = MappingProxyType(
    {
        (PayoutState.REQUESTED, PayoutStep.SEND): PayoutState.SENT,
        (PayoutState.REQUESTED, PayoutStep.TURN_DOWN): PayoutState.RETURNED,
        (PayoutState.SENT, PayoutStep.PAY): PayoutState.PAID,
        (PayoutState.SENT, PayoutStep.RETURN): PayoutState.RETURNED,
    }
)


def next_charge_state(state: ChargeState, answer: Answer) -> ChargeState:
    """Where `answer` leads; IllegalAnswer when the charge has ended."""
    try:
        return _CHARGES[state, answer]
    except KeyError:
        raise IllegalAnswer(state=state, answer=answer) from None


def next_cancel_state(state: CancelState, answer: CancelAnswer) -> CancelState:
    """Where `answer` leads; IllegalAnswer when the cancel has ended."""
    try:
        return _CANCELS[state, answer]
    except KeyError:
        raise IllegalAnswer(state=state, answer=answer) from None


def next_payout_state(state: PayoutState, step: PayoutStep) -> PayoutState:
    """Where `step` leads; PayoutNotSent when it comes too early, PayoutEnded when it comes too late."""
    try:
        return _PAYOUTS[state, step]
    except KeyError:
        if state is PayoutState.REQUESTED:
            raise PayoutNotSent() from None
        raise PayoutEnded(state=state) from None
