"""Sessions: begun, refreshed, revoked. A revocation reaches other processes as a hint and as a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from daeri.accounts import session_store, tokens
from daeri.accounts.gate import Gate
from daeri.accounts.model import (
    SESSIONS_CHANGED,
    SESSIONS_REVOKED,
    Account,
    AccountBlocked,
    AccountKind,
    AccountStatus,
    Denied,
    Device,
    Moment,
    Principal,
    RevokedFor,
    SessionId,
    SessionKind,
    SessionTerms,
    SignedIn,
    SignedOut,
    SignInTerms,
)
from daeri.accounts.policy import session_ends
from daeri.infra.database import Tx
from daeri.kernel.ids import AccountId, CompanyId
from daeri.kernel.terms import SYSTEM, Actor

_LONGEST_USER_AGENT = 200


@dataclass(frozen=True, slots=True)
class Ticket:
    """A token for one hello."""

    token: str = field(repr=False)
    expires_at: datetime


async def begin(tx: Tx, gate: Gate, account: Account, kind: SessionKind, device: Device, *, moment: Moment) -> SignedIn:
    """A new session for someone who has proved who they are."""
    session_id = SessionId(gate.ids.new())
    terms = _terms(gate.terms, kind, account.kind)
    expires = session_ends(terms, started_at=moment.wall_now, wall_now=moment.wall_now)
    agent = device.user_agent.replace("\x00", "")[:_LONGEST_USER_AGENT]
    await session_store.add_session(
        tx, session_store.NewSession(session_id, account, kind, agent, moment.wall_now, expires)
    )
    return await _with_tokens(tx, gate, account, _Lease(session_id, kind, expires), moment=moment)


async def refresh(tx: Tx, gate: Gate, refresh_token: str, *, moment: Moment) -> SignedIn | Denied:
    """New tokens for old ones. A refresh token that comes twice was stolen from one of the two: both are signed out."""
    token_hash = tokens.refresh_hash(refresh_token)
    session_id = await session_store.use_refresh(tx, token_hash, moment.wall_now)
    if session_id is None:
        return await _unusable_refresh(tx, gate, token_hash, moment=moment)
    row = await session_store.session(tx, session_id)
    if row is None or row.revoked_at is not None:
        return Denied(SignedOut(reason="session_revoked"))
    if moment.wall_now >= row.expires_at:
        return Denied(SignedOut(reason="session_expired"))
    if row.account.status is not AccountStatus.ACTIVE:
        return Denied(AccountBlocked())
    terms = _terms(gate.terms, row.kind, row.account.kind)
    expires = session_ends(terms, started_at=row.started_at, wall_now=moment.wall_now)
    await session_store.extend_session(tx, session_id, expires)
    return await _with_tokens(tx, gate, row.account, _Lease(session_id, row.kind, expires), moment=moment)


async def _unusable_refresh(tx: Tx, gate: Gate, token_hash: bytes, *, moment: Moment) -> Denied:
    session_id = await session_store.session_of_refresh(tx, token_hash)
    if session_id is None:
        return Denied(SignedOut(reason="token_unknown"))
    await revoke(tx, gate, [session_id], RevokedFor.REFRESH_REUSED, actor=SYSTEM, moment=moment)
    return Denied(SignedOut(reason=RevokedFor.REFRESH_REUSED))


async def renew_page(tx: Tx, gate: Gate, principal: Principal, *, moment: Moment) -> SignedIn | None:
    """A later token for a page's session that is used; None where the one it has will do."""
    terms = _terms(gate.terms, principal.session_kind, principal.kind)
    is_fresh = principal.expires >= moment.wall_now + terms.idle - gate.terms.renew_page_after
    if principal.session_kind is not SessionKind.PAGE or is_fresh:
        return None
    row = await session_store.session(tx, principal.session_id)
    if row is None or row.revoked_at is not None:
        return None
    expires = session_ends(terms, started_at=row.started_at, wall_now=moment.wall_now)
    if expires <= principal.expires:
        return None
    await session_store.extend_session(tx, row.id, expires)
    return await _with_tokens(tx, gate, row.account, _Lease(row.id, row.kind, expires), moment=moment)


