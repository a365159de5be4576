"""SQL of statements: a driver's lines as the ledger has them, a business account's rides by month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from daeri.infra.database import Row, Tx
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor
from daeri.kernel.time import KST
from daeri.payments.model import AGGREGATE, BillKind, BillState, EntryKind, EventKind

# What an entry says of the ride beside the driver's line: its fare by the payer's line, and what of it went elsewhere.
_DRIVER_LINES = """
SELECT e.kind, e.at, e.call_id, e.note, b.number, b.kind AS bill_kind, b.commission_percent, -l.amount AS amount,
       x.fare, x.commission, x.premium
FROM ledger_lines l
JOIN ledger_entries e ON e.id = l.entry_id
LEFT JOIN bills b ON b.call_id = e.call_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(o.amount) FILTER (WHERE o.account IN ('customer', 'business', 'orderer')), 0)::bigint AS fare,
           coalesce(-sum(o.amount) FILTER (WHERE o.account = 'commission'), 0)::bigint AS commission,
           coalesce(-sum(o.amount) FILTER (WHERE o.account = 'premium'), 0)::bigint AS premium
    FROM ledger_lines o WHERE o.entry_id = l.entry_id
) x
WHERE l.owner_id = $1 AND l.account = 'driver' AND l.company_id = $2 AND l.at >= $3 AND l.at < $4
ORDER BY l.at, e.seq, l.place
"""
_OPENING = """
SELECT coalesce(-sum(amount), 0)::bigint FROM ledger_lines
WHERE owner_id = $1 AND account = 'driver' AND company_id = $2 AND at < $3
"""
_UNPAID = "('open', 'claimed')"
_RIDES = """
SELECT b.call_id, b.number, b.kind, b.drive_ended_at, b.customer_id, b.driver_id, b.amount, b.state, c.origin_name,
       c.destination_name
FROM bills b JOIN calls_public c ON c.id = b.call_id
WHERE b.payer_id = $1 AND b.payer = 'business' AND b.company_id = $2 AND b.drive_ended_at >= $3
  AND b.drive_ended_at < $4
ORDER BY b.drive_ended_at, b.call_id
"""
_MONTHS = f"""
SELECT date_trunc('month', drive_ended_at AT TIME ZONE 'Asia/Seoul')::date AS month, count(*) AS rides,
       sum(amount)::bigint AS total, coalesce(sum(amount) FILTER (WHERE state IN {_UNPAID}), 0)::bigint AS due
FROM bills WHERE payer_id = $1 AND payer = 'business' AND company_id = $2
GROUP BY 1 ORDER BY 1 DESC LIMIT $3
"""
_OVERVIEW = f"""
SELECT payer_id, count(*) FILTER (WHERE drive_ended_at >= $3) AS rides,
       coalesce(sum(amount) FILTER (WHERE drive_ended_at >= $3), 0)::bigint AS total,
       coalesce(sum(amount) FILTER (WHERE state IN {_UNPAID}), 0)::bigint AS due
FROM bills WHERE payer_id = ANY($1) AND payer = 'business' AND company_id = $2 GROUP BY payer_id
"""
_LOCK_DUE = f"""
SELECT call_id, amount FROM bills
WHERE payer_id = $1 AND payer = 'business' AND company_id = $2 AND drive_ended_at >= $3 AND drive_ended_at < $4
  AND state IN {_UNPAID} AND amount > 0
ORDER BY call_id FOR NO KEY UPDATE
"""
_PAY = f"""
WITH paid AS (
    UPDATE bills b SET state = 'paid', settled_at = $3, version = b.version + 1
    FROM unnest($1::uuid[], $2::uuid[]) AS t (call_id, event_id)
    WHERE b.call_id = t.call_id RETURNING b.call_id, b.company_id, b.version, b.amount, t.event_id
), seen_to AS (
    UPDATE payment_tasks k SET done_at = $3, version = k.version + 1
    WHERE k.call_id = ANY($1) AND k.done_at IS NULL
)
SELECT emit(event_id, company_id, '{EventKind.PAID}', '{AGGREGATE}', call_id, version, $3, $4, $5, NULL,
            jsonb_build_object('amount', amount, 'how', 'statement'))
