"""All SQL of offers, engagements and listings; the log of decisions has a store of its own (decision_store)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.dispatch.model import (
    AlreadyTaken,
    DriverEngaged,
    DriverState,
    Knowledge,
    Listed,
    NewListing,
    NewOffer,
    Offer,
    OfferState,
    PastOffer,
    Slot,
    Waiting,
)
from daeri.dispatch.plan import Mode
from daeri.infra.database import Row, Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CallId, DriverId
from daeri.kernel.terms import Service

_LISTED_AT_MOST = 50  # calls of the open list that one driver sees
_OFFER = """
id, company_id, call_id, driver_id, mode, state, offered_at, expires_at, closed_at, pickup_m, pickup_s, slot
"""
# The first of each company, so that one company's crowd never keeps another's calls from being seen.
# Who accepted a call that waits again was taken off it when their engagement ended.
_WAITING = """
WITH found AS (
    SELECT c.id, c.company_id, c.origin_lat, c.origin_lon, c.origin_region, c.service, c.dispatch_at,
           row_number() OVER (PARTITION BY c.company_id ORDER BY c.dispatch_at, c.id) AS place
    FROM calls_public c
    WHERE c.state = 'requested' AND NOT EXISTS (SELECT FROM offers o WHERE o.call_id = c.id AND o.state = 'live')
)
SELECT c.id, c.company_id, c.origin_lat, c.origin_lon, c.origin_region, c.service, c.dispatch_at,
       a.drivers, a.states, a.closed, EXISTS (SELECT FROM listings l WHERE l.call_id = c.id) AS is_listed
FROM found c
LEFT JOIN LATERAL (
    SELECT array_agg(e.driver_id ORDER BY e.ended_at, e.id) AS drivers,
           array_agg(e.state ORDER BY e.ended_at, e.id) AS states,
           array_agg(e.ended_at ORDER BY e.ended_at, e.id) AS closed
    FROM (
        SELECT o.id, o.driver_id, o.state, coalesce(
                   CASE o.state WHEN 'accepted' THEN (
                       SELECT max(p.until) FROM past_engagements p
                       WHERE p.call_id = o.call_id AND p.driver_id = o.driver_id) END, o.closed_at) AS ended_at
        FROM offers o WHERE o.call_id = c.id AND o.state IN ('declined', 'ignored', 'accepted')
    ) e
) a ON true
WHERE c.place <= $1
ORDER BY c.dispatch_at, c.id
"""
# A drive's end counts where nothing else is to follow: no via, no next call, no offer to answer.
_DRIVER_STATE = """
SELECT d.id, d.company_id, d.duty, d.services, d.revision, d.is_short, e.call_id, o.id AS offer_id,
       c.destination_lat AS end_lat, c.destination_lon AS end_lon
FROM drivers_public d
LEFT JOIN engagements e ON e.driver_id = d.id AND e.slot = 'now'
LEFT JOIN engagements n ON n.driver_id = d.id AND n.slot = 'next'
LEFT JOIN offers o ON o.driver_id = d.id AND o.state = 'live'
LEFT JOIN calls_public c ON c.id = e.call_id AND c.state = 'driving' AND c.vias = '[]'
                            AND n.call_id IS NULL AND o.id IS NULL
"""
_NEVER_MEET = """
EXISTS (SELECT FROM never_meet_public b WHERE b.customer_id = {call}.customer_id AND b.driver_id = {driver})
"""
_STATES = _DRIVER_STATE + "WHERE d.id = ANY($1)"
_STATES_ON_DUTY = _DRIVER_STATE + "WHERE d.duty = 'on' ORDER BY d.id"
_STATES_SINCE = _DRIVER_STATE + "WHERE d.revision > $1 ORDER BY d.revision LIMIT $2"

# Statements of their own: what is written afterwards must see what the transactions that were waited for have done.
_LOCK_CALLS = "SELECT id FROM calls_public WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
_LOCK_DRIVERS = "SELECT id FROM drivers_public WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
_BARRED_WITH_NEXT = """
SELECT d.id FROM drivers_public d JOIN engagements e ON e.driver_id = d.id AND e.slot = 'next'
WHERE d.duty = 'on' AND (d.papers_until <= $1 OR d.status = 'suspended')
ORDER BY e.call_id
"""
_BARRED_ON_DUTY = """
SELECT d.id FROM drivers_public d
WHERE d.duty = 'on' AND (d.papers_until <= $1 OR d.status = 'suspended')
  AND NOT EXISTS (SELECT FROM engagements e WHERE e.driver_id = d.id)
