"""SQL of who shall not meet again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.customers.bond_model import BondEvent, NeverMeet
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId, CustomerId, DriverId
from daeri.kernel.terms import Actor, ActorKind

_COLUMNS = """
id, company_id, customer_id, driver_id, asked_by, call_id, reason, asked_at, lifted_at, lifted_by_kind, lifted_by,
lifted_for
"""
_ASK = """
WITH asked AS (
    INSERT INTO never_meetings (id, company_id, customer_id, driver_id, asked_by, call_id, reason, asked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (customer_id, driver_id, asked_by) WHERE lifted_at IS NULL DO NOTHING
    RETURNING *
)
SELECT emit($9, company_id, $10, 'never_meet', id, 1, $8, $11, $12, NULL,
            jsonb_build_object('asked_by', asked_by, 'call_id', call_id)) FROM asked
"""
# $1 now, $2 actor kind, $3 actor, $4 why, $5 event id, $6 event kind
_LIFT = """
WITH lifted AS (
    UPDATE never_meetings SET lifted_at = $1, lifted_by_kind = $2, lifted_by = $3, lifted_for = $4
    WHERE lifted_at IS NULL AND {which}
    RETURNING *
), told AS (
    SELECT emit($5, company_id, $6, 'never_meet', id, 2, $1, $2, $3, NULL,
                jsonb_build_object('asked_by', asked_by, 'call_id', call_id, 'reason', $4::text)) FROM lifted
)
SELECT lifted.* FROM lifted, told
"""
_LIFT_OWN = _LIFT.format(which="company_id = $7 AND customer_id = $8 AND driver_id = $9 AND asked_by = $10")
_LIFT_BY_ID = _LIFT.format(which="company_id = $7 AND id = $8")
_PAIRS = "SELECT customer_id, driver_id FROM never_meet_public WHERE customer_id = ANY($1) ORDER BY 1, 2"
_BARRED = "SELECT EXISTS (SELECT FROM never_meet_public WHERE customer_id = $1 AND driver_id = $2)"
_HAS_ASKED = """
SELECT EXISTS (SELECT FROM never_meetings
               WHERE customer_id = $1 AND driver_id = $2 AND asked_by = $3 AND lifted_at IS NULL)
"""
# Newest first; `$2` is the last id of the page before.
_LIST = f"""
SELECT {_COLUMNS} FROM never_meetings
WHERE company_id = $1 AND ($2::uuid IS NULL OR id < $2)
  AND ($3::uuid[] IS NULL OR customer_id = ANY($3) OR driver_id = ANY($3))
ORDER BY id DESC LIMIT $4
"""


async def ask(
    tx: Tx,
    row_id: UUID,
    company_id: UUID,
    *,
    customer_id: UUID,
    driver_id: UUID,
    call_id: UUID,
    reason: str,
    actor: Actor,
    event_id: UUID,
    now: datetime,
) -> bool:  # fmt: skip -- the signature reads as one sentence
    """Add the wish of the actor's side; False when it has it already."""
    row = await tx.row(
        _ASK,
        row_id,
        company_id,
        customer_id,
        driver_id,
        actor.kind,
        call_id,
        reason,
        now,
        event_id,
        BondEvent.NEVER_MEET_ASKED,
        actor.kind,
        actor.id,
    )  # fmt: skip -- the order of the parameters is the statement's
    return row is not None


async def lift_own(
    tx: Tx, company_id: UUID, *, customer_id: UUID, driver_id: UUID, actor: Actor, event_id: UUID, now: datetime
) -> NeverMeet | None:
    """Take back the wish of the actor's side; None when it has none."""
    change = (now, actor.kind, actor.id, None, event_id, BondEvent.NEVER_MEET_LIFTED)
    row = await tx.row(_LIFT_OWN, *change, company_id, customer_id, driver_id, actor.kind)
    return None if row is None else _never_meet(row)


async def lift_by_id(
    tx: Tx, company_id: UUID, row_id: UUID, reason: str, *, actor: Actor, event_id: UUID, now: datetime
) -> NeverMeet | None:
    """End somebody's wish; None when there is none of this id."""
    change = (now, actor.kind, actor.id, reason, event_id, BondEvent.NEVER_MEET_LIFTED)
    row = await tx.row(_LIFT_BY_ID, *change, company_id, row_id)
    return None if row is None else _never_meet(row)


async def pairs(tx: Tx, customer_ids: Sequence[UUID]) -> list[tuple[CustomerId, DriverId]]:
    return [(row["customer_id"], row["driver_id"]) for row in await tx.rows(_PAIRS, list(customer_ids))]


async def is_barred(tx: Tx, customer_id: UUID, driver_id: UUID) -> bool:
    return bool(await tx.value(_BARRED, customer_id, driver_id))


async def has_asked(tx: Tx, customer_id: UUID, driver_id: UUID, asked_by: ActorKind) -> bool:
    return bool(await tx.value(_HAS_ASKED, customer_id, driver_id, asked_by))


async def page(
    tx: Tx, company_id: UUID, people: Sequence[UUID] | None, before: UUID | None, limit: int
) -> list[NeverMeet]:
    wanted = None if people is None else list(people)
    return [_never_meet(row) for row in await tx.rows(_LIST, company_id, before, wanted, limit)]


def _never_meet(row: Row) -> NeverMeet:
    return NeverMeet(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        customer_id=CustomerId(row["customer_id"]),
        driver_id=DriverId(row["driver_id"]),
        asked_by=ActorKind(row["asked_by"]),
        call_id=row["call_id"],
        reason=row["reason"],
        asked_at=row["asked_at"],
        lifted_at=row["lifted_at"],
        lifted_by_kind=None if row["lifted_by_kind"] is None else ActorKind(row["lifted_by_kind"]),
        lifted_by=row["lifted_by"],
        lifted_for=row["lifted_for"],
    )
