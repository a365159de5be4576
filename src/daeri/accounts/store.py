"""All SQL of accounts, sessions, roles, limits and the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from daeri.accounts.model import (
    Account,
    AccountKind,
    AccountStatus,
    AuditEntry,
    AuditRow,
    ChallengeId,
    PasswordHash,
    Permission,
    RevokedFor,
    Role,
    SessionId,
    SessionKind,
)
from daeri.accounts.policy import ChallengeFacts
from daeri.infra.database import Row, Tx
from daeri.kernel.ids import AccountId, CompanyId
from daeri.kernel.terms import Actor, ActorKind

_DISPLAY_NAMES = "SELECT id, display_name FROM accounts WHERE company_id = $1 AND id = ANY($2)"
_ACCOUNT = "id, company_id, kind, display_name, status, created_at, version"

_ADD_CHALLENGE = """
INSERT INTO sign_in_challenges (id, company_id, purpose, kind, phone_sealed, code_hash, created_at, expires_at)
VALUES ($1, $2, 'sign_in', $3, $4, $5, $6, $7)
"""
# The row's lock makes guesses that race wait for each other, so that none is left uncounted.
_COUNT_ATTEMPT = """
UPDATE sign_in_challenges SET attempts = least(attempts + 1, 1000) WHERE id = $1
RETURNING company_id, kind, phone_sealed, code_hash, attempts, expires_at, used_at
"""
_USE_CHALLENGE = "UPDATE sign_in_challenges SET used_at = $2 WHERE id = $1"

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

_ADD_SESSION = """
INSERT INTO sessions (id, company_id, account_id, kind, user_agent, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_ADD_SESSIONS = """
INSERT INTO sessions (id, company_id, account_id, kind, user_agent, created_at, expires_at)
SELECT id, $1, account_id, 'app', 'issued', $2, $3 FROM unnest($4::uuid[], $5::uuid[]) AS t(id, account_id)
"""
_ADD_REFRESH = "INSERT INTO refresh_tokens (token_hash, session_id, issued_at) VALUES ($1, $2, $3)"
_USE_REFRESH = """
UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL RETURNING session_id
"""
_SESSION_OF_REFRESH = "SELECT session_id FROM refresh_tokens WHERE token_hash = $1"
_SESSION = """
SELECT s.id AS session_id, s.kind AS session_kind, s.created_at AS started_at, s.expires_at, s.revoked_at,
       a.id, a.company_id, a.kind, a.display_name, a.status, a.created_at, a.version,
       ARRAY(SELECT DISTINCT p.permission FROM account_roles r JOIN role_permissions p USING (role)
             WHERE r.account_id = a.id) AS permissions
FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.id = $1
"""
_EXTEND_SESSION = "UPDATE sessions SET expires_at = $2 WHERE id = $1"
_OPEN_SESSIONS = "SELECT id FROM sessions WHERE company_id = $1 AND account_id = $2 AND revoked_at IS NULL"
# The event's version is 2: a session begins at 1 and is revoked once.
_REVOKE = """
WITH gone AS (
    UPDATE sessions s SET revoked_at = $3, revoked_for = $4, changed_at = $3
    FROM unnest($1::uuid[], $2::uuid[]) AS e(id, event_id)
    WHERE s.id = e.id AND s.revoked_at IS NULL
    RETURNING s.id, s.company_id, e.event_id
)
SELECT id, emit(event_id, company_id, 'session.revoked', 'session', id, 2, $5, $6, $7, NULL,
                jsonb_build_object('reason', $4::text))
FROM gone
"""
_TOUCH_SESSIONS = """
UPDATE sessions SET changed_at = $3 WHERE company_id = $1 AND account_id = $2 AND revoked_at IS NULL RETURNING id
"""
_CHANGED_SINCE = "SELECT id, revoked_at IS NOT NULL AS revoked FROM sessions WHERE changed_at >= $1"

_GRANT = """
INSERT INTO account_roles (company_id, account_id, role, granted_at, granted_by)
SELECT $1, $2, role, $4, $5 FROM unnest($3::text[]) AS t(role) ON CONFLICT DO NOTHING
"""
_WITHDRAW = "DELETE FROM account_roles WHERE company_id = $1 AND account_id = $2 AND role = $3"
_ROLES = "SELECT role FROM account_roles WHERE company_id = $1 AND account_id = $2 ORDER BY role"
_ROLE_TABLE = "SELECT role, permission FROM role_permissions ORDER BY role, permission"

_HIT = """
INSERT INTO rate_limits (scope, subject, window_start, window_end, hits) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (scope, subject, window_start) DO UPDATE SET hits = least(rate_limits.hits + 1, 1000000000)
RETURNING hits
"""
_FORGET_HITS = "DELETE FROM rate_limits WHERE scope = $1 AND subject = $2"

_AUDIT = """
INSERT INTO audit_log (id, company_id, at, actor_kind, actor_id, action, subject_kind, subject_id, request_id, facts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_AUDIT_PAGE = """
SELECT id, company_id, at, actor_kind, actor_id, action, subject_kind, subject_id, request_id, facts FROM audit_log
WHERE company_id = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::uuid IS NULL OR subject_id = $3)
ORDER BY at DESC, id DESC LIMIT $4
"""

_EXPIRED_CHALLENGES = "DELETE FROM sign_in_challenges WHERE expires_at < $1"
_EXPIRED_SESSIONS = "DELETE FROM sessions WHERE expires_at < $1"
_EXPIRED_LIMITS = "DELETE FROM rate_limits WHERE window_end < $1"


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
class ChallengeRow:
    company_id: CompanyId
    kind: AccountKind
    phone_sealed: bytes
    facts: ChallengeFacts


@dataclass(frozen=True, slots=True)
class StaffRow:
    account: Account
    password_hash: PasswordHash = field(repr=False)
    totp_sealed: bytes
    totp_last_step: int


@dataclass(frozen=True, slots=True)
class SessionRow:
    id: SessionId
    kind: SessionKind
    account: Account
    permissions: frozenset[Permission]
    started_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewSession:
    id: SessionId
    account: Account
    kind: SessionKind
    user_agent: str
    created_at: datetime
    expires_at: datetime


async def add_challenge(
    tx: Tx,
    challenge_id: ChallengeId,
    company_id: CompanyId,
    kind: AccountKind,
    *,
    phone_sealed: bytes,
    code_hash: bytes,
    created_at: datetime,
    expires_at: datetime,
) -> None:  # fmt: skip -- a row, read as one
    await tx.execute(_ADD_CHALLENGE, challenge_id, company_id, kind, phone_sealed, code_hash, created_at, expires_at)


async def count_attempt(tx: Tx, challenge_id: ChallengeId) -> ChallengeRow | None:
    """The challenge with one more attempt, locked until the transaction ends."""
    row = await tx.row(_COUNT_ATTEMPT, challenge_id)
    if row is None:
        return None
    facts = ChallengeFacts(row["code_hash"], row["attempts"], row["expires_at"], row["used_at"])
    return ChallengeRow(CompanyId(row["company_id"]), AccountKind(row["kind"]), row["phone_sealed"], facts)


async def use_challenge(tx: Tx, challenge_id: ChallengeId, used_at: datetime) -> None:
    await tx.execute(_USE_CHALLENGE, challenge_id, used_at)


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
    return None if row is None else _account(row)


async def add_demo_accounts(
    tx: Tx, company_id: CompanyId, kind: AccountKind, rows: Sequence[DemoAccount], now: datetime
) -> set[AccountId]:
    """Which of them were made; the others' numbers were there."""
    added = await tx.rows(
        _ADD_DEMO_ACCOUNTS,
        company_id,
        kind,
        now,
        [row.id for row in rows],
        [row.display_name for row in rows],
        [row.phone_sealed for row in rows],
        [row.phone_hash for row in rows],
        [row.phone_last4_hash for row in rows],
        [row.event_id for row in rows],
    )
    return {AccountId(row["id"]) for row in added}


