"""All SQL of accounts, their roles and the audit log; that of signing in stands in `session_store`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from daeri.accounts.model import (
    Account,
    AccountKind,
    AccountStatus,
    AuditEntry,
    AuditRow,
    PasswordHash,
    Role,
)
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import AccountId, CompanyId
from daeri.kernel.terms import Actor, ActorKind

_DISPLAY_NAMES = "SELECT id, display_name FROM accounts WHERE company_id = $1 AND id = ANY($2)"
_ACCOUNT = "id, company_id, kind, display_name, status, created_at, version"


_ADD_ACCOUNT = """
WITH added AS (
    INSERT INTO accounts (id, company_id, kind, display_name, phone_sealed, phone_hash, phone_last4_hash,
                          email, password_hash, totp_sealed, status, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $11)
    ON CONFLICT DO NOTHING
    RETURNING id, company_id, kind, display_name, status, created_at, version
)
SELECT added.*, emit($12, company_id, 'account.created', 'account', id, version, created_at, $13, $14, NULL,
                     jsonb_build_object('kind', kind))
FROM added
"""
_ADD_DEMO_ACCOUNTS = """
WITH added AS (
    INSERT INTO accounts (id, company_id, kind, display_name, phone_sealed, phone_hash, phone_last4_hash,
                          status, created_at)
    SELECT id, $1, $2, name, sealed, hash, last4, 'active', $3
    FROM unnest($4::uuid[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[]) AS t(id, name, sealed, hash, last4)
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT added.id, emit(e.event_id, $1, 'account.created', 'account', added.id, 1, $3, 'system', NULL, NULL,
                      jsonb_build_object('kind', $2::text))
FROM added JOIN unnest($4::uuid[], $9::uuid[]) AS e(id, event_id) USING (id)
"""
_IDS_BY_PHONE = """
SELECT phone_hash, id FROM accounts
WHERE company_id = $1 AND kind = $2 AND phone_hash = ANY($3) AND status <> 'closed'
"""
_ANY_PHONE = """
SELECT company_id, phone_sealed, phone_hash FROM accounts WHERE phone_sealed IS NOT NULL ORDER BY id DESC LIMIT 1
"""
_BY_ID = f"SELECT {_ACCOUNT} FROM accounts WHERE company_id = $1 AND id = $2"
_BY_ID_LOCKED = _BY_ID + " FOR UPDATE"
_BY_PHONE = f"""
SELECT {_ACCOUNT} FROM accounts
WHERE company_id = $1 AND kind = $2 AND phone_hash = $3 AND status <> 'closed'
"""
_FIND_WHOLE = """
SELECT id FROM accounts WHERE company_id = $1 AND phone_hash = $2 AND kind = ANY($3) ORDER BY id DESC LIMIT $4
"""
_FIND_LAST4 = """
SELECT id FROM accounts WHERE company_id = $1 AND phone_last4_hash = $2 AND kind = ANY($3) ORDER BY id DESC LIMIT $4
"""
_PHONES = "SELECT id, phone_sealed FROM accounts WHERE company_id = $1 AND id = ANY($2) AND phone_sealed IS NOT NULL"
_STAFF = f"""
SELECT {_ACCOUNT}, password_hash, totp_sealed, totp_last_step FROM accounts
WHERE email = $1 AND kind = 'staff' AND status <> 'closed' AND ($2::uuid IS NULL OR company_id = $2)
ORDER BY id LIMIT 4
"""
_USE_TOTP_STEP = "UPDATE accounts SET totp_last_step = $3 WHERE company_id = $1 AND id = $2 AND totp_last_step < $3"
_SET_PASSWORD = "UPDATE accounts SET password_hash = $3 WHERE company_id = $1 AND id = $2"  # noqa: S105 -- SQL
_RENAME = "UPDATE accounts SET display_name = $3 WHERE company_id = $1 AND id = $2"
_SET_STATUS = f"""
WITH changed AS (
    UPDATE accounts SET status = $3, version = version + 1 WHERE company_id = $1 AND id = $2 RETURNING {_ACCOUNT}
)
SELECT changed.*, emit($4, company_id, 'account.' || status, 'account', id, version, $5, $6, $7, NULL,
                       jsonb_build_object('kind', kind))
FROM changed
"""


_GRANT = """
INSERT INTO account_roles (company_id, account_id, role, granted_at, granted_by)
SELECT $1, $2, role, $4, $5 FROM unnest($3::text[]) AS t(role) ON CONFLICT DO NOTHING
"""
_WITHDRAW = "DELETE FROM account_roles WHERE company_id = $1 AND account_id = $2 AND role = $3"
_ROLES = "SELECT role FROM account_roles WHERE company_id = $1 AND account_id = $2 ORDER BY role"
_AUDIT = """
INSERT INTO audit_log (id, company_id, at, actor_kind, actor_id, action, subject_kind, subject_id, request_id, facts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_AUDIT_PAGE = """
SELECT id, company_id, at, actor_kind, actor_id, action, subject_kind, subject_id, request_id, facts FROM audit_log
WHERE company_id = $1 AND ($3::uuid IS NULL OR subject_id = $3)
  AND ($2::uuid IS NULL OR seq < (SELECT seq FROM audit_log WHERE company_id = $1 AND id = $2))
ORDER BY seq DESC LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A row to be; everything secret is sealed or hashed already."""

    id: AccountId
    company_id: CompanyId
    kind: AccountKind
    display_name: str
    created_at: datetime
    phone_sealed: bytes | None = None
    phone_hash: bytes | None = None
    phone_last4_hash: bytes | None = None
    email: str | None = field(default=None, repr=False)
    password_hash: PasswordHash | None = field(default=None, repr=False)
    totp_sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class DemoAccount:
    id: UUID
    event_id: UUID
    display_name: str
    phone_sealed: bytes
    phone_hash: bytes
    phone_last4_hash: bytes


@dataclass(frozen=True, slots=True)
class StaffRow:
    account: Account
    password_hash: PasswordHash = field(repr=False)
    totp_sealed: bytes
    totp_last_step: int


async def add_account(tx: Tx, new: NewAccount, actor: Actor, event_id: UUID) -> Account | None:
    """The account that was made, or None when its number or e-mail has one already."""
    row = await tx.row(
        _ADD_ACCOUNT,
        new.id,
        new.company_id,
        new.kind,
        new.display_name,
        new.phone_sealed,
        new.phone_hash,
        new.phone_last4_hash,
        new.email,
        new.password_hash,
        new.totp_sealed,
        new.created_at,
        event_id,
        actor.kind,
        actor.id,
    )
    return None if row is None else account_of(row)


async def add_demo_accounts(
    tx: Tx, company_id: CompanyId, kind: AccountKind, rows: Sequence[DemoAccount], now: datetime
) -> list[AccountId]:
    """The accounts of these numbers in their order, made unless they were there."""
    hashes = [row.phone_hash for row in rows]
    await tx.rows(
        _ADD_DEMO_ACCOUNTS,
        company_id,
        kind,
        now,
        [row.id for row in rows],
        [row.display_name for row in rows],
        [row.phone_sealed for row in rows],
        hashes,
        [row.phone_last4_hash for row in rows],
        [row.event_id for row in rows],
    )
    found = {row["phone_hash"]: row["id"] for row in await tx.rows(_IDS_BY_PHONE, company_id, kind, hashes)}
    return [AccountId(found[phone_hash]) for phone_hash in hashes]


async def any_phone(tx: Tx) -> tuple[CompanyId, bytes, bytes] | None:
    """Company, sealed number and hash of the newest account that has a number."""
    row = await tx.row(_ANY_PHONE)
    return None if row is None else (CompanyId(row["company_id"]), row["phone_sealed"], row["phone_hash"])


async def by_id(tx: Tx, company_id: CompanyId, account_id: AccountId) -> Account | None:
    row = await tx.row(_BY_ID, company_id, account_id)
    return None if row is None else account_of(row)


async def by_id_locked(tx: Tx, company_id: CompanyId, account_id: AccountId) -> Account | None:
    row = await tx.row(_BY_ID_LOCKED, company_id, account_id)
    return None if row is None else account_of(row)


async def by_phone(tx: Tx, company_id: CompanyId, kind: AccountKind, phone_hash: bytes) -> Account | None:
    row = await tx.row(_BY_PHONE, company_id, kind, phone_hash)
    return None if row is None else account_of(row)


async def find_whole(
    tx: Tx, company_id: CompanyId, phone_hash: bytes, kinds: Sequence[AccountKind], limit: int
) -> list[AccountId]:
    return [AccountId(row["id"]) for row in await tx.rows(_FIND_WHOLE, company_id, phone_hash, kinds, limit)]


async def find_last4(
    tx: Tx, company_id: CompanyId, last4_hash: bytes, kinds: Sequence[AccountKind], limit: int
) -> list[AccountId]:
    return [AccountId(row["id"]) for row in await tx.rows(_FIND_LAST4, company_id, last4_hash, kinds, limit)]


async def sealed_phones(tx: Tx, company_id: CompanyId, account_ids: Sequence[AccountId]) -> Mapping[AccountId, bytes]:
    rows = await tx.rows(_PHONES, company_id, account_ids)
    return {AccountId(row["id"]): row["phone_sealed"] for row in rows}


async def staff_by_email(tx: Tx, email: str, company_id: CompanyId | None) -> list[StaffRow]:
    """At most four: one person may work for several companies under one e-mail."""
    rows = await tx.rows(_STAFF, email, company_id)
    return [
        StaffRow(account_of(row), PasswordHash(row["password_hash"]), row["totp_sealed"], row["totp_last_step"])
        for row in rows
    ]


async def use_totp_step(tx: Tx, account: Account, step: int) -> bool:
    """False when this step or a later one was used before, also a moment ago by somebody else."""
    return await tx.execute(_USE_TOTP_STEP, account.company_id, account.id, step) == 1


async def set_password(tx: Tx, company_id: CompanyId, account_id: AccountId, password_hash: PasswordHash) -> None:
    await tx.execute(_SET_PASSWORD, company_id, account_id, password_hash)


async def rename(tx: Tx, company_id: CompanyId, account_id: AccountId, display_name: str) -> bool:
    return await tx.execute(_RENAME, company_id, account_id, display_name) == 1


async def set_status(
    tx: Tx, account: Account, status: AccountStatus, actor: Actor, *, event_id: UUID, now: datetime
) -> Account | None:
    row = await tx.row(_SET_STATUS, account.company_id, account.id, status, event_id, now, actor.kind, actor.id)
    return None if row is None else account_of(row)


async def grant(
    tx: Tx, company_id: CompanyId, account_id: AccountId, roles: Sequence[Role], *, actor: Actor, now: datetime
) -> None:
    await tx.execute(_GRANT, company_id, account_id, list(roles), now, actor.id)


async def withdraw(tx: Tx, company_id: CompanyId, account_id: AccountId, role: Role) -> None:
    await tx.execute(_WITHDRAW, company_id, account_id, role)


async def roles(tx: Tx, company_id: CompanyId, account_id: AccountId) -> list[Role]:
    return [Role(row["role"]) for row in await tx.rows(_ROLES, company_id, account_id)]


async def audit(tx: Tx, entry_id: UUID, entry: AuditEntry, at: datetime) -> None:
    await tx.execute(
        _AUDIT,
        entry_id,
        entry.company_id,
        at,
        entry.actor.kind,
        entry.actor.id,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.request_id,
        entry.facts,
    )


async def audit_page(
    tx: Tx, company_id: CompanyId, before: UUID | None, subject_id: UUID | None, limit: int
) -> list[AuditRow]:
    """Newest first; the last row's id is the cursor."""
    return [_audit_row(row) for row in await tx.rows(_AUDIT_PAGE, company_id, before, subject_id, limit)]


def account_of(row: Row) -> Account:
    return Account(
        AccountId(row["id"]),
        CompanyId(row["company_id"]),
        AccountKind(row["kind"]),
        row["display_name"],
        AccountStatus(row["status"]),
        row["created_at"],
        row["version"],
    )


def _audit_row(row: Row) -> AuditRow:
    actor = Actor(ActorKind(row["actor_kind"]), row["actor_id"])
    entry = AuditEntry(
        CompanyId(row["company_id"]),
        actor,
        row["action"],
        row["subject_kind"],
        row["subject_id"],
        row["facts"],
        row["request_id"],
    )
    return AuditRow(row["id"], row["at"], entry)


async def display_names(tx: Tx, company_id: UUID, account_ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = await tx.rows(_DISPLAY_NAMES, company_id, list(account_ids))
    return {row["id"]: row["display_name"] for row in rows}
