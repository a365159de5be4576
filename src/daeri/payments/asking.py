"""Asks the card provider, and says in our words what is known afterwards. No database here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from daeri.infra.keys import KeyRing
from daeri.payments.charge_model import (
    Cancel,
    CancelState,
    CardRefusal,
    CardRefused,
    CardsUnreachable,
    Charge,
    ChargeState,
)
from daeri.payments.charge_store import DueCharge
from daeri.payments.charging import Told
from daeri.payments.lifecycle import Answer, CancelAnswer
from daeri.payments.ports import Cards, Order, PaymentState, ProviderPayment
from daeri.payments.registering import BILLING_KEY_PURPOSE

_ORDER_NAME: Final = "대리운전"  # what the holder of the card reads; providers ask for one
_ANSWERS: Final = {
    PaymentState.AUTHORISED: Answer.AUTHORISED,
    PaymentState.CAPTURED: Answer.CAPTURED,
    PaymentState.DECLINED: Answer.DECLINED,
    PaymentState.CANCELLED: Answer.DECLINED,
    PaymentState.PENDING: Answer.LOST,
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Every command carries a key that follows from the row that it is about: asked again, it happens once."""

    cards: Cards
    ring: KeyRing

    async def about(self, due: DueCharge) -> Told:
        """The next step of a charge: hold it, look it up where no answer came, take what is held."""
        match due.charge.state:
            case ChargeState.AUTHORISED:
                return await self.capture(due.charge)
            case ChargeState.UNKNOWN:
                return await _told(lambda: self._find_or_authorise(due))
            case _:
                return await _told(lambda: self._authorise(due))

    async def capture(self, charge: Charge) -> Told:
        """Take what is held."""
        payment_key = charge.payment_key
        if payment_key is None:
            return Told(Answer.LOST)
        key = f"{charge.order_id}-take"
        return await _told(lambda: self.cards.capture(payment_key, charge.amount, key=key))

    async def give_back(self, cancel: Cancel, charge: Charge) -> tuple[CancelAnswer, CardRefusal | None]:
        """Give back what the cancel says, of that charge; where no answer came, look first."""
        if charge.payment_key is None:
            return CancelAnswer.REFUSED, CardRefusal.REJECTED
        try:
            if cancel.state is CancelState.UNKNOWN and await self._is_given_back(cancel, charge):
                return CancelAnswer.DONE, None
            await self.cards.cancel(charge.payment_key, cancel.amount, cancel.reason, key=f"daeri-{cancel.id.hex}")
        except CardRefused as refused:
            return await self._after_refusal(cancel, charge, refused)
        except CardsUnreachable:
            return CancelAnswer.LOST, None
        return CancelAnswer.DONE, None

    async def _authorise(self, due: DueCharge) -> ProviderPayment:
        charge = due.charge
        billing_key = self.ring.open(due.billing_key_sealed, BILLING_KEY_PURPOSE).decode()
        name = _ORDER_NAME if due.number is None else f"{_ORDER_NAME} {due.number}"
        order = Order(charge.order_id, billing_key, due.customer_key, charge.amount, name)
        return await self.cards.authorise(order, key=charge.order_id)

    async def _find_or_authorise(self, due: DueCharge) -> ProviderPayment:
        """What the provider has under that order; it is asked again, with the same key, when it has nothing."""
        found = await self.cards.find(due.charge.order_id)
        return await self._authorise(due) if found is None else found

    async def _after_refusal(
        self, cancel: Cancel, charge: Charge, refused: CardRefused
    ) -> tuple[CancelAnswer, CardRefusal | None]:
        """Who was asked twice may hear that there is nothing left to give back: then it was given back."""
        try:
            is_done = await self._is_given_back(cancel, charge)
        except (CardRefused, CardsUnreachable):
            return CancelAnswer.LOST, None
        return (CancelAnswer.DONE, None) if is_done else (CancelAnswer.REFUSED, refused.refusal)

    async def _is_given_back(self, cancel: Cancel, charge: Charge) -> bool:
        found = await self.cards.find(charge.order_id)
        return found is not None and found.cancelled >= charge.cancelled + cancel.amount


async def _told(ask: Callable[[], Awaitable[ProviderPayment]]) -> Told:
    try:
        payment = await ask()
    except CardRefused as refused:
        return Told(Answer.DECLINED, refusal=refused.refusal)
    except CardsUnreachable:
        return Told(Answer.LOST)
    answer = _ANSWERS[payment.state]
    return Told(answer, payment.payment_key, CardRefusal.DECLINED if answer is Answer.DECLINED else None)
