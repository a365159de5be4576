"""All SQL that takes what is personal out of calls of long ago; the call itself stays: the books lean on it."""

from datetime import datetime
from uuid import UUID

from daeri.infra.database import Tx

# Two decimals of a degree are a kilometre: enough for a count by area. What has them is forgotten already.
_FORGET = """
WITH old AS (
    SELECT id FROM calls
    WHERE company_id = $1 AND ended_at < $2
      AND (origin_lat <> round(origin_lat::numeric, 2) OR origin_lon <> round(origin_lon::numeric, 2)
        OR destination_lat <> round(destination_lat::numeric, 2)
        OR destination_lon <> round(destination_lon::numeric, 2)
        OR origin_name <> '' OR destination_name <> '' OR note <> '' OR vias <> '[]'
        OR rider_name IS NOT NULL OR car IS NOT NULL)
    ORDER BY ended_at LIMIT $3
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM call_fare_calculations f USING old WHERE f.call_id = old.id
)
UPDATE calls c SET
    origin_lat = round(origin_lat::numeric, 2), origin_lon = round(origin_lon::numeric, 2), origin_name = '',
    destination_lat = round(destination_lat::numeric, 2), destination_lon = round(destination_lon::numeric, 2),
    destination_name = '', vias = '[]', vias_reached = '{}', note = '', car = NULL,
    rider_name = NULL, rider_phone_sealed = NULL, rider_phone_hash = NULL, rider_phone_last4_hash = NULL,
    rider_phone_masked = NULL
FROM old WHERE c.id = old.id
"""


async def forget_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    return await tx.execute(_FORGET, company_id, before, limit)
