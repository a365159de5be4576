"""SQL of cancels after assignment and of the restrictions that follow from them.

Whoever writes holds the customer's row, whose version counts the events.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.customers.bond_model import BondEvent, Cancel, LiftedAs, Restriction, RestrictionReason
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId, CustomerId
from daeri.kernel.terms import Actor

_CANCEL = "call_id, customer_id, cancelled_from, at, forgiven_at, forgiven_by, forgiven_for"
_RESTRICTION = """
id, company_id, customer_id, call_id, reason, starts_at, ends_at, count, count_limit, window_days, policy_version,
lifted_at, lifted_as, lifted_by, lifted_for
"""
_LOCK = "SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE"
# The next version of the customer, for the event of the change beside it.
_NEXT = "next AS (UPDATE customers SET version = version + 1 WHERE id = {customer} RETURNING version)"
_ADD_CANCEL = f"""
WITH added AS (
    INSERT INTO customer_cancels (call_id, company_id, customer_id, cancelled_from, at) VALUES ($1, $2, $3, $4, $5)
), {_NEXT.format(customer="$3")}
SELECT emit($6, $2, $7, 'customer', $3, version, $5, $8, $9, NULL,
            jsonb_build_object('call_id', $1::uuid, 'cancelled_from', $4::text)) FROM next