ORDER BY d.id
"""
# What another live offer stands against is left out by the unique indexes.
_OFFER_PLANNED = f"""
INSERT INTO offers (id, company_id, call_id, driver_id, mode, state, offered_at, expires_at, pickup_m, pickup_s,
                    policy_version, slot)
SELECT p.id, c.company_id, p.call_id, p.driver_id, 'exclusive', 'live', $9, p.expires_at, p.pickup_m, p.pickup_s,
       p.policy_version, CASE WHEN e.call_id IS NULL THEN 'now' ELSE 'next' END
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::integer[], $6::integer[], $7::bigint[],
            $8::text[])
     AS p (id, call_id, driver_id, expires_at, pickup_m, pickup_s, policy_version, slot)
JOIN calls_public c ON c.id = p.call_id JOIN drivers_public d ON d.id = p.driver_id
LEFT JOIN engagements e ON e.driver_id = p.driver_id AND e.slot = 'now'
WHERE c.state = 'requested' AND d.duty = 'on' AND d.company_id = c.company_id
  AND d.status = 'approved' AND (d.papers_until IS NULL OR d.papers_until > $9) AND NOT d.is_short
  AND (e.call_id IS NULL
       OR p.slot = 'next' AND EXISTS (SELECT FROM calls_public w WHERE w.id = e.call_id AND w.state = 'driving'))
  AND NOT EXISTS (SELECT FROM engagements n WHERE n.driver_id = p.driver_id AND n.slot = 'next')
  AND NOT {_NEVER_MEET.format(call="c", driver="d.id")}
ON CONFLICT DO NOTHING RETURNING {_OFFER}
"""
_GET_OFFER = f"SELECT {_OFFER} FROM offers WHERE id = $1 AND driver_id = $2"
_LIVE_OF_DRIVERS = f"SELECT {_OFFER} FROM offers WHERE driver_id = ANY($1) AND state = 'live'"
_OFFERS_BY_ID = f"SELECT {_OFFER} FROM offers WHERE id = ANY($1)"
_OF_CALL = f"SELECT {_OFFER} FROM offers WHERE company_id = $1 AND call_id = $2 ORDER BY offered_at, id"
# Where a drive is under way, a call is for after it. Before the drive there is no next one: the key is violated.
_SLOT_OF = """
CASE WHEN EXISTS (SELECT FROM engagements e JOIN calls_public w ON w.id = e.call_id
                  WHERE e.driver_id = {driver} AND e.slot = 'now' AND w.state = 'driving') THEN 'next' ELSE 'now' END
