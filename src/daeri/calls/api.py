"""The door of calls: request, move along the lifecycle, read. Each takes an open transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from daeri.calls import policy, store
from daeri.calls.lifecycle import next_state
from daeri.calls.model import (
    AGGREGATE,
    Call,
    CallFilter,
    CallNotFound,
    Change,
    Label,
    Move,
    OrdererMissing,
    Quoted,
    RequestCall,
    RequestPolicies,
    State,
    TooManyOpenCalls,
    Wish,
)
from daeri.customers import api as customers
from daeri.infra import events
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId, Ids
from daeri.kernel.terms import SYSTEM, Actor, ActorKind, Source

TOPIC = "call"  # hints: `call.<id>` whenever a call's row has changed; the message is the state it came to
ASSIGNED_TOPIC = "assigned"  # hints: the message is how many seconds the customer of a call that was to come now waited
WAITING_TOPIC = "waiting"  # hints: the set of calls that wait for a driver has changed


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `limit` calls, newest first; `next_before` asks for what follows, None at the end."""

    calls: list[Call]
    next_before: UUID | None


def build_request(wish: Wish, quoted: Quoted, policies: RequestPolicies, *, now: datetime) -> RequestCall:
    """The command to request what a customer wishes; raises the refusal that names what does not fit. Pure."""
    return policy.build_request(wish, quoted, policies, now=now)


def label(call: Call) -> Label:
    """What the call is called, for the locale files to put into each audience's words. Pure."""
    return policy.label_of(call)


async def request(tx: Tx, command: RequestCall, actor: Actor, *, now: datetime, ids: Ids) -> Call:
    """Add a call that waits for a driver, or a reserved one (R-001, R-005).

    TooManyOpenCalls when the customer of an own call has `most_open` under way; requests at the same instant count
    each other.
    CustomerRestricted while new own calls of the customer are refused (R-062).
    """
    if (command.source is Source.OWN) != (command.orderer_id == command.company_id):
        raise OrdererMissing(source=command.source)
    await _keep_within(tx, command)
    if command.source is Source.OWN and command.customer_id is not None:
        await customers.check_may_request(tx, command.company_id, command.customer_id, now=now)
    call = await store.insert(
        tx, command, call_id=ids.new(), event_id=ids.new(), actor_kind=actor.kind, actor_id=actor.id, now=now
    )
    _announce(tx, call)
    return call


async def assign(
    tx: Tx, call_id: UUID, company_id: UUID, *, driver_id: DriverId, performer_id: CompanyId, now: datetime, ids: Ids
) -> Call:
    """Give the waiting call to a driver who took it; IllegalMove when it no longer waits."""
    change = Change(Actor(ActorKind.DRIVER, driver_id))
    return await _move(tx, call_id, company_id, Move.ASSIGN, change, now=now, ids=ids, extra=(driver_id, performer_id))


async def release(
    tx: Tx, call_id: UUID, company_id: UUID, change: Change, *, waits_for: timedelta, now: datetime, ids: Ids
) -> Call:
    """Take the driver off; the call waits again, for at least `waits_for`."""
    return await _move(tx, call_id, company_id, Move.RELEASE, change, now=now, ids=ids, extra=(now + waits_for,))


async def arrive(tx: Tx, call_id: UUID, company_id: UUID, driver_id: DriverId, *, now: datetime, ids: Ids) -> Call:
    """The driver stands before the customer."""
    return await _by_driver(tx, call_id, company_id, Move.ARRIVE, driver_id, now=now, ids=ids)


async def start(tx: Tx, call_id: UUID, company_id: UUID, driver_id: DriverId, *, now: datetime, ids: Ids) -> Call:
    """The drive begins."""
    return await _by_driver(tx, call_id, company_id, Move.START, driver_id, now=now, ids=ids)


async def complete(tx: Tx, call_id: UUID, company_id: UUID, driver_id: DriverId, *, now: datetime, ids: Ids) -> Call:
    """The drive has ended where it should."""
    return await _by_driver(tx, call_id, company_id, Move.COMPLETE, driver_id, now=now, ids=ids)


async def cancel(tx: Tx, call_id: UUID, company_id: UUID, change: Change, *, now: datetime, ids: Ids) -> Call:
    """End the call unfinished; before or after assignment follows from its state (I-053)."""
    return await _move(tx, call_id, company_id, Move.CANCEL, change, now=now, ids=ids)


async def come_due(tx: Tx, *, now: datetime, ids: Ids, limit: int = 500) -> list[Call]:
    """Reserved calls whose time has come begin to wait for a driver."""
    change = Change(SYSTEM, "reservation_due")
    found = await store.due(tx, now, limit)
    return await _move_each(tx, found, Move.COME_DUE, change, now=now, ids=ids)


async def expire(tx: Tx, *, now: datetime, ids: Ids, limit: int = 500) -> list[Call]:
    """Waiting calls that nobody took in time end as expired."""
    change = Change(SYSTEM, "nobody_took_it")
    found = await store.stale(tx, now, limit)
    return await _move_each(tx, found, Move.EXPIRE, change, now=now, ids=ids)


async def next_due(tx: Tx) -> datetime | None:
    """When `come_due` or `expire` next has something to do; None when nothing waits."""
    return await store.next_due(tx)


