"""All SQL of calls. Each transition is one statement: the row by its state, and the event."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import UniqueViolationError

from daeri.calls import lifecycle
from daeri.calls.model import (
    AlreadyReconnected,
    Business,
    Call,
    CallFilter,
    Change,
    EventKind,
    Fare,
    Group,
    GroupKey,
    GroupMember,
    Move,
    NewRider,
    Place,
    RequestCall,
    Rider,
    RiderPhone,
    State,
)
from daeri.customers.model import CarDetails, Payer
from daeri.infra.database import Row, Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind, Option, Payment, Service, Source, Timing
from daeri.pricing.model import FarePlan, Quote, ShortageLevel, WaitingPolicy

_COLUMNS = """
id, company_id, number, version, state, source, orderer_id, performer_id, driver_id, customer_id, service, timing,
options, payment, fare_amount, fare_plan, tariff_version, origin_lat, origin_lon, origin_name, origin_region,
destination_lat, destination_lon, destination_name, destination_region, vias, note, requested_at, reserved_for,
dispatch_at, expires_at, assigned_at, arrived_at, started_at, ended_at, ended_by, cancelled_from, end_reason,
releases, policy_version, quote, final_amount, rider_name, rider_phone_masked, car, business_account_id, business_name,
business_payer, group_id, group_size, group_place, call_group(group_id) AS group_members, waiting, waiting_won,
no_show_fee_won, cash_received, vias_reached, reconnects_call_id
"""

_INSERT = f"""
WITH added AS (
    INSERT INTO calls (id, company_id, number, version, state, source, orderer_id, customer_id, service, timing,
        options, payment, fare_amount, fare_plan, tariff_version, origin_lat, origin_lon, origin_name, origin_region,
        destination_lat, destination_lon, destination_name, destination_region, vias, note, requested_at,
        reserved_for, dispatch_at, expires_at, policy_version, quote, rider_name, rider_phone_sealed, rider_phone_hash,
        rider_phone_last4_hash, rider_phone_masked, car, business_account_id, business_name, business_payer, group_id,
        group_size, group_place)
    VALUES ($1, $2, call_number(nextval('call_numbers')), 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
        $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $34, $35, $36, $37, $38, $39, $40, $41, $42,
        $43, $44, $45, $46)
    RETURNING {_COLUMNS}
)
SELECT emit($29, company_id, $30, 'call', id, 1, requested_at, $31, $32, NULL, $33), added.* FROM added
"""

# $1 id, $2 company, $3 from states, $4 their targets, $5 now, $6 event id, $7 event kind, $8 actor kind, $9 actor id,
# $10 cause, $11 reason
_MOVE = """
WITH before AS (
    SELECT id, state, driver_id FROM calls WHERE id = $1 AND company_id = $2 AND state = ANY($3) {guard}
    FOR NO KEY UPDATE
), moved AS (
    UPDATE calls c SET version = c.version + 1, state = ($4::text[])[array_position($3::text[], c.state)] {changes}
    FROM before b WHERE c.id = b.id
    RETURNING c.*, b.state AS state_before, b.driver_id AS driver_before
)
SELECT emit($6, company_id, $7, 'call', id, version, $5, $8, $9, $10,
            jsonb_build_object('from', state_before, 'to', state, 'reason', $11::text,
                               'driver_id', coalesce(driver_id, driver_before), 'fare', fare_amount)
            || jsonb_strip_nulls(jsonb_build_object(
                'waiting_won', nullif(waiting_won, 0), 'final_amount', final_amount, 'cash_received', cash_received,
                'no_show_fee_won', no_show_fee_won))), {columns}