def ticket(gate: Gate, principal: Principal, *, moment: Moment) -> Ticket:
    """A token of the same session for the hello of a socket, which carries no cookie: it must be used at once."""
    ends = min(principal.expires, moment.wall_now + gate.terms.ticket_lives).replace(microsecond=0)
    return Ticket(tokens.access_token(gate.ring, principal.session_id, ends), ends)


async def sign_out(tx: Tx, gate: Gate, principal: Principal, *, moment: Moment) -> None:
    """End the session that the principal came with."""
    await revoke(tx, gate, [principal.session_id], RevokedFor.SIGNED_OUT, actor=principal.actor, moment=moment)


async def revoke_all(
    tx: Tx,
    gate: Gate,
    company_id: CompanyId,
    account_id: AccountId,
    reason: RevokedFor,
    *,
    actor: Actor,
    moment: Moment,
) -> int:
    """End every session of the account; how many there were."""
    open_sessions = await session_store.open_sessions(tx, company_id, account_id)
    return await revoke(tx, gate, open_sessions, reason, actor=actor, moment=moment)


async def revoke(
    tx: Tx, gate: Gate, sessions: Sequence[SessionId], reason: RevokedFor, *, actor: Actor, moment: Moment
) -> int:
    """End these sessions; how many were open until now."""
    events = {session_id: gate.ids.new() for session_id in sessions}
    gone = await session_store.revoke(tx, events, reason, actor, now=moment.now, wall_now=moment.wall_now)
    for session_id in gone:
        tx.hint(SESSIONS_REVOKED, session_id.bytes)
    return len(gone)


async def reread(tx: Tx, company_id: CompanyId, account_id: AccountId, *, moment: Moment) -> None:
    """Have every process read again what the account's sessions may do."""
    for session_id in await session_store.touch_sessions(tx, company_id, account_id, moment.wall_now):
        tx.hint(SESSIONS_CHANGED, session_id.bytes)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A long-lived access token without a refresh token, for programs: simulation, benchmarks, gateways."""

    account_id: AccountId
    access_token: str


async def issue(
    tx: Tx, gate: Gate, company_id: CompanyId, account_ids: Sequence[AccountId], lives: timedelta, *, moment: Moment
) -> list[IssuedToken]:
    """One session and one token for each account, in their order; revoked like any other session."""
    expires = moment.wall_now + lives
    sessions: Mapping[AccountId, SessionId] = {id_: SessionId(gate.ids.new()) for id_ in account_ids}
    await session_store.add_sessions(tx, company_id, sessions, moment.wall_now, expires)
    return [
        IssuedToken(account_id, tokens.access_token(gate.ring, session_id, expires))
        for account_id, session_id in sessions.items()
    ]


@dataclass(frozen=True, slots=True)
class _Lease:
    session_id: SessionId
    kind: SessionKind
    ends: datetime


async def _with_tokens(tx: Tx, gate: Gate, account: Account, lease: _Lease, *, moment: Moment) -> SignedIn:
    """An app gets a short access token and a refresh token; a page's cookie lives as long as its session."""
    ends = lease.ends.replace(microsecond=0)
    if lease.kind is SessionKind.PAGE:
        token = tokens.access_token(gate.ring, lease.session_id, ends)
        return SignedIn(account, lease.session_id, token, ends, None)
    access_ends = min(ends, (moment.wall_now + gate.terms.access_lives).replace(microsecond=0))
    fresh = tokens.refresh_token(gate.random_bytes)
    await session_store.add_refresh(tx, lease.session_id, tokens.refresh_hash(fresh), moment.wall_now)
    token = tokens.access_token(gate.ring, lease.session_id, access_ends)
    return SignedIn(account, lease.session_id, token, access_ends, fresh)


def _terms(terms: SignInTerms, kind: SessionKind, account_kind: AccountKind) -> SessionTerms:
    if kind is SessionKind.APP:
        return terms.app_session
    return terms.page_session if account_kind is AccountKind.STAFF else terms.phone_page_session
