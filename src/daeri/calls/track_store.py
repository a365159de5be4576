"""All SQL of the positions of drives."""

from datetime import datetime
from uuid import UUID

from daeri.infra.database import Tx

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


async def append_track(tx: Tx, call_ids: list[UUID], first_at: list[datetime], points: list[bytes]) -> None:
    await tx.execute(_APPEND_TRACK, call_ids, first_at, points)


async def track(tx: Tx, company_id: UUID, call_id: UUID) -> bytes:
    return b"".join(row["points"] for row in await tx.rows(_TRACK, call_id, company_id))


async def delete_tracks_before(tx: Tx, company_id: UUID, before: datetime, limit: int) -> int:
    return await tx.execute(_DELETE_TRACKS, company_id, before, limit)