"""
_ACCEPT = f"""
WITH accepted AS (
    UPDATE offers o SET state = 'accepted', closed_at = $3
    FROM calls_public c
    WHERE o.id = $1 AND o.driver_id = $2 AND o.state = 'live' AND o.expires_at > $3 AND c.id = o.call_id
      AND NOT {_NEVER_MEET.format(call="c", driver="o.driver_id")}
    RETURNING o.company_id, o.call_id, o.driver_id
), unlisted AS (
    DELETE FROM listings l USING accepted a WHERE l.call_id = a.call_id RETURNING l.driver_ids
), engaged AS (
    INSERT INTO engagements (driver_id, slot, company_id, call_id, since)
    SELECT driver_id, {_SLOT_OF.format(driver="accepted.driver_id")}, company_id, call_id, $3
    FROM accepted RETURNING driver_id
)
SELECT coalesce(u.driver_ids, '{{}}') AS saw FROM engaged LEFT JOIN unlisted u ON true
"""
_CLOSE = f"""
UPDATE offers SET state = $3, closed_at = $4
WHERE id = $1 AND driver_id = $2 AND state = 'live' RETURNING {_OFFER}
"""
_WITHDRAW_CALL = f"""
UPDATE offers SET state = 'withdrawn', closed_at = $2 WHERE call_id = $1 AND state = 'live' RETURNING {_OFFER}
"""
_WITHDRAW_DRIVER = f"""
UPDATE offers SET state = 'withdrawn', closed_at = $2 WHERE driver_id = $1 AND state = 'live' RETURNING {_OFFER}
"""
# The offers of those whose balance has become too low for new calls; who has been topped up since keeps theirs.
_WITHDRAW_SHORT = f"""
UPDATE offers SET state = 'withdrawn', closed_at = $2
WHERE driver_id = ANY($1) AND state = 'live'
  AND EXISTS (SELECT FROM drivers_public d WHERE d.id = driver_id AND d.is_short) RETURNING {_OFFER}
