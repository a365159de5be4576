"""All SQL of offers; whoever accepts one is engaged in the same statement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.dispatch.engagement_store import SLOT_OF, engagement_error
from daeri.dispatch.meeting_store import NEVER_MEET
from daeri.dispatch.model import NewOffer, Offer, OfferState, Slot
from daeri.dispatch.plan import Mode
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import DriverId

_OFFER = """
id, company_id, call_id, driver_id, mode, state, offered_at, expires_at, closed_at, pickup_m, pickup_s, slot
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
  AND NOT {NEVER_MEET.format(call="c", driver="d.id")}
ON CONFLICT DO NOTHING RETURNING {_OFFER}
"""
_GET_OFFER = f"SELECT {_OFFER} FROM offers WHERE id = $1 AND driver_id = $2"
_LIVE_OF_DRIVERS = f"SELECT {_OFFER} FROM offers WHERE driver_id = ANY($1) AND state = 'live'"
_OFFERS_BY_ID = f"SELECT {_OFFER} FROM offers WHERE id = ANY($1)"
_OF_CALL = f"SELECT {_OFFER} FROM offers WHERE company_id = $1 AND call_id = $2 ORDER BY offered_at, id"
_ACCEPT = f"""
WITH accepted AS (
    UPDATE offers o SET state = 'accepted', closed_at = $3
    FROM calls_public c
    WHERE o.id = $1 AND o.driver_id = $2 AND o.state = 'live' AND o.expires_at > $3 AND c.id = o.call_id
      AND NOT {NEVER_MEET.format(call="c", driver="o.driver_id")}
    RETURNING o.company_id, o.call_id, o.driver_id
), unlisted AS (
    DELETE FROM listings l USING accepted a WHERE l.call_id = a.call_id RETURNING l.driver_ids
), engaged AS (
    INSERT INTO engagements (driver_id, slot, company_id, call_id, since)
    SELECT driver_id, {SLOT_OF.format(driver="accepted.driver_id")}, company_id, call_id, $3
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
_DELETE_OFFERS = """
DELETE FROM offers WHERE id IN (
    SELECT o.id FROM offers o JOIN calls_public c ON c.id = o.call_id
    WHERE o.company_id = $1 AND o.offered_at < $2 AND c.ended_at IS NOT NULL ORDER BY o.offered_at LIMIT $3)
"""


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


async def accept(tx: Tx, offer_id: UUID, driver_id: UUID, now: datetime) -> list[DriverId] | None:
    """Close the live offer as accepted and engage its driver; None when it is no longer live.

    Returns who else saw the call in the open list.
    """
    try:
        row = await tx.row(_ACCEPT, offer_id, driver_id, now)
        return None if row is None else list(row["saw"])
    except UniqueViolationError as violation:
        raise engagement_error(violation) from violation


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


async def delete_offers_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    return await tx.execute(_DELETE_OFFERS, company_id, before, limit)


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
