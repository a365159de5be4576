"""The door of calls: request, move along the lifecycle, read. Each takes an open transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from daeri.calls import (
    announcing,
    changing,
    forgetting_store,
    lifecycle,
    lookup,
    moving,
    notes,
    policy,
    requesting,
    rides,
    store,
    track_store,
)
from daeri.calls.model import AGGREGATE, Call, CallFilter, Can, Label, Move, State
from daeri.infra import events
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.infra.keys import SealedColumn
from daeri.infra.phones import PHONE_PURPOSE
from daeri.kernel.ids import CallId, CustomerId
from daeri.kernel.terms import ActorKind

SEALED_COLUMNS: Final = (SealedColumn("calls", "rider_phone_sealed", PHONE_PURPOSE),)
TOPIC = announcing.TOPIC
ASSIGNED_TOPIC = announcing.ASSIGNED_TOPIC
WAITING_TOPIC = announcing.WAITING_TOPIC
build_requests = requesting.build_requests
check_trip = requesting.check_trip
check_time = requesting.check_time
is_same = requesting.is_same
rider_phone = requesting.rider_phone
rider_hash = requesting.rider_hash
request = requesting.request
request_group = requesting.request_group
assign = moving.assign
release = moving.release
arrive = moving.arrive
start = moving.start
reach_via = moving.reach_via
complete = moving.complete
no_show = moving.no_show
cancel = moving.cancel
reopen_for = moving.reopen_for
come_due = moving.come_due
stale = moving.stale
expire = moving.expire
change_fare = changing.change_fare
correct_rider = changing.correct_rider
get = lookup.get
get_for_driver = lookup.get_for_driver
get_for_customer = rides.get_for_customer
as_rides = rides.of_calls
rides_named = rides.named
add_memo = notes.add_memo
memos = notes.memos
keep_calculation = notes.keep_calculation
calculations = notes.calculations


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `limit` calls, newest first; `next_before` asks for what follows, None at the end."""

    calls: list[Call]
    next_before: UUID | None


def may(call: Call, viewer: ActorKind | None) -> tuple[Can, ...]:
    """What whoever looks at the call may do with it now. Pure."""
    return policy.may(call, viewer)


def legal_moves(call: Call) -> list[Move]:
    """The moves that the call's state allows. Pure."""
    return lifecycle.legal_moves(call.state)


def label(call: Call) -> Label:
    """What the call is called, for the locale files to put into each audience's words. Pure."""
    return policy.label_of(call)


async def reconnection(tx: Tx, company_id: UUID, original_id: UUID) -> Call | None:
    """The call that an ended one went on as, if any."""
    return await store.reconnection(tx, company_id, original_id)


async def next_due(tx: Tx) -> datetime | None:
    """When `come_due` or `expire` next has something to do; None when nothing waits."""
    return await store.next_due(tx)


async def get_many(tx: Tx, call_ids: Sequence[UUID]) -> list[Call]:
    """Calls of any company by id, for live screens, which scope by who listens."""
    return await store.get_many(tx, call_ids)


async def running(tx: Tx, company_id: UUID, *, limit: int = 5_000) -> list[Call]:
    """The company's calls that have not ended, oldest first."""
    return await store.running(tx, company_id, limit)


async def of_customer(
    tx: Tx, customer_id: CustomerId, *, states: Sequence[State] = (), before: UUID | None = None, limit: int = 50
) -> Page:
    """The customer's rides, newest first."""
    return _page(await rides.of_customer(tx, customer_id, states, before, limit + 1), limit)


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
        await track_store.append_track(tx, [c[0] for c in chunks], [c[1] for c in chunks], [c[2] for c in chunks])


async def track(tx: Tx, company_id: UUID, call_id: UUID) -> bytes:
    """The drive's positions as 20-byte records, oldest first."""
    return await track_store.track(tx, company_id, call_id)


async def delete_tracks_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    """Retention: positions of the company's ended drives from before then; how many chunks."""
    return await track_store.delete_tracks_before(tx, company_id, before, limit)


async def forget_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    """Retention: take names, telephone numbers, cars, notes and exact places out of the company's calls that ended
    before then; how many.

    The call stays with its number, its money and its course: bills, runs and counts lean on it.
    """
    return await forgetting_store.forget_before(tx, company_id, before, limit)


def _page(calls: list[Call], limit: int) -> Page:
    more = len(calls) > limit
    return Page(calls[:limit], calls[limit - 1].id if more else None)
