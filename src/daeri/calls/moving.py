"""A call moves along its lifecycle, by its driver, its customer, staff or time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from daeri.calls import change_store, covering, policy, store
from daeri.calls.announcing import TOPIC, announce
from daeri.calls.lifecycle import next_state
from daeri.calls.lookup import get, get_for_driver
from daeri.calls.model import Call, CallNotFound, Change, IllegalMove, Move, NotReconnectable, State, ViaUnknown
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CompanyId, DriverId, Ids
from daeri.kernel.money import Won
from daeri.kernel.terms import SYSTEM, Actor, ActorKind
from daeri.pricing.model import WaitingPolicy

NO_SHOW = "no_show"  # why a call ended whose customer did not come
NOBODY_TOOK_IT = "nobody_took_it"  # why a call expired of which no decision says more


async def assign(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    *,
    driver_id: DriverId,
    performer_id: CompanyId,
    now: datetime,
    ids: Ids,
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """Give the waiting call to a driver who took it, or by `change`; IllegalMove when it no longer waits."""
    change = change or Change(Actor(ActorKind.DRIVER, driver_id))
    return await _move(tx, call_id, company_id, Move.ASSIGN, change, now=now, ids=ids, extra=(driver_id, performer_id))


async def release(
    tx: Tx, call_id: UUID, company_id: UUID, change: Change, *, waits_for: timedelta, now: datetime, ids: Ids
) -> Call:
    """Take the driver off; the call waits again, for at least `waits_for`."""
    return await _move(tx, call_id, company_id, Move.RELEASE, change, now=now, ids=ids, extra=(now + waits_for,))


async def arrive(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    driver_id: DriverId,
    *,
    now: datetime,
    ids: Ids,
    waiting: WaitingPolicy | None = None,
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The driver stands before the customer, and waits by `waiting` (built in where there is none)."""
    extra = (msgspec.to_builtins(waiting or WaitingPolicy()),)
    return await _by_driver(
        tx, call_id, company_id, Move.ARRIVE, driver_id, now=now, ids=ids, extra=extra, change=change
    )