async def by_id(tx: Tx, company_id: CompanyId, account_id: AccountId) -> Account | None:
    row = await tx.row(_BY_ID, company_id, account_id)
    return None if row is None else _account(row)


async def by_id_locked(tx: Tx, company_id: CompanyId, account_id: AccountId) -> Account | None:
    row = await tx.row(_BY_ID_LOCKED, company_id, account_id)
    return None if row is None else _account(row)


async def by_phone(tx: Tx, company_id: CompanyId, kind: AccountKind, phone_hash: bytes) -> Account | None:
    row = await tx.row(_BY_PHONE, company_id, kind, phone_hash)
    return None if row is None else _account(row)


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
        StaffRow(_account(row), PasswordHash(row["password_hash"]), row["totp_sealed"], row["totp_last_step"])
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
    return None if row is None else _account(row)


async def add_session(tx: Tx, new: NewSession) -> None:
    await tx.execute(
        _ADD_SESSION,
        new.id,
        new.account.company_id,
        new.account.id,
        new.kind,
        new.user_agent,
        new.created_at,
        new.expires_at,
    )


async def add_sessions(
    tx: Tx, company_id: CompanyId, sessions: Mapping[AccountId, SessionId], created_at: datetime, expires_at: datetime
) -> None:
    await tx.execute(_ADD_SESSIONS, company_id, created_at, expires_at, list(sessions.values()), list(sessions.keys()))