async def get(tx: Tx, company_id: UUID, call_id: UUID) -> Call:
    """A call of the company; CallNotFound also when it is another company's."""
    call = await store.get(tx, company_id, call_id)
    if call is None:
        raise CallNotFound(call_id=str(call_id))
    return call


async def get_for_customer(tx: Tx, company_id: UUID, call_id: UUID, customer_id: UUID) -> Call:
    """A call of that customer; anybody else's is not found."""
    call = await get(tx, company_id, call_id)
    if call.customer_id != customer_id:
        raise CallNotFound(call_id=str(call_id))
    return call


async def get_for_driver(tx: Tx, company_id: UUID, call_id: UUID, driver_id: UUID) -> Call:
    """A call that the driver has; anybody else's is not found."""
    call = await get(tx, company_id, call_id)
    if call.driver_id != driver_id:
        raise CallNotFound(call_id=str(call_id))
    return call


async def get_many(tx: Tx, call_ids: Sequence[UUID]) -> list[Call]:
    """Calls of any company by id, for live screens, which scope by who listens."""
    return await store.get_many(tx, call_ids)


async def running(tx: Tx, company_id: UUID, *, limit: int = 5_000) -> list[Call]:
    """The company's calls that have not ended, oldest first."""
    return await store.running(tx, company_id, limit)


async def of_customer(
    tx: Tx, customer_id: CustomerId, *, states: Sequence[State] = (), before: UUID | None = None, limit: int = 50
) -> Page:
    """The customer's own calls, newest first."""
    return _page(await store.of_customer(tx, customer_id, states, before, limit + 1), limit)


async def search(tx: Tx, wanted: CallFilter, *, before: UUID | None = None, limit: int = 50) -> Page:
    """The company's calls that fit, newest first."""
    return _page(await store.page(tx, wanted, before, limit + 1), limit)


async def count_by_state(tx: Tx, company_id: UUID, *, ended_since: datetime) -> dict[State, int]:
    """How many calls run in each state and how many have ended since then."""
    return await store.count_by_state(tx, company_id, ended_since)


async def timeline(tx: Tx, company_id: UUID, call_id: UUID) -> list[Event]:
    """The events of a call, oldest first."""
    return await events.history(tx, company_id, AGGREGATE, call_id)


async def append_track(tx: Tx, chunks: Sequence[tuple[CallId, datetime, bytes]]) -> None:
    """Keep positions of drives: (call, time of the first record, 20-byte records)."""
    if chunks:
        await store.append_track(tx, [c[0] for c in chunks], [c[1] for c in chunks], [c[2] for c in chunks])


async def track(tx: Tx, company_id: UUID, call_id: UUID) -> bytes:
    """The drive's positions as 20-byte records, oldest first."""
    return await store.track(tx, company_id, call_id)


async def delete_tracks_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    """Retention: positions of the company's ended drives from before then; how many chunks."""
    return await store.delete_tracks_before(tx, company_id, before, limit)


async def _keep_within(tx: Tx, command: RequestCall) -> None:
    if command.source is not Source.OWN or command.customer_id is None or command.most_open is None:
        return
    if await store.count_open_in_turn(tx, command.customer_id) >= command.most_open:
        raise TooManyOpenCalls(most=command.most_open)


async def _by_driver(
    tx: Tx, call_id: UUID, company_id: UUID, move: Move, driver_id: DriverId, *, now: datetime, ids: Ids
) -> Call:
    change = Change(Actor(ActorKind.DRIVER, driver_id))
    call = await store.move(tx, call_id, company_id, move, change, event_id=ids.new(), now=now, extra=(driver_id,))
    if call is None:
        found = await get_for_driver(tx, company_id, call_id, driver_id)
        next_state(found.state, move)
        raise CallNotFound(call_id=str(call_id))
    _announce(tx, call)
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
    call = await store.move(tx, call_id, company_id, move, change, event_id=ids.new(), now=now, extra=extra)
    if call is None:
        found = await get(tx, company_id, call_id)
        next_state(found.state, move)  # raises the refusal that names the state
        raise CallNotFound(call_id=str(call_id))
    _announce(tx, call)
    return call


async def _move_each(
    tx: Tx, found: Sequence[tuple[CallId, CompanyId]], move: Move, change: Change, *, now: datetime, ids: Ids
) -> list[Call]:
    """Move those that are still where they were found; a customer's cancel may have been faster.

    In the order of their ids, which is the order in which everyone locks several calls.
    """
    moved = []
    for call_id, company_id in sorted(found):
        call = await store.move(tx, call_id, company_id, move, change, event_id=ids.new(), now=now)
        if call is not None:
            _announce(tx, call)
            moved.append(call)
    return moved


def _announce(tx: Tx, call: Call) -> None:
    tx.hint(f"{TOPIC}.{call.id}", call.state.encode())
    if call.state is State.ASSIGNED and call.reserved_for is None and call.assigned_at is not None:
        tx.hint(ASSIGNED_TOPIC, repr((call.assigned_at - call.requested_at).total_seconds()).encode())
    if call.state is State.REQUESTED:
        tx.hint(WAITING_TOPIC)


def _page(calls: list[Call], limit: int) -> Page:
    more = len(calls) > limit
    return Page(calls[:limit], calls[limit - 1].id if more else None)
