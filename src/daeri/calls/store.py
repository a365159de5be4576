"""All SQL of a request, and of how calls are read: one, a list, what is due."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.calls.call_row import COLUMNS, KeptVia, call_of
from daeri.calls.model import Business, Call, CallFilter, EventKind, Place, State
from daeri.calls.request_model import GroupKey, NewRider, RequestCall
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CompanyId
from daeri.kernel.terms import Timing

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
    RETURNING {COLUMNS}
)
SELECT emit($29, company_id, $30, 'call', id, 1, requested_at, $31, $32, NULL, $33), added.* FROM added
"""
_RECONNECTION = f"SELECT {COLUMNS} FROM calls WHERE reconnects_call_id = $1 AND company_id = $2"
_RECONNECTIONS = f"SELECT {COLUMNS} FROM calls WHERE reconnects_call_id = ANY($1)"
_GET = f"SELECT {COLUMNS} FROM calls WHERE id = $1 AND company_id = $2"
_LOCK = _GET + " FOR NO KEY UPDATE"
_GET_MANY = f"SELECT {COLUMNS} FROM calls WHERE id = ANY($1)"
_RUNNING = f"""
SELECT {COLUMNS} FROM calls
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
SELECT {COLUMNS} FROM calls LEFT JOIN went_on ON original_id = id
WHERE customer_id = $1 AND reconnects_call_id IS NULL AND ($2::uuid IS NULL OR id < $2)
  AND (cardinality($3::text[]) = 0 OR coalesce(state_now, state) = ANY($3))
ORDER BY id DESC LIMIT $4
"""
_LIST = f"""
SELECT {COLUMNS} FROM calls
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
    return call_of(row)


async def reconnection(tx: Tx, company_id: UUID, original_id: UUID) -> Call | None:
    row = await tx.row(_RECONNECTION, original_id, company_id)
    return None if row is None else call_of(row)


async def reconnections(tx: Tx, original_ids: Sequence[UUID]) -> list[Call]:
    """The calls that these went on as, of any company."""
    return [call_of(row) for row in await tx.rows(_RECONNECTIONS, list(original_ids))]


async def lock(tx: Tx, company_id: UUID, call_id: UUID) -> Call | None:
    """The call, which nobody else moves until this transaction ends."""
    row = await tx.row(_LOCK, call_id, company_id)
    return None if row is None else call_of(row)


async def get(tx: Tx, company_id: UUID, call_id: UUID) -> Call | None:
    row = await tx.row(_GET, call_id, company_id)
    return None if row is None else call_of(row)


async def get_many(tx: Tx, call_ids: Sequence[UUID]) -> list[Call]:
    """Calls of any company by id: for live screens, which scope by subscriber."""
    return [call_of(row) for row in await tx.rows(_GET_MANY, list(call_ids))]


async def running(tx: Tx, company_id: UUID, limit: int) -> list[Call]:
    return [call_of(row) for row in await tx.rows(_RUNNING, company_id, limit)]


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
    return [call_of(row) for row in await tx.rows(_OF_CUSTOMER, customer_id, before, list(states), limit)]


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
    return [call_of(row) for row in rows]


async def count_open_in_turn(tx: Tx, customer_id: UUID) -> int:
    """The customer's calls that have not ended; who else asks for this customer waits for this transaction's end."""
    return int(await tx.value(_COUNT_OPEN_IN_TURN, customer_id))


async def count_by_state(tx: Tx, company_id: UUID, ended_since: datetime) -> dict[State, int]:
    rows = await tx.rows(_COUNT_BY_STATE, company_id, ended_since)
    return {State(row["state"]): row["calls"] for row in rows}


def _via(place: Place) -> KeptVia:
    return KeptVia(place.point.lat, place.point.lon, place.name, place.region)


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
