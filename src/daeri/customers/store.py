"""All SQL of the customers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.customers.model import Car, CarDetails, Customer, Favourite, NewPlace, PlateTaken, Transmission
from daeri.infra.database import Row, Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, CustomerId

_INSERT = """
INSERT INTO customers (id, company_id, version, created_at)
SELECT id, company_id, 1, $3 FROM accounts_public WHERE id = $1 AND company_id = $2 AND kind = 'customer'
ON CONFLICT DO NOTHING
"""
_BY_ID = "SELECT id, company_id, version, created_at FROM customers WHERE id = $1 AND company_id = $2"
# Newest first; `$2` is the last id of the page before, `$4` an instant at which new calls are refused.
_LIST = """
SELECT id, company_id, version, created_at FROM customers c
WHERE company_id = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::uuid[] IS NULL OR id = ANY($3))
  AND ($4::timestamptz IS NULL OR EXISTS (
      SELECT FROM customer_restrictions r WHERE r.customer_id = c.id AND r.lifted_at IS NULL AND r.ends_at > $4))
ORDER BY id DESC LIMIT $5
"""
# What a customer keeps is counted and added to by one transaction at a time.
_LOCK = "SELECT id FROM customers WHERE id = $1 AND company_id = $2 FOR NO KEY UPDATE"

_PLACES = "SELECT id, label, name, address, lat, lon FROM customer_places WHERE customer_id = $1 ORDER BY id"
_COUNT_PLACES = "SELECT count(*) FROM customer_places WHERE customer_id = $1"
_ADD_PLACE = """
INSERT INTO customer_places (id, company_id, customer_id, label, name, address, lat, lon, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_DROP_PLACE = "DELETE FROM customer_places WHERE id = $1 AND customer_id = $2"

_CAR = "id, plate, model, transmission, note"
_CARS = f"SELECT {_CAR} FROM customer_cars WHERE customer_id = $1 ORDER BY id"
_GET_CAR = f"SELECT {_CAR} FROM customer_cars WHERE id = $1 AND customer_id = $2"
_COUNT_CARS = "SELECT count(*) FROM customer_cars WHERE customer_id = $1"
_ADD_CAR = """
INSERT INTO customer_cars (id, company_id, customer_id, plate, model, transmission, note, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_CHANGE_CAR = """
UPDATE customer_cars SET plate = $3, model = $4, transmission = $5, note = $6 WHERE id = $1 AND customer_id = $2
"""
_DROP_CAR = "DELETE FROM customer_cars WHERE id = $1 AND customer_id = $2"
_ONE_PLATE = "customer_cars_customer_id_plate_key"


async def insert(tx: Tx, customer_id: CustomerId, company_id: CompanyId, *, now: datetime) -> None:
    """A new customer, unless the account is one already or no customer's account of this company."""
    await tx.execute(_INSERT, customer_id, company_id, now)


async def by_id(tx: Tx, customer_id: CustomerId, company_id: CompanyId) -> Customer | None:
    row = await tx.row(_BY_ID, customer_id, company_id)
    return None if row is None else _customer(row)


async def page(
    tx: Tx,
    company_id: UUID,
    *,
    ids: Sequence[UUID] | None,
    restricted_at: datetime | None,
    before: UUID | None,
    limit: int,
) -> list[Customer]:  # fmt: skip -- the signature reads as one sentence
    wanted = None if ids is None else list(ids)
    return [_customer(row) for row in await tx.rows(_LIST, company_id, before, wanted, restricted_at, limit)]


async def lock(tx: Tx, customer_id: CustomerId, company_id: CompanyId) -> bool:
    """Keep others from changing what this customer keeps; False when there is no such customer."""
    return await tx.value(_LOCK, customer_id, company_id) is not None


async def places(tx: Tx, customer_id: CustomerId) -> list[Favourite]:
    """In the order in which they were added."""
    return [_favourite(row) for row in await tx.rows(_PLACES, customer_id)]


async def count_places(tx: Tx, customer_id: CustomerId) -> int:
    return int(await tx.value(_COUNT_PLACES, customer_id))


async def add_place(
    tx: Tx, place_id: UUID, company_id: CompanyId, customer_id: CustomerId, new: NewPlace, *, now: datetime
) -> None:
    point = new.point
    await tx.execute(
        _ADD_PLACE, place_id, company_id, customer_id, new.label, new.name, new.address, point.lat, point.lon, now
    )


async def drop_place(tx: Tx, customer_id: CustomerId, place_id: UUID) -> bool:
    return await tx.execute(_DROP_PLACE, place_id, customer_id) == 1


async def cars(tx: Tx, customer_id: CustomerId) -> list[Car]:
    """In the order in which they were added."""
    return [_car(row) for row in await tx.rows(_CARS, customer_id)]


async def get_car(tx: Tx, customer_id: CustomerId, car_id: UUID) -> Car | None:
    row = await tx.row(_GET_CAR, car_id, customer_id)
    return None if row is None else _car(row)


async def count_cars(tx: Tx, customer_id: CustomerId) -> int:
    return int(await tx.value(_COUNT_CARS, customer_id))


async def add_car(
    tx: Tx, car_id: UUID, company_id: CompanyId, customer_id: CustomerId, new: CarDetails, *, now: datetime
) -> None:
    """Raises PlateTaken."""
    try:
        await tx.execute(
            _ADD_CAR, car_id, company_id, customer_id, new.plate, new.model, new.transmission, new.note, now
        )
    except UniqueViolationError as violation:
        raise _plate_error(violation) from violation


async def change_car(tx: Tx, customer_id: CustomerId, car_id: UUID, new: CarDetails) -> bool:
    """Raises PlateTaken."""
    try:
        changed = await tx.execute(_CHANGE_CAR, car_id, customer_id, new.plate, new.model, new.transmission, new.note)
    except UniqueViolationError as violation:
        raise _plate_error(violation) from violation
    return changed == 1


async def drop_car(tx: Tx, customer_id: CustomerId, car_id: UUID) -> bool:
    return await tx.execute(_DROP_CAR, car_id, customer_id) == 1


def _plate_error(violation: UniqueViolationError) -> Exception:
    return PlateTaken() if violation.constraint_name == _ONE_PLATE else violation


def _customer(row: Row) -> Customer:
    return Customer(CustomerId(row["id"]), CompanyId(row["company_id"]), row["version"], row["created_at"])


def _favourite(row: Row) -> Favourite:
    return Favourite(row["id"], row["label"], row["name"], row["address"], Point(row["lat"], row["lon"]))


def _car(row: Row) -> Car:
    return Car(row["id"], row["plate"], row["model"], Transmission(row["transmission"]), row["note"])
