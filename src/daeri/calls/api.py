"""The door of calls: request, move along the lifecycle, read. Each takes an open transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from daeri.calls import covering, lifecycle, notes, policy, rides, store
from daeri.calls.lifecycle import next_state
from daeri.calls.model import (
    AGGREGATE,
    Call,
    CallFilter,
    CallNotFound,
    Can,
    Change,
    Fare,
    FareFixed,
    GroupKey,
    IllegalMove,
    Label,
    Move,
    NewFare,
    NotReconnectable,
    OrdererMissing,
    Place,
    RequestCall,
    RequestPolicies,
    RiderFixed,
    RiderPhone,
    RiderPhoneInvalid,
    State,
    TooManyOpenCalls,
    ViaUnknown,
    Wish,
)
from daeri.customers import api as customers
from daeri.infra import events
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.infra.keys import SealedColumn
from daeri.infra.phones import PHONE_PURPOSE, PhoneInvalid, PhoneVault, last_four
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId, Ids
from daeri.kernel.money import Won
from daeri.kernel.terms import SYSTEM, Actor, ActorKind, Source
from daeri.pricing import api as pricing
from daeri.pricing.model import Quote, ShortageLevel, WaitingPolicy

TOPIC = "call"  # hints: `call.<id>` whenever a call's row has changed; the message is the state it came to
ASSIGNED_TOPIC = "assigned"  # hints: the message is how many seconds the customer of a call that was to come now waited
WAITING_TOPIC = "waiting"  # hints: the set of calls that wait for a driver has changed
SEALED_COLUMNS: Final = (SealedColumn("calls", "rider_phone_sealed", PHONE_PURPOSE),)
add_memo = notes.add_memo
memos = notes.memos
keep_calculation = notes.keep_calculation
calculations = notes.calculations
get_for_customer = rides.get_for_customer
as_rides = rides.of_calls
rides_named = rides.named
NO_SHOW = "no_show"  # why a call ended whose customer did not come
NOBODY_TOOK_IT = "nobody_took_it"  # why a call expired of which no decision says more


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `limit` calls, newest first; `next_before` asks for what follows, None at the end."""

    calls: list[Call]
    next_before: UUID | None


def build_requests(
    wish: Wish, quote: Quote, policies: RequestPolicies, *, shortage: ShortageLevel | None, now: datetime
) -> tuple[RequestCall, ...]:
    """The commands to request what a customer wishes, one for each car (R-005). Pure.

    `shortage` may be None where the wished plan does not depend on it. Raises the refusal that names what does not
    fit, of the wish or of its fare plan (R-054, R-055).
    """
    sheet = pricing.plan_sheet(quote, policies.plans, shortage or ShortageLevel.NONE)
    fare = Fare(pricing.choose(sheet, wish.plan, wish.agreed_fare), wish.plan, quote.tariff_version)
    return policy.build_requests(wish, fare, quote, policies, shortage=shortage, now=now)


def check_trip(origin: Place, destination: Place, vias: Sequence[Place]) -> None:
    """RoundTripNeedsVia where a drive would end where it began, without anything between. Pure."""
    policy.check_trip(origin, destination, vias)


def check_time(wanted: datetime | None, policies: RequestPolicies, *, now: datetime) -> None:
    """ReservedInThePast, ReservedTooEarly or ReservedTooFarAhead; None is now. Pure."""
    policy.check_time(wanted, policies.reservation, now)


def is_same(a: Place, b: Place) -> bool:
    """Whether two places are one to a driver. Pure."""
    return policy.is_same(a, b)


def rider_phone(vault: PhoneVault, company_id: CompanyId, text: str, *, rider: int = 1) -> RiderPhone:
    """A number as somebody typed it for a rider, as it is kept; RiderPhoneInvalid names which rider's it was."""
    try:
        phone = vault.normalise(text)
    except PhoneInvalid as invalid:
        raise RiderPhoneInvalid(rider=rider, problem=invalid.facts.get("problem")) from None
    return RiderPhone(
        vault.seal(phone),
        vault.whole_hash(company_id, phone),
        vault.last4_hash(company_id, phone),
        vault.mask(phone),
    )


def rider_hash(vault: PhoneVault, company_id: CompanyId, text: str) -> bytes | None:
    """What finds riders by `text`, a whole number or its last four digits; None when it is neither."""
    four = last_four(text)
    if four is not None:
        return vault.last4_hash(company_id, four)
    try:
        return vault.whole_hash(company_id, vault.normalise(text))
    except PhoneInvalid:
        return None


def may(call: Call, viewer: ActorKind | None) -> tuple[Can, ...]:
    """What whoever looks at the call may do with it now. Pure."""
    return policy.may(call, viewer)


def legal_moves(call: Call) -> list[Move]:
    """The moves that the call's state allows. Pure."""
    return lifecycle.legal_moves(call.state)


def label(call: Call) -> Label:
    """What the call is called, for the locale files to put into each audience's words. Pure."""
    return policy.label_of(call)


async def request(tx: Tx, command: RequestCall, actor: Actor, *, now: datetime, ids: Ids) -> Call:
    """Add a call that waits for a driver, or a reserved one (R-001, R-005).

    TooManyOpenCalls when the customer of an own call has `most_open` under way; requests at the same instant count
    each other.
    CustomerRestricted while new own calls of the customer are refused (R-062).
    """
    await _keep_within(tx, command, 1)
    await _check_standing(tx, command, now)
    return await _insert(tx, command, actor, now=now, ids=ids)


