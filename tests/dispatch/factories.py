"""A small night: people, calls and offers on a real database, each command in a transaction of its own."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call, Change, Fare, Place, State
from daeri.calls.request_model import RequestCall
from daeri.customers import api as customers
from daeri.customers.bond_model import Ride
from daeri.dispatch import api as dispatch
from daeri.dispatch.model import Decision, NewListing, NewOffer, Offer, Slot
from daeri.drivers import api as drivers
from daeri.drivers.model import Duty
from daeri.infra.database import Database, Row, Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId, Ids, OfferId
from daeri.kernel.money import Won
from daeri.kernel.terms import SYSTEM, Actor, ActorKind, Payment, Service, Source
from daeri.kernel.time import SteppedClock
from daeri.pricing.model import FarePlan

OFFER_LIMIT = timedelta(seconds=12)
CALL_EXPIRY = timedelta(minutes=15)
RESERVATION_LEAD = timedelta(minutes=30)

GANGNAM = Place(Point(37.4979, 127.0276), "강남역", "11680")
JAMSIL = Place(Point(37.5133, 127.1002), "잠실역", "11710")

_COMPANY = "INSERT INTO companies (id, slug, name_ko, name_en, created_at) VALUES ($1, $2, $2, $2, $3)"
_ACCOUNT = """
INSERT INTO accounts (id, company_id, kind, phone_sealed, phone_hash, phone_last4_hash, status, created_at)
VALUES ($1, $2, $3, '\\x00', $4, '\\x00', 'active', $5)
"""
_ENGAGED = "SELECT driver_id, call_id FROM engagements WHERE company_id = $1"


async def make_company(tx: Tx, ids: Ids, slug: str) -> CompanyId:
    company = CompanyId(ids.new())
    await tx.execute(_COMPANY, company, slug, ids.clock.now())
    return company


async def make_account(tx: Tx, ids: Ids, company: UUID, kind: str) -> UUID:
    account = ids.new()
    await tx.execute(_ACCOUNT, account, company, kind, account.bytes, ids.clock.now())
    return account


def request_for(company: CompanyId, customer: CustomerId | None, clock: SteppedClock) -> RequestCall:
    """A plain own call from Gangnam to Jamsil, for now; `replace` makes it another one."""
    return RequestCall(
        company_id=company,
        orderer_id=company,
        source=Source.OWN,
        customer_id=customer,
        service=Service.GENERAL,
        options=(),
        payment=Payment.CARD,
        fare=Fare(Won(25_000), FarePlan.CALCULATOR, 0),
        origin=GANGNAM,
        destination=JAMSIL,
        vias=(),
        note="",
        reserved_for=None,
        dispatch_at=clock.now(),
        expires_at=clock.now() + CALL_EXPIRY,
        policy_version=0,
    )


@dataclass(slots=True)
class HesitantTx(Tx):
    """Waits up to 2 ms before each statement, so that commands at the same instant meet at every point of their way."""

    rng: random.Random = field(default_factory=random.Random)

    async def rows(self, sql: str, *args: object) -> list[Row]:
        await self._hesitate()
        return await Tx.rows(self, sql, *args)

    async def row(self, sql: str, *args: object) -> Row | None:
        await self._hesitate()
        return await Tx.row(self, sql, *args)

    async def value(self, sql: str, *args: object) -> Any:
        await self._hesitate()
        return await Tx.value(self, sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        await self._hesitate()
        return await Tx.execute(self, sql, *args)

    async def _hesitate(self) -> None:
        await asyncio.sleep(self.rng.random() * 0.002)


@dataclass(frozen=True)
class Night:
    """One company's night. Every method is one command, committed, at the clock's time."""

    database: Database
    company: CompanyId
    clock: SteppedClock
    ids: Ids
    hesitation: random.Random | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with self.database.transaction() as tx:
            yield tx if self.hesitation is None else HesitantTx(tx.connection, tx.hints, self.hesitation)

    def later(self, **duration: float) -> None:
        self.clock.advance_to(self.clock.now() + timedelta(**duration))

    async def customer(self) -> CustomerId:
        async with self.transaction() as tx:
            return CustomerId(await make_account(tx, self.ids, self.company, "customer"))

    async def driver(self, duty: Duty = Duty.ON) -> DriverId:
        """An approved driver."""
        async with self.transaction() as tx:
            driver = DriverId(await make_account(tx, self.ids, self.company, "driver"))
            now = self.clock.now()
            await drivers.apply(tx, driver, self.company, now=now, ids=self.ids)
            await drivers.approve(tx, driver, self.company, SYSTEM, now=now, ids=self.ids)
        if duty is Duty.ON:
            await self.set_duty(driver, duty)
        return driver

    async def set_duty(self, driver: DriverId, duty: Duty) -> None:
        actor = Actor(ActorKind.DRIVER, driver)
        async with self.transaction() as tx:
            await dispatch.set_duty(tx, driver, self.company, duty, actor, now=self.clock.now(), ids=self.ids)

    async def request(self, customer: CustomerId | None = None, **changes: object) -> Call:
        customer = customer or await self.customer()
        command = replace(request_for(self.company, customer, self.clock), **changes)
        async with self.transaction() as tx:
            actor = Actor(ActorKind.CUSTOMER, customer)
            return await calls.request(tx, command, actor, now=self.clock.now(), ids=self.ids)

    async def reserve(self, ahead: timedelta = timedelta(hours=1)) -> Call:
        wanted = self.clock.now() + ahead
        begins = wanted - RESERVATION_LEAD
        return await self.request(reserved_for=wanted, dispatch_at=begins, expires_at=begins + CALL_EXPIRY)

    def planned(self, call: CallId, driver: DriverId, slot: Slot = Slot.NOW) -> NewOffer:
        return NewOffer(OfferId(self.ids.new()), call, driver, self.clock.now() + OFFER_LIMIT, 840, 150, 0, slot)

    async def apply(
        self,
        offers: Sequence[NewOffer] = (),
        listings: Sequence[NewListing] = (),
        decisions: Sequence[Decision] = (),
    ) -> list[Offer]:
        async with self.transaction() as tx:
            return await dispatch.apply(tx, offers, listings, decisions, now=self.clock.now())

    async def offer(self, call: CallId, driver: DriverId, slot: Slot = Slot.NOW) -> Offer:
        """The offer, which must have been written."""
        (offer,) = await self.apply([self.planned(call, driver, slot)])
        return offer

    async def offer_next(self, call: CallId, driver: DriverId) -> Offer:
        """An offer for after the drive under way."""
        return await self.offer(call, driver, Slot.NEXT)

    async def slots(self, driver: DriverId) -> dict[Slot, CallId]:
        """The driver's calls."""
        async with self.database.reading() as tx:
            return (await dispatch.engaged(tx, [driver])).get(driver, {})

    async def never_meet(self, customer: CustomerId, driver: DriverId) -> None:
        """The customer never wants to meet the driver again."""
        ride = Ride(CallId(self.ids.new()), self.company, customer, driver, is_completed=True)
        async with self.transaction() as tx:
            actor = Actor(ActorKind.CUSTOMER, customer)
            await customers.ask_never_meet(tx, ride, actor, "", now=self.clock.now(), ids=self.ids)

    async def assign_by_hand(self, call: CallId, driver: DriverId, reason: str = "the customer waits") -> Call:
        change = Change(Actor(ActorKind.STAFF, None), reason)
        async with self.transaction() as tx:
            return await dispatch.assign_by_hand(
                tx, call, driver, self.company, change, now=self.clock.now(), ids=self.ids
            )

    async def list_for(self, call: CallId, *drivers: DriverId) -> None:
        metres = tuple(100 * (place + 1) for place in range(len(drivers)))
        await self.apply(listings=[NewListing(call, drivers, metres)])

    async def accept(self, offer: OfferId, driver: DriverId) -> Call:
        async with self.transaction() as tx:
            return await dispatch.accept(tx, offer, driver, self.company, now=self.clock.now(), ids=self.ids)

    async def decline(self, offer: OfferId, driver: DriverId) -> Offer:
        async with self.transaction() as tx:
            return await dispatch.decline(tx, offer, driver, now=self.clock.now())

    async def take(self, call: CallId, driver: DriverId) -> Call:
        async with self.transaction() as tx:
            return await dispatch.take(tx, call, driver, self.company, now=self.clock.now(), ids=self.ids)

    async def arrive(self, call: CallId, driver: DriverId) -> Call:
        async with self.transaction() as tx:
            return await dispatch.arrive(tx, call, driver, self.company, now=self.clock.now(), ids=self.ids)

    async def start(self, call: CallId, driver: DriverId) -> Call:
        async with self.transaction() as tx:
            return await dispatch.start(tx, call, driver, self.company, now=self.clock.now(), ids=self.ids)

    async def complete(self, call: CallId, driver: DriverId) -> Call:
        async with self.transaction() as tx:
            return await dispatch.complete(tx, call, driver, self.company, now=self.clock.now(), ids=self.ids)

    async def cancel(self, call: CallId, customer: CustomerId | None = None, reason: str | None = None) -> Call:
        change = Change(Actor(ActorKind.CUSTOMER, customer), reason)
        async with self.transaction() as tx:
            return await dispatch.cancel(tx, call, self.company, change, now=self.clock.now(), ids=self.ids)

    async def cancel_by_driver(self, call: CallId, driver: DriverId, reason: str | None = None) -> Call:
        now = self.clock.now()
        async with self.transaction() as tx:
            return await dispatch.cancel_by_driver(tx, call, driver, self.company, reason, now=now, ids=self.ids)

    async def release(self, call: CallId, reason: str | None = "driver_too_far") -> Call:
        change = Change(SYSTEM, reason)
        now = self.clock.now()
        async with self.transaction() as tx:
            return await dispatch.release(tx, call, self.company, change, waits_for=CALL_EXPIRY, now=now, ids=self.ids)

    async def expire_calls(self) -> list[Call]:
        async with self.transaction() as tx:
            return await dispatch.expire_calls(tx, now=self.clock.now(), ids=self.ids)

    async def expire_offers(self) -> list[Offer]:
        async with self.transaction() as tx:
            return await dispatch.expire_offers(tx, now=self.clock.now())

    async def come_due(self) -> list[Call]:
        async with self.transaction() as tx:
            return await calls.come_due(tx, now=self.clock.now(), ids=self.ids)

    async def get(self, call: CallId) -> Call:
        async with self.database.reading() as tx:
            return await calls.get(tx, self.company, call)

    async def offers_of(self, call: CallId) -> list[Offer]:
        async with self.database.reading() as tx:
            return await dispatch.offers_of_call(tx, self.company, call)

    async def engaged(self) -> dict[UUID, UUID]:
        """driver → call, as the rows say."""
        async with self.database.reading() as tx:
            return {row["driver_id"]: row["call_id"] for row in await tx.rows(_ENGAGED, self.company)}

    async def overlaps(self) -> int:
        async with self.database.reading() as tx:
            return await dispatch.count_overlaps(tx, self.company)

    async def assigned(self) -> tuple[Call, DriverId]:
        """A call that a driver has accepted."""
        call, driver = await self.request(), await self.driver()
        offer = await self.offer(call.id, driver)
        return await self.accept(offer.id, driver), driver

    async def in_state(self, state: State) -> tuple[Call, DriverId | None]:
        """A call brought into `state` by real commands, and the driver who has or had it."""
        if state is State.RESERVED:
            return await self.reserve(), None
        if state in _WITHOUT_DRIVER:
            call = await self.request()
            if state is State.CANCELLED_BEFORE_ASSIGNMENT:
                call = await self.cancel(call.id)
            if state is State.EXPIRED:
                self.clock.advance_to(call.expires_at)
                (call,) = [one for one in await self.expire_calls() if one.id == call.id]
            return call, None
        call, driver = await self.assigned()
        for step in _STEPS[state]:
            call = await getattr(self, step)(call.id, driver) if step != "cancel" else await self.cancel(call.id)
        return call, driver


_WITHOUT_DRIVER = {State.REQUESTED, State.CANCELLED_BEFORE_ASSIGNMENT, State.EXPIRED}
_STEPS = {
    State.ASSIGNED: (),
    State.ARRIVED: ("arrive",),
    State.DRIVING: ("arrive", "start"),
    State.COMPLETED: ("arrive", "start", "complete"),
    State.CANCELLED_AFTER_ASSIGNMENT: ("arrive", "cancel"),
}
