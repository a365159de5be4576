"""All SQL of what matching, the live fleet and the telephones start from: calls that wait, drivers as they stand."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from daeri.dispatch.listing_store import listed_of_drivers
from daeri.dispatch.model import DriverState, Knowledge, OfferState, PastOffer, Slot, Waiting
from daeri.infra.database import Row, Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import Service

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
_KNOWLEDGE = """
SELECT e.driver_id, e.slot, e.call_id, c.version, NULL::uuid AS offer_id
FROM engagements e JOIN calls_public c ON c.id = e.call_id WHERE e.driver_id = ANY($1)
UNION ALL
SELECT o.driver_id, NULL, NULL, 0, o.id FROM offers o WHERE o.driver_id = ANY($1) AND o.state = 'live'
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