FROM moved
"""
_END = ", ended_at = $5, ended_by = $8, ended_by_id = $9, end_reason = $11"


def _move(changes: str, guard: str = "") -> str:
    return _MOVE.format(changes=changes, guard=guard, columns=_COLUMNS)


_OF_DRIVER = "AND driver_id = $12"
_STATEMENTS = {
    Move.COME_DUE: _move(""),
    Move.ASSIGN: _move(", driver_id = $12, performer_id = $13, assigned_at = $5"),
    Move.RELEASE: _move(
        ", driver_id = NULL, performer_id = NULL, assigned_at = NULL, arrived_at = NULL, waiting = NULL,"
        " releases = c.releases + 1, expires_at = greatest(c.expires_at, $12)"
    ),
    Move.ARRIVE: _move(", arrived_at = $5, waiting = $13", _OF_DRIVER),
    Move.START: _move(", started_at = $5, waiting_won = $13", _OF_DRIVER),
    Move.COMPLETE: _move(
        _END + ", final_amount = coalesce($13::bigint, c.fare_amount) + c.waiting_won, cash_received = $14", _OF_DRIVER
    ),
    Move.CANCEL: _move(_END + ", cancelled_from = b.state, no_show_fee_won = $12"),
    Move.EXPIRE: _move(_END),
}
_EVENTS = {
    Move.COME_DUE: EventKind.CAME_DUE,
    Move.ASSIGN: EventKind.ASSIGNED,
    Move.RELEASE: EventKind.RELEASED,
    Move.ARRIVE: EventKind.ARRIVED,
    Move.START: EventKind.STARTED,
    Move.COMPLETE: EventKind.COMPLETED,
    Move.CANCEL: EventKind.CANCELLED,
    Move.EXPIRE: EventKind.EXPIRED,
}

# $1 id, $2 company, $3 states, $4 now, $5 event id, $6 actor kind, $7 actor id, $8 and on: the change. The row is
# locked and judged by its newest version, so that of two changes at once one finds the other done.
_CHANGE = f"""
WITH before AS (
    SELECT id, fare_plan, fare_amount, rider_phone_masked FROM calls
    WHERE id = $1 AND company_id = $2 AND state = ANY($3) {{guard}}
    FOR NO KEY UPDATE
), changed AS (
    UPDATE calls c SET version = c.version + 1, {{changes}}
    FROM before b WHERE c.id = b.id
    RETURNING c.*, b.fare_plan AS plan_before, b.fare_amount AS amount_before, b.rider_phone_masked AS rider_before
)
SELECT emit($5, company_id, '{{kind}}', 'call', id, version, $4, $6, $7, NULL, {{data}}), {_COLUMNS}
FROM changed
"""
_CHANGE_FARE = _CHANGE.format(
    kind=EventKind.FARE_CHANGED,
    guard="",
    changes="fare_plan = $8, fare_amount = $9, expires_at = greatest(c.expires_at, $11)",
    data="""jsonb_build_object(
        'plan_before', plan_before, 'amount_before', amount_before, 'plan', fare_plan, 'amount', fare_amount,
        'shortage', $10::text)""",
)
_CORRECT_RIDER = _CHANGE.format(
    kind=EventKind.RIDER_CORRECTED,
    guard="AND rider_phone_hash IS NOT NULL",
    changes="""rider_name = coalesce($8, c.rider_name), rider_phone_sealed = $9, rider_phone_hash = $10,
        rider_phone_last4_hash = $11, rider_phone_masked = $12""",
    data="jsonb_build_object('phone_before', rider_before, 'phone', rider_phone_masked)",
)

_REACH_VIA = _CHANGE.format(
    kind=EventKind.VIA_REACHED,
    guard="AND driver_id = $8 AND $9 = ANY(SELECT generate_series(0, jsonb_array_length(vias) - 1))"
    " AND NOT $9 = ANY(vias_reached)",
    changes="vias_reached = c.vias_reached || $9::integer",
    data="jsonb_build_object('via', $9::integer, 'driver_id', driver_id, 'reason', $10::text)",
)

# Starts assigned to the driver of the original (I-056), with its facts; a meter would begin in the middle, so the fare
# is fixed. $1 id, $2 original, $3 company, $4 states, $5 now, $6 event id, $7 actor kind, $8 actor id,
# $9 reason, $10 another fare.
_REOPEN = f"""
WITH original AS (
    SELECT * FROM calls WHERE id = $2 AND company_id = $3 AND state = ANY($4) AND reconnects_call_id IS NULL
      AND driver_id IS NOT NULL FOR NO KEY UPDATE
), added AS (
    INSERT INTO calls (id, company_id, number, version, state, source, orderer_id, performer_id, driver_id, customer_id,
        service, timing, options, payment, fare_amount, fare_plan, tariff_version, origin_lat, origin_lon, origin_name,
        origin_region, destination_lat, destination_lon, destination_name, destination_region, vias, note, requested_at,
        reserved_for, dispatch_at, expires_at, assigned_at, policy_version, quote, rider_name, rider_phone_sealed,
        rider_phone_hash, rider_phone_last4_hash, rider_phone_masked, car, business_account_id, business_name,
        business_payer, reconnects_call_id)
    SELECT $1, company_id, call_number(nextval('call_numbers')), 1, 'assigned', source, orderer_id, performer_id,
        driver_id, customer_id, service, 'now', options, payment, coalesce($10, final_amount, fare_amount), 'typed',
        tariff_version, origin_lat, origin_lon, origin_name, origin_region, destination_lat, destination_lon,
        destination_name, destination_region, vias, note, $5, NULL, $5, $5, $5, policy_version, NULL, rider_name,
        rider_phone_sealed, rider_phone_hash, rider_phone_last4_hash, rider_phone_masked, car, business_account_id,
        business_name, business_payer, id
    FROM original RETURNING {_COLUMNS}
)
SELECT emit($6, company_id, '{EventKind.REOPENED}', 'call', id, 1, $5, $7, $8, NULL, jsonb_build_object(
           'original', reconnects_call_id, 'driver_id', driver_id, 'fare', fare_amount, 'reason', $9::text)), added.*