"""
_COUNT = """
SELECT count(*) AS count, max(at) AS last FROM customer_cancels
WHERE customer_id = $1 AND forgiven_at IS NULL AND at > $2
"""
_COUNTS = """
SELECT customer_id, count(*) AS count FROM customer_cancels
WHERE customer_id = ANY($1) AND forgiven_at IS NULL AND at > $2 GROUP BY 1
"""
_RESTRICT = f"""
WITH added AS (
    INSERT INTO customer_restrictions (id, company_id, customer_id, call_id, reason, starts_at, ends_at, count,
                                       count_limit, window_days, policy_version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
), {_NEXT.format(customer="$3")}
SELECT emit($12, $2, $13, 'customer', $3, version, $14, $15, $16, NULL,
            jsonb_build_object('restriction_id', $1::uuid, 'reason', $5::text, 'until', $7::timestamptz,
                               'count', $8::integer, 'limit', $9::integer, 'policy_version', $11::bigint)) FROM next
"""
_CANCEL_OF_CALL = f"SELECT {_CANCEL} FROM customer_cancels WHERE call_id = $1 AND company_id = $2"
_CANCELS = f"SELECT {_CANCEL} FROM customer_cancels WHERE customer_id = $1 ORDER BY at DESC, call_id DESC LIMIT $2"
_FORGIVE = """
WITH forgiven AS (
    UPDATE customer_cancels SET forgiven_at = $3, forgiven_by = $4, forgiven_for = $5
    WHERE call_id = $1 AND customer_id = $2 AND forgiven_at IS NULL RETURNING call_id, company_id
), next AS (
    UPDATE customers SET version = version + 1 WHERE id = $2 AND EXISTS (SELECT FROM forgiven) RETURNING version
)
SELECT emit($6, company_id, $7, 'customer', $2, version, $3, $8, $4, NULL,
            jsonb_build_object('call_id', call_id, 'reason', $5::text)) FROM forgiven, next
"""
_RECOUNT = f"""
UPDATE customer_restrictions r SET count = (
    SELECT count(*) FROM customer_cancels c
    WHERE c.customer_id = r.customer_id AND c.forgiven_at IS NULL AND c.at <= r.starts_at
      AND c.at > r.starts_at - make_interval(days => r.window_days))
WHERE customer_id = $1 AND ends_at > $2 AND lifted_at IS NULL
RETURNING {_RESTRICTION}
"""
_LIFT = """
WITH lifted AS (
    UPDATE customer_restrictions SET lifted_at = $2, lifted_as = $3, lifted_by = $4, lifted_for = $5
    WHERE id = $1 AND lifted_at IS NULL RETURNING id, company_id, customer_id
), next AS (
    UPDATE customers c SET version = version + 1 FROM lifted l WHERE c.id = l.customer_id RETURNING version
)
SELECT emit($6, company_id, $7, 'customer', customer_id, version, $2, $8, $4, NULL,
            jsonb_build_object('restriction_id', id, 'lifted_as', $3::text, 'reason', $5::text)) FROM lifted, next
"""
_IN_TURN = f"SELECT {_RESTRICTION} FROM restrictions_in_turn($1, $2)"
_UNLIFTED = f"""
SELECT {_RESTRICTION} FROM customer_restrictions WHERE customer_id = ANY($1) AND ends_at > $2 AND lifted_at IS NULL
ORDER BY id
"""
_RESTRICTIONS = f"""
SELECT {_RESTRICTION} FROM customer_restrictions WHERE company_id = $1 AND customer_id = $2 ORDER BY id DESC LIMIT $3
"""


async def lock(tx: Tx, customer_id: UUID) -> None:
    """Keep the customer's cancels and restrictions as they are until this transaction ends."""
    await tx.execute(_LOCK, customer_id)


async def add(tx: Tx, company_id: UUID, cancel: Cancel, actor: Actor, *, event_id: UUID) -> None:
    """Keep a cancel that counts."""
    await tx.execute(
        _ADD_CANCEL,
        cancel.call_id,
        company_id,
        cancel.customer_id,
        cancel.cancelled_from,
        cancel.at,
        event_id,
        BondEvent.CANCEL_COUNTED,
        actor.kind,
        actor.id,
    )  # fmt: skip -- the order of the parameters is the statement's


async def count(tx: Tx, customer_id: UUID, after: datetime) -> tuple[int, datetime | None]:
    """How many cancels count that came after then, and when the last one came."""
    row = await tx.row(_COUNT, customer_id, after)
    return (0, None) if row is None else (row["count"], row["last"])


async def counts(tx: Tx, customer_ids: Sequence[UUID], after: datetime) -> dict[CustomerId, int]:
    return {row["customer_id"]: row["count"] for row in await tx.rows(_COUNTS, list(customer_ids), after)}


async def restrict(tx: Tx, new: Restriction, actor: Actor, *, event_id: UUID, now: datetime) -> None:
    """Add a restriction with its event."""
    await tx.execute(
        _RESTRICT,
        new.id,
        new.company_id,
        new.customer_id,
        new.call_id,
        new.reason,
        new.starts_at,
        new.ends_at,
        new.count,
        new.limit,
        new.window_days,
        new.policy_version,
        event_id,
        BondEvent.RESTRICTED,
        now,
        actor.kind,
        actor.id,
    )  # fmt: skip -- the order of the parameters is the statement's


async def of_call(tx: Tx, company_id: UUID, call_id: UUID) -> Cancel | None:
    row = await tx.row(_CANCEL_OF_CALL, call_id, company_id)
    return None if row is None else _cancel(row)


async def cancels(tx: Tx, customer_id: UUID, limit: int) -> list[Cancel]:
    """The customer's cancels, newest first, forgiven ones too."""
    return [_cancel(row) for row in await tx.rows(_CANCELS, customer_id, limit)]


async def forgive(tx: Tx, cancel: Cancel, reason: str, actor: Actor, *, event_id: UUID, now: datetime) -> bool:
    """Take the cancel off the count; False when it is off already."""
    kind = BondEvent.CANCEL_FORGIVEN
    row = await tx.row(_FORGIVE, cancel.call_id, cancel.customer_id, now, actor.id, reason, event_id, kind, actor.kind)
    return row is not None


async def recount(tx: Tx, customer_id: UUID, now: datetime) -> list[Restriction]:
    """Count again what each restriction that may still hold rests on, and give them all."""
    return [_restriction(row) for row in await tx.rows(_RECOUNT, customer_id, now)]


async def lift(
    tx: Tx, restriction_id: UUID, lifted_as: LiftedAs, reason: str, actor: Actor, *, event_id: UUID, now: datetime
) -> None:
    kind = BondEvent.RESTRICTION_LIFTED
    await tx.execute(_LIFT, restriction_id, now, lifted_as, actor.id, reason, event_id, kind, actor.kind)


async def in_turn(tx: Tx, customer_id: UUID, now: datetime) -> list[Restriction]:
    """What may stand against a new call, once a cancel that is being counted has been."""
    return [_restriction(row) for row in await tx.rows(_IN_TURN, customer_id, now)]


async def unlifted(tx: Tx, customer_ids: Sequence[UUID], now: datetime) -> list[Restriction]:
    return [_restriction(row) for row in await tx.rows(_UNLIFTED, list(customer_ids), now)]


async def restrictions(tx: Tx, company_id: UUID, customer_id: UUID, limit: int) -> list[Restriction]:
    """All that the customer ever had, newest first."""
    return [_restriction(row) for row in await tx.rows(_RESTRICTIONS, company_id, customer_id, limit)]


def _cancel(row: Row) -> Cancel:
    return Cancel(
        call_id=row["call_id"],
        customer_id=CustomerId(row["customer_id"]),
        cancelled_from=row["cancelled_from"],
        at=row["at"],
        forgiven_at=row["forgiven_at"],
        forgiven_by=row["forgiven_by"],
        forgiven_for=row["forgiven_for"],
    )


def _restriction(row: Row) -> Restriction:
    return Restriction(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        customer_id=CustomerId(row["customer_id"]),
        call_id=row["call_id"],
        reason=RestrictionReason(row["reason"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        count=row["count"],
        limit=row["count_limit"],
        window_days=row["window_days"],
        policy_version=row["policy_version"],
        lifted_at=row["lifted_at"],
        lifted_as=None if row["lifted_as"] is None else LiftedAs(row["lifted_as"]),
        lifted_by=row["lifted_by"],
        lifted_for=row["lifted_for"],
    )
