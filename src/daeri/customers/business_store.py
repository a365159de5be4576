"""All SQL of business accounts and their members. Each change is one statement: the rows and the event."""

from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.customers.model import BusinessAccount, BusinessEvent, BusinessId, BusinessNameTaken, Payer
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId, CustomerId
from daeri.kernel.terms import Actor

_COLUMNS = "id, company_id, version, name, payer, created_at, closed_at"
_OPEN = f"""
WITH opened AS (
    INSERT INTO business_accounts ({_COLUMNS}) VALUES ($1, $2, 1, $3, $4, $5, NULL) RETURNING {_COLUMNS}
)
SELECT emit($6, company_id, $7, 'business', id, 1, $5, $8, $9, NULL, jsonb_build_object('payer', payer)), opened.*
FROM opened
"""
_CLOSE = f"""
WITH closed AS (
    UPDATE business_accounts SET closed_at = $3, version = version + 1
    WHERE id = $1 AND company_id = $2 AND closed_at IS NULL RETURNING {_COLUMNS}
)
SELECT emit($4, company_id, $5, 'business', id, version, $3, $6, $7, NULL, '{{}}'), closed.* FROM closed
"""
# The account's row first, so that two changes of one account count their versions one after the other.
_LOCK = f"SELECT {_COLUMNS} FROM business_accounts WHERE id = $1 AND company_id = $2 AND closed_at IS NULL FOR UPDATE"
_JOIN = """
WITH joined AS (
    INSERT INTO business_members (account_id, customer_id, company_id, since)
    SELECT $1, c.id, $2, $4 FROM customers c WHERE c.id = $3 AND c.company_id = $2
    ON CONFLICT DO NOTHING RETURNING account_id, customer_id
), counted AS (
    UPDATE business_accounts b SET version = b.version + 1 FROM joined j WHERE b.id = j.account_id
    RETURNING b.id, b.company_id, b.version, j.customer_id
)
SELECT emit($5, company_id, $6, 'business', id, version, $4, $7, $8, NULL,
            jsonb_build_object('customer_id', customer_id)) FROM counted
"""
_LEAVE = """
WITH gone AS (
    DELETE FROM business_members WHERE account_id = $1 AND company_id = $2 AND customer_id = $3
    RETURNING account_id, customer_id
), counted AS (
    UPDATE business_accounts b SET version = b.version + 1 FROM gone g WHERE b.id = g.account_id
    RETURNING b.id, b.company_id, b.version, g.customer_id
)
SELECT emit($5, company_id, $6, 'business', id, version, $4, $7, $8, NULL,
            jsonb_build_object('customer_id', customer_id)) FROM counted
"""
_OF_CUSTOMER = """
SELECT b.id, b.company_id, b.version, b.name, b.payer, b.created_at, b.closed_at
FROM business_members m JOIN business_accounts b ON b.id = m.account_id
WHERE m.customer_id = $1 AND m.company_id = $2 AND b.closed_at IS NULL AND ($3::uuid IS NULL OR b.id = $3)
ORDER BY b.name, b.id
"""
_EVERY = f"SELECT {_COLUMNS} FROM business_accounts WHERE company_id = $1 ORDER BY name, id"
_BY_IDS = f"SELECT {_COLUMNS} FROM business_accounts WHERE company_id = $1 AND id = ANY($2)"
_IS_MEMBER = "SELECT EXISTS (SELECT FROM business_members WHERE account_id = $1 AND customer_id = $2)"


async def open_account(
    tx: Tx,
    account_id: BusinessId,
    company_id: CompanyId,
    *,
    name: str,
    payer: Payer,
    actor: Actor,
    event_id: UUID,
    now: datetime,
) -> BusinessAccount:
    """Raises BusinessNameTaken."""
    try:
        row = await tx.row(
            _OPEN, account_id, company_id, name, payer, now, event_id, BusinessEvent.OPENED, actor.kind, actor.id
        )
    except UniqueViolationError as taken:
        raise BusinessNameTaken() from taken
    if row is None:
        raise LookupError("an insert returned no row")
    return _account(row)


async def close(
    tx: Tx, account_id: BusinessId, company_id: CompanyId, actor: Actor, *, event_id: UUID, now: datetime
) -> BusinessAccount | None:
    row = await tx.row(_CLOSE, account_id, company_id, now, event_id, BusinessEvent.CLOSED, actor.kind, actor.id)
    return None if row is None else _account(row)


async def lock(tx: Tx, account_id: BusinessId, company_id: CompanyId) -> BusinessAccount | None:
    """The open account, which nobody else changes until this transaction ends."""
    row = await tx.row(_LOCK, account_id, company_id)
    return None if row is None else _account(row)


async def join(
    tx: Tx,
    account_id: BusinessId,
    company_id: CompanyId,
    customer_id: CustomerId,
    actor: Actor,
    *,
    event_id: UUID,
    now: datetime,
) -> bool:
    """Whether they became a member: not when they were one, or are no customer of the company."""
    row = await tx.row(
        _JOIN, account_id, company_id, customer_id, now, event_id, BusinessEvent.JOINED, actor.kind, actor.id
    )
    return row is not None


async def leave(
    tx: Tx,
    account_id: BusinessId,
    company_id: CompanyId,
    customer_id: CustomerId,
    actor: Actor,
    *,
    event_id: UUID,
    now: datetime,
) -> bool:
    row = await tx.row(
        _LEAVE, account_id, company_id, customer_id, now, event_id, BusinessEvent.LEFT, actor.kind, actor.id
    )
    return row is not None


async def of_customer(
    tx: Tx, company_id: CompanyId, customer_id: CustomerId, account_id: UUID | None = None
) -> list[BusinessAccount]:
    """The open accounts that the customer may call on, by name; only that one where given."""
    return [_account(row) for row in await tx.rows(_OF_CUSTOMER, customer_id, company_id, account_id)]


async def every(tx: Tx, company_id: CompanyId) -> list[BusinessAccount]:
    """All accounts of the company, closed ones too, by name."""
    return [_account(row) for row in await tx.rows(_EVERY, company_id)]


async def by_ids(tx: Tx, company_id: CompanyId, account_ids: list[UUID]) -> list[BusinessAccount]:
    return [_account(row) for row in await tx.rows(_BY_IDS, company_id, account_ids)]


async def is_member(tx: Tx, account_id: BusinessId, customer_id: CustomerId) -> bool:
    return bool(await tx.value(_IS_MEMBER, account_id, customer_id))


def _account(row: Row) -> BusinessAccount:
    return BusinessAccount(
        id=BusinessId(row["id"]),
        company_id=CompanyId(row["company_id"]),
        version=row["version"],
        name=row["name"],
        payer=Payer(row["payer"]),
        created_at=row["created_at"],
        closed_at=row["closed_at"],
    )
