"""Rides and their money on a real database: each command in a transaction of its own, as the edges do it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from tests.dispatch.factories import Night, make_account

from daeri.calls import api as calls
from daeri.calls.model import Call, Change, EventKind
from daeri.dispatch import api as dispatch
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind, Payment
from daeri.payments import api as payments
from daeri.payments import charge_store, charging, ledger, tasks
from daeri.payments.api import Deed, Money
from daeri.payments.card_store import NewCard, add_card, remove_card
from daeri.payments.charge_model import CancelState, Card, CardRefusal, Charge, ChargeState
from daeri.payments.charging import Told
from daeri.payments.lifecycle import Answer, CancelAnswer
from daeri.payments.model import Account, Bill
from daeri.policies import api as policies
from daeri.policies.model import Policy

FARE = 25_000
COMMISSION = 5_000  # a fifth, as built in
NET = FARE - COMMISSION
_OPEN = (ChargeState.INTENDED, ChargeState.AUTHORISED, ChargeState.UNKNOWN)


@dataclass(frozen=True)
class Till:
    """One company's money, over its night."""

    night: Night

    async def card(self, owner: UUID) -> Card:
        """A card of the owner's, as the provider would have registered it."""
        ids, card_id = self.night.ids, self.night.ids.new()
        new = NewCard(self.night.company, owner, f"ck-{card_id.hex}", b"sealed", "Hana Nuri", "5123-****-****-0001")
        async with self.night.transaction() as tx:
            return await add_card(tx, ids.new(), new, self.night.clock.now())

    async def forget_card(self, owner: UUID, card_id: str) -> None:
        async with self.night.transaction() as tx:
            assert await remove_card(tx, owner, UUID(card_id), self.night.clock.now())

    async def write(self, policy: Policy) -> None:
        async with self.night.transaction() as tx:
            now = self.night.clock.now()
            await policies.write(tx, self.night.company, policy, now=now, ids=self.night.ids)

    async def staff(self) -> Actor:
        """Somebody who may move money; credentials do not matter here."""
        async with self.night.transaction() as tx:
            return Actor(ActorKind.STAFF, await make_account(tx, self.night.ids, self.night.company, "gateway"))

    @asynccontextmanager
    async def deed(self, actor: Actor | None = None) -> AsyncIterator[Deed]:
        """A change of money in a transaction of its own."""
        night = self.night
        actor = actor or await self.staff()
        async with night.transaction() as tx:
            book = await policies.load_book(tx, night.company)
            yield Deed(tx, night.company, book, actor, night.clock.now(), night.ids)

    async def assigned(self, payment: Payment = Payment.CARD, *, has_card: bool = True) -> tuple[Call, DriverId]:
        """A ride that a driver has accepted; its customer has a card unless told otherwise."""
        call, driver = await self.night.request(payment=payment), await self.night.driver()
        if has_card and call.customer_id is not None:
            await self.card(call.customer_id)
        offer = await self.night.offer(call.id, driver)
        return await self.night.accept(offer.id, driver), driver

    async def driven(
        self, payment: Payment = Payment.CARD, *, has_card: bool = True, cash_received: bool | None = None
    ) -> Call:
        """A ride that arrived, with what followed for its money; nobody has asked the provider yet."""
        call, driver = await self.assigned(payment, has_card=has_card)
        await self.night.arrive(call.id, driver)
        await self.night.start(call.id, driver)
        async with self.night.transaction() as tx:
            now = self.night.clock.now()
            await calls.complete(
                tx, call.id, self.night.company, driver, now=now, ids=self.night.ids, cash_received=cash_received
            )
        await self.react(call.id)
        return await self.night.get(call.id)

    async def did_not_come(self, payment: Payment = Payment.CARD) -> tuple[Call, DriverId]:
        """A ride whose driver waited long enough for nobody, with what followed for its money."""
        call, driver = await self.assigned(payment)
        await self.night.arrive(call.id, driver)
        self.night.later(minutes=20)
        async with self.night.transaction() as tx:
            now, ids = self.night.clock.now(), self.night.ids
            ended = await dispatch.no_show(tx, call.id, driver, self.night.company, now=now, ids=ids)
        await self.react(call.id)
        return ended, driver

    async def broken_off(self, payment: Payment = Payment.CARD) -> Call:
        """A ride that was cancelled by mistake while it was driven."""
        call, driver = await self.assigned(payment)
        await self.night.arrive(call.id, driver)
        await self.night.start(call.id, driver)
        cancelled = await self.night.cancel(call.id, call.customer_id)
        await self.react(call.id)
        return cancelled

    async def reconnect(self, original: Call) -> Call:
        async with self.night.transaction() as tx:
            change = Change(Actor(ActorKind.STAFF, None), "ended by mistake")
            now, ids = self.night.clock.now(), self.night.ids
            return await calls.reopen_for(tx, original.id, self.night.company, change, now=now, ids=ids)

    async def drive_on(self, reconnected: Call, *, cash_received: bool | None = None) -> Call:
        """The reconnected ride arrives."""
        driver, company, ids = reconnected.driver_id, self.night.company, self.night.ids
        assert driver is not None
        async with self.night.transaction() as tx:
            now = self.night.clock.now()
            await calls.arrive(tx, reconnected.id, company, driver, now=now, ids=ids)
            await calls.start(tx, reconnected.id, company, driver, now=now, ids=ids)
            await calls.complete(tx, reconnected.id, company, driver, now=now, ids=ids, cash_received=cash_received)
        await self.react(reconnected.id)
        return await self.night.get(reconnected.id)

    async def react(self, call_id: CallId) -> None:
        """What the worker does with the call's newest event."""
        async with self.night.transaction() as tx:
            event = (await calls.timeline(tx, self.night.company, call_id))[-1]
            if event.kind == EventKind.COMPLETED:
                await tasks.settle_drive(tx, event)
            elif event.kind == EventKind.CANCELLED:
                await tasks.settle_no_show(tx, event)

    async def settle(self, call_id: CallId, actor: Actor | None = None) -> Bill:
        async with self.deed(actor) as deed:
            return await payments.settle_by_agent(deed, call_id, "the customer asked for it")

    async def adjust(self, call_id: CallId, amount: int, actor: Actor | None = None) -> Bill:
        async with self.deed(actor) as deed:
            return await payments.adjust(deed, call_id, amount, "another way was driven")

    async def agree(self, call_id: CallId, amount: int) -> None:
        async with self.deed() as deed:
            await payments.agree_fare(deed, call_id, amount, "a via was added")

    async def answer(self, call_id: CallId, answer: Answer = Answer.CAPTURED) -> None:
        """The provider's answer to what is open for the ride: cancels first, then charges, until nothing is open."""
        refusal = CardRefusal.DECLINED if answer is Answer.DECLINED else None
        for cancel in (await self.money(call_id)).cancels:
            if cancel.state in (CancelState.INTENDED, CancelState.UNKNOWN):
                await self.answer_cancel(cancel.id, CancelAnswer.DONE)
        for charge in (await self.money(call_id)).charges:
            if charge.state in _OPEN:
                await self.tell(charge, Told(answer, f"pk-{charge.id.hex}", refusal))

    async def tell(self, charge: Charge, told: Told) -> Charge | None:
        async with self.night.transaction() as tx:
            now, ids = self.night.clock.now(), self.night.ids
            return await charging.record(tx, charge.id, told, now=now, ids=ids)

    async def answer_cancel(self, cancel_id: UUID, answer: CancelAnswer, refusal: CardRefusal | None = None) -> None:
        async with self.night.transaction() as tx:
            now, ids = self.night.clock.now(), self.night.ids
            await charging.record_cancel(tx, cancel_id, answer, refusal, now=now, ids=ids)

    async def money(self, call_id: CallId) -> Money:
        async with self.night.transaction() as tx:
            return await payments.money_of(tx, self.night.company, call_id)

    async def bill(self, call_id: CallId) -> Bill:
        bill = (await self.money(call_id)).bill
        assert bill is not None
        return bill

    async def charges(self, call_id: CallId) -> list[Charge]:
        async with self.night.database.reading() as tx:
            return await charge_store.of_call(tx, self.night.company, call_id)

    async def totals(self) -> dict[Account, int]:
        """The accounts that are not zero; together they are zero, which is checked."""
        async with self.night.database.reading() as tx:
            found = await ledger.totals(tx, self.night.company)
        assert sum(found.values()) == 0
        return {account: balance for account, balance in found.items() if balance}

    async def open_tasks(self) -> list[str]:
        async with self.night.database.reading() as tx:
            return [task.kind.value for task in await payments.tasks(tx, self.night.company)]

    async def lines_of(self, tx: Tx, call_id: CallId, account: Account) -> Won:
        """What an account has of one ride."""
        entries = await ledger.search(tx, ledger.EntryFilter(self.night.company, call_id=call_id), limit=500)
        return Won(sum(line.amount for entry in entries for line in entry.lines if line.account is account))


def with_amount(bill: Bill, amount: int) -> Bill:
    return replace(bill, split=replace(bill.split, amount=Won(amount)))
