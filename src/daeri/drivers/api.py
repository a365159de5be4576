"""The door of drivers: sign-up, duty, last positions, days."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from daeri.drivers import store
from daeri.drivers.model import (
    DEFAULT_SERVICES,
    Driver,
    DriverDay,
    DriverNotFound,
    Duty,
    LastPosition,
    NotApproved,
    SignUp,
)
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, DriverId, Ids
from daeri.kernel.terms import Actor, ActorKind, Service

TOPIC = "driver"  # hints: `driver.<id>` whenever what dispatch must know of a driver has changed


async def apply(tx: Tx, driver_id: DriverId, company_id: CompanyId, *, now: datetime, ids: Ids) -> None:
    """Make the account a driver who waits for approval; does nothing when it already is a driver."""
    actor = Actor(ActorKind.DRIVER, driver_id)
    await store.apply(tx, driver_id, company_id, DEFAULT_SERVICES, actor, event_id=ids.new(), now=now)


async def enrol(
    tx: Tx, driver_ids: Sequence[UUID], company_id: CompanyId, *, now: datetime, duty: Duty = Duty.OFF
) -> None:
    """Approved drivers in one statement and without events: for demos and benchmarks."""
    await store.enrol(tx, driver_ids, company_id, duty=duty, services=list(Service), now=now)


async def approve(
    tx: Tx,
    driver_id: DriverId,
    company_id: CompanyId,
    actor: Actor,
    *,
    now: datetime,
    ids: Ids,
    services: Sequence[Service] | None = None,
) -> Driver:  # fmt: skip -- the signature reads as one sentence
    """Let the driver go on duty, for these services (None keeps those of the sign-up)."""
    driver = await store.approve(tx, driver_id, company_id, services, actor, event_id=ids.new(), now=now)
    if driver is None:
        raise DriverNotFound(driver_id=str(driver_id))
    return driver


async def set_duty(
    tx: Tx, driver_id: DriverId, company_id: CompanyId, duty: Duty, actor: Actor, *, now: datetime, ids: Ids
) -> Driver:
    """Put the driver on or off duty; saying what is already so changes nothing. Offers are dispatch's to withdraw."""
    changed = await store.set_duty(tx, driver_id, company_id, duty, actor, event_id=ids.new(), now=now)
    if changed is not None:
        tx.hint(f"{TOPIC}.{driver_id}")
        return changed
    driver = await get(tx, company_id, driver_id)
    if driver.duty is not duty:
        raise NotApproved(status=driver.status)
    return driver


async def applied(tx: Tx, company_id: UUID) -> list[Driver]:
    """The company's drivers who wait for approval, in the order in which they joined."""
    return await store.applied(tx, company_id)


async def get(tx: Tx, company_id: UUID, driver_id: UUID) -> Driver:
    """The company's driver; DriverNotFound also when it is another company's."""
    driver = await store.get(tx, company_id, driver_id)
    if driver is None:
        raise DriverNotFound(driver_id=str(driver_id))
    return driver


async def lock_for_work(tx: Tx, company_id: UUID, driver_id: UUID) -> Driver:
    """The driver, whose other commands wait until this transaction ends; NotApproved when they may not drive."""
    driver = await store.lock(tx, company_id, driver_id)
    if driver is None:
        raise DriverNotFound(driver_id=str(driver_id))
    if driver.status is not SignUp.APPROVED:
        raise NotApproved(status=driver.status)
    return driver


async def on_duty(tx: Tx, company_id: UUID) -> int:
    """How many drivers of the company are on duty."""
    return await store.on_duty(tx, company_id)


async def save_positions(tx: Tx, positions: Sequence[LastPosition]) -> None:
    """Overwrite the snapshot with newer positions; older ones are ignored."""
    if positions:
        await store.save_positions(tx, positions)


async def last_positions(tx: Tx, driver_ids: Sequence[UUID]) -> list[LastPosition]:
    """Where these drivers were last heard of."""
    return await store.last_positions(tx, driver_ids)


async def positions_on_duty(tx: Tx) -> list[LastPosition]:
    """Where every driver on duty, of all companies, was last heard of: what the live fleet starts from."""
    return await store.positions_on_duty(tx)


async def days(tx: Tx, company_id: UUID, driver_id: UUID, *, since: date) -> list[DriverDay]:
    """What the driver drove by Korean day, newest first."""
    return await store.days(tx, company_id, driver_id, since)
