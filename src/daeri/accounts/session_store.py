"""All SQL of challenges, sessions, refresh tokens and rate limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from daeri.accounts.model import (
    Account,
    AccountKind,
    ChallengeId,
    Permission,
    RevokedFor,
    SessionId,
    SessionKind,
)
from daeri.accounts.policy import ChallengeFacts
from daeri.accounts.store import account_of
from daeri.infra.database import Tx
from daeri.kernel.ids import AccountId, CompanyId
from daeri.kernel.terms import Actor

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
_HIT = """
INSERT INTO rate_limits (scope, subject, window_start, window_end, hits) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (scope, subject, window_start) DO UPDATE SET hits = least(rate_limits.hits + 1, 1000000000)
RETURNING hits
"""
_FORGET_HITS = "DELETE FROM rate_limits WHERE scope = $1 AND subject = $2"
_EXPIRED_CHALLENGES = "DELETE FROM sign_in_challenges WHERE expires_at < $1"
_EXPIRED_SESSIONS = "DELETE FROM sessions WHERE expires_at < $1"
_USED_REFRESH = "DELETE FROM refresh_tokens WHERE used_at < $1"
_EXPIRED_LIMITS = "DELETE FROM rate_limits WHERE window_end < $1"


@dataclass(frozen=True, slots=True)
class ChallengeRow:
    company_id: CompanyId
    kind: AccountKind
    phone_sealed: bytes
    facts: ChallengeFacts


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
        account_of(row),
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


async def hit(tx: Tx, scope: str, subject: bytes, start: datetime, window: timedelta) -> int:
    """Count one hit in this window; how many there are now."""
    hits: int = await tx.value(_HIT, scope, subject, start, start + window)
    return hits


async def forget_hits(tx: Tx, scope: str, subject: bytes) -> None:
    await tx.execute(_FORGET_HITS, scope, subject)


async def delete_expired(tx: Tx, before: datetime, sessions_before: datetime) -> dict[str, int]:
    """Challenges, used refresh tokens and windows that ended before then, and sessions; how many of each."""
    return {
        "sign_in_challenges": await tx.execute(_EXPIRED_CHALLENGES, before),
        "refresh_tokens": await tx.execute(_USED_REFRESH, before),
        "sessions": await tx.execute(_EXPIRED_SESSIONS, sessions_before),
        "rate_limits": await tx.execute(_EXPIRED_LIMITS, before),
    }
