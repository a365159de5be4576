"""Drivers' papers and suspensions on a real database, each command in a transaction of its own."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from tests.dispatch.factories import Night, make_account

from daeri.dispatch import api as dispatch
from daeri.drivers import api
from daeri.drivers.model import Driver, Duty, Suspend, Suspension
from daeri.drivers.paper_model import Application, Apply, DocumentKind, Insurance, Licence, LicenceKind
from daeri.infra.keys import KeyRing, new_keys
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.terms import Actor, ActorKind, Service

JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
PDF = b"%PDF-1.7\n" + bytes(200)
FAR = date(2030, 12, 31)


def wish(licence: date = FAR, insurance: date = FAR, number: str = "11-22-334455-66") -> Apply:
    """A complete application with these last days."""
    return Apply(
        name="김민준",
        licence=Licence(number, LicenceKind.FIRST_NORMAL, licence),
        insurance=Insurance("한빛손해보험", "HB-2026-000123", insurance),
        services=(Service.GENERAL, Service.VIP),
    )


@dataclass
class Desk:
    """A night with staff who decide about drivers."""

    night: Night
    ring: KeyRing = field(default_factory=lambda: KeyRing(new_keys()))
    staff: Actor = field(default_factory=lambda: Actor(ActorKind.STAFF, UUID(bytes=secrets.token_bytes(16))))

    @property
    def company(self) -> CompanyId:
        return self.night.company

    @property
    def now(self) -> datetime:
        return self.night.clock.now()

    async def applicant(self) -> DriverId:
        """A new driver's account."""
        async with self.night.transaction() as tx:
            driver = DriverId(await make_account(tx, self.night.ids, self.company, "driver"))
            await api.apply(tx, driver, self.company, now=self.now, ids=self.night.ids)
        return driver

    async def submit(self, driver: DriverId, given: Apply | None = None) -> Application:
        async with self.night.transaction() as tx:
            return await api.submit(
                tx, self.ring, driver, self.company, given or wish(), now=self.now, ids=self.night.ids
            )

    async def hand_in(self, driver: DriverId, *kinds: DocumentKind) -> None:
        for kind in kinds or (DocumentKind.LICENCE, DocumentKind.INSURANCE):
            async with self.night.transaction() as tx:
                await api.put_document(
                    tx,
                    self.ring,
                    driver,
                    self.company,
                    kind,
                    content=JPEG,
                    said_to_be="image/jpeg",
                    now=self.now,
                    ids=self.night.ids,
                )

    async def approve(self, driver: DriverId) -> Driver:
        async with self.night.transaction() as tx:
            return await api.approve_application(
                tx, self.ring, driver, self.company, self.staff, now=self.now, ids=self.night.ids
            )

    async def refuse(self, driver: DriverId, reason: str = "면허 사진이 흐려요") -> Driver:
        async with self.night.transaction() as tx:
            return await api.refuse(
                tx, self.ring, driver, self.company, self.staff, reason=reason, now=self.now, ids=self.night.ids
            )

    async def driver(self, licence: date = FAR, insurance: date = FAR, duty: Duty = Duty.ON) -> DriverId:
        """A driver who applied with these papers and was approved."""
        driver = await self.applicant()
        await self.submit(driver, wish(licence, insurance))
        await self.hand_in(driver)
        await self.approve(driver)
        if duty is Duty.ON:
            await self.night.set_duty(driver, duty)
        return driver

    async def suspend(self, driver: DriverId, reason: str = "반복 취소", ends_at: datetime | None = None) -> Suspension:
        async with self.night.transaction() as tx:
            what = Suspend(reason, "콜 3건", ends_at)
            return await dispatch.suspend(tx, driver, self.company, what, self.staff, now=self.now, ids=self.night.ids)

    async def lift(self, driver: DriverId, reason: str = "확인 완료") -> Suspension:
        async with self.night.transaction() as tx:
            return await api.lift(tx, driver, self.company, reason, self.staff, now=self.now, ids=self.night.ids)

    async def appeal(self, suspension: UUID, driver: DriverId, text: str = "사실과 달라요") -> Suspension:
        async with self.night.transaction() as tx:
            return await api.appeal(tx, suspension, driver, self.company, text, now=self.now, ids=self.night.ids)

    async def answer(self, appeal: UUID, *, upheld: bool, text: str = "다시 확인했어요") -> Suspension:
        async with self.night.transaction() as tx:
            return await api.answer_appeal(
                tx, appeal, self.company, self.staff, upheld=upheld, text=text, now=self.now, ids=self.night.ids
            )

    async def attend(self) -> list[DriverId]:
        async with self.night.transaction() as tx:
            return await dispatch.attend_drivers(tx, now=self.now, ids=self.night.ids)

    async def get(self, driver: DriverId) -> Driver:
        async with self.night.database.reading() as tx:
            return await api.get(tx, self.company, driver)

    async def suspensions(self, driver: DriverId) -> list[Suspension]:
        async with self.night.database.reading() as tx:
            return await api.suspensions_of(tx, self.company, driver)
