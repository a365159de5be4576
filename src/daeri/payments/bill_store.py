"""All SQL of bills, agreed fares, tasks and the steps of claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor
from daeri.payments.model import (
    AGGREGATE,
    AgreedFare,
    Bill,
    BillKind,
    BillState,
    ClaimReason,
    EventKind,
    Method,
    Payer,
    Split,
    Task,
    TaskCounts,
    TaskKind,
)

_COLUMNS = """
call_id, company_id, number, kind, payer, payer_id, driver_id, customer_id, method, state, amount, commission, premium,
net, commission_percent, commission_version, premium_version, split, opened_at, drive_ended_at, settled_at, claimed_at,
claim_reason, version
"""
_OPEN = f"""
WITH opened AS (
    INSERT INTO bills ({_COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1, $18, $19, $20, NULL, NULL, 1)
    ON CONFLICT (call_id) DO NOTHING RETURNING *
)
SELECT emit($21, company_id, '{EventKind.OPENED}', '{AGGREGATE}', call_id, 1, opened_at, $22, $23, $24,
            jsonb_build_object('amount', amount, 'method', method, 'kind', kind, 'payer', payer, 'state', state)),
       opened.*
FROM opened
"""
# $1 call, $2 company, $3 now, $4 event id, $5 event kind, $6 actor kind, $7 actor id, $8 facts, $9 and on: the change.
_CHANGE = f"""
WITH changed AS (
    UPDATE bills SET version = version + 1, {{changes}} WHERE call_id = $1 AND company_id = $2 RETURNING *
)
SELECT emit($4, company_id, $5, '{AGGREGATE}', call_id, version, $3, $6, $7, NULL, $8), changed.* FROM changed
"""
_TOUCH = _CHANGE.format(changes="state = state")
_SETTLE = _CHANGE.format(changes="state = $9, settled_at = $3")
_REOPEN = _CHANGE.format(changes="state = 'open', settled_at = NULL, claimed_at = NULL, claim_reason = NULL")
_CLAIM = _CHANGE.format(changes="state = 'claimed', settled_at = NULL, claimed_at = $3, claim_reason = $9")
_REBOOK = _CHANGE.format(
    changes="amount = $9, commission = $10, premium = $11, net = $12, commission_percent = $13,"
    " commission_version = $14, premium_version = $15, kind = $16, split = split + 1,"
    # Who did not come at first and was driven after all owes a fare, not a fee.
    " claim_reason = CASE WHEN $16 = 'fare' AND claim_reason = 'no_show' THEN 'cash_not_paid' ELSE claim_reason END"
)
_GET = f"SELECT {_COLUMNS} FROM bills WHERE call_id = $1 AND company_id = $2"
_LOCK = _GET + " FOR NO KEY UPDATE"
_MANY = f"SELECT {_COLUMNS} FROM bills WHERE call_id = ANY($1)"
_OWED_BY = f"""
SELECT {_COLUMNS} FROM bills WHERE payer_id = $1 AND company_id = $2 AND state = 'claimed' ORDER BY opened_at
"""
_PAGE = f"""
SELECT {_COLUMNS} FROM bills
WHERE company_id = $1 AND ($2::uuid IS NULL OR call_id < $2) AND (cardinality($3::text[]) = 0 OR state = ANY($3))
  AND ($4::text IS NULL OR method = $4)
  AND ($5::uuid[] IS NULL OR payer_id = ANY($5) OR driver_id = ANY($5)
       OR (payer = 'business' AND customer_id = ANY($5)))
  AND ($6::text IS NULL OR number = $6)
ORDER BY call_id DESC LIMIT $7
"""
_AGREE = """
INSERT INTO agreed_fares (call_id, company_id, amount, reason, at, by_id) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (call_id) DO UPDATE SET amount = $3, reason = $4, at = $5, by_id = $6
"""
_AGREED = "SELECT amount, reason, at, by_id FROM agreed_fares WHERE call_id = $1 AND company_id = $2"

_TASK = """
t.id, t.company_id, t.kind, t.call_id, t.charge_id, t.opened_at, t.due_at, t.owner_id, t.escalated_at, t.done_at,
t.note, b.number, b.amount
"""
_OPEN_TASK = """
INSERT INTO payment_tasks (id, company_id, kind, call_id, charge_id, opened_at, due_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT DO NOTHING
"""
_CLOSE_TASKS = """
UPDATE payment_tasks SET done_at = $3, version = version + 1
WHERE call_id = $1 AND kind = ANY($2) AND done_at IS NULL
"""
_CLOSE_OF_CHARGE = """
UPDATE payment_tasks SET done_at = $2, version = version + 1 WHERE charge_id = $1 AND done_at IS NULL
"""
_FROM_TASKS = f"SELECT {_TASK} FROM payment_tasks t LEFT JOIN bills b ON b.call_id = t.call_id "
_TASKS = (
    _FROM_TASKS
    + """
WHERE t.company_id = $1 AND ($2::text IS NULL OR t.kind = $2) AND ($3::uuid IS NULL OR t.owner_id = $3)
  AND ($4 OR t.done_at IS NULL)
ORDER BY t.done_at IS NOT NULL, t.due_at, t.id LIMIT $5
"""
)
_GET_TASK = _FROM_TASKS + "WHERE t.id = $1 AND t.company_id = $2"
_TASKS_OF_CALL = _FROM_TASKS + "WHERE t.call_id = $1 AND t.company_id = $2 ORDER BY t.opened_at, t.id"
_TAKE_TASK = """
UPDATE payment_tasks SET owner_id = $3, version = version + 1
WHERE id = $1 AND company_id = $2 AND done_at IS NULL AND (owner_id IS NOT DISTINCT FROM $4 OR owner_id = $3)
"""
_COUNT_TASKS = """
SELECT kind, count(*) AS open, count(*) FILTER (WHERE due_at <= $3) AS over,
       count(*) FILTER (WHERE owner_id = $2) AS mine
FROM payment_tasks WHERE company_id = $1 AND done_at IS NULL GROUP BY kind
"""
_FINISH_TASK = """
UPDATE payment_tasks SET done_at = $4, done_by = $3, note = $5, version = version + 1
WHERE id = $1 AND company_id = $2 AND done_at IS NULL
"""
_ESCALATE = """
UPDATE payment_tasks SET escalated_at = $1, version = version + 1
WHERE id IN (SELECT id FROM payment_tasks WHERE done_at IS NULL AND escalated_at IS NULL AND due_at <= $1
             ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""
_PLAN_CLAIM = """
INSERT INTO claim_steps (call_id, place, company_id, kind, due_at)
SELECT $1, coalesce((SELECT max(place) FROM claim_steps WHERE call_id = $1), 0) + t.place, $2, t.kind, t.due_at
FROM unnest($3::text[], $4::timestamptz[]) WITH ORDINALITY AS t (kind, due_at, place)
"""
_END_CLAIM = "UPDATE claim_steps SET done_at = $2 WHERE call_id = $1 AND done_at IS NULL"
_DUE_CLAIMS = """
UPDATE claim_steps SET done_at = $1 WHERE (call_id, place) IN (
    SELECT call_id, place FROM claim_steps WHERE done_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2
    FOR UPDATE SKIP LOCKED)
RETURNING call_id, company_id, place, kind
"""


@dataclass(frozen=True, slots=True)
class ClaimStep:
    call_id: CallId
    company_id: CompanyId
    place: int
    kind: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What the timeline of a bill shall say: `facts` are its data, without anything personal."""

    kind: EventKind
    actor: Actor
    at: datetime
    event_id: UUID
    facts: Mapping[str, object]


async def open_bill(tx: Tx, bill: Bill, happened: Happened, cause: UUID | None) -> Bill | None:
    """Add the bill with its event; None when the ride has one."""
    split = bill.split
    row = await tx.row(
        _OPEN,
        bill.call_id,
        bill.company_id,
        bill.number,
        bill.kind,
        bill.payer,
        bill.payer_id,
        bill.driver_id,
        bill.customer_id,
        bill.method,
        bill.state,
        split.amount,
        split.commission,
        split.premium,
        split.net,
        split.commission_percent,
        split.commission_version,
        split.premium_version,
        bill.opened_at,
        bill.drive_ended_at,
        bill.settled_at,
        happened.event_id,
        happened.actor.kind,
        happened.actor.id,
        cause,
    )
    return None if row is None else _bill(row)


async def touch(tx: Tx, bill: Bill, happened: Happened) -> Bill:
    """Only the timeline says something new."""
    return await _change(tx, _TOUCH, bill, happened)


async def settle(tx: Tx, bill: Bill, state: BillState, happened: Happened) -> Bill:
    return await _change(tx, _SETTLE, bill, happened, state)


async def reopen(tx: Tx, bill: Bill, happened: Happened) -> Bill:
    return await _change(tx, _REOPEN, bill, happened)


async def claim(tx: Tx, bill: Bill, reason: ClaimReason, happened: Happened) -> Bill:
    return await _change(tx, _CLAIM, bill, happened, reason)


async def rebook(tx: Tx, bill: Bill, split: Split, kind: BillKind, happened: Happened) -> Bill:
    return await _change(
        tx,
        _REBOOK,
        bill,
        happened,
        split.amount,
        split.commission,
        split.premium,
        split.net,
        split.commission_percent,
        split.commission_version,
        split.premium_version,
        kind,
    )


async def _change(tx: Tx, sql: str, bill: Bill, happened: Happened, *values: object) -> Bill:
    row = await tx.row(
        sql,
        bill.call_id,
        bill.company_id,
        happened.at,
        happened.event_id,
        happened.kind,
        happened.actor.kind,
        happened.actor.id,
        dict(happened.facts),
        *values,
    )
    if row is None:
        raise LookupError(f"bill {bill.call_id} was locked and is gone")
    return _bill(row)


async def get(tx: Tx, company_id: UUID, call_id: UUID, *, lock: bool = False) -> Bill | None:
    row = await tx.row(_LOCK if lock else _GET, call_id, company_id)
    return None if row is None else _bill(row)


async def many(tx: Tx, call_ids: Sequence[UUID]) -> list[Bill]:
    return [_bill(row) for row in await tx.rows(_MANY, list(call_ids))]


async def claims_of(tx: Tx, company_id: UUID, payer_id: UUID) -> list[Bill]:
    return [_bill(row) for row in await tx.rows(_OWED_BY, payer_id, company_id)]


async def page(
    tx: Tx,
    company_id: UUID,
    *,
    states: Sequence[BillState],
    method: Method | None,
    people: Sequence[UUID] | None,
    number: str | None,
    before: UUID | None,
    limit: int,
) -> list[Bill]:
    found = None if people is None else list(people)
    rows = await tx.rows(_PAGE, company_id, before, list(states), method, found, number, limit)
    return [_bill(row) for row in rows]


async def agree(tx: Tx, company_id: UUID, call_id: UUID, fare: AgreedFare) -> None:
    await tx.execute(_AGREE, call_id, company_id, fare.amount, fare.reason, fare.at, fare.by_id)


async def agreed(tx: Tx, company_id: UUID, call_id: UUID) -> AgreedFare | None:
    row = await tx.row(_AGREED, call_id, company_id)
    return None if row is None else AgreedFare(Won(row["amount"]), row["reason"], row["at"], row["by_id"])


async def open_task(
    tx: Tx,
    task_id: UUID,
    company_id: UUID,
    kind: TaskKind,
    *,
    call_id: UUID | None,
    charge_id: UUID | None,
    now: datetime,
    due_at: datetime,
) -> None:
    await tx.execute(_OPEN_TASK, task_id, company_id, kind, call_id, charge_id, now, due_at)


async def close_tasks(tx: Tx, call_id: UUID, kinds: Sequence[TaskKind], now: datetime) -> None:
    await tx.execute(_CLOSE_TASKS, call_id, list(kinds), now)


async def close_tasks_of_charge(tx: Tx, charge_id: UUID, now: datetime) -> None:
    await tx.execute(_CLOSE_OF_CHARGE, charge_id, now)


async def tasks(
    tx: Tx, company_id: UUID, *, kind: TaskKind | None, owner_id: UUID | None, with_done: bool, limit: int
) -> list[Task]:
    return [_task(row) for row in await tx.rows(_TASKS, company_id, kind, owner_id, with_done, limit)]


async def tasks_of_call(tx: Tx, company_id: UUID, call_id: UUID) -> list[Task]:
    return [_task(row) for row in await tx.rows(_TASKS_OF_CALL, call_id, company_id)]


async def get_task(tx: Tx, company_id: UUID, task_id: UUID) -> Task | None:
    row = await tx.row(_GET_TASK, task_id, company_id)
    return None if row is None else _task(row)


async def count_tasks(tx: Tx, company_id: UUID, owner_id: UUID, now: datetime) -> TaskCounts:
    rows = await tx.rows(_COUNT_TASKS, company_id, owner_id, now)
    of_kind = {TaskKind(row["kind"]): row["open"] for row in rows}
    return TaskCounts(of_kind, sum(row["over"] for row in rows), sum(row["mine"] for row in rows))


async def take_task(tx: Tx, company_id: UUID, task_id: UUID, owner_id: UUID | None, *, instead_of: UUID | None) -> bool:
    return await tx.execute(_TAKE_TASK, task_id, company_id, owner_id, instead_of) == 1


async def finish_task(tx: Tx, company_id: UUID, task_id: UUID, by_id: UUID, *, note: str, now: datetime) -> bool:
    return await tx.execute(_FINISH_TASK, task_id, company_id, by_id, now, note) == 1


async def escalate(tx: Tx, now: datetime, limit: int) -> int:
    return await tx.execute(_ESCALATE, now, limit)


async def plan_claim(tx: Tx, bill: Bill, steps: Sequence[tuple[str, datetime]]) -> None:
    await tx.execute(_PLAN_CLAIM, bill.call_id, bill.company_id, [kind for kind, _ in steps], [due for _, due in steps])


async def end_claim(tx: Tx, call_id: UUID, now: datetime) -> None:
    await tx.execute(_END_CLAIM, call_id, now)


async def due_claims(tx: Tx, now: datetime, limit: int) -> list[ClaimStep]:
    rows = await tx.rows(_DUE_CLAIMS, now, limit)
    return [ClaimStep(row["call_id"], row["company_id"], row["place"], row["kind"]) for row in rows]


def _bill(row: Row) -> Bill:
    return Bill(
        call_id=CallId(row["call_id"]),
        company_id=CompanyId(row["company_id"]),
        number=row["number"],
        kind=BillKind(row["kind"]),
        payer=Payer(row["payer"]),
        payer_id=row["payer_id"],
        driver_id=DriverId(row["driver_id"]),
        customer_id=None if row["customer_id"] is None else CustomerId(row["customer_id"]),
        method=Method(row["method"]),
        state=BillState(row["state"]),
        split=Split(
            amount=Won(row["amount"]),
            commission=Won(row["commission"]),
            premium=Won(row["premium"]),
            net=Won(row["net"]),
            commission_percent=row["commission_percent"],
            commission_version=row["commission_version"],
            premium_version=row["premium_version"],
        ),
        split_count=row["split"],
        opened_at=row["opened_at"],
        drive_ended_at=row["drive_ended_at"],
        settled_at=row["settled_at"],
        claimed_at=row["claimed_at"],
        claim_reason=None if row["claim_reason"] is None else ClaimReason(row["claim_reason"]),
        version=row["version"],
    )


def _task(row: Row) -> Task:
    return Task(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        kind=TaskKind(row["kind"]),
        call_id=None if row["call_id"] is None else CallId(row["call_id"]),
        charge_id=row["charge_id"],
        number=row["number"],
        amount=None if row["amount"] is None else Won(row["amount"]),
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        owner_id=row["owner_id"],
        escalated_at=row["escalated_at"],
        done_at=row["done_at"],
        note=row["note"],
    )
