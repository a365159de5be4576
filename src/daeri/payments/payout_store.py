"""All SQL of bank accounts, payouts, their files, and money that came to the bank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Actor
from daeri.payments.payout_model import (
    PAYOUT_AGGREGATE,
    BankAccount,
    BankReferenceUsed,
    Payout,
    PayoutEvent,
    PayoutFile,
    PayoutFilter,
    PayoutState,
    Receipt,
    ReceiptPurpose,
    Waiting,
)

_ACCOUNT = "driver_id, company_id, bank, number_masked, holder, changed_at, version"
# $8: it is another account than before, not the same one with its holder spelled otherwise.
_PUT_ACCOUNT = f"""
INSERT INTO bank_accounts (driver_id, company_id, bank, number_sealed, number_masked, holder, changed_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
ON CONFLICT (driver_id) DO UPDATE SET bank = $3, number_sealed = $4, number_masked = $5, holder = $6,
    changed_at = CASE WHEN $8 THEN $7 ELSE bank_accounts.changed_at END,
    version = bank_accounts.version + CASE WHEN $8 THEN 1 ELSE 0 END
RETURNING {_ACCOUNT}
"""
_GET_ACCOUNT = f"SELECT {_ACCOUNT} FROM bank_accounts WHERE driver_id = $1 AND company_id = $2"
_SEALED_ACCOUNT = """
SELECT bank, number_sealed FROM bank_accounts WHERE driver_id = $1 AND company_id = $2 FOR NO KEY UPDATE
"""
_HOLD_ACCOUNT = _GET_ACCOUNT + " FOR SHARE"

_PAYOUT = """
id, company_id, driver_id, amount, state, bank, number_masked, holder, file_id, requested_at, ended_at, reference,
version
"""
# $6 event, $7 and $8 actor.
_REQUEST = f"""
WITH requested AS (
    INSERT INTO payouts (id, company_id, driver_id, amount, state, bank, number_sealed, number_masked, holder,
                         requested_at, version)
    SELECT $1, company_id, driver_id, $4, 'requested', bank, number_sealed, number_masked, holder, $5, 1
    FROM bank_accounts WHERE driver_id = $3 AND company_id = $2 ON CONFLICT DO NOTHING RETURNING {_PAYOUT}
)
SELECT emit($6, company_id, '{PayoutEvent.REQUESTED}', '{PAYOUT_AGGREGATE}', id, 1, requested_at, $7, $8, NULL,
            jsonb_build_object('amount', amount)), requested.*
FROM requested
"""
_END = f"""
WITH ended AS (
    UPDATE payouts SET state = $3, ended_at = $4, reference = $5, version = version + 1
    WHERE id = $1 AND version = $2 RETURNING {_PAYOUT}
)
SELECT emit($6, company_id, $7, '{PAYOUT_AGGREGATE}', id, version, $4, $8, $9, NULL,
            jsonb_build_object('amount', amount)), ended.*
FROM ended
"""
_LOCK_REQUESTED = """
SELECT id, amount FROM payouts WHERE company_id = $1 AND state = 'requested' ORDER BY id FOR NO KEY UPDATE
"""
_ADD_FILE = """
INSERT INTO payout_files (id, company_id, made_at, made_by, payouts, total) VALUES ($1, $2, $3, $4, $5, $6)
"""
_SEND = f"""
WITH sent AS (
    UPDATE payouts p SET state = $3, file_id = $2, version = version + 1
    FROM unnest($1::uuid[], $4::uuid[]) AS t (id, event_id)
    WHERE p.id = t.id RETURNING p.id, p.company_id, p.version, p.amount, t.event_id
)
SELECT emit(event_id, company_id, '{PayoutEvent.SENT}', '{PAYOUT_AGGREGATE}', id, version, $5, $6, $7, NULL,
            jsonb_build_object('amount', amount, 'file', $2::uuid))
FROM sent
"""
_GET = f"SELECT {_PAYOUT} FROM payouts WHERE id = $1"
_LOCK = _GET + " FOR NO KEY UPDATE"
_OPEN_OF = f"""
SELECT {_PAYOUT} FROM payouts WHERE driver_id = $1 AND company_id = $2 AND state IN ('requested', 'sent')
"""
_FIND = f"""
SELECT {_PAYOUT} FROM payouts
WHERE company_id = $1 AND (cardinality($2::text[]) = 0 OR state = ANY($2)) AND ($3::uuid IS NULL OR driver_id = $3)
  AND ($4::uuid IS NULL OR file_id = $4) AND ($5::uuid IS NULL OR id < $5)
ORDER BY id DESC LIMIT $6
"""
_WAITING = """
SELECT count(*) FILTER (WHERE state = 'requested') AS requested, count(*) FILTER (WHERE state = 'sent') AS sent,
       coalesce(sum(amount) FILTER (WHERE state = 'requested'), 0)::bigint AS requested_won,
       coalesce(sum(amount) FILTER (WHERE state = 'sent'), 0)::bigint AS sent_won
FROM payouts WHERE company_id = $1 AND state IN ('requested', 'sent')
"""
_SEALED_OF_FILE = """
SELECT id, bank, number_sealed, holder, amount FROM payouts WHERE file_id = $1 AND company_id = $2 ORDER BY id
"""
_FILE = "id, company_id, made_at, made_by, payouts, total"
_GET_FILE = f"SELECT {_FILE} FROM payout_files WHERE id = $1 AND company_id = $2"
_FILES = f"""
SELECT {_FILE} FROM payout_files WHERE company_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""
_ADD_RECEIPT = """
INSERT INTO bank_receipts (id, company_id, reference, amount, purpose, owner_id, call_id, month, at, by_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_RECEIPTS = """
SELECT id, reference, amount, purpose, owner_id, at FROM bank_receipts
WHERE owner_id = $1 AND company_id = $2 AND ($3::date IS NULL OR month = $3) ORDER BY id DESC LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """Money that came in; `call_id` says which bill it pays, `month` which month of an account."""

    id: UUID
    company_id: CompanyId
    reference: str
    amount: Won
    purpose: ReceiptPurpose
    owner_id: UUID
    by_id: UUID
    call_id: UUID | None = None
    month: date | None = None


@dataclass(frozen=True, slots=True)
class SealedTransfer:
    payout_id: UUID
    bank: str
    number_sealed: bytes = field(repr=False)
    holder: str
    amount: Won


async def put_account(
    tx: Tx,
    driver_id: UUID,
    company_id: UUID,
    *,
    bank: str,
    number_sealed: bytes,
    number_masked: str,
    holder: str,
    is_other: bool,
    now: datetime,
) -> BankAccount:
    """Keep the account; `is_other` when there was another one before, from `now` on."""
    row = await tx.row(_PUT_ACCOUNT, driver_id, company_id, bank, number_sealed, number_masked, holder, now, is_other)
    if row is None:
        raise LookupError("an insert returned no row")
    return _account(row)


async def sealed_account(tx: Tx, company_id: UUID, driver_id: UUID) -> tuple[str, bytes] | None:
    """The bank and the sealed number, which nobody else changes until this transaction ends."""
    row = await tx.row(_SEALED_ACCOUNT, driver_id, company_id)
    return None if row is None else (row["bank"], row["number_sealed"])


async def account(tx: Tx, company_id: UUID, driver_id: UUID, *, lock: bool = False) -> BankAccount | None:
    """Where the driver's money goes; `lock` keeps it as it is until this transaction ends."""
    row = await tx.row(_HOLD_ACCOUNT if lock else _GET_ACCOUNT, driver_id, company_id)
    return None if row is None else _account(row)


async def request(
    tx: Tx,
    payout_id: UUID,
    company_id: UUID,
    driver_id: UUID,
    *,
    amount: int,
    actor: Actor,
    event_id: UUID,
    now: datetime,
) -> Payout | None:  # fmt: skip -- the signature reads as one sentence
    """The payout with its event; None when there is no account to pay to, or another payout is under way."""
    row = await tx.row(_REQUEST, payout_id, company_id, driver_id, amount, now, event_id, actor.kind, actor.id)
    return None if row is None else _payout(row)


async def end(
    tx: Tx, payout: Payout, state: PayoutState, reference: str, actor: Actor, *, event_id: UUID, now: datetime
) -> Payout:
    """Paid or returned; the caller has locked the payout."""
    kind = PayoutEvent.PAID if state is PayoutState.PAID else PayoutEvent.RETURNED
    row = await tx.row(
        _END, payout.id, payout.version, state, now, reference, event_id, kind, actor.kind, actor.id
    )  # fmt: skip -- the order of the parameters is the statement's
    if row is None:
        raise LookupError(f"payout {payout.id} was locked and is gone")
    return _payout(row)


async def lock_requested(tx: Tx, company_id: UUID) -> Mapping[UUID, Won]:
    """The amounts of what waits for a file, which nobody else sends until this transaction ends."""
    return {row["id"]: Won(row["amount"]) for row in await tx.rows(_LOCK_REQUESTED, company_id)}


async def add_file(tx: Tx, file: PayoutFile) -> None:
    await tx.execute(_ADD_FILE, file.id, file.company_id, file.made_at, file.made_by, file.payouts, file.total)


async def send(
    tx: Tx,
    file: PayoutFile,
    payout_ids: Sequence[UUID],
    *,
    state: PayoutState,
    event_ids: Sequence[UUID],
    actor: Actor,
) -> None:  # fmt: skip -- the signature reads as one sentence
    """These payouts go with the file; the caller has locked them."""
    await tx.rows(_SEND, list(payout_ids), file.id, state, list(event_ids), file.made_at, actor.kind, actor.id)


async def get(tx: Tx, payout_id: UUID, *, lock: bool = False) -> Payout | None:
    row = await tx.row(_LOCK if lock else _GET, payout_id)
    return None if row is None else _payout(row)


async def open_of(tx: Tx, company_id: UUID, driver_id: UUID) -> Payout | None:
    row = await tx.row(_OPEN_OF, driver_id, company_id)
    return None if row is None else _payout(row)


async def find(tx: Tx, wanted: PayoutFilter, before: UUID | None, limit: int) -> list[Payout]:
    rows = await tx.rows(
        _FIND, wanted.company_id, list(wanted.states), wanted.driver_id, wanted.file_id, before, limit
    )  # fmt: skip -- the order of the parameters is the statement's
    return [_payout(row) for row in rows]


async def waiting(tx: Tx, company_id: UUID) -> Waiting:
    row = await tx.row(_WAITING, company_id)
    if row is None:
        raise LookupError("a count returned no row")
    return Waiting(row["requested"], Won(row["requested_won"]), row["sent"], Won(row["sent_won"]))


async def file(tx: Tx, company_id: UUID, file_id: UUID) -> PayoutFile | None:
    row = await tx.row(_GET_FILE, file_id, company_id)
    return None if row is None else _file(row)


async def files(tx: Tx, company_id: UUID, before: UUID | None, limit: int) -> list[PayoutFile]:
    return [_file(row) for row in await tx.rows(_FILES, company_id, before, limit)]


async def sealed_of_file(tx: Tx, company_id: UUID, file_id: UUID) -> list[SealedTransfer]:
    return [
        SealedTransfer(row["id"], row["bank"], row["number_sealed"], row["holder"], Won(row["amount"]))
        for row in await tx.rows(_SEALED_OF_FILE, file_id, company_id)
    ]


async def add_receipt(tx: Tx, new: NewReceipt, now: datetime) -> None:
    """BankReferenceUsed when the reference was taken before."""
    try:
        await tx.execute(
            _ADD_RECEIPT,
            new.id,
            new.company_id,
            new.reference,
            new.amount,
            new.purpose,
            new.owner_id,
            new.call_id,
            new.month,
            now,
            new.by_id,
        )
    except UniqueViolationError as taken:
        raise BankReferenceUsed() from taken


async def receipts(
    tx: Tx, company_id: UUID, owner_id: UUID, *, month: date | None = None, limit: int = 50
) -> list[Receipt]:
    """What came in from somebody, newest first."""
    return [
        Receipt(
            row["id"],
            row["reference"],
            Won(row["amount"]),
            ReceiptPurpose(row["purpose"]),
            row["owner_id"],
            row["at"],
        )
        for row in await tx.rows(_RECEIPTS, owner_id, company_id, month, limit)
    ]


def _account(row: Row) -> BankAccount:
    return BankAccount(
        driver_id=DriverId(row["driver_id"]),
        company_id=CompanyId(row["company_id"]),
        bank=row["bank"],
        number_masked=row["number_masked"],
        holder=row["holder"],
        changed_at=row["changed_at"],
        version=row["version"],
    )


def _payout(row: Row) -> Payout:
    return Payout(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        driver_id=DriverId(row["driver_id"]),
        amount=Won(row["amount"]),
        state=PayoutState(row["state"]),
        bank=row["bank"],
        number_masked=row["number_masked"],
        holder=row["holder"],
        file_id=row["file_id"],
        requested_at=row["requested_at"],
        ended_at=row["ended_at"],
        reference=row["reference"],
        version=row["version"],
    )


def _file(row: Row) -> PayoutFile:
    return PayoutFile(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        made_at=row["made_at"],
        made_by=row["made_by"],
        payouts=row["payouts"],
        total=Won(row["total"]),
    )
