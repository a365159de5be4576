"""A call moves, and its driver, its offers and its place in the open list with it."""

from datetime import datetime, timedelta

from daeri.calls import api as calls
from daeri.calls.model import Call, CallNotFound, Change, State
from daeri.calls.request_model import NewFare
from daeri.customers import api as customers
from daeri.dispatch import decision_store, engagement_store, offer_store
from daeri.dispatch.announcing import announce, announce_closed
from daeri.dispatch.freeing import free, let_go, unlist
from daeri.dispatch.model import DriveFirst, Slot
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CompanyId, DriverId, Ids
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind, Source
from daeri.pricing.model import WaitingPolicy


async def arrive(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    *,
    now: datetime,
    ids: Ids,
    waiting: WaitingPolicy | None = None,
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The driver stands before the customer; DriveFirst while another drive of theirs is under way.

    They wait by `waiting`. Staff in the driver's place say who they are and why by `change`.
    """
    call = await calls.arrive(tx, call_id, company_id, driver_id, now=now, ids=ids, waiting=waiting, change=change)
    if await engagement_store.slot_of_call(tx, call_id) is Slot.NEXT:
        raise DriveFirst()
    return call


async def start(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    *,
    now: datetime,
    ids: Ids,
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The drive begins; from near its end the driver may be offered a next call."""
    call = await calls.start(tx, call_id, company_id, driver_id, now=now, ids=ids, change=change)
    announce(tx, [driver_id])
    return call


async def complete(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    *,
    now: datetime,
    ids: Ids,
    final_amount: Won | None = None,
    cash_received: bool | None = None,
    change: Change | None = None,
) -> Call:
    """The driver finishes the drive and is free again, or has their next call before them.

    It costs `final_amount`, or what was agreed, and what waiting added.
    """
    call = await calls.complete(
        tx,
        call_id,
        company_id,
        driver_id,
        now=now,
        ids=ids,
        final_amount=final_amount,
        cash_received=cash_received,
        change=change,
    )
    await free(tx, call_id, now, ids)
    return call


async def no_show(
    tx: Tx, call_id: CallId, driver_id: DriverId, company_id: CompanyId, *, now: datetime, ids: Ids
) -> Call:
    """Nobody came in time: the driver ends the call and is free; no cancel of the customer's (R-062, I-053)."""
    call = await calls.no_show(tx, call_id, company_id, driver_id, now=now, ids=ids)
    await let_go(tx, call_id, now, ids)
    return call


async def cancel(tx: Tx, call_id: CallId, company_id: CompanyId, change: Change, *, now: datetime, ids: Ids) -> Call:
    """End the call unfinished; its live offer is withdrawn and its driver is free (R-059, R-060, I-053).

    A customer's own cancel of an own call after its assignment is counted with it (R-062).
    """
    call = await calls.cancel(tx, call_id, company_id, change, now=now, ids=ids)
    await let_go(tx, call_id, now, ids)
    await _count_cancel(tx, call, change, now=now, ids=ids)
    return call


async def cancel_by_driver(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    reason: str | None,
    *,
    now: datetime,
    ids: Ids,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The driver ends the call unfinished; only the one who has it may."""
    await calls.get_for_driver(tx, company_id, call_id, driver_id)
    change = Change(Actor(ActorKind.DRIVER, driver_id), reason)
    call = await cancel(tx, call_id, company_id, change, now=now, ids=ids)
    if call.driver_id != driver_id:
        # Released to somebody else between the look and the cancel: the rollback undoes it.
        raise CallNotFound(call_id=str(call_id))
    return call


async def release(
    tx: Tx, call_id: CallId, company_id: CompanyId, change: Change, *, waits_for: timedelta, now: datetime, ids: Ids
) -> Call:
    """Take the driver off the call; it waits for another one."""
    call = await calls.release(tx, call_id, company_id, change, waits_for=waits_for, now=now, ids=ids)
    await free(tx, call_id, now, ids)
    return call


async def change_fare(
    tx: Tx, call_id: CallId, company_id: CompanyId, wanted: NewFare, actor: Actor, *, now: datetime, ids: Ids
) -> Call:
    """Another fare for a waiting call (R-056); nobody may take it at the old one, so a card that shows it goes back."""
    call = await calls.change_fare(tx, call_id, company_id, wanted, actor, now=now, ids=ids)
    announce_closed(tx, await offer_store.withdraw_of_call(tx, call_id, now))
    await unlist(tx, call_id)
    return call


async def expire_calls(tx: Tx, *, now: datetime, ids: Ids) -> list[Call]:
    """End the calls that nobody took in time, each for the reason that its last decision gave (I-038)."""
    found = await calls.stale(tx, now=now)
    reasons = await decision_store.unmet(tx, [call_id for call_id, _ in found]) if found else {}
    ended = await calls.expire(tx, found, reasons, now=now, ids=ids)
    for call in ended:
        await let_go(tx, call.id, now, ids)
    return ended


async def _count_cancel(tx: Tx, call: Call, change: Change, *, now: datetime, ids: Ids) -> None:
    """Before assignment, and whatever drivers, staff and the system end, nothing is counted (I-009, I-053)."""
    is_own = change.actor.kind is ActorKind.CUSTOMER and change.actor.id == call.customer_id
    if call.source is not Source.OWN or call.state is not State.CANCELLED_AFTER_ASSIGNMENT or not is_own:
        return
    if call.customer_id is not None and call.cancelled_from is not None:
        own = customers.OwnCancel(call.id, call.company_id, call.customer_id, call.cancelled_from)
        await customers.count_cancel(tx, own, change.actor, now=now, ids=ids)