"""
_WITHDRAW_BESIDE = f"""
UPDATE offers SET state = 'withdrawn', closed_at = $3
WHERE state = 'live' AND (call_id = $1 OR driver_id = $2) RETURNING {_OFFER}
"""
_IGNORE = f"""
UPDATE offers SET state = 'ignored', closed_at = $1
WHERE id IN (SELECT id FROM offers WHERE state = 'live' AND expires_at <= $1
             ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING {_OFFER}
"""
_NEXT_EXPIRY = "SELECT min(expires_at) FROM offers WHERE state = 'live'"
# $1 offer, $2 company, $3 call, $4 driver, $5 now, $6 metres, $7 mode, $8 slot, or null for that of the moment.
_ENGAGE = f"""
WITH engaged AS (
    INSERT INTO engagements (driver_id, slot, company_id, call_id, since)
    SELECT $4::uuid, coalesce($8, {_SLOT_OF.format(driver="$4")}), $2::uuid, $3::uuid, $5::timestamptz RETURNING slot
)
INSERT INTO offers (id, company_id, call_id, driver_id, mode, state, offered_at, expires_at, closed_at, pickup_m,
                    pickup_s, policy_version, slot)
SELECT $1::uuid, $2, $3, $4, $7, 'accepted', $5, $5, $5, $6::integer, 0, 0, slot FROM engaged
"""
# Whoever has the call; their other commands wait until this transaction ends.
_LOCK_ENGAGED = """
SELECT id FROM drivers_public WHERE id = (SELECT driver_id FROM engagements WHERE call_id = $1) FOR NO KEY UPDATE
"""
# When a call ends that was under way, the driver's next one takes its place.
_DISENGAGE = """
WITH ended AS (
    DELETE FROM engagements WHERE call_id = $1 RETURNING driver_id, slot, company_id, call_id, since
), follows AS (
    SELECT n.driver_id, n.slot, n.company_id, n.call_id, n.since
    FROM ended e JOIN engagements n ON n.driver_id = e.driver_id AND n.slot = 'next' WHERE e.slot = 'now'
), raised AS (
    UPDATE engagements n SET slot = 'now', since = $2 FROM follows f WHERE n.call_id = f.call_id
), kept AS (
    INSERT INTO past_engagements (company_id, call_id, driver_id, slot, since, until)
    SELECT p.company_id, p.call_id, p.driver_id, p.slot, p.since, $2
    FROM (SELECT * FROM ended UNION ALL SELECT * FROM follows) p
)
SELECT driver_id FROM ended
"""
_ENGAGED = "SELECT driver_id, slot, call_id FROM engagements WHERE driver_id = ANY($1)"
_SLOT_OF_CALL = "SELECT slot FROM engagements WHERE call_id = $1"
_KNOWLEDGE = """
SELECT e.driver_id, e.slot, e.call_id, c.version, NULL::uuid AS offer_id
FROM engagements e JOIN calls_public c ON c.id = e.call_id WHERE e.driver_id = ANY($1)
UNION ALL
SELECT o.driver_id, NULL, NULL, 0, o.id FROM offers o WHERE o.driver_id = ANY($1) AND o.state = 'live'
"""
# Who came to see the call and who no longer does; everybody when it was not listed before.
_LIST = """
WITH before AS (
    SELECT driver_ids FROM listings WHERE call_id = $1
), listed AS (
    INSERT INTO listings (call_id, company_id, driver_ids, metres, listed_at)
    SELECT c.id, c.company_id, $2::uuid[], $3, $4 FROM calls_public c WHERE c.id = $1 AND c.state = 'requested'
    ON CONFLICT (call_id) DO UPDATE SET driver_ids = excluded.driver_ids, metres = excluded.metres
    RETURNING driver_ids
), changed AS (
    SELECT unnest(driver_ids) AS id, 1 AS way FROM listed UNION ALL SELECT unnest(driver_ids), -1 FROM before
)
SELECT id FROM changed WHERE EXISTS (SELECT FROM listed) GROUP BY id HAVING sum(way) <> 0 ORDER BY id
"""
_UNLIST = "DELETE FROM listings WHERE call_id = $1 RETURNING driver_ids"
_LISTED = f"""
SELECT l.call_id, l.metres[array_position(l.driver_ids, $2)] AS metres, l.listed_at,
       {_NEVER_MEET.format(call="c", driver="$2")} AS is_barred
FROM listings l JOIN calls_public c ON c.id = l.call_id
WHERE l.company_id = $1 AND l.driver_ids @> ARRAY[$2] AND c.state = 'requested' AND l.call_id = $3
"""
_LISTED_OF_DRIVERS = f"""
SELECT u.driver_id, l.call_id, l.metres[u.place] AS metres, l.listed_at
FROM listings l JOIN calls_public c ON c.id = l.call_id
CROSS JOIN LATERAL unnest(l.driver_ids) WITH ORDINALITY AS u (driver_id, place)
JOIN drivers_public d ON d.id = u.driver_id AND d.company_id = l.company_id
WHERE l.driver_ids && $1::uuid[] AND u.driver_id = ANY($1) AND c.state = 'requested' AND d.duty = 'on'
  AND NOT d.is_short AND NOT {_NEVER_MEET.format(call="c", driver="d.id")}
ORDER BY u.driver_id, metres, l.call_id
"""
_NEVER_TO_MEET = """
SELECT c.id AS call_id, b.driver_id FROM calls_public c
JOIN never_meet_public b ON b.customer_id = c.customer_id WHERE c.id = ANY($1)
"""
_DELETE_OFFERS = """
DELETE FROM offers WHERE id IN (
    SELECT o.id FROM offers o JOIN calls_public c ON c.id = o.call_id
    WHERE o.company_id = $1 AND o.offered_at < $2 AND c.ended_at IS NOT NULL ORDER BY o.offered_at LIMIT $3)
"""
_OVERLAPS = """
WITH spans AS (
    SELECT call_id, driver_id, slot, since, until FROM past_engagements WHERE company_id = $1
    UNION ALL
    SELECT call_id, driver_id, slot, since, 'infinity' FROM engagements WHERE company_id = $1
), ordered AS (
    SELECT since, max(until) OVER (PARTITION BY driver_id, slot ORDER BY since, until
                                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS driver_until,
           max(until) OVER (PARTITION BY call_id ORDER BY since, until
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS call_until
    FROM spans
)
SELECT count(*) FROM ordered WHERE driver_until > since OR call_until > since
"""


async def waiting(tx: Tx, limit: int) -> list[Waiting]:
    """Calls that need a driver now, up to `limit` of each company, longest waiting first."""
    return [_waiting(row) for row in await tx.rows(_WAITING, limit)]


async def states(tx: Tx, driver_ids: Sequence[UUID]) -> list[DriverState]:
    return [_state(row) for row in await tx.rows(_STATES, list(driver_ids))]


async def states_on_duty(tx: Tx) -> list[DriverState]:
    return [_state(row) for row in await tx.rows(_STATES_ON_DUTY)]


async def states_since(tx: Tx, revision: int, limit: int) -> list[DriverState]:
    return [_state(row) for row in await tx.rows(_STATES_SINCE, revision, limit)]


async def offer_planned(tx: Tx, offers: Sequence[NewOffer], now: datetime) -> list[Offer]:
    """Write the offers that still hold; those overtaken by another change are left out.

    The caller has locked the calls and then the drivers.
    """
    rows = await tx.rows(
        _OFFER_PLANNED,
        [offer.id for offer in offers],
        [offer.call_id for offer in offers],
        [offer.driver_id for offer in offers],
        [offer.expires_at for offer in offers],
        [offer.pickup_m for offer in offers],
        [offer.pickup_s for offer in offers],
        [offer.policy_version for offer in offers],
        [offer.slot for offer in offers],
        now,
    )
    return [_offer(row) for row in rows]


async def get_offer(tx: Tx, offer_id: UUID, driver_id: UUID) -> Offer | None:
    row = await tx.row(_GET_OFFER, offer_id, driver_id)
    return None if row is None else _offer(row)


async def live_of_drivers(tx: Tx, driver_ids: Sequence[UUID]) -> list[Offer]:
    return [_offer(row) for row in await tx.rows(_LIVE_OF_DRIVERS, list(driver_ids))]


async def offers_by_id(tx: Tx, offer_ids: Sequence[UUID]) -> list[Offer]:
    return [_offer(row) for row in await tx.rows(_OFFERS_BY_ID, list(offer_ids))]


async def offers_of_call(tx: Tx, company_id: UUID, call_id: UUID) -> list[Offer]:
    return [_offer(row) for row in await tx.rows(_OF_CALL, company_id, call_id)]


async def lock_calls(tx: Tx, call_ids: Sequence[UUID]) -> None:
    """Keep these calls as they are until this transaction ends."""
    await tx.execute(_LOCK_CALLS, list(call_ids))


async def lock_drivers(tx: Tx, driver_ids: Sequence[UUID]) -> None:
    """Keep these drivers' duty and work as they are until this transaction ends."""
    await tx.execute(_LOCK_DRIVERS, list(driver_ids))


async def barred_with_next(tx: Tx, now: datetime) -> list[DriverId]:
    """Drivers who may not work any more and have a call that begins after the one under way."""
    return [DriverId(row["id"]) for row in await tx.rows(_BARRED_WITH_NEXT, now)]


async def barred_on_duty(tx: Tx, now: datetime) -> list[DriverId]:
    """Drivers on duty who may not work any more and have no call to finish."""
    return [DriverId(row["id"]) for row in await tx.rows(_BARRED_ON_DUTY, now)]


async def accept(tx: Tx, offer_id: UUID, driver_id: UUID, now: datetime) -> list[DriverId] | None:
    """Close the live offer as accepted and engage its driver; None when it is no longer live.

    Returns who else saw the call in the open list.
    """
    try:
        row = await tx.row(_ACCEPT, offer_id, driver_id, now)
        return None if row is None else list(row["saw"])
    except UniqueViolationError as violation:
        raise _engagement_error(violation) from violation


async def close(tx: Tx, offer_id: UUID, driver_id: UUID, state: OfferState, now: datetime) -> Offer | None:
    row = await tx.row(_CLOSE, offer_id, driver_id, state, now)
    return None if row is None else _offer(row)


async def withdraw_of_call(tx: Tx, call_id: UUID, now: datetime) -> list[Offer]:
    return [_offer(row) for row in await tx.rows(_WITHDRAW_CALL, call_id, now)]


async def withdraw_of_driver(tx: Tx, driver_id: UUID, now: datetime) -> list[Offer]:
    return [_offer(row) for row in await tx.rows(_WITHDRAW_DRIVER, driver_id, now)]


async def withdraw_of_short(tx: Tx, driver_ids: Sequence[UUID], now: datetime) -> list[Offer]:
    """Withdraw the offers of those of these drivers whose balance is too low."""
    return [_offer(row) for row in await tx.rows(_WITHDRAW_SHORT, list(driver_ids), now)]


async def withdraw_beside(tx: Tx, call_id: UUID, driver_id: UUID, now: datetime) -> list[Offer]:
    """Withdraw what the driver is offered and who else is offered the call."""
    return [_offer(row) for row in await tx.rows(_WITHDRAW_BESIDE, call_id, driver_id, now)]


async def ignore_expired(tx: Tx, now: datetime, limit: int) -> list[Offer]:
    return [_offer(row) for row in await tx.rows(_IGNORE, now, limit)]


async def next_expiry(tx: Tx) -> datetime | None:
    instant: datetime | None = await tx.value(_NEXT_EXPIRY)
    return instant


async def engage(
    tx: Tx,
    offer_id: UUID,
    company_id: UUID,
    *,
    call_id: UUID,
    driver_id: UUID,
    metres: int,
    mode: Mode,
    slot: Slot | None,
    now: datetime,
) -> None:
    """Engage the driver with a call that was not offered to them, and leave an accepted offer as its record.

    Without `slot` it follows a drive that is under way.
    """
    try:
        await tx.execute(_ENGAGE, offer_id, company_id, call_id, driver_id, now, metres, mode, slot)
    except UniqueViolationError as violation:
        raise _engagement_error(violation) from violation


async def disengage(tx: Tx, call_id: UUID, now: datetime) -> DriverId | None:
    """End the call's engagement and keep it as past; the driver who had it. What was to follow it is under way now.

    The driver is locked first, so that nothing else comes to follow meanwhile.
    """
    if await tx.value(_LOCK_ENGAGED, call_id) is None:
        return None
    driver_id = await tx.value(_DISENGAGE, call_id, now)
    return None if driver_id is None else DriverId(driver_id)


async def calls_of_drivers(tx: Tx, driver_ids: Sequence[UUID]) -> dict[DriverId, CallId]:
    """The call under way of each of these drivers who has one."""
    found = await engaged(tx, driver_ids)
    return {driver_id: calls[Slot.NOW] for driver_id, calls in found.items() if Slot.NOW in calls}


async def engaged(tx: Tx, driver_ids: Sequence[UUID]) -> dict[DriverId, dict[Slot, CallId]]:
    """The calls that each of these drivers has; who has none is left out."""
    found: defaultdict[DriverId, dict[Slot, CallId]] = defaultdict(dict)
    for row in await tx.rows(_ENGAGED, list(driver_ids)):
        found[row["driver_id"]][Slot(row["slot"])] = row["call_id"]
    return found


async def slot_of_call(tx: Tx, call_id: UUID) -> Slot | None:
    """Which of its driver's calls it is; None when nobody has it."""
    slot = await tx.value(_SLOT_OF_CALL, call_id)
    return None if slot is None else Slot(slot)


async def never_to_meet(tx: Tx, call_ids: Sequence[UUID]) -> dict[CallId, tuple[DriverId, ...]]:
    """The drivers whom each call's customer shall never meet; calls without any are left out."""
    found: defaultdict[CallId, list[DriverId]] = defaultdict(list)
    for row in await tx.rows(_NEVER_TO_MEET, list(call_ids)):
        found[row["call_id"]].append(row["driver_id"])
    return {call_id: tuple(drivers) for call_id, drivers in found.items()}


async def knowledge(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, Knowledge]:
    """What there is to know of each of these drivers; who has neither call nor offer is left out."""
    found: defaultdict[UUID, Knowledge] = defaultdict(Knowledge)
    for row in await tx.rows(_KNOWLEDGE, list(driver_ids)):
        known = found[row["driver_id"]]
        if row["offer_id"] is not None:
            known = replace(known, offers=known.offers | {row["offer_id"]})
        elif row["slot"] == Slot.NOW:
            known = replace(known, call_id=row["call_id"], call_version=row["version"])
        else:
            known = replace(known, next_call_id=row["call_id"], next_call_version=row["version"])
        found[row["driver_id"]] = known
    for driver_id, entries in (await listed_of_drivers(tx, driver_ids)).items():
        found[driver_id] = replace(found[driver_id], listed=frozenset(entry.call_id for entry in entries))
    return found


async def put_listing(tx: Tx, listing: NewListing, now: datetime) -> list[DriverId]:
    """Show the call to these drivers from now on; for whom that is a change."""
    rows = await tx.rows(_LIST, listing.call_id, list(listing.driver_ids), list(listing.metres), now)
    return [row["id"] for row in rows]


async def drop_listing(tx: Tx, call_id: UUID) -> list[DriverId]:
    """Take the call off the open list; who saw it."""
    return list(await tx.value(_UNLIST, call_id) or ())


async def listed(tx: Tx, company_id: UUID, driver_id: UUID, call_id: UUID) -> Listed | None:
    """The call as the driver sees it in the open list, if they do."""
    row = await tx.row(_LISTED, company_id, driver_id, call_id)
    return None if row is None else Listed(row["call_id"], row["metres"], row["listed_at"], row["is_barred"])


async def listed_of_drivers(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, list[Listed]]:
    """What each of these drivers sees in the open list, nearest first; who sees nothing is left out."""
    found: defaultdict[UUID, list[Listed]] = defaultdict(list)
    for row in await tx.rows(_LISTED_OF_DRIVERS, list(driver_ids)):
        if len(found[row["driver_id"]]) < _LISTED_AT_MOST:
            found[row["driver_id"]].append(Listed(row["call_id"], row["metres"], row["listed_at"]))
    return found


async def overlaps(tx: Tx, company_id: UUID) -> int:
    return int(await tx.value(_OVERLAPS, company_id))


async def delete_offers_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    return await tx.execute(_DELETE_OFFERS, company_id, before, limit)


def _engagement_error(violation: UniqueViolationError) -> AlreadyTaken | DriverEngaged:
    if violation.constraint_name == "engagements_one_a_call":
        return AlreadyTaken()
    return DriverEngaged()


def _offer(row: Row) -> Offer:
    return Offer(
        id=row["id"],
        company_id=row["company_id"],
        call_id=row["call_id"],
        driver_id=row["driver_id"],
        mode=Mode(row["mode"]),
        state=OfferState(row["state"]),
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        closed_at=row["closed_at"],
        pickup_m=row["pickup_m"],
        pickup_s=row["pickup_s"],
        slot=Slot(row["slot"]),
    )


def _waiting(row: Row) -> Waiting:
    asked = zip(row["drivers"] or (), row["states"] or (), row["closed"] or (), strict=True)
    return Waiting(
        call_id=row["id"],
        company_id=row["company_id"],
        origin=Point(row["origin_lat"], row["origin_lon"]),
        region=row["origin_region"],
        service=Service(row["service"]),
        dispatch_at=row["dispatch_at"],
        asked=tuple(PastOffer(driver, OfferState(state), closed) for driver, state, closed in asked),
        is_listed=row["is_listed"],
    )


def _state(row: Row) -> DriverState:
    return DriverState(
        driver_id=row["id"],
        company_id=row["company_id"],
        on_duty=row["duty"] == "on",
        services=tuple(map(Service, row["services"])),
        revision=row["revision"],
        call_id=row["call_id"],
        offer_id=row["offer_id"],
        ends_at=None if row["end_lat"] is None else Point(row["end_lat"], row["end_lon"]),
        is_short=row["is_short"],
    )