FROM added
"""
_RECONNECTION = f"SELECT {_COLUMNS} FROM calls WHERE reconnects_call_id = $1 AND company_id = $2"
_RECONNECTIONS = f"SELECT {_COLUMNS} FROM calls WHERE reconnects_call_id = ANY($1)"
_GET = f"SELECT {_COLUMNS} FROM calls WHERE id = $1 AND company_id = $2"
_LOCK = _GET + " FOR NO KEY UPDATE"
_GET_MANY = f"SELECT {_COLUMNS} FROM calls WHERE id = ANY($1)"
_RUNNING = f"""
SELECT {_COLUMNS} FROM calls
WHERE company_id = $1 AND state IN ('reserved', 'requested', 'assigned', 'arrived', 'driving')
ORDER BY id LIMIT $2
"""
_DUE = "SELECT id, company_id FROM calls WHERE state = 'reserved' AND dispatch_at <= $1 ORDER BY dispatch_at LIMIT $2"
_STALE = "SELECT id, company_id FROM calls WHERE state = 'requested' AND expires_at <= $1 ORDER BY expires_at LIMIT $2"
_NEXT_DUE = """
SELECT least((SELECT min(dispatch_at) FROM calls WHERE state = 'reserved'),
             (SELECT min(expires_at) FROM calls WHERE state = 'requested'))
"""
# Every list is newest first; `$2` is the last id of the page before.
# A call that goes on for another one is no ride of its own: the ride has its state, unless it came to nothing.
_OF_CUSTOMER = f"""
WITH went_on AS MATERIALIZED (
    SELECT reconnects_call_id AS original_id, state AS state_now FROM calls
    WHERE customer_id = $1 AND reconnects_call_id IS NOT NULL
      AND state NOT IN ('cancelled_before_assignment', 'cancelled_after_assignment', 'expired')
)
SELECT {_COLUMNS} FROM calls LEFT JOIN went_on ON original_id = id
WHERE customer_id = $1 AND reconnects_call_id IS NULL AND ($2::uuid IS NULL OR id < $2)
  AND (cardinality($3::text[]) = 0 OR coalesce(state_now, state) = ANY($3))
ORDER BY id DESC LIMIT $4
"""
_LIST = f"""
SELECT {_COLUMNS} FROM calls
WHERE company_id = $1 AND ($2::uuid IS NULL OR id < $2)
  AND (cardinality($3::text[]) = 0 OR state = ANY($3)) AND (cardinality($4::text[]) = 0 OR service = ANY($4))
  AND ($5::text IS NULL OR number = $5)
  AND ($6::uuid[] IS NULL OR customer_id = ANY($6) OR driver_id = ANY($6)
       OR rider_phone_hash = $10 OR rider_phone_last4_hash = $10)
  AND ($7::timestamptz IS NULL OR requested_at >= $7) AND ($8::timestamptz IS NULL OR requested_at < $8)
ORDER BY id DESC LIMIT $9
"""
_COUNT_OPEN_IN_TURN = "SELECT open_calls_in_turn($1)"
_COUNT_BY_STATE = """
SELECT state, count(*) AS calls FROM calls
WHERE company_id = $1 AND (ended_at IS NULL OR ended_at >= $2) GROUP BY state
"""
_APPEND_TRACK = """
INSERT INTO call_tracks (call_id, chunk, company_id, first_at, points)
SELECT t.call_id, coalesce((SELECT max(chunk) FROM call_tracks x WHERE x.call_id = t.call_id), -1)
                  + row_number() OVER (PARTITION BY t.call_id ORDER BY t.place),
       c.company_id, t.first_at, t.points
