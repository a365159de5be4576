"""Suspending drivers, lifting it, and their appeals (I-005).

Every command locks the driver first, so that two at once come one after the other. Only dispatch can take a driver's
offer away, so suspending begins there.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.drivers import store
from daeri.drivers import suspension_store as suspended
from daeri.drivers.model import (
    AlreadySuspended,
    AppealAnswered,
    AppealedAlready,
    AppealNotFound,
    Driver,
    DriverNotFound,
    DriverSuspended,
    EventKind,
    NotApproved,
    NotSuspended,
    SignUp,
    Suspend,
    Suspension,
    SuspensionEndInvalid,
    SuspensionLifted,
    SuspensionNotFound,
    WaitingAppeal,
)
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId, Ids
from daeri.kernel.terms import SYSTEM, Actor, ActorKind

TOPIC = "driver"  # hints: `driver.<id>` whenever what dispatch must know of a driver has changed


async def suspend(
    tx: Tx, driver_id: UUID, company_id: UUID, what: Suspend, actor: Actor, *, now: datetime, ids: Ids
) -> Suspension:
    """Begin a suspension; duty is the caller's to end.

    NotApproved for who may not work anyway, AlreadySuspended, SuspensionEndInvalid for an end that is not ahead.
    """
    if what.ends_at is not None and what.ends_at <= now:
        raise SuspensionEndInvalid()
    driver = await _lock(tx, company_id, driver_id)
    if driver.status is SignUp.SUSPENDED and await end_if_over(tx, driver, now=now, ids=ids):
        driver = await _lock(tx, company_id, driver_id)
    if driver.status is SignUp.SUSPENDED:
        raise AlreadySuspended()
    if driver.status is not SignUp.APPROVED:
        raise NotApproved(status=driver.status)
    suspension_id = ids.new()
    by_hand = actor.id if actor.kind is ActorKind.STAFF else None
    await suspended.add(tx, suspension_id, driver, what, decided_by=by_hand, now=now)
    await _tell(tx, driver, SignUp.SUSPENDED, EventKind.SUSPENDED, actor, about=suspension_id, now=now, ids=ids)
    return await _get(tx, company_id, suspension_id)


async def lift(
    tx: Tx, driver_id: UUID, company_id: UUID, reason: str, actor: Actor, *, now: datetime, ids: Ids
) -> Suspension:
    """End the running suspension at once; NotSuspended when there is none."""
    driver = await _lock(tx, company_id, driver_id)
    running = await running_of(tx, [driver_id], now=now)
    if driver_id not in running:
        raise NotSuspended()
    return await _lift(tx, driver, running[driver_id], reason, actor, now=now, ids=ids)


async def end_if_over(tx: Tx, driver: Driver, *, now: datetime, ids: Ids) -> bool:
    """End the suspension of a driver whose end has come; whether that was so."""
    for suspension in await suspended.running(tx, [driver.id]):
        if suspension.ends_at is not None and suspension.ends_at <= now:
            return await _run_out(tx, driver, suspension.id, now=now, ids=ids)
    return False


async def end_due(tx: Tx, *, now: datetime, ids: Ids, limit: int = 1_000) -> list[DriverId]:
    """End the suspensions whose end has come; whose they were."""
    ended = []
    for suspension_id, driver_id, company_id in await suspended.due(tx, now, limit):
        driver = await _lock(tx, company_id, driver_id)
        if await _run_out(tx, driver, suspension_id, now=now, ids=ids):
            ended.append(driver.id)
    return ended


async def appeal(
    tx: Tx, suspension_id: UUID, driver_id: UUID, company_id: UUID, text: str, *, now: datetime, ids: Ids
) -> Suspension:
    """The driver's word against a suspension, once; SuspensionLifted when there is nothing left to appeal against."""
    driver = await _lock(tx, company_id, driver_id)
    suspension = await suspended.get(tx, company_id, suspension_id)
    if suspension is None or suspension.driver_id != driver_id:
        raise SuspensionNotFound(suspension_id=str(suspension_id))
    if suspension.appeal is not None:
        raise AppealedAlready()
    if suspension.lifted_at is not None:
        raise SuspensionLifted()
    appeal_id = ids.new()
    if not await suspended.appeal(tx, appeal_id, suspension_id, driver, text=text, now=now):
        raise AppealedAlready()
    actor = Actor(ActorKind.DRIVER, driver_id)
    await _tell(tx, driver, driver.status, EventKind.APPEALED, actor, about=suspension_id, now=now, ids=ids)
    return await _get(tx, company_id, suspension_id)


