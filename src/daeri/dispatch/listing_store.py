"""All SQL of the open list: which calls stand on it, and who sees them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.dispatch.meeting_store import NEVER_MEET
from daeri.dispatch.model import Listed, NewListing
from daeri.infra.database import Tx
from daeri.kernel.ids import DriverId

_LISTED_AT_MOST = 50  # calls of the open list that one driver sees
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
       {NEVER_MEET.format(call="c", driver="$2")} AS is_barred
FROM listings l JOIN calls_public c ON c.id = l.call_id
WHERE l.company_id = $1 AND l.driver_ids @> ARRAY[$2] AND c.state = 'requested' AND l.call_id = $3
"""
_LISTED_OF_DRIVERS = f"""
SELECT u.driver_id, l.call_id, l.metres[u.place] AS metres, l.listed_at
FROM listings l JOIN calls_public c ON c.id = l.call_id
CROSS JOIN LATERAL unnest(l.driver_ids) WITH ORDINALITY AS u (driver_id, place)
JOIN drivers_public d ON d.id = u.driver_id AND d.company_id = l.company_id
WHERE l.driver_ids && $1::uuid[] AND u.driver_id = ANY($1) AND c.state = 'requested' AND d.duty = 'on'
  AND NOT d.is_short AND NOT {NEVER_MEET.format(call="c", driver="d.id")}
ORDER BY u.driver_id, metres, l.call_id
"""


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
