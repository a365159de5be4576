"""SQL of ratings, and of what they add up to for each driver."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.customers.bond_model import BondEvent, DriverRating, Rating, RatingTag, Ride, Said
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CustomerId, DriverId
from daeri.kernel.terms import Actor

_COLUMNS = "call_id, customer_id, driver_id, stars, tags, comment, rated_at, changed_at, version"
# A rating and the driver's sum are one statement, so that the sum is always that of the rows.
_ADD = f"""
WITH added AS (
    INSERT INTO ratings (call_id, company_id, customer_id, driver_id, stars, tags, comment, rated_at, changed_at,
                         version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1) ON CONFLICT (call_id) DO NOTHING RETURNING *
), summed AS (
    INSERT INTO driver_ratings (driver_id, company_id, ratings, stars)
    SELECT driver_id, company_id, 1, stars FROM added
    ON CONFLICT (driver_id) DO UPDATE
    SET ratings = driver_ratings.ratings + 1, stars = driver_ratings.stars + excluded.stars
), told AS (
    SELECT emit($9, company_id, $10, 'rating', call_id, 1, $8, $11, $12, NULL,
                jsonb_build_object('stars', stars, 'tags', tags)) FROM added
)
SELECT {_COLUMNS} FROM added, told
"""
_CHANGE = f"""
WITH before AS (
    SELECT call_id, stars FROM ratings WHERE call_id = $1 FOR NO KEY UPDATE
), changed AS (
    UPDATE ratings r SET stars = $2, tags = $3, comment = $4, changed_at = $5, version = version + 1
    FROM before b WHERE r.call_id = b.call_id RETURNING r.*, b.stars AS stars_before
), summed AS (
    UPDATE driver_ratings d SET stars = d.stars + c.stars - c.stars_before FROM changed c
    WHERE d.driver_id = c.driver_id
), told AS (
    SELECT emit($6, company_id, $7, 'rating', call_id, version, $5, $8, $9, NULL,
                jsonb_build_object('stars', stars, 'stars_before', stars_before, 'tags', tags)) FROM changed
)
SELECT {_COLUMNS} FROM changed, told
"""
_GET = f"SELECT {_COLUMNS} FROM ratings WHERE call_id = $1 AND company_id = $2"
_LOCK = f"{_GET} FOR NO KEY UPDATE"
_OF_CUSTOMER = f"""
SELECT {_COLUMNS} FROM ratings WHERE customer_id = $1 ORDER BY rated_at DESC, call_id DESC LIMIT $2
"""
_OF_DRIVERS = "SELECT driver_id, average, ratings FROM driver_ratings_public WHERE driver_id = ANY($1)"


async def add(tx: Tx, ride: Ride, said: Said, actor: Actor, *, event_id: UUID, now: datetime) -> Rating | None:
    """The first rating of the call; None when there is one."""
    row = await tx.row(
        _ADD,
        ride.call_id,
        ride.company_id,
        ride.customer_id,
        ride.driver_id,
        said.stars,
        list(said.tags),
        said.comment,
        now,
        event_id,
        BondEvent.RATED,
        actor.kind,
        actor.id,
    )  # fmt: skip -- the order of the parameters is the statement's
    return None if row is None else _rating(row)


async def change(tx: Tx, call_id: UUID, said: Said, actor: Actor, *, event_id: UUID, now: datetime) -> Rating:
    """Say something else of the call, whose rating is locked."""
    what = (said.stars, list(said.tags), said.comment)
    row = await tx.row(_CHANGE, call_id, *what, now, event_id, BondEvent.RATING_CHANGED, actor.kind, actor.id)
    if row is None:
        raise LookupError("a locked rating is gone")
    return _rating(row)


async def get(tx: Tx, company_id: UUID, call_id: UUID) -> Rating | None:
    row = await tx.row(_GET, call_id, company_id)
    return None if row is None else _rating(row)


async def lock(tx: Tx, company_id: UUID, call_id: UUID) -> Rating | None:
    row = await tx.row(_LOCK, call_id, company_id)
    return None if row is None else _rating(row)


async def of_customer(tx: Tx, customer_id: UUID, limit: int) -> list[Rating]:
    return [_rating(row) for row in await tx.rows(_OF_CUSTOMER, customer_id, limit)]


async def of_drivers(tx: Tx, driver_ids: Sequence[UUID]) -> dict[DriverId, DriverRating]:
    rows = await tx.rows(_OF_DRIVERS, list(driver_ids))
    return {row["driver_id"]: DriverRating(float(row["average"]), row["ratings"]) for row in rows}


def _rating(row: Row) -> Rating:
    return Rating(
        call_id=row["call_id"],
        customer_id=CustomerId(row["customer_id"]),
        driver_id=DriverId(row["driver_id"]),
        said=Said(row["stars"], tuple(map(RatingTag, row["tags"])), row["comment"]),
        rated_at=row["rated_at"],
        changed_at=row["changed_at"],
        version=row["version"],
    )