FROM unnest($1::uuid[], $2::timestamptz[], $3::bytea[]) WITH ORDINALITY AS t (call_id, first_at, points, place)
JOIN calls c ON c.id = t.call_id
"""
_DELETE_TRACKS = """
DELETE FROM call_tracks WHERE (call_id, chunk) IN (
    SELECT t.call_id, t.chunk FROM call_tracks t JOIN calls c ON c.id = t.call_id
    WHERE t.company_id = $1 AND t.first_at < $2 AND c.ended_at IS NOT NULL LIMIT $3)
"""
_TRACK = "SELECT points FROM call_tracks WHERE call_id = $1 AND company_id = $2 ORDER BY chunk"


async def insert(
    tx: Tx,
    command: RequestCall,
    *,
    call_id: UUID,
    event_id: UUID,
    actor_kind: str,
    actor_id: UUID | None,
    now: datetime,
) -> Call:
    """Add the call at version 1 with its first event."""
    reserved = command.timing is Timing.RESERVED
    row = await tx.row(
        _INSERT,
        call_id,
        command.company_id,
        State.RESERVED if reserved else State.REQUESTED,
        command.source,
        command.orderer_id,
        command.customer_id,
        command.service,
        command.timing,
        list(command.options),
        command.payment,
        command.fare.amount,
        command.fare.plan,
        command.fare.tariff_version,
        command.origin.point.lat,
        command.origin.point.lon,
        command.origin.name,
        command.origin.region,
        command.destination.point.lat,
        command.destination.point.lon,
        command.destination.name,
        command.destination.region,
        [_via(via) for via in command.vias],
        command.note,
        now,
        command.reserved_for,
        command.dispatch_at,
        command.expires_at,
        command.policy_version,
        event_id,
        EventKind.RESERVED if reserved else EventKind.REQUESTED,
        actor_kind,
        actor_id,
        _event_data(command),
        command.quote,
        *_rider(command.rider),
        command.car,
        *_business(command.business),
        *_group_key(command.group),
    )  # fmt: skip -- one argument a line would hide the order of the columns
    if row is None:
        raise LookupError("an insert returned no row")
    return _call(row)


async def move(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    what: Move,
    change: Change,
    *,
    event_id: UUID,
    now: datetime,
    extra: Sequence[object] = (),
) -> Call | None:
    """Make the move when the call's state (and driver, where it is the driver's) allows it; None when it does not."""
    sources, targets = lifecycle.routes(what)
    row = await tx.row(
        _STATEMENTS[what],
        call_id,
        company_id,
        sources,
        targets,
        now,
        event_id,
        _EVENTS[what],
        change.actor.kind,
        change.actor.id,
        change.cause,
        change.reason,
        *extra,
    )  # fmt: skip -- the order of the parameters is the statement's
    return None if row is None else _call(row)


async def reopen(
    tx: Tx,
    original_id: UUID,
    company_id: UUID,
    change: Change,
    *,
    call_id: UUID,
    event_id: UUID,
    fare: Won | None,
    now: datetime,
) -> Call | None:  # fmt: skip -- the signature reads as one sentence
    """A call that goes on for one that ended by mistake; None where that has not ended so. Once: AlreadyReconnected."""
    ended = [State.COMPLETED, State.CANCELLED_AFTER_ASSIGNMENT]
    actor = change.actor
    try:
        row = await tx.row(
            _REOPEN, call_id, original_id, company_id, ended, now, event_id, actor.kind, actor.id, change.reason, fare
        )
    except UniqueViolationError:
        raise AlreadyReconnected() from None
    return None if row is None else _call(row)


async def reconnection(tx: Tx, company_id: UUID, original_id: UUID) -> Call | None:
    row = await tx.row(_RECONNECTION, original_id, company_id)
    return None if row is None else _call(row)


async def reconnections(tx: Tx, original_ids: Sequence[UUID]) -> list[Call]:
    """The calls that these went on as, of any company."""
    return [_call(row) for row in await tx.rows(_RECONNECTIONS, list(original_ids))]


async def change_fare(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    *,
    fare: Fare,
    shortage: ShortageLevel,
    waits_until: datetime,
    actor: Actor,
    event_id: UUID,
    now: datetime,
) -> Call | None:
    """Another fare for a call that waits; None when it does not."""
    waiting = [State.REQUESTED]
    head = (call_id, company_id, waiting, now, event_id, actor.kind, actor.id)
    row = await tx.row(_CHANGE_FARE, *head, fare.plan, fare.amount, shortage, waits_until)
    return None if row is None else _call(row)


async def correct_rider(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    *,
    name: str | None,
    phone: RiderPhone,
    actor: Actor,
    event_id: UUID,
    now: datetime,
) -> Call | None:
    """Another number for the rider of a call that has not ended; None when it has, or has no rider."""
    head = (call_id, company_id, sorted(lifecycle.RUNNING), now, event_id, actor.kind, actor.id)
    row = await tx.row(_CORRECT_RIDER, *head, name, phone.sealed, phone.whole_hash, phone.last4_hash, phone.masked)
    return None if row is None else _call(row)


async def reach_via(
    tx: Tx,
    call_id: UUID,
    company_id: UUID,
    driver_id: DriverId,
    index: int,
    *,
    change: Change,
    event_id: UUID,
    now: datetime,
) -> Call | None:
    """Note that a via was passed; None when it was before, or there is no such via, or the driver is not driving."""
    head = (call_id, company_id, [State.DRIVING], now, event_id, change.actor.kind, change.actor.id)
    row = await tx.row(_REACH_VIA, *head, driver_id, index, change.reason)
    return None if row is None else _call(row)


async def lock(tx: Tx, company_id: UUID, call_id: UUID) -> Call | None:
    """The call, which nobody else moves until this transaction ends."""
    row = await tx.row(_LOCK, call_id, company_id)
    return None if row is None else _call(row)


async def get(tx: Tx, company_id: UUID, call_id: UUID) -> Call | None:
    row = await tx.row(_GET, call_id, company_id)
    return None if row is None else _call(row)


async def get_many(tx: Tx, call_ids: Sequence[UUID]) -> list[Call]:
    """Calls of any company by id: for live screens, which scope by subscriber."""
    return [_call(row) for row in await tx.rows(_GET_MANY, list(call_ids))]


async def running(tx: Tx, company_id: UUID, limit: int) -> list[Call]:
    return [_call(row) for row in await tx.rows(_RUNNING, company_id, limit)]


async def due(tx: Tx, now: datetime, limit: int) -> list[tuple[CallId, CompanyId]]:
    """Reserved calls whose time to look for a driver has come."""
    return [(row["id"], row["company_id"]) for row in await tx.rows(_DUE, now, limit)]


async def stale(tx: Tx, now: datetime, limit: int) -> list[tuple[CallId, CompanyId]]:
    """Waiting calls that nobody took in time."""
    return [(row["id"], row["company_id"]) for row in await tx.rows(_STALE, now, limit)]


async def next_due(tx: Tx) -> datetime | None:
    """When the next reserved call comes due or the next waiting one expires."""
    instant: datetime | None = await tx.value(_NEXT_DUE)
    return instant


async def of_customer(
    tx: Tx, customer_id: UUID, states: Sequence[State], before: UUID | None, limit: int
) -> list[Call]:
    return [_call(row) for row in await tx.rows(_OF_CUSTOMER, customer_id, before, list(states), limit)]


async def page(tx: Tx, wanted: CallFilter, before: UUID | None, limit: int) -> list[Call]:
    people = None if wanted.people is None else list(wanted.people)
    rows = await tx.rows(
        _LIST,
        wanted.company_id,
        before,
        list(wanted.states),
        list(wanted.services),
        wanted.number,
        people,
        wanted.since,
        wanted.until,
        limit,
        wanted.rider_hash,
    )  # fmt: skip -- the order of the parameters is the statement's
    return [_call(row) for row in rows]


async def count_open_in_turn(tx: Tx, customer_id: UUID) -> int:
    """The customer's calls that have not ended; who else asks for this customer waits for this transaction's end."""
    return int(await tx.value(_COUNT_OPEN_IN_TURN, customer_id))


async def count_by_state(tx: Tx, company_id: UUID, ended_since: datetime) -> dict[State, int]:
    rows = await tx.rows(_COUNT_BY_STATE, company_id, ended_since)
    return {State(row["state"]): row["calls"] for row in rows}


async def append_track(tx: Tx, call_ids: list[UUID], first_at: list[datetime], points: list[bytes]) -> None:
    await tx.execute(_APPEND_TRACK, call_ids, first_at, points)


async def track(tx: Tx, company_id: UUID, call_id: UUID) -> bytes:
    return b"".join(row["points"] for row in await tx.rows(_TRACK, call_id, company_id))


async def delete_tracks_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    return await tx.execute(_DELETE_TRACKS, company_id, before, limit)


class _Via(msgspec.Struct, frozen=True):
    """A via as its column keeps it."""

    lat: float
    lon: float
    name: str
    region: str | None


def _via(place: Place) -> _Via:
    return _Via(place.point.lat, place.point.lon, place.name, place.region)


def _event_data(command: RequestCall) -> dict[str, object]:
    """What else was decided by the request: on what its fare stands."""
    fare = command.fare
    return {
        "plan": fare.plan,
        "fare": fare.amount,
        "plans_version": command.plans_version,
        "shortage": command.shortage,
    }


def _rider(rider: NewRider | None) -> tuple[object, ...]:
    if rider is None:
        return (None,) * 5
    phone = rider.phone
    return (rider.name, phone.sealed, phone.whole_hash, phone.last4_hash, phone.masked)


def _business(business: Business | None) -> tuple[object, ...]:
    return (None,) * 3 if business is None else (business.id, business.name, business.payer)


def _group_key(group: GroupKey | None) -> tuple[object, ...]:
    return (None,) * 3 if group is None else (group.id, group.size, group.place)


def _group(row: Row) -> Group | None:
    """The group as it stands; this call itself as its row says, which a statement of its own change may not show."""
    if row["group_id"] is None:
        return None
    stored = msgspec.convert(row["group_members"] or (), tuple[GroupMember, ...])
    mine = GroupMember(row["group_place"], row["id"], row["number"], State(row["state"]))
    members = {member.place: member for member in stored} | {mine.place: mine}
    return Group(row["group_id"], row["group_size"], tuple(members[place] for place in sorted(members)))


def _rider_of(row: Row) -> Rider | None:
    masked = row["rider_phone_masked"]
    return None if masked is None else Rider(row["rider_name"], masked)


def _business_of(row: Row) -> Business | None:
    account_id = row["business_account_id"]
    if account_id is None:
        return None
    return Business(account_id, row["business_name"], Payer(row["business_payer"]))


def _place(row: Row, which: str) -> Place:
    point = Point(row[f"{which}_lat"], row[f"{which}_lon"])
    return Place(point, row[f"{which}_name"], row[f"{which}_region"])


def _vias(stored: object) -> tuple[Place, ...]:
    return tuple(Place(Point(via.lat, via.lon), via.name, via.region) for via in msgspec.convert(stored, list[_Via]))


def _call(row: Row) -> Call:
    return Call(
        id=row["id"],
        company_id=row["company_id"],
        number=row["number"],
        version=row["version"],
        state=State(row["state"]),
        source=Source(row["source"]),
        orderer_id=row["orderer_id"],
        performer_id=row["performer_id"],
        driver_id=None if row["driver_id"] is None else DriverId(row["driver_id"]),
        customer_id=None if row["customer_id"] is None else CustomerId(row["customer_id"]),
        service=Service(row["service"]),
        timing=Timing(row["timing"]),
        options=tuple(map(Option, row["options"])),
        payment=Payment(row["payment"]),
        fare=Fare(row["fare_amount"], FarePlan(row["fare_plan"]), row["tariff_version"]),
        origin=_place(row, "origin"),
        destination=_place(row, "destination"),
        vias=_vias(row["vias"]),
        note=row["note"],
        requested_at=row["requested_at"],
        reserved_for=row["reserved_for"],
        dispatch_at=row["dispatch_at"],
        expires_at=row["expires_at"],
        assigned_at=row["assigned_at"],
        arrived_at=row["arrived_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        ended_by=None if row["ended_by"] is None else ActorKind(row["ended_by"]),
        cancelled_from=None if row["cancelled_from"] is None else State(row["cancelled_from"]),
        end_reason=row["end_reason"],
        releases=row["releases"],
        policy_version=row["policy_version"],
        quote=None if row["quote"] is None else msgspec.convert(row["quote"], Quote),
        rider=_rider_of(row),
        car=None if row["car"] is None else msgspec.convert(row["car"], CarDetails),
        business=_business_of(row),
        group=_group(row),
        final_amount=row["final_amount"],
        waiting=None if row["waiting"] is None else msgspec.convert(row["waiting"], WaitingPolicy),
        waiting_won=row["waiting_won"],
        no_show_fee_won=row["no_show_fee_won"],
        cash_received=row["cash_received"],
        vias_reached=tuple(row["vias_reached"]),
        reconnects_call_id=row["reconnects_call_id"],
    )  # fmt: skip -- forty lines for forty columns would be a wall