async def answer_appeal(
    tx: Tx, appeal_id: UUID, company_id: UUID, actor: Actor, *, upheld: bool, text: str, now: datetime, ids: Ids
) -> Suspension:
    """A person's answer, once. An appeal that is upheld lifts its suspension at once, where it still runs."""
    found = await suspended.appealed(tx, company_id, appeal_id)
    if found is None:
        raise AppealNotFound(appeal_id=str(appeal_id))
    suspension_id, driver_id = found
    driver = await _lock(tx, company_id, driver_id)
    if not await suspended.answer(tx, appeal_id, text, actor, upheld=upheld, now=now):
        raise AppealAnswered()
    driver = await _tell(
        tx, driver, driver.status, EventKind.APPEAL_ANSWERED, actor, about=suspension_id, now=now, ids=ids
    )  # fmt: skip -- one call
    running = (await running_of(tx, [driver_id], now=now)).get(driver.id)
    if upheld and running is not None and running.id == suspension_id:
        return await _lift(tx, driver, running, text, actor, now=now, ids=ids)
    return await _get(tx, company_id, suspension_id)


async def running_of(tx: Tx, driver_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, Suspension]:
    """The running suspensions of these drivers; one whose end has come is over, even before it is worked off."""
    found = await suspended.running(tx, driver_ids)
    return {each.driver_id: each for each in found if each.ends_at is None or each.ends_at > now}


async def suspensions(tx: Tx, company_id: UUID, driver_id: UUID) -> list[Suspension]:
    """Every suspension of the driver with its appeal, newest first (R-041)."""
    return await suspended.history(tx, company_id, driver_id)


async def waiting_appeals(tx: Tx, company_id: UUID, *, limit: int = 200) -> list[WaitingAppeal]:
    """The company's appeals that nobody has answered, oldest first."""
    return await suspended.waiting_appeals(tx, company_id, limit)


async def refusal(tx: Tx, driver: Driver, *, now: datetime) -> DriverSuspended:
    """Why a suspended driver may not work: reason and end."""
    running = (await running_of(tx, [driver.id], now=now)).get(driver.id)
    if running is None:
        return DriverSuspended(reason="", ends_at=None)
    return DriverSuspended(
        reason=running.reason, ends_at=None if running.ends_at is None else running.ends_at.isoformat()
    )


async def _run_out(tx: Tx, driver: Driver, suspension_id: UUID, *, now: datetime, ids: Ids) -> bool:
    if not await suspended.run_out(tx, suspension_id, now):
        return False
    await _tell(tx, driver, SignUp.APPROVED, EventKind.SUSPENSION_ENDED, SYSTEM, about=suspension_id, now=now, ids=ids)
    return True


async def _lift(
    tx: Tx, driver: Driver, suspension: Suspension, reason: str, actor: Actor, *, now: datetime, ids: Ids
) -> Suspension:
    await suspended.lift(tx, suspension.id, reason, actor, now)
    await _tell(tx, driver, SignUp.APPROVED, EventKind.SUSPENSION_ENDED, actor, about=suspension.id, now=now, ids=ids)
    return await _get(tx, driver.company_id, suspension.id)


async def _tell(
    tx: Tx,
    driver: Driver,
    status: SignUp,
    kind: EventKind,
    actor: Actor,
    *,
    about: UUID,
    now: datetime,
    ids: Ids,
) -> Driver:  # fmt: skip -- the signature reads as one sentence
    changed = await store.change_status(
        tx, driver, status, kind, actor, event_id=ids.new(), now=now, data={"suspension_id": str(about)}
    )
    tx.hint(f"{TOPIC}.{driver.id}")
    return changed


async def _lock(tx: Tx, company_id: UUID, driver_id: UUID) -> Driver:
    driver = await store.lock(tx, company_id, driver_id)
    if driver is None:
        raise DriverNotFound(driver_id=str(driver_id))
    return driver


async def _get(tx: Tx, company_id: UUID, suspension_id: UUID) -> Suspension:
    found = await suspended.get(tx, company_id, suspension_id)
    if found is None:
        raise SuspensionNotFound(suspension_id=str(suspension_id))
    return found
