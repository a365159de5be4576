"""All SQL of charges and their cancels."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CallId, CompanyId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor, ActorKind
from daeri.kernel.time import EPOCH
from daeri.payments.charge_model import Cancel, CancelState, CardRefusal, Charge, ChargeState, ChargeUnderWay, Purpose

_CHARGE = """
c.id, c.company_id, c.call_id, c.payer_id, c.card_id, c.purpose, c.amount, c.cancelled, c.state, c.order_id,
c.payment_key, c.refusal, c.attempts, c.created_at, c.ended_at, c.by_kind, c.by_id, c.version
"""
_INTEND = """
INSERT INTO charges (id, company_id, call_id, payer_id, card_id, purpose, amount, state, order_id, next_attempt_at,
                     created_at, by_kind, by_id, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'intended', $8, $9, $10, $11, $12, 1)
"""
_GET = f"SELECT {_CHARGE} FROM charges c WHERE c.id = $1"
_LOCK = _GET + " FOR NO KEY UPDATE"
_BY_ORDER = f"SELECT {_CHARGE} FROM charges c WHERE c.order_id = $1"
_OF_CALL = f"SELECT {_CHARGE} FROM charges c WHERE c.call_id = $1 AND c.company_id = $2 ORDER BY c.id"
_OPEN_OF_CALL = f"""
SELECT {_CHARGE} FROM charges c WHERE c.call_id = $1 AND (
    c.state IN ('intended', 'authorised', 'unknown') OR (c.state = 'captured' AND c.cancelled < c.amount))
"""
_OF_PAYER = f"""
SELECT {_CHARGE} FROM charges c WHERE c.payer_id = $1 AND c.company_id = $2 AND c.purpose = $3
ORDER BY c.id DESC LIMIT $4
"""
_RECORD = f"""
UPDATE charges c SET state = $3, payment_key = coalesce($4, payment_key), refusal = $5, ended_at = $6,
       version = version + 1
WHERE id = $1 AND version = $2 RETURNING {_CHARGE}
"""
_GIVE_BACK = "UPDATE charges SET cancelled = cancelled + $2, version = version + 1 WHERE id = $1"
# Asked again after `next_attempt_at`, unless an answer was recorded by then: lease and patience in one.
_LEASE = f"""
UPDATE charges c SET attempts = c.attempts + 1,
       next_attempt_at = $1 + least($3::interval, $2::interval * power(2, least(c.attempts, 20)))
FROM payment_cards k, (
    SELECT id FROM charges
    WHERE state IN ('intended', 'authorised', 'unknown') AND next_attempt_at <= $1
    ORDER BY next_attempt_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) due
WHERE c.id = due.id AND k.id = c.card_id
RETURNING {_CHARGE}, k.billing_key_sealed, k.customer_key,
          (SELECT number FROM bills b WHERE b.call_id = c.call_id) AS number
"""
_HURRY = "UPDATE charges SET next_attempt_at = $2 WHERE id = $1 AND state IN ('intended', 'authorised', 'unknown')"

_CANCEL = """
x.id, x.company_id, x.charge_id, x.call_id, x.amount, x.then_amount, x.state, x.reason, x.refusal, x.attempts,
x.created_at, x.ended_at, x.by_kind, x.by_id, x.version
"""
_INTEND_CANCEL = """
INSERT INTO charge_cancels (id, company_id, charge_id, call_id, amount, then_amount, state, reason, next_attempt_at,
                            created_at, by_kind, by_id, version)
VALUES ($1, $2, $3, $4, $5, $6, 'intended', $7, $8, $9, $10, $11, 1)
"""
_GET_CANCEL = f"SELECT {_CANCEL} FROM charge_cancels x WHERE x.id = $1"
_CANCELS_OF_CALL = f"SELECT {_CANCEL} FROM charge_cancels x WHERE x.call_id = $1 AND x.company_id = $2 ORDER BY x.id"
_OPEN_CANCEL = f"""
SELECT {_CANCEL} FROM charge_cancels x WHERE x.call_id = $1 AND x.state IN ('intended', 'unknown')
"""
_RECORD_CANCEL = f"""
UPDATE charge_cancels x SET state = $3, refusal = $4, ended_at = $5, version = version + 1
WHERE id = $1 AND version = $2 RETURNING {_CANCEL}
"""
_LEASE_CANCELS = f"""
UPDATE charge_cancels x SET attempts = x.attempts + 1,
       next_attempt_at = $1 + least($3::interval, $2::interval * power(2, least(x.attempts, 20)))
