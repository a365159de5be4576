"""All SQL of what is done to a call. Each change is one statement: the row by its state, and the event."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.calls import lifecycle
from daeri.calls.call_row import COLUMNS, call_of
from daeri.calls.model import AlreadyReconnected, Call, Change, EventKind, Fare, Move, State
from daeri.calls.request_model import RiderPhone
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor
from daeri.pricing.plan_model import ShortageLevel

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
    return _MOVE.format(changes=changes, guard=guard, columns=COLUMNS)


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
SELECT emit($5, company_id, '{{kind}}', 'call', id, version, $4, $6, $7, NULL, {{data}}), {COLUMNS}
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
    FROM original RETURNING {COLUMNS}
)
SELECT emit($6, company_id, '{EventKind.REOPENED}', 'call', id, 1, $5, $7, $8, NULL, jsonb_build_object(
           'original', reconnects_call_id, 'driver_id', driver_id, 'fare', fare_amount, 'reason', $9::text)), added.*
FROM added
"""


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
    return None if row is None else call_of(row)


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
    return None if row is None else call_of(row)


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
    return None if row is None else call_of(row)


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
    return None if row is None else call_of(row)


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
    return None if row is None else call_of(row)
