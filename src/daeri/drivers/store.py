"""All SQL of drivers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from daeri.drivers.model import AtWork, Driver, DriverDay, DriverFilter, Duty, EventKind, LastPosition, SignUp
from daeri.infra.database import Row, Tx
from daeri.kernel.geo import Point
from daeri.kernel.terms import SYSTEM, Actor, Service

_COLUMNS = """
id, company_id, status, duty, duty_changed_at, services, version, revision, created_at, licence_expires_on,
insurance_expires_on, papers_until, is_short
"""

_APPLY = f"""
WITH added AS (
    INSERT INTO drivers (id, company_id, status, duty, duty_changed_at, services, created_at, version)
    VALUES ($1, $2, 'applied', 'off', $3, $4, $3, 1) ON CONFLICT (id) DO NOTHING RETURNING {_COLUMNS}
)
SELECT emit($5, company_id, $6, 'driver', id, 1, $3, $7, $8, NULL, '{{}}'), added.* FROM added
"""
_APPROVE = f"""
WITH changed AS (
    UPDATE drivers SET status = CASE status WHEN 'suspended' THEN status ELSE 'approved' END,
           services = coalesce($3::text[], services), licence_expires_on = coalesce($9, licence_expires_on),
           insurance_expires_on = coalesce($10, insurance_expires_on), version = version + 1,
           revision = nextval('driver_revisions')
    WHERE id = $1 AND company_id = $2 RETURNING {_COLUMNS}
)
SELECT emit($5, company_id, $6, 'driver', id, version, $4, $7, $8, NULL, '{{}}'), changed.* FROM changed
"""
_CHANGE_STATUS = f"""
WITH changed AS (
    UPDATE drivers SET status = $3, version = version + 1, revision = nextval('driver_revisions')
    WHERE id = $1 AND company_id = $2 RETURNING {_COLUMNS}
)
SELECT emit($5, company_id, $6, 'driver', id, version, $4, $7, $8, NULL, $9), changed.* FROM changed
"""
_SET_DUTY = f"""
WITH changed AS (
    UPDATE drivers SET duty = $3, duty_changed_at = $4, version = version + 1, revision = nextval('driver_revisions')
    WHERE id = $1 AND company_id = $2 AND duty <> $3
      AND ($3 = 'off' OR (status = 'approved' AND (papers_until IS NULL OR papers_until > $4))) RETURNING {_COLUMNS}
)
SELECT emit($5, company_id, $6, 'driver', id, version, $4, $7, $8, NULL, '{{}}'), changed.* FROM changed
"""
_REST = """
WITH changed AS (
    UPDATE drivers SET duty = 'off', duty_changed_at = $2, version = version + 1, revision = nextval('driver_revisions')
    WHERE id = $1 AND duty = 'on' AND (status <> 'approved' OR papers_until <= $2)
    RETURNING id, company_id, version, status
)
SELECT emit($3, company_id, $4, 'driver', id, version, $2, $5, NULL, NULL, jsonb_build_object('status', status)), id
FROM changed
"""
_ENROL = """
INSERT INTO drivers (id, company_id, status, duty, duty_changed_at, services, created_at, version,
                     licence_expires_on, insurance_expires_on)
SELECT id, $2, 'approved', $3, $4, $5, $4, 1, $6, $6 FROM unnest($1::uuid[]) AS id ON CONFLICT (id) DO NOTHING
"""
_GET = f"SELECT {_COLUMNS} FROM drivers WHERE id = $1 AND company_id = $2"
_LOCK = _GET + " FOR NO KEY UPDATE"
_APPLIED = f"SELECT {_COLUMNS} FROM drivers WHERE company_id = $1 AND status = 'applied' ORDER BY id"
_FIND = f"""
SELECT {_COLUMNS} FROM drivers d
WHERE company_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::uuid[] IS NULL OR id = ANY($3))
  AND ($4::boolean IS NULL OR $4 = EXISTS (
      SELECT FROM driver_applications a WHERE a.driver_id = d.id AND a.state = 'open'))
  AND ($5::uuid IS NULL OR id > $5)