FROM paid
"""


@dataclass(frozen=True, slots=True)
class DriverLine:
    """One line of a driver's as the ledger has it: `amount` is what it adds to the balance.

    Of an entry about a ride, `fare` less `commission` and `premium` is what it leaves; all are negative when undone.
    """

    kind: EntryKind
    at: datetime
    amount: Won
    call_id: UUID | None
    number: str | None
    is_no_show: bool
    fare: Won
    commission: Won
    commission_percent: int | None
    premium: Won
    note: str


@dataclass(frozen=True, slots=True)
class BusinessRide:
    """A ride on a business account, owed or paid."""

    call_id: UUID
    number: str
    kind: BillKind
    ended_at: datetime
    customer_id: UUID | None
    driver_id: UUID
    origin: str
    destination: str
    amount: Won
    state: BillState


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a business account; `due` is what of it is not paid."""

    first: date
    rides: int
    total: Won
    due: Won


@dataclass(frozen=True, slots=True)
class Standing:
    """How a business account stands: rides and their sum since some day, and all that is not paid."""

    rides: int
    total: Won
    due: Won


def month_span(month: date) -> tuple[datetime, datetime]:
    """The Korean month of a day: its first instant, and the first after it."""
    first = month.replace(day=1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return datetime.combine(first, time(), KST), datetime.combine(after, time(), KST)


async def driver_lines(tx: Tx, company_id: UUID, driver_id: UUID, since: datetime, until: datetime) -> list[DriverLine]:
    """The driver's lines of `[since, until)`, oldest first."""
    return [_line(row) for row in await tx.rows(_DRIVER_LINES, driver_id, company_id, since, until)]


async def opening(tx: Tx, company_id: UUID, driver_id: UUID, since: datetime) -> Won:
    """The driver's balance by the lines before `since`."""
    return Won(await tx.value(_OPENING, driver_id, company_id, since))


async def rides(tx: Tx, company_id: UUID, account_id: UUID, since: datetime, until: datetime) -> list[BusinessRide]:
    return [_ride(row) for row in await tx.rows(_RIDES, account_id, company_id, since, until)]


async def months(tx: Tx, company_id: UUID, account_id: UUID, limit: int) -> list[Month]:
    """The months with rides, newest first."""
    rows = await tx.rows(_MONTHS, account_id, company_id, limit)
    return [Month(row["month"], row["rides"], Won(row["total"]), Won(row["due"])) for row in rows]


async def overview(tx: Tx, company_id: UUID, account_ids: Sequence[UUID], since: datetime) -> Mapping[UUID, Standing]:
    """How these accounts stand; who never had a ride is left out."""
    rows = await tx.rows(_OVERVIEW, list(account_ids), company_id, since)
    return {row["payer_id"]: Standing(row["rides"], Won(row["total"]), Won(row["due"])) for row in rows}


async def lock_due(tx: Tx, company_id: UUID, account_id: UUID, since: datetime, until: datetime) -> Mapping[UUID, Won]:
    """What of these rides is not paid, which nobody else changes until this transaction ends."""
    rows = await tx.rows(_LOCK_DUE, account_id, company_id, since, until)
    return {row["call_id"]: Won(row["amount"]) for row in rows}


async def pay_bills(
    tx: Tx, call_ids: Sequence[UUID], event_ids: Sequence[UUID], actor: Actor, *, now: datetime
) -> None:
    """These bills are paid, and what waited for that is done; the caller has locked them."""
    await tx.rows(_PAY, list(call_ids), list(event_ids), now, actor.kind, actor.id)


def _line(row: Row) -> DriverLine:
    return DriverLine(
        kind=EntryKind(row["kind"]),
        at=row["at"],
        amount=Won(row["amount"]),
        call_id=row["call_id"],
        number=row["number"],
        is_no_show=row["bill_kind"] == BillKind.NO_SHOW,
        fare=Won(row["fare"]),
        commission=Won(row["commission"]),
        commission_percent=row["commission_percent"],
        premium=Won(row["premium"]),
        note=row["note"],
    )


def _ride(row: Row) -> BusinessRide:
    return BusinessRide(
        call_id=row["call_id"],
        number=row["number"],
        kind=BillKind(row["kind"]),
        ended_at=row["drive_ended_at"],
        customer_id=row["customer_id"],
        driver_id=row["driver_id"],
        origin=row["origin_name"],
        destination=row["destination_name"],
        amount=Won(row["amount"]),
        state=BillState(row["state"]),
    )
