"""Rides with bills on a running server: people speak over the API; the worker and the provider are spoken for here."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from tests.dispatch.factories import request_for
from tests.payments.factories import Till
from tests.web.api.running import TRIP, Person, Running

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.kernel.ids import CallId, CompanyId
from daeri.kernel.terms import SYSTEM, Payment, Source
from daeri.payments.lifecycle import Answer
from daeri.policies import api as policies
from daeri.policies.model import Policy


@dataclass(frozen=True)
class Ride:
    """A ride that has ended: its call, and who rode and drove."""

    id: str
    number: str
    customer: Person
    driver: Person


@dataclass(frozen=True)
class Counter:
    """The money of one company of a running server."""

    running: Running
    company: CompanyId

    @property
    def till(self) -> Till:
        return Till(self.running.night(self.company))

    def ride(
        self,
        payment: str = "card",
        *,
        has_card: bool = True,
        cash_received: bool | None = None,
        customer: Person | None = None,
        **wish: Any,
    ) -> Ride:
        """A completed ride and its bill; nobody has asked the provider yet."""
        ride = self._driving({"payment": payment, **wish}, customer, has_card=has_card)
        body = None if cash_received is None else {"cash_received": cash_received}
        answer = ride.driver.command(f"/driver/calls/{ride.id}/complete", body)
        assert answer.status_code == 200, answer.text
        self.react(ride.id)
        return ride

    def paid(self, payment: str = "card") -> Ride:
        """A ride whose charge the provider has taken."""
        ride = self.ride(payment)
        self.answer(ride.id)
        return ride

    def broken_off(self, payment: str = "card", *, has_card: bool = True) -> Ride:
        """A ride that staff cancelled by mistake while it was driven."""
        ride = self._driving({"payment": payment}, None, has_card=has_card)
        staff = self.running.staff(self.company)
        answer = staff.command(f"/console/calls/{ride.id}/cancel", {"reason": "a slip"})
        assert answer.json()["state"] == "cancelled_after_assignment", answer.text
        self.react(ride.id)
        return ride

    def reconnect(self, ride: Ride) -> str:
        """The id of the call that the ride goes on as."""
        till = self.till

        async def go_on(_: object) -> str:
            return str((await till.reconnect(await till.night.get(CallId(UUID(ride.id))))).id)

        return self.running.ask(go_on)

    def drive_on(self, call_id: str) -> None:
        """The reconnected drive arrives, with what follows."""
        till = self.till

        async def drive(_: object) -> None:
            await till.drive_on(await till.night.get(CallId(UUID(call_id))))

        self.running.ask(drive)

    def partners(self, source: Source = Source.PHONE, payment: Payment = Payment.CARD) -> str:
        """A call that the other company ordered, driven here; with its bill."""
        till, driver = self.till, self.running.driver(self.company)
        orderer = self.running.theirs if self.company == self.running.ours else self.running.ours
        assert driver.command("/driver/duty", {"on": True}).status_code == 200

        async def request(_: object) -> str:
            return str((await _ordered(till, source, orderer, payment)).id)

        call_id = self.running.ask(request)
        self._drive(call_id, driver, "arrive", "start", "complete")
        self.react(call_id)
        return call_id

    def card(self, owner: Person) -> str:
        """The id of a new card of theirs."""
        till = self.till
        return str(self.running.ask(lambda _: till.card(owner.id)).id)

    def react(self, call_id: str) -> None:
        till = self.till
        self.running.ask(lambda _: till.react(CallId(UUID(call_id))))

    def answer(self, call_id: str, answer: Answer = Answer.CAPTURED) -> None:
        """The provider answers what is open for the ride, until nothing is."""
        till = self.till
        self.running.ask(lambda _: till.answer(CallId(UUID(call_id)), answer))

    def write(self, policy: Policy) -> None:
        """A policy that holds from now on."""
        parts = self.running.program.parts

        async def write(_: object) -> None:
            async with parts.database.transaction() as tx:
                await policies.write(tx, self.company, policy, now=parts.clock.now(), ids=parts.ids)
            async with parts.database.reading() as tx:
                await parts.shelf.refresh(tx)

        self.running.ask(write)

    def _driving(self, wish: dict[str, Any], customer: Person | None, *, has_card: bool) -> Ride:
        customer = customer or self.running.customer(self.company)
        driver = self.running.driver(self.company)
        card_id = self.card(customer)
        assert driver.command("/driver/duty", {"on": True}).status_code == 200
        call = customer.command("/calls", {**TRIP, **wish}).json()
        if not has_card:  # any more
            self.running.ask(lambda _: self.till.forget_card(customer.id, card_id))
        self._drive(call["id"], driver, "arrive", "start")
        return Ride(call["id"], call["number"], customer, driver)

    def _drive(self, call_id: str, driver: Person, *steps: str) -> None:
        offer_id = self.running.offer(call_id, driver)
        assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
        for step in steps:
            answer = driver.command(f"/driver/calls/{call_id}/{step}")
            assert answer.status_code == 200, answer.text


async def _ordered(till: Till, source: Source, orderer: CompanyId, payment: Payment) -> Call:
    """A call as a partner brings it: nobody's customer here."""
    night = till.night
    command = replace(request_for(night.company, None, night.clock), orderer_id=orderer, source=source, payment=payment)
    async with night.transaction() as tx:
        return await calls.request(tx, command, SYSTEM, now=night.clock.now(), ids=night.ids)