async def start(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    driver_id: DriverId,
    *,
    now: datetime,
    ids: Ids,
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The drive begins and is covered; what the driver's waiting has cost until now is added to what it will cost."""
    known = await store.lock(tx, company_id, call_id)
    extra = (0 if known is None else policy.waiting_won(known, until=now),)
    call = await _by_driver(
        tx, call_id, company_id, Move.START, driver_id, now=now, ids=ids, extra=extra, change=change
    )
    await covering.begin(tx, call, now=now)
    return call


async def reach_via(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    driver_id: DriverId,
    index: int,
    *,
    now: datetime,
    ids: Ids,
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """The drive has come to a via; saying it again changes nothing. ViaUnknown, IllegalMove unless driving."""
    change = change or Change(Actor(ActorKind.DRIVER, driver_id))
    call = await change_store.reach_via(
        tx, call_id, company_id, driver_id, index, change=change, event_id=ids.new(), now=now
    )
    if call is not None:
        tx.hint(f"{TOPIC}.{call.id}", call.state.encode())
        return call
    found = await get_for_driver(tx, company_id, call_id, driver_id)
    if not 0 <= index < len(found.vias):
        raise ViaUnknown(index=index, vias=len(found.vias))
    if found.state is not State.DRIVING:
        raise IllegalMove(state=found.state, move="via")
    return found


async def complete(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    driver_id: DriverId,
    *,
    now: datetime,
    ids: Ids,
    final_amount: Won | None = None,
    cash_received: bool | None = None,
    change: Change | None = None,
) -> Call:
    """The drive has ended where it should; it costs `final_amount`, or what was agreed, and what waiting added."""
    extra = (final_amount, cash_received)
    call = await _by_driver(
        tx, call_id, company_id, Move.COMPLETE, driver_id, now=now, ids=ids, extra=extra, change=change
    )
    await covering.end(tx, call, now=now)
    return call


async def no_show(tx: Tx, call_id: UUID, company_id: UUID, driver_id: DriverId, *, now: datetime, ids: Ids) -> Call:
    """The driver waited long enough, and nobody came: the call ends by them, with the fee of the waiting's policy.

    NotWaiting, NoShowTooEarly. Their statement, not a cancel of the customer: it never counts toward R-062 (I-053).
    """
    found = await store.lock(tx, company_id, call_id)
    if found is None or found.driver_id != driver_id:
        raise CallNotFound(call_id=str(call_id))
    fee = policy.no_show_fee(found, now=now)
    change = Change(Actor(ActorKind.DRIVER, driver_id), NO_SHOW)
    return await _move(tx, call_id, company_id, Move.CANCEL, change, now=now, ids=ids, extra=(fee,))


async def cancel(tx: Tx, call_id: UUID, company_id: UUID, change: Change, *, now: datetime, ids: Ids) -> Call:
    """End the call unfinished; before or after assignment follows from its state (I-053)."""
    call = await _move(tx, call_id, company_id, Move.CANCEL, change, now=now, ids=ids, extra=(None,))
    await covering.end(tx, call, now=now)
    return call


async def reopen_for(
    tx: Tx, original_id: UUID, company_id: UUID, change: Change, *, fare: Won | None = None, now: datetime, ids: Ids
) -> Call:
    """Let a call that ended by mistake go on as another one, assigned to the same driver (R-082, R-095, I-056).

    `fare` is another one that both agreed to. Who may be reconnected is decided by whoever asks; NotReconnectable and
    AlreadyReconnected hold in any case. The caller engages the driver.
    """
    call = await change_store.reopen(
        tx, original_id, company_id, change, call_id=ids.new(), event_id=ids.new(), fare=fare, now=now
    )
    if call is None:
        found = await get(tx, company_id, original_id)
        raise NotReconnectable(state=found.state)
    announce(tx, call)
    return call


async def come_due(tx: Tx, *, now: datetime, ids: Ids, limit: int = 500) -> list[Call]:
    """Reserved calls whose time has come begin to wait for a driver."""
    change = Change(SYSTEM, "reservation_due")
    found = await store.due(tx, now, limit)
    return await _move_each(tx, found, Move.COME_DUE, change, now=now, ids=ids)


async def stale(tx: Tx, *, now: datetime, limit: int = 500) -> list[tuple[CallId, CompanyId]]:
    """The waiting calls that nobody took in time, which `expire` ends."""
    return await store.stale(tx, now, limit)


async def expire(
    tx: Tx, found: Sequence[tuple[CallId, CompanyId]], reasons: Mapping[UUID, str], *, now: datetime, ids: Ids
) -> list[Call]:
    """End these waiting calls as expired, each for its reason where one is known (I-038); those that still waited."""
    ended = []
    for call_id, company_id in sorted(found):
        change = Change(SYSTEM, reasons.get(call_id, NOBODY_TOOK_IT))
        ended += await _move_each(tx, [(call_id, company_id)], Move.EXPIRE, change, now=now, ids=ids)
    return ended


async def _by_driver(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    move: Move,
    driver_id: DriverId,
    *,
    now: datetime,
    ids: Ids,
    extra: Sequence[object] = (),
    change: Change | None = None,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """A move of the drive, by its driver or, with a `change`, by staff in the driver's place."""
    change, given = change or Change(Actor(ActorKind.DRIVER, driver_id)), (driver_id, *extra)
    call = await change_store.move(tx, call_id, company_id, move, change, event_id=ids.new(), now=now, extra=given)
    if call is None:
        found = await get_for_driver(tx, company_id, call_id, driver_id)
        next_state(found.state, move)
        raise CallNotFound(call_id=str(call_id))
    announce(tx, call)
    return call


async def _move(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    move: Move,
    change: Change,
    *,
    now: datetime,
    ids: Ids,
    extra: Sequence[object] = (),
) -> Call:  # fmt: skip -- the signature reads as one sentence
    call = await change_store.move(tx, call_id, company_id, move, change, event_id=ids.new(), now=now, extra=extra)
    if call is None:
        found = await get(tx, company_id, call_id)
        next_state(found.state, move)  # raises the refusal that names the state
        raise CallNotFound(call_id=str(call_id))
    announce(tx, call)
    return call


async def _move_each(
    tx: Tx, found: Sequence[tuple[CallId, CompanyId]], move: Move, change: Change, *, now: datetime, ids: Ids
) -> list[Call]:
    """Move those that are still where they were found; a customer's cancel may have been faster.

    In the order of their ids, which is the order in which everyone locks several calls.
    """
    moved = []
    for call_id, company_id in sorted(found):
        call = await change_store.move(tx, call_id, company_id, move, change, event_id=ids.new(), now=now)
        if call is not None:
            announce(tx, call)
            moved.append(call)
    return moved
