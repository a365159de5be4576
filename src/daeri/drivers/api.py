"""The door of drivers: sign-up, papers, duty, suspensions, last positions, days and earnings."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from daeri.drivers import policy, run_store, store, suspensions
from daeri.drivers.applications import (
    SEALED_COLUMNS,
    SEALED_DOCUMENTS,
    applications,
    approve,
    approve_application,
    documents,
    expiries,
    missing_documents,
    put_document,
    read_document,
    refuse,
    remind_due,
    reminded,
    submit,
    with_open_application,
)
from daeri.drivers.model import (
    DEFAULT_SERVICES,
    AtWork,
    Driver,
    DriverDay,
    DriverFilter,
    DriverNotFound,
    Duty,
    Earnings,
    InsuranceExpired,
    LastPosition,
    LicenceExpired,
    NotApproved,
    Run,
    SignUp,
)
from daeri.drivers.policy import Bar
from daeri.drivers.suspensions import (
    TOPIC,
    answer_appeal,
    appeal,
    end_due,
    lift,
    running_of,
    suspend,
    waiting_appeals,
)
from daeri.drivers.suspensions import suspensions as suspensions_of
from daeri.infra.database import Tx
from daeri.kernel.errors import DaeriError
from daeri.kernel.ids import CompanyId, DriverId, Ids
from daeri.kernel.result import Allowed
from daeri.kernel.terms import Actor, ActorKind, Service

__all__ = [
    "SEALED_COLUMNS",
    "SEALED_DOCUMENTS",
    "TOPIC",
    "answer_appeal",
    "appeal",
    "applications",
    "applied",
    "apply",
    "approve",
    "approve_application",
    "at_work",
    "days",
    "documents",
    "earnings",
    "end_due",
    "enrol",
    "expiries",
    "find",
    "get",
    "last_positions",
    "lift",
    "lock_for_work",
    "mind_balance",
    "missing_documents",
    "next_due",
    "on_duty",
    "positions_on_duty",
    "put_document",
    "read_document",
    "record_run",
    "refuse",
    "remind_due",
    "reminded",
    "rest_if_barred",
    "run_count",
    "run_counts",
    "running_of",
    "runs_of_day",
    "save_positions",
    "set_duty",
    "submit",
    "suspend",
    "suspensions_of",
    "waiting_appeals",
    "with_open_application",
]


async def apply(tx: Tx, driver_id: DriverId, company_id: CompanyId, *, now: datetime, ids: Ids) -> None:
    """Make the account a driver who waits for approval; does nothing when it already is a driver."""
    actor = Actor(ActorKind.DRIVER, driver_id)
    await store.apply(tx, driver_id, company_id, DEFAULT_SERVICES, actor, event_id=ids.new(), now=now)


async def enrol(
    tx: Tx,
    driver_ids: Sequence[UUID],
    company_id: CompanyId,
    *,
    now: datetime,
    duty: Duty = Duty.OFF,
    papers_expire_on: date | None = None,
) -> None:
    """Approved drivers in one statement and without events: for demos and benchmarks."""
    await store.enrol(
        tx, driver_ids, company_id, duty=duty, services=list(Service), papers_expire_on=papers_expire_on, now=now
    )  # fmt: skip -- one call


async def set_duty(
    tx: Tx, driver_id: DriverId, company_id: CompanyId, duty: Duty, actor: Actor, *, now: datetime, ids: Ids
) -> Driver:
    """Put the driver on or off duty; saying what is already so changes nothing. Offers are dispatch's to withdraw.

    NotApproved, DriverSuspended, LicenceExpired or InsuranceExpired when the driver may not work.
    """
    changed = await store.set_duty(tx, driver_id, company_id, duty, actor, event_id=ids.new(), now=now)
    if changed is None:
        driver = await store.lock(tx, company_id, driver_id)
        if driver is None:
            raise DriverNotFound(driver_id=str(driver_id))
        if driver.duty is duty:
            return driver
        if driver.status is SignUp.SUSPENDED:  # the end may have come just now
            await suspensions.end_if_over(tx, driver, now=now, ids=ids)
        changed = await store.set_duty(tx, driver_id, company_id, duty, actor, event_id=ids.new(), now=now)
    if changed is None:
        raise await _refusal(tx, await get(tx, company_id, driver_id), now) or NotApproved()
    tx.hint(f"{TOPIC}.{driver_id}")
    return changed


async def rest_if_barred(tx: Tx, driver_id: UUID, *, now: datetime, ids: Ids) -> bool:
    """Put a driver off duty who is on it and may not work any more; whether that was so."""
    rests = await store.rest_if_barred(tx, driver_id, event_id=ids.new(), now=now)
    if rests:
        tx.hint(f"{TOPIC}.{driver_id}")
    return rests


async def find(tx: Tx, wanted: DriverFilter, *, after: UUID | None = None, limit: int = 50) -> list[Driver]:
    """Drivers of a company in the order in which they joined, from the one after `after`."""
    return await store.find(tx, wanted, after, limit)


async def at_work(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, AtWork]:
    """Whether each of these drivers may work and is on duty; who is unknown is left out."""
    return await store.at_work(tx, driver_ids)


async def next_due(tx: Tx) -> datetime | None:
    """When a suspension ends, a reminder is due or a paper of a driver on duty expires next."""
    return await store.next_due(tx)


async def applied(tx: Tx, company_id: UUID) -> list[Driver]:
    """The company's drivers who wait for approval, in the order in which they joined."""
    return await store.applied(tx, company_id)