FROM (SELECT id FROM charge_cancels WHERE state IN ('intended', 'unknown') AND next_attempt_at <= $1
      ORDER BY next_attempt_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) due
WHERE x.id = due.id RETURNING {_CANCEL}
"""
_HURRY_CANCEL = "UPDATE charge_cancels SET next_attempt_at = $2 WHERE id = $1 AND state IN ('intended', 'unknown')"
_NEXT_ATTEMPT = """
SELECT least((SELECT min(next_attempt_at) FROM charges WHERE state IN ('intended', 'authorised', 'unknown')),
             (SELECT min(next_attempt_at) FROM charge_cancels WHERE state IN ('intended', 'unknown')))
"""
_UNDER_WAY = """
SELECT EXISTS (SELECT FROM charges WHERE call_id = $1 AND state IN ('intended', 'authorised', 'unknown'))
    OR EXISTS (SELECT FROM charge_cancels WHERE call_id = $1 AND state IN ('intended', 'unknown'))
"""
_CARD_IN_USE = """
SELECT EXISTS (SELECT FROM charges
               WHERE payer_id = $1 AND card_id = $2 AND state IN ('intended', 'authorised', 'unknown'))
"""


@dataclass(frozen=True, slots=True)
class NewCharge:
    company_id: CompanyId
    call_id: UUID | None
    payer_id: UUID
    card_id: UUID
    purpose: Purpose
    amount: int
    actor: Actor


@dataclass(frozen=True, slots=True)
class NewCancel:
    company_id: CompanyId
    charge_id: UUID
    call_id: UUID | None
    amount: int
    then_amount: int | None
    reason: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class DueCharge:
    """A charge to ask the provider about, with what its card is known by there; `number` is the call's."""

    charge: Charge
    billing_key_sealed: bytes
    customer_key: str
    number: str | None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer is waited for before the provider is asked again: `first`, doubled up to `longest`."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=10)


async def intend(tx: Tx, charge_id: UUID, new: NewCharge, *, now: datetime) -> None:
    """Write down that the card shall be charged; ChargeUnderWay when the ride has a charge that stands or runs."""
    try:
        await tx.execute(
            _INTEND,
            charge_id,
            new.company_id,
            new.call_id,
            new.payer_id,
            new.card_id,
            new.purpose,
            new.amount,
            f"daeri-{charge_id.hex}",
            EPOCH,
            now,
            new.actor.kind,
            new.actor.id,
        )
    except UniqueViolationError:
        raise ChargeUnderWay() from None


async def get(tx: Tx, charge_id: UUID, *, lock: bool = False) -> Charge | None:
    row = await tx.row(_LOCK if lock else _GET, charge_id)
    return None if row is None else _charge(row)


async def by_order(tx: Tx, order_id: str) -> Charge | None:
    row = await tx.row(_BY_ORDER, order_id)
    return None if row is None else _charge(row)


async def of_call(tx: Tx, company_id: UUID, call_id: UUID) -> list[Charge]:
    return [_charge(row) for row in await tx.rows(_OF_CALL, call_id, company_id)]


async def open_of_call(tx: Tx, call_id: UUID) -> Charge | None:
    """The ride's charge that runs or stands."""
    row = await tx.row(_OPEN_OF_CALL, call_id)
    return None if row is None else _charge(row)


async def of_payer(tx: Tx, company_id: UUID, payer_id: UUID, purpose: Purpose, limit: int) -> list[Charge]:
    return [_charge(row) for row in await tx.rows(_OF_PAYER, payer_id, company_id, purpose, limit)]


async def is_under_way(tx: Tx, call_id: UUID) -> bool:
    """Whether the provider is being asked about this ride."""
    return bool(await tx.value(_UNDER_WAY, call_id))


async def is_card_in_use(tx: Tx, owner_id: UUID, card_id: UUID) -> bool:
    """Whether the provider is being asked to charge this card of the owner's."""
    return bool(await tx.value(_CARD_IN_USE, owner_id, card_id))


