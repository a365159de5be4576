"""Asks the card provider for what is written down, between two transactions, until everything has an answer.

A crash at any line leaves a row that is asked about again with the same key, so that it happens once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from asyncpg import InterfaceError, PostgresError

from daeri.infra.bus import Bus
from daeri.infra.database import Database, DatabaseBusy
from daeri.infra.keys import KeyRing
from daeri.kernel.ids import Ids
from daeri.kernel.time import Clock, WallClock
from daeri.payments import charge_store, charging, claiming
from daeri.payments.charge_store import DueCharge, Patience
from daeri.payments.charging import WORK_TOPIC, Told
from daeri.payments.lifecycle import Answer, CancelAnswer
from daeri.payments.model import (
    Cancel,
    CardRefusal,
    CardRefused,
    CardsUnreachable,
    Charge,
    ChargeState,
)
from daeri.payments.ports import Cards, Order, PaymentState, ProviderPayment
from daeri.payments.registering import BILLING_KEY_PURPOSE

log = structlog.get_logger(__name__)

_PATIENCE = Patience()
_AT_ONCE = 8  # questions to the provider that are open at the same time
_LOOK_EVERY = timedelta(seconds=5)  # hints may be lost
_ORDER_NAME = "대리운전"  # what the holder of the card reads; providers ask for one
_ANSWERS = {
    PaymentState.AUTHORISED: Answer.AUTHORISED,
    PaymentState.CAPTURED: Answer.CAPTURED,
    PaymentState.DECLINED: Answer.DECLINED,
    PaymentState.CANCELLED: Answer.DECLINED,
    PaymentState.PENDING: Answer.LOST,
}

Point = Callable[[str], Awaitable[None]]


async def _pass(_name: str) -> None:
    """Where a test may let the process die."""


class Collector:
    """One in each worker; several of them share the work by leases."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        cards: Cards,
        *,
        ring: KeyRing,
        ids: Ids,
        clock: Clock,
        wall: WallClock,
        patience: Patience = _PATIENCE,
        reached: Point = _pass,
    ) -> None:
        """`reached` hears the name of each step that was reached, before the next begins."""
        self._database = database
        self._cards = cards
        self._ring = ring
        self._ids = ids
        self._clock = clock
        self._wall = wall
        self._patience = patience
        self._reached = reached
        self._wake = asyncio.Event()
        self._stop_listening = bus.listen(WORK_TOPIC, lambda _topic, _message: self._wake.set())

    async def run(self, end: asyncio.Event) -> None:
        """Work until `end`; what fails is tried again."""
        try:
            while not end.is_set():
                done = 0
                try:
                    done = await self.work_off()
                except* (PostgresError, InterfaceError, OSError, DatabaseBusy):
                    log.exception("collector_failed")
                if not done:
                    await self._rest(end)
        finally:
            self._stop_listening()

    async def work_off(self) -> int:
        """Ask about everything that is due now, once; how much that was. Follows up claims and tasks too."""
        async with self._database.transaction() as tx:
            due = await charge_store.lease(tx, self._wall.wall_now(), self._patience, _AT_ONCE)
            cancels = await charge_store.lease_cancels(tx, self._wall.wall_now(), self._patience, _AT_ONCE)
        await self._reached("leased")
        async with asyncio.TaskGroup() as group:
            for charge in due:
                group.create_task(self._charge(charge))
            for cancel in cancels:
                group.create_task(self._cancel(cancel))
        async with self._database.transaction() as tx:
            followed = await claiming.follow_up(tx, now=self._clock.now(), ids=self._ids)
        return len(due) + len(cancels) + followed

    async def _rest(self, end: asyncio.Event) -> None:
        self._wake.clear()
        waits = {asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(end.wait())}
        _, left = await asyncio.wait(waits, timeout=_LOOK_EVERY.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        for one in left:
            one.cancel()

    async def _charge(self, due: DueCharge) -> None:
        """One step of one charge: ask, then record; a charge that is held only is captured at once."""
        told = await self._told(due)
        kept = await self._record(due.charge, told)
        if kept is not None and kept.state is ChargeState.AUTHORISED:
            captured = await self._answer(lambda: self._capture(kept))
            await self._reached("captured")
            await self._record(kept, captured)

    async def _told(self, due: DueCharge) -> Told:
        charge = due.charge
        if charge.state is ChargeState.AUTHORISED:
            told = await self._answer(lambda: self._capture(charge))
        elif charge.state is ChargeState.UNKNOWN:
            told = await self._answer(lambda: self._find_or_ask(due))
        else:
            told = await self._answer(lambda: self._authorise(due))
        await self._reached("asked")
        return told

    async def _record(self, charge: Charge, told: Told) -> Charge | None:
        async with self._database.transaction() as tx:
            kept = await charging.record(tx, charge.id, told, now=self._clock.now(), ids=self._ids)
        await self._reached("recorded")
        return kept

    async def _authorise(self, due: DueCharge) -> ProviderPayment:
        charge = due.charge
        key = self._ring.open(due.billing_key_sealed, BILLING_KEY_PURPOSE).decode()
        name = _ORDER_NAME if due.number is None else f"{_ORDER_NAME} {due.number}"
        order = Order(charge.order_id, key, due.customer_key, charge.amount, name)
        return await self._cards.authorise(order, key=charge.order_id)

    async def _capture(self, charge: Charge) -> ProviderPayment:
        if charge.payment_key is None:
            raise CardsUnreachable()
        return await self._cards.capture(charge.payment_key, charge.amount, key=f"{charge.order_id}-take")

    async def _find_or_ask(self, due: DueCharge) -> ProviderPayment:
        """What the provider has under that order; it is asked again, with the same key, when it has nothing."""
        found = await self._cards.find(due.charge.order_id)
        return await self._authorise(due) if found is None else found

    async def _answer(self, ask: Callable[[], Awaitable[ProviderPayment]]) -> Told:
        try:
            payment = await ask()
        except CardRefused as refused:
            return Told(Answer.DECLINED, refusal=refused.refusal)
        except CardsUnreachable:
            return Told(Answer.LOST)
        answer = _ANSWERS[payment.state]
        refusal = CardRefusal.DECLINED if answer is Answer.DECLINED else None
        return Told(answer, payment.payment_key, refusal)

    async def _cancel(self, cancel: Cancel) -> None:
        answer, refusal = await self._cancel_answer(cancel)
        await self._reached("cancel_asked")
        async with self._database.transaction() as tx:
            await charging.record_cancel(tx, cancel.id, answer, refusal, now=self._clock.now(), ids=self._ids)
        await self._reached("cancel_recorded")

    async def _cancel_answer(self, cancel: Cancel) -> tuple[CancelAnswer, CardRefusal | None]:
        async with self._database.reading() as tx:
            charge = await charge_store.get(tx, cancel.charge_id)
        if charge is None or charge.payment_key is None:
            return CancelAnswer.REFUSED, CardRefusal.REJECTED
        try:
            await self._cards.cancel(charge.payment_key, cancel.amount, cancel.reason, key=f"daeri-{cancel.id.hex}")
        except CardRefused as refused:
            return await self._after_refusal(cancel, charge, refused)
        except CardsUnreachable:
            return CancelAnswer.LOST, None
        return CancelAnswer.DONE, None

    async def _after_refusal(
        self, cancel: Cancel, charge: Charge, refused: CardRefused
    ) -> tuple[CancelAnswer, CardRefusal | None]:
        """Who was asked twice may hear that there is nothing left to give back: then it was given back."""
        try:
            found = await self._cards.find(charge.order_id)
        except (CardRefused, CardsUnreachable):
            return CancelAnswer.LOST, None
        if found is not None and found.cancelled >= charge.cancelled + cancel.amount:
            return CancelAnswer.DONE, None
        return CancelAnswer.REFUSED, refused.refusal