async def add_refresh(tx: Tx, session_id: SessionId, token_hash: bytes, issued_at: datetime) -> None:
    await tx.execute(_ADD_REFRESH, token_hash, session_id, issued_at)


async def use_refresh(tx: Tx, token_hash: bytes, used_at: datetime) -> SessionId | None:
    """The session, when this is the token's first use."""
    found = await tx.value(_USE_REFRESH, token_hash, used_at)
    return None if found is None else SessionId(found)


async def session_of_refresh(tx: Tx, token_hash: bytes) -> SessionId | None:
    found = await tx.value(_SESSION_OF_REFRESH, token_hash)
    return None if found is None else SessionId(found)


async def session(tx: Tx, session_id: SessionId) -> SessionRow | None:
    row = await tx.row(_SESSION, session_id)
    if row is None:
        return None
    # A permission that only a newer version of the program knows allows nothing here.
    known = {permission.value for permission in Permission}
    permissions = frozenset(Permission(name) for name in row["permissions"] if name in known)
    return SessionRow(
        SessionId(row["session_id"]),
        SessionKind(row["session_kind"]),
        _account(row),
        permissions,
        row["started_at"],
        row["expires_at"],
        row["revoked_at"],
    )


async def extend_session(tx: Tx, session_id: SessionId, expires_at: datetime) -> None:
    await tx.execute(_EXTEND_SESSION, session_id, expires_at)


async def open_sessions(tx: Tx, company_id: CompanyId, account_id: AccountId) -> list[SessionId]:
    return [SessionId(row["id"]) for row in await tx.rows(_OPEN_SESSIONS, company_id, account_id)]


async def revoke(
    tx: Tx, sessions: Mapping[SessionId, UUID], reason: RevokedFor, actor: Actor, *, now: datetime, wall_now: datetime
) -> list[SessionId]:
    """Revoke the sessions, each with the id of its event; which of them were open until now."""
    rows = await tx.rows(
        _REVOKE, list(sessions.keys()), list(sessions.values()), wall_now, reason, now, actor.kind, actor.id
    )
    return [SessionId(row["id"]) for row in rows]


async def touch_sessions(tx: Tx, company_id: CompanyId, account_id: AccountId, wall_now: datetime) -> list[SessionId]:
    return [SessionId(row["id"]) for row in await tx.rows(_TOUCH_SESSIONS, company_id, account_id, wall_now)]


async def changed_since(tx: Tx, since: datetime) -> list[tuple[SessionId, bool]]:
    """Sessions of every company that changed since then, and whether they were revoked."""
    return [(SessionId(row["id"]), row["revoked"]) for row in await tx.rows(_CHANGED_SINCE, since)]


async def grant(
    tx: Tx, company_id: CompanyId, account_id: AccountId, roles: Sequence[Role], *, actor: Actor, now: datetime
) -> None:
    await tx.execute(_GRANT, company_id, account_id, list(roles), now, actor.id)


async def withdraw(tx: Tx, company_id: CompanyId, account_id: AccountId, role: Role) -> None:
    await tx.execute(_WITHDRAW, company_id, account_id, role)


async def roles(tx: Tx, company_id: CompanyId, account_id: AccountId) -> list[Role]:
    return [Role(row["role"]) for row in await tx.rows(_ROLES, company_id, account_id)]


async def role_table(tx: Tx) -> list[tuple[str, str]]:
    """Every (role, permission)."""
    return [(row["role"], row["permission"]) for row in await tx.rows(_ROLE_TABLE)]


async def hit(tx: Tx, scope: str, subject: bytes, start: datetime, window: timedelta) -> int:
    """Count one hit in this window; how many there are now."""
    hits: int = await tx.value(_HIT, scope, subject, start, start + window)
    return hits


async def forget_hits(tx: Tx, scope: str, subject: bytes) -> None:
    await tx.execute(_FORGET_HITS, scope, subject)


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
    """Newest first; ids grow with time, so the last id is the cursor."""
    return [_audit_row(row) for row in await tx.rows(_AUDIT_PAGE, company_id, before, subject_id, limit)]


async def delete_expired(tx: Tx, before: datetime) -> dict[str, int]:
    """Challenges, sessions (with their refresh tokens) and windows that ended before then; how many of each."""
    return {
        "sign_in_challenges": await tx.execute(_EXPIRED_CHALLENGES, before),
        "sessions": await tx.execute(_EXPIRED_SESSIONS, before),
        "rate_limits": await tx.execute(_EXPIRED_LIMITS, before),
    }


def _account(row: Row) -> Account:
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