async def record(
    tx: Tx,
    charge: Charge,
    state: ChargeState,
    *,
    payment_key: str | None,
    refusal: CardRefusal | None,
    ended_at: datetime | None,
) -> Charge | None:
    """Keep what the provider answered; None when somebody else has recorded an answer since."""
    row = await tx.row(_RECORD, charge.id, charge.version, state, payment_key, refusal, ended_at)
    return None if row is None else _charge(row)


async def give_back(tx: Tx, charge_id: UUID, amount: int) -> None:
    await tx.execute(_GIVE_BACK, charge_id, amount)


async def lease(tx: Tx, wall_now: datetime, patience: Patience, limit: int) -> list[DueCharge]:
    """The charges to ask about now; nobody else gets them before their patience has ended."""
    rows = await tx.rows(_LEASE, wall_now, patience.first, patience.longest, limit)
    return [DueCharge(_charge(row), row["billing_key_sealed"], row["customer_key"], row["number"]) for row in rows]


async def lease_cancels(tx: Tx, wall_now: datetime, patience: Patience, limit: int) -> list[Cancel]:
    rows = await tx.rows(_LEASE_CANCELS, wall_now, patience.first, patience.longest, limit)
    return [_cancel(row) for row in rows]


async def hurry(tx: Tx, charge_id: UUID) -> None:
    """Ask about it at once."""
    await tx.execute(_HURRY, charge_id, EPOCH)


async def hurry_cancel(tx: Tx, cancel_id: UUID) -> None:
    await tx.execute(_HURRY_CANCEL, cancel_id, EPOCH)


async def next_attempt(tx: Tx) -> datetime | None:
    """When there is something to ask next, in wall time."""
    found: datetime | None = await tx.value(_NEXT_ATTEMPT)
    return found


async def intend_cancel(tx: Tx, cancel_id: UUID, new: NewCancel, *, now: datetime) -> None:
    """Write down what shall be given back; ChargeUnderWay when that is being done already."""
    try:
        await tx.execute(
            _INTEND_CANCEL,
            cancel_id,
            new.company_id,
            new.charge_id,
            new.call_id,
            new.amount,
            new.then_amount,
            new.reason,
            EPOCH,
            now,
            new.actor.kind,
            new.actor.id,
        )
    except UniqueViolationError:
        raise ChargeUnderWay() from None


async def get_cancel(tx: Tx, cancel_id: UUID) -> Cancel | None:
    row = await tx.row(_GET_CANCEL, cancel_id)
    return None if row is None else _cancel(row)


async def cancels_of_call(tx: Tx, company_id: UUID, call_id: UUID) -> list[Cancel]:
    return [_cancel(row) for row in await tx.rows(_CANCELS_OF_CALL, call_id, company_id)]


async def open_cancel(tx: Tx, call_id: UUID) -> Cancel | None:
    row = await tx.row(_OPEN_CANCEL, call_id)
    return None if row is None else _cancel(row)


async def record_cancel(
    tx: Tx, cancel: Cancel, state: CancelState, *, refusal: CardRefusal | None, ended_at: datetime | None
) -> Cancel | None:
    row = await tx.row(_RECORD_CANCEL, cancel.id, cancel.version, state, refusal, ended_at)
    return None if row is None else _cancel(row)


def _charge(row: Row) -> Charge:
    return Charge(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        call_id=None if row["call_id"] is None else CallId(row["call_id"]),
        payer_id=row["payer_id"],
        card_id=row["card_id"],
        purpose=Purpose(row["purpose"]),
        amount=Won(row["amount"]),
        cancelled=Won(row["cancelled"]),
        state=ChargeState(row["state"]),
        order_id=row["order_id"],
        payment_key=row["payment_key"],
        refusal=None if row["refusal"] is None else CardRefusal(row["refusal"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        actor=Actor(ActorKind(row["by_kind"]), row["by_id"]),
        version=row["version"],
    )


def _cancel(row: Row) -> Cancel:
    return Cancel(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        charge_id=row["charge_id"],
        call_id=None if row["call_id"] is None else CallId(row["call_id"]),
        amount=Won(row["amount"]),
        then_amount=None if row["then_amount"] is None else Won(row["then_amount"]),
        state=CancelState(row["state"]),
        reason=row["reason"],
        refusal=None if row["refusal"] is None else CardRefusal(row["refusal"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        actor=Actor(ActorKind(row["by_kind"]), row["by_id"]),
        version=row["version"],
    )
