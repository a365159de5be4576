"""Rides that are insured: a night with a partner, policies and drivers who have handed in their insurance."""

from dataclasses import dataclass, replace
from datetime import date

from tests.dispatch.factories import Night, make_account, make_company, request_for

from daeri.calls import api as calls
from daeri.calls.model import Call, Change
from daeri.drivers import api as drivers
from daeri.drivers.paper_model import Apply, Insurance, Licence, LicenceKind
from daeri.infra.keys import KeyRing
from daeri.insurance import api as insurance
from daeri.insurance.model import Cover
from daeri.kernel.ids import CallId, CompanyId, DriverId
from daeri.kernel.terms import SYSTEM, Actor, ActorKind, Service, Source
from daeri.policies import api as policies
from daeri.policies.model import EVERYONE, Policy, Scope

UNTIL = date(2027, 11, 22)


@dataclass(frozen=True)
class Insured:
    """One company's insured night; each method is one command, committed."""

    night: Night
    ring: KeyRing

    async def write(self, policy: Policy, scope: Scope = EVERYONE) -> int:
        async with self.night.transaction() as tx:
            now = self.night.clock.now()
            record = await policies.write(tx, self.night.company, policy, now=now, ids=self.night.ids, scope=scope)
        return record.version

    async def hand_in(self, driver: DriverId, insurer: str, number: str) -> None:
        """The driver's insurance, which nobody has approved yet."""
        licence = Licence("11-22-334455-66", LicenceKind.FIRST_NORMAL, UNTIL)
        given = Apply("이서연", licence, Insurance(insurer, number, UNTIL), (Service.GENERAL,))
        async with self.night.transaction() as tx:
            now, ids = self.night.clock.now(), self.night.ids
            await drivers.submit(tx, self.ring, driver, self.night.company, given, now=now, ids=ids)

    async def approve(self, driver: DriverId) -> None:
        async with self.night.transaction() as tx:
            now, ids = self.night.clock.now(), self.night.ids
            await drivers.approve(tx, driver, self.night.company, SYSTEM, now=now, ids=ids, ring=self.ring)

    async def assigned(self) -> tuple[Call, DriverId]:
        """A call of a driver whose insurance is approved."""
        call, driver = await self.night.assigned()
        await self.hand_in(driver, "한빛손해보험", "HB-2026-000123")
        await self.approve(driver)
        return call, driver

    async def driving(self) -> tuple[Call, DriverId]:
        call, driver = await self.assigned()
        await self.night.arrive(call.id, driver)
        return await self.night.start(call.id, driver), driver

    async def consigned(self) -> tuple[Call, DriverId]:
        """An own call that a partner's driver has: the partner is another company of the installation."""
        night, call = self.night, await self.night.request()
        async with night.transaction() as tx:
            partner = await make_company(tx, night.ids, "dalbit")
            driver = DriverId(await make_account(tx, night.ids, partner, "driver"))
            now, ids = night.clock.now(), night.ids
            await drivers.apply(tx, driver, partner, now=now, ids=ids)
            await drivers.approve(tx, driver, partner, SYSTEM, now=now, ids=ids)
            assigned = await calls.assign(
                tx, call.id, night.company, driver_id=driver, performer_id=partner, now=now, ids=ids
            )
        return assigned, driver

    async def ordered(self, source: Source, partner: CompanyId | None = None) -> tuple[Call, DriverId]:
        """A partner's order of that grade, which one of our drivers has."""
        night, driver = self.night, await self.night.driver()
        async with night.transaction() as tx:
            orderer = partner or await make_company(tx, night.ids, "saebyeok")
            command = replace(request_for(night.company, None, night.clock), source=source, orderer_id=orderer)
            now, ids = night.clock.now(), night.ids
            call = await calls.request(tx, command, Actor(ActorKind.PARTNER, None), now=now, ids=ids)
            assigned = await calls.assign(
                tx, call.id, night.company, driver_id=driver, performer_id=night.company, now=now, ids=ids
            )
        return assigned, driver

    async def drive(self, call: Call, driver: DriverId, *, minutes: float = 20) -> Call:
        """From where the call stands to its end, by the spine's own commands."""
        async with self.night.transaction() as tx:
            now, ids, company = self.night.clock.now(), self.night.ids, self.night.company
            await calls.arrive(tx, call.id, company, driver, now=now, ids=ids)
            await calls.start(tx, call.id, company, driver, now=now, ids=ids)
        self.night.later(minutes=minutes)
        return await self.complete(call, driver)

    async def complete(self, call: Call, driver: DriverId) -> Call:
        async with self.night.transaction() as tx:
            now, ids = self.night.clock.now(), self.night.ids
            return await calls.complete(tx, call.id, self.night.company, driver, now=now, ids=ids)

    async def reconnect(self, original: Call) -> Call:
        async with self.night.transaction() as tx:
            change = Change(Actor(ActorKind.STAFF, None), "ended by mistake")
            now, ids = self.night.clock.now(), self.night.ids
            return await calls.reopen_for(tx, original.id, self.night.company, change, now=now, ids=ids)

    async def covers(self, ride: CallId) -> list[Cover]:
        async with self.night.database.reading() as tx:
            return await insurance.covers_of(tx, self.night.company, ride)
