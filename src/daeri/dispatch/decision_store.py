"""SQL of the log of decisions: written once per change of a call's outcome, kept in partitions by day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import msgspec

from daeri.calls.model import State
from daeri.dispatch.model import Considered, Decision, OfferState, Passed
from daeri.dispatch.plan import Outcome, Reason
from daeri.infra.database import Row, Tx
from daeri.kernel.money import Won
from daeri.kernel.terms import Service

_WRITE = """
INSERT INTO decisions (call_id, company_id, decided_at, outcome, radius_m, beaten_by, driver_ids, metres, reasons,
                       others, ages, rest, policy_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_OF_CALL = """
SELECT call_id, company_id, decided_at, outcome, radius_m, beaten_by, driver_ids, metres, reasons, others, ages,
       rest, policy_version
FROM decisions WHERE company_id = $1 AND call_id = $2 ORDER BY decided_at LIMIT $3
"""
_LAST = """
SELECT DISTINCT ON (call_id) call_id, outcome FROM decisions
WHERE call_id = ANY($1) ORDER BY call_id, decided_at DESC
"""
_MET = frozenset({Outcome.OFFERED, Outcome.LISTED})
# $3 and $4 bound the days that are looked at; who got the call in the end does not ask why not.
_OF_DRIVER = """
SELECT d.call_id, d.decided_at, d.radius_m, d.metres[p.place] AS metres, d.reasons[p.place] AS reason,
       coalesce(d.ages[p.place], 0) AS age_s, d.metres[array_position(d.reasons, 0::smallint)] AS chosen_m,
       c.origin_region, c.service, c.fare_amount, c.state,
       (SELECT o.state FROM offers o WHERE o.call_id = d.call_id AND o.driver_id = $2
        ORDER BY o.offered_at DESC, o.id DESC LIMIT 1) AS answer
FROM decisions d
JOIN calls_public c ON c.id = d.call_id
CROSS JOIN LATERAL (SELECT array_position(d.driver_ids, $2) AS place) p
WHERE d.driver_ids @> ARRAY[$2::uuid] AND d.company_id = $1 AND d.decided_at >= $3 AND d.decided_at <= $4
  AND c.driver_id IS DISTINCT FROM $2 AND ($5::uuid IS NULL OR d.call_id = $5)
ORDER BY d.decided_at DESC LIMIT $6
"""
_CLEAN = """
SELECT gin_clean_pending_list(i.inhrelid::regclass) FROM pg_inherits i
WHERE i.inhparent = 'decisions_of_driver'::regclass
"""
_PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'decisions'::regclass AND c.relname ~ '^decisions_[0-9]{8}$' ORDER BY 1
"""
_LOCK_DAYS = "SELECT pg_advisory_xact_lock('decisions'::regclass::bigint)"  # one engine at a time makes partitions
_HAS_STRAYS = "SELECT EXISTS (SELECT FROM decisions_elsewhere WHERE decided_at >= $1 AND decided_at < $2)"
_DROP_STRAYS = "DELETE FROM decisions_elsewhere WHERE decided_at < $1"


async def write(tx: Tx, decisions: Sequence[Decision]) -> None:
    """Keep the decisions of one tick."""
    if decisions:
        await tx.execute_many(_WRITE, [_columns(decision) for decision in decisions])


async def of_call(tx: Tx, company_id: UUID, call_id: UUID, limit: int = 200) -> list[Decision]:
    """What was decided about the call, oldest first."""
    return [_decision(row) for row in await tx.rows(_OF_CALL, company_id, call_id, limit)]


async def unmet(tx: Tx, call_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Why these calls had nobody when they were last decided; who was being asked then has no reason."""
    rows = await tx.rows(_LAST, list(call_ids))
    return {row["call_id"]: row["outcome"] for row in rows if row["outcome"] not in _MET}


async def of_driver(
    tx: Tx,
    company_id: UUID,
    driver_id: UUID,
    *,
    since: datetime,
    now: datetime,
    call_id: UUID | None = None,
    limit: int = 1_000,
) -> list[Passed]:
    """The decisions since then in which the driver was considered and did not get the call, newest first."""
    rows = await tx.rows(_OF_DRIVER, company_id, driver_id, since, now, call_id, limit)
    return [_passed(row) for row in rows]


async def clean_index(tx: Tx) -> None:
    """Sort what was written lately into the index by driver; no decision waits for that."""
    await tx.rows(_CLEAN)


async def prepare_days(tx: Tx, today: date, *, ahead: int = 2) -> None:
    """Make the partitions of today and the days ahead (UTC days); what was written before they existed moves in."""
    await tx.execute(_LOCK_DAYS)
    known = {row["relname"] for row in await tx.rows(_PARTITIONS)}
    for day in (today + timedelta(days=offset) for offset in range(ahead + 1)):
        name = f"decisions_{day:%Y%m%d}"
        if name not in known:
            await _make_partition(tx, name, _midnight(day), _midnight(day + timedelta(days=1)))


async def drop_before(tx: Tx, oldest: date) -> int:
    """Drop the days before `oldest`; how many partitions there were."""
    names = [row["relname"] for row in await tx.rows(_PARTITIONS)]
    old = [name for name in names if name < f"decisions_{oldest:%Y%m%d}"]
    for name in old:
        await tx.execute(f"DROP TABLE {name}")
    await tx.execute(_DROP_STRAYS, _midnight(oldest))
    return len(old)


async def _make_partition(tx: Tx, name: str, first: datetime, last: datetime) -> None:
    """Attach a table of its own to one day. Names and bounds are our own dates: they cannot be parameters."""
    await tx.execute(f"CREATE TABLE {name} (LIKE decisions INCLUDING DEFAULTS)")
    if await tx.value(_HAS_STRAYS, first, last):
        await tx.execute(
            f"WITH moved AS (DELETE FROM decisions_elsewhere WHERE decided_at >= $1 AND decided_at < $2 RETURNING *)"
            f" INSERT INTO {name} SELECT * FROM moved",
            first,
            last,
        )
    await tx.execute(f"ALTER TABLE decisions ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{last}')")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _columns(decision: Decision) -> tuple[object, ...]:
    ages = [pair.age_s for pair in decision.considered]
    return (
        decision.call_id,
        decision.company_id,
        decision.decided_at,
        decision.outcome,
        decision.radius_m,
        decision.beaten_by,
        [pair.driver_id for pair in decision.considered],
        [pair.metres for pair in decision.considered],
        [pair.reason for pair in decision.considered],
        [pair.other for pair in decision.considered],
        ages if any(ages) else [],
        {reason.name.lower(): count for reason, count in decision.rest.items()},
        decision.policy_version,
    )


def _passed(row: Row) -> Passed:
    return Passed(
        call_id=row["call_id"],
        at=row["decided_at"],
        reason=Reason(row["reason"]),
        metres=row["metres"],
        age_s=row["age_s"],
        radius_m=row["radius_m"],
        chosen_m=row["chosen_m"],
        answer=None if row["answer"] is None else OfferState(row["answer"]),
        region=row["origin_region"],
        service=Service(row["service"]),
        fare=Won(row["fare_amount"]),
        state=State(row["state"]),
    )


def _decision(row: Row) -> Decision:
    ages = row["ages"] or [0] * len(row["driver_ids"])
    pairs = zip(row["driver_ids"], row["metres"], row["reasons"], row["others"], ages, strict=True)
    rest = msgspec.convert(row["rest"], dict[str, int])
    return Decision(
        call_id=row["call_id"],
        company_id=row["company_id"],
        decided_at=row["decided_at"],
        outcome=Outcome(row["outcome"]),
        radius_m=row["radius_m"],
        beaten_by=row["beaten_by"],
        considered=tuple(Considered(driver, metres, Reason(reason), *rest) for driver, metres, reason, *rest in pairs),
        rest={Reason[name.upper()]: count for name, count in rest.items()},
        policy_version=row["policy_version"],
    )