async def get(tx: Tx, company_id: UUID, driver_id: UUID) -> Driver:
    """The company's driver; DriverNotFound also when it is another company's."""
    driver = await store.get(tx, company_id, driver_id)
    if driver is None:
        raise DriverNotFound(driver_id=str(driver_id))
    return driver


async def lock_for_work(tx: Tx, company_id: UUID, driver_id: UUID, *, now: datetime) -> Driver:
    """The driver, whose other commands wait until this transaction ends.

    NotApproved, DriverSuspended, LicenceExpired or InsuranceExpired when they may not work.
    """
    driver = await store.lock(tx, company_id, driver_id)
    if driver is None:
        raise DriverNotFound(driver_id=str(driver_id))
    refusal = await _refusal(tx, driver, now)
    if refusal is not None:
        raise refusal
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


async def record_run(tx: Tx, run: Run) -> None:
    """Keep what a ride left to its driver, once a ride (I-010); another fare takes the place of the one before."""
    await run_store.keep(tx, run)


async def mind_balance(tx: Tx, company_id: UUID, driver_id: UUID, *, is_short: bool) -> bool:
    """Whether the driver's prepaid balance is too low for new calls; True when that has changed."""
    changed = await store.mind_balance(tx, company_id, driver_id, is_short)
    if changed:
        tx.hint(f"{TOPIC}.{driver_id}")
    return changed


async def earnings(tx: Tx, company_id: UUID, driver_id: UUID, *, since: date, until: date) -> list[Earnings]:
    """What the driver earned by Korean day from `since` to `until`, both included, newest first."""
    return await run_store.by_day(tx, company_id, driver_id, since, until)


async def runs_of_day(tx: Tx, company_id: UUID, driver_id: UUID, day: date) -> list[Run]:
    """The driver's runs of one Korean day, newest first."""
    return await run_store.of_day(tx, company_id, driver_id, day)


async def run_count(tx: Tx, company_id: UUID, driver_id: UUID) -> int:
    """How many calls the driver has ever completed."""
    return await run_store.count(tx, company_id, driver_id)


async def run_counts(tx: Tx, company_id: UUID, driver_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many calls each of these drivers has ever completed; who has completed none is left out."""
    return await run_store.counts(tx, company_id, driver_ids)


async def _refusal(tx: Tx, driver: Driver, now: datetime) -> DaeriError | None:
    """Why the driver may not work at `now`."""
    decided = policy.decide_work(driver, now)
    if isinstance(decided, Allowed):
        return None
    match decided.reason:
        case Bar.SUSPENDED:
            return await suspensions.refusal(tx, driver, now=now)
        case Bar.LICENCE_EXPIRED:
            return LicenceExpired(**decided.facts)
        case Bar.INSURANCE_EXPIRED:
            return InsuranceExpired(**decided.facts)
        case _:
            return NotApproved(**decided.facts)