async def request_group(
    tx: Tx, commands: Sequence[RequestCall], actor: Actor, *, now: datetime, ids: Ids
) -> list[Call]:
    """Add the calls of one request, a call each, in the order of the commands: several are tied together (R-005).

    All or none: TooManyOpenCalls when they are too many for their customer, CustomerRestricted as for one.
    """
    if len(commands) == 1:
        return [await request(tx, commands[0], actor, now=now, ids=ids)]
    await _keep_within(tx, commands[0], len(commands))
    await _check_standing(tx, commands[0], now)
    group_id, size = ids.new(), len(commands)
    made = [
        await _insert(tx, replace(command, group=GroupKey(group_id, size, place)), actor, now=now, ids=ids)
        for place, command in enumerate(commands, 1)
    ]
    return await _in_order(tx, made)


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
    call = await store.reach_via(tx, call_id, company_id, driver_id, index, change=change, event_id=ids.new(), now=now)
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
    call = await store.reopen(
        tx, original_id, company_id, change, call_id=ids.new(), event_id=ids.new(), fare=fare, now=now
    )
    if call is None:
        found = await get(tx, company_id, original_id)
        raise NotReconnectable(state=found.state)
    _announce(tx, call)
    return call


async def reconnection(tx: Tx, company_id: UUID, original_id: UUID) -> Call | None:
    """The call that an ended one went on as, if any."""
    return await store.reconnection(tx, company_id, original_id)


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


async def change_fare(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    wanted: NewFare,
    actor: Actor,
    *,
    now: datetime,
    ids: Ids,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """Another plan or amount for a call that waits, and goes on waiting (R-056); FareFixed when it does not wait.

    The plans are those of the trip as it was quoted. FareOutOfRange, FareNotTyped, FareMoved, PlanNotOffered.
    """
    known = await get(tx, company_id, call_id)
    if known.state is not State.REQUESTED or known.quote is None:
        raise FareFixed(state=known.state)
    sheet = pricing.plan_sheet(known.quote, wanted.terms, wanted.shortage)
    fare = replace(known.fare, plan=wanted.plan, amount=pricing.choose(sheet, wanted.plan, wanted.amount))
    call = await store.change_fare(
        tx,
        call_id,
        company_id,
        fare=fare,
        shortage=wanted.shortage,
        waits_until=now + wanted.waits_for,
        actor=actor,
        event_id=ids.new(),
        now=now,
    )
    if call is None:
        raise FareFixed(state=(await get(tx, company_id, call_id)).state)
    _announce(tx, call)
    return call


async def correct_rider(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    phone: RiderPhone,
    *,
    name: str | None = None,
    actor: Actor,
    now: datetime,
    ids: Ids,
) -> Call:
    """The right number for the rider of a call that has not ended (I-058); RiderFixed says why not.

    Without `name` the name stays. Whoever connects voice reads the number at each new call, so that this rebinds it.
    """
    call = await store.correct_rider(
        tx, call_id, company_id, name=name, phone=phone, actor=actor, event_id=ids.new(), now=now
    )
    if call is None:
        found = await get(tx, company_id, call_id)
        raise RiderFixed(reason="no_rider" if found.rider is None else "ended")
    tx.hint(f"{TOPIC}.{call.id}", call.state.encode())
    return call


async def next_due(tx: Tx) -> datetime | None:
    """When `come_due` or `expire` next has something to do; None when nothing waits."""
    return await store.next_due(tx)


async def get(tx: Tx, company_id: UUID, call_id: UUID) -> Call:
    """A call of the company; CallNotFound also when it is another company's."""
    call = await store.get(tx, company_id, call_id)
    if call is None:
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
        await store.append_track(tx, [c[0] for c in chunks], [c[1] for c in chunks], [c[2] for c in chunks])


async def track(tx: Tx, company_id: UUID, call_id: UUID) -> bytes:
    """The drive's positions as 20-byte records, oldest first."""
    return await store.track(tx, company_id, call_id)


async def delete_tracks_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    """Retention: positions of the company's ended drives from before then; how many chunks."""
    return await store.delete_tracks_before(tx, company_id, before, limit)


async def _check_standing(tx: Tx, command: RequestCall, now: datetime) -> None:
    if command.source is Source.OWN and command.customer_id is not None:
        await customers.check_may_request(tx, command.company_id, command.customer_id, now=now)


async def _keep_within(tx: Tx, command: RequestCall, more: int) -> None:
    if (command.source is Source.OWN) != (command.orderer_id == command.company_id):
        raise OrdererMissing(source=command.source)
    if command.source is not Source.OWN or command.customer_id is None or command.most_open is None:
        return
    if await store.count_open_in_turn(tx, command.customer_id) + more > command.most_open:
        raise TooManyOpenCalls(most=command.most_open)


async def _insert(tx: Tx, command: RequestCall, actor: Actor, *, now: datetime, ids: Ids) -> Call:
    call = await store.insert(
        tx, command, call_id=ids.new(), event_id=ids.new(), actor_kind=actor.kind, actor_id=actor.id, now=now
    )
    _announce(tx, call)
    return call


async def _in_order(tx: Tx, made: Sequence[Call]) -> list[Call]:
    """The calls as they stand now, each knowing the others."""
    found = {call.id: call for call in await store.get_many(tx, [call.id for call in made])}
    return [found[call.id] for call in made]


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
    call = await store.move(tx, call_id, company_id, move, change, event_id=ids.new(), now=now, extra=given)
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