ORDER BY id LIMIT $6
"""
_NEXT_DUE = """
SELECT least((SELECT min(ends_at) FROM driver_suspensions WHERE ended_at IS NULL),
             (SELECT min(due_at) FROM driver_reminders WHERE done_at IS NULL),
             (SELECT min(papers_until) FROM drivers WHERE duty = 'on'))
"""
_AT_WORK = "SELECT id, status, duty FROM drivers WHERE id = ANY($1)"
_ON_DUTY = "SELECT count(*) FROM drivers WHERE company_id = $1 AND duty = 'on'"
_SAVE_POSITIONS = """
INSERT INTO driver_positions (driver_id, company_id, lat, lon, at, accuracy_m)
SELECT d.id, d.company_id, p.lat, p.lon, p.at, p.accuracy_m
FROM unnest($1::uuid[], $2::float8[], $3::float8[], $4::timestamptz[], $5::float4[])
     AS p (driver_id, lat, lon, at, accuracy_m)
JOIN drivers d ON d.id = p.driver_id ORDER BY d.id
ON CONFLICT (driver_id) DO UPDATE
SET lat = excluded.lat, lon = excluded.lon, at = excluded.at, accuracy_m = excluded.accuracy_m
WHERE driver_positions.at < excluded.at
"""
_LAST_POSITIONS = "SELECT driver_id, lat, lon, at, accuracy_m FROM driver_positions WHERE driver_id = ANY($1)"
_ALL_ON_DUTY_POSITIONS = """
SELECT p.driver_id, p.lat, p.lon, p.at, p.accuracy_m
FROM driver_positions p JOIN drivers d ON d.id = p.driver_id WHERE d.duty = 'on'
"""
_MIND_BALANCE = """
UPDATE drivers SET is_short = $3, version = version + 1, revision = nextval('driver_revisions')
WHERE id = $1 AND company_id = $2 AND is_short <> $3
"""
_DAYS = """
SELECT day, runs, fares FROM driver_days
WHERE driver_id = $1 AND company_id = $2 AND day >= $3 ORDER BY day DESC
"""


async def apply(
    tx: Tx,
    driver_id: UUID,
    company_id: UUID,
    services: Sequence[Service],
    actor: Actor,
    *,
    event_id: UUID,
    now: datetime,
) -> bool:  # fmt: skip -- the signature reads as one sentence
    """Add the driver; False when there already is one."""
    row = await tx.row(
        _APPLY, driver_id, company_id, now, list(services), event_id, EventKind.APPLIED, actor.kind, actor.id
    )
    return row is not None


async def enrol(
    tx: Tx,
    driver_ids: Sequence[UUID],
    company_id: UUID,
    *,
    duty: Duty,
    services: Sequence[Service],
    papers_expire_on: date | None,
    now: datetime,
) -> None:
    await tx.execute(_ENROL, list(driver_ids), company_id, duty, now, list(services), papers_expire_on)


async def approve(
    tx: Tx,
    driver_id: UUID,
    company_id: UUID,
    services: Sequence[Service] | None,
    actor: Actor,
    *,
    event_id: UUID,
    now: datetime,
    licence_expires_on: date | None = None,
    insurance_expires_on: date | None = None,
) -> Driver | None:  # fmt: skip -- the signature reads as one sentence
    """Let the driver work; who is suspended stays so. Days that are not given stay as they are."""
    allowed = None if services is None else list(services)
    row = await tx.row(
        _APPROVE,
        driver_id,
        company_id,
        allowed,
        now,
        event_id,
        EventKind.APPROVED,
        actor.kind,
        actor.id,
        licence_expires_on,
        insurance_expires_on,
    )
    return None if row is None else _driver(row)


async def change_status(
    tx: Tx,
    driver: Driver,
    status: SignUp,
    kind: EventKind,
    actor: Actor,
    *,
    event_id: UUID,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> Driver:  # fmt: skip -- the signature reads as one sentence
    """Set the status of a driver whom the caller has locked, with the event of what happened."""
    row = await tx.row(
        _CHANGE_STATUS,
        driver.id,
        driver.company_id,
        status,
        now,
        event_id,
        kind,
        actor.kind,
        actor.id,
        dict(data or {}),
    )
    if row is None:
        raise LookupError("a locked driver is gone")
    return _driver(row)


async def set_duty(
    tx: Tx, driver_id: UUID, company_id: UUID, duty: Duty, actor: Actor, *, event_id: UUID, now: datetime
) -> Driver | None:
    """Change the duty; None when it is that already, or when it may not be."""
    kind = EventKind.ON_DUTY if duty is Duty.ON else EventKind.OFF_DUTY
    row = await tx.row(_SET_DUTY, driver_id, company_id, duty, now, event_id, kind, actor.kind, actor.id)
    return None if row is None else _driver(row)


async def rest_if_barred(tx: Tx, driver_id: UUID, *, event_id: UUID, now: datetime) -> bool:
    """Put the driver off duty when they are on it and may not work; whether that was so."""
    return await tx.row(_REST, driver_id, now, event_id, EventKind.OFF_DUTY, SYSTEM.kind) is not None


async def find(tx: Tx, wanted: DriverFilter, after: UUID | None, limit: int) -> list[Driver]:
    people = None if wanted.people is None else list(wanted.people)
    rows = await tx.rows(
        _FIND, wanted.company_id, wanted.status, people, wanted.has_open_application, after, limit
    )  # fmt: skip -- the order of the parameters is the statement's
    return [_driver(row) for row in rows]


async def next_due(tx: Tx) -> datetime | None:
    instant: datetime | None = await tx.value(_NEXT_DUE)
    return instant


async def applied(tx: Tx, company_id: UUID) -> list[Driver]:
    return [_driver(row) for row in await tx.rows(_APPLIED, company_id)]


async def get(tx: Tx, company_id: UUID, driver_id: UUID) -> Driver | None:
    row = await tx.row(_GET, driver_id, company_id)
    return None if row is None else _driver(row)


async def lock(tx: Tx, company_id: UUID, driver_id: UUID) -> Driver | None:
    row = await tx.row(_LOCK, driver_id, company_id)
    return None if row is None else _driver(row)


async def on_duty(tx: Tx, company_id: UUID) -> int:
    return int(await tx.value(_ON_DUTY, company_id))


async def save_positions(tx: Tx, positions: Sequence[LastPosition]) -> None:
    await tx.execute(
        _SAVE_POSITIONS,
        [position.driver_id for position in positions],
        [position.point.lat for position in positions],
        [position.point.lon for position in positions],
        [position.at for position in positions],
        [position.accuracy_m for position in positions],
    )


async def at_work(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, AtWork]:
    rows = await tx.rows(_AT_WORK, list(driver_ids))
    return {row["id"]: AtWork(SignUp(row["status"]), Duty(row["duty"])) for row in rows}


async def last_positions(tx: Tx, driver_ids: Sequence[UUID]) -> list[LastPosition]:
    return [_position(row) for row in await tx.rows(_LAST_POSITIONS, list(driver_ids))]


async def positions_on_duty(tx: Tx) -> list[LastPosition]:
    return [_position(row) for row in await tx.rows(_ALL_ON_DUTY_POSITIONS)]


async def mind_balance(tx: Tx, company_id: UUID, driver_id: UUID, is_short: bool) -> bool:
    return await tx.execute(_MIND_BALANCE, driver_id, company_id, is_short) == 1


async def days(tx: Tx, company_id: UUID, driver_id: UUID, since: date) -> list[DriverDay]:
    rows = await tx.rows(_DAYS, driver_id, company_id, since)
    return [DriverDay(row["day"], row["runs"], row["fares"]) for row in rows]


def _driver(row: Row) -> Driver:
    return Driver(
        id=row["id"],
        company_id=row["company_id"],
        status=SignUp(row["status"]),
        duty=Duty(row["duty"]),
        duty_changed_at=row["duty_changed_at"],
        services=tuple(map(Service, row["services"])),
        version=row["version"],
        revision=row["revision"],
        created_at=row["created_at"],
        licence_expires_on=row["licence_expires_on"],
        insurance_expires_on=row["insurance_expires_on"],
        papers_until=row["papers_until"],
        is_short=row["is_short"],
    )


def _position(row: Row) -> LastPosition:
    return LastPosition(row["driver_id"], Point(row["lat"], row["lon"]), row["at"], row["accuracy_m"])
