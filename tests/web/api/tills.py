"""Rides with bills on a running server: people speak over the API, the worker's and the provider's part is done here."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.payments.factories import Till
from tests.web.api.running import TRIP, Person, Running

from daeri.kernel.ids import CallId, CompanyId
from daeri.kernel.terms import Payment, Source
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
        till = self.till
        orderer = self.running.theirs if self.company == self.running.ours else self.running.ours

        async def drive(_: object) -> str:
            night = till.night
            call = await night.request(source=source, orderer_id=orderer, customer_id=None, payment=payment)
            driver = await night.driver()
            offer = await night.offer(call.id, driver)
            await night.accept(offer.id, driver)
            await night.arrive(call.id, driver)
            await night.start(call.id, driver)
            await night.complete(call.id, driver)
            await till.react(call.id)
            return str(call.id)

        return self.running.ask(drive)

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
        if has_card:
            self.card(customer)
        assert driver.command("/driver/duty", {"on": True}).status_code == 200
        call = customer.command("/calls", {**TRIP, **wish}).json()
        offer_id = self.running.offer(call["id"], driver)
        assert driver.command(f"/driver/offers/{offer_id}/accept").status_code == 200
        for step in ("arrive", "start"):
            assert driver.command(f"/driver/calls/{call['id']}/{step}").status_code == 200
        return Ride(call["id"], call["number"], customer, driver)
