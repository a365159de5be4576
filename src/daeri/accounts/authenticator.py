"""From an access token to who is asking, in a microsecond: what was proved once is remembered until it changes.

A hint on the bus drops what it names at once. Since a hint may be lost, one statement at most every `RECHECK` reads
which sessions changed lately; nothing is answered from memory when that reading is older.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from daeri.accounts import session_store, tokens
from daeri.accounts.model import (
    SESSIONS_CHANGED,
    SESSIONS_REVOKED,
    AccountStatus,
    Principal,
    SessionId,
    SignedOut,
)
from daeri.infra.bus import Bus
from daeri.infra.database import Database
from daeri.infra.keys import KeyRing
from daeri.kernel.time import EPOCH, WallClock

RECHECK: Final = timedelta(seconds=30)
# Covers transactions that were long open, and clocks of other machines that go behind.
_OVERLAP: Final = timedelta(seconds=60)
_CAPACITY: Final = 200_000

RevokedListener = Callable[[SessionId], None]


class Authenticator:
    """One for a process. `authenticate` is the only way in; `on_revoked` tells sockets and streams to close."""

    def __init__(
        self, database: Database, bus: Bus, ring: KeyRing, clock: WallClock, *, capacity: int = _CAPACITY
    ) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock
        self._capacity = capacity
        self._principals: OrderedDict[str, Principal] = OrderedDict()
        self._tokens: dict[SessionId, set[str]] = {}
        self._listeners: list[RevokedListener] = []
        self._known_revoked: set[SessionId] = set()
        self._changes = 0
        self._checked_at = EPOCH
        self._trusted_until = EPOCH
        self._checking = asyncio.Lock()
        self._stops = [bus.listen(SESSIONS_REVOKED, self._hear), bus.listen(SESSIONS_CHANGED, self._hear)]

    async def authenticate(self, token: str) -> Principal:
        """Whose token this is; raises SignedOut."""
        now = self._clock.wall_now()
        if now >= self._trusted_until:
            await self._recheck()
        principal = self._principals.get(token)
        if principal is None:
            return await self._read(token, now)
        if now >= principal.expires:
            self._drop_token(token, principal.session_id)
            raise SignedOut(reason="token_expired")
        self._principals.move_to_end(token)
        return principal

    def remembered(self, token: str) -> Principal | None:
        """Whose token this is, where that was proved lately; None where it takes `authenticate` to say."""
        now = self._clock.wall_now()
        principal = self._principals.get(token) if now < self._trusted_until else None
        if principal is None or now >= principal.expires:
            return None
        self._principals.move_to_end(token)
        return principal

    def on_revoked(self, listener: RevokedListener) -> Callable[[], None]:
        """Call `listener` once for each session that is revoked from now on; returns what stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def recheck(self) -> None:
        """Read what changed lately, if that was not done for half a minute; sockets that ask nothing need this."""
        if self._clock.wall_now() >= self._trusted_until:
            await self._recheck()

    def close(self) -> None:
        """Stop listening."""
        for stop in self._stops:
            stop()

    async def _read(self, token: str, now: datetime) -> Principal:
        claims = tokens.read_access_token(self._ring, token, wall_now=now)
        changes = self._changes
        async with self._database.reading() as tx:
            row = await session_store.session(tx, claims.session_id)
        principal = _principal(row, claims, now)
        # A change that came while we were reading may not be in what we read: then it is used once, not remembered.
        if changes == self._changes:
            self._remember(token, principal)
        return principal

    def _remember(self, token: str, principal: Principal) -> None:
        self._principals[token] = principal
        self._tokens.setdefault(principal.session_id, set()).add(token)
        if len(self._principals) > self._capacity:
            oldest, evicted = self._principals.popitem(last=False)
            self._forget_index(oldest, evicted.session_id)

    async def _recheck(self) -> None:
        async with self._checking:
            now = self._clock.wall_now()
            if now < self._trusted_until:
                return
            first = self._checked_at == EPOCH
            async with self._database.reading() as tx:
                changed = await session_store.changed_since(tx, (now if first else self._checked_at) - _OVERLAP)
            revoked = {session_id for session_id, gone in changed if gone}
            for session_id, _ in changed:
                self._drop_session(session_id)
            news = set() if first else revoked - self._known_revoked
            self._known_revoked = revoked
            self._checked_at, self._trusted_until = now, now + RECHECK
        self._announce(news)

    def _hear(self, topic: str, message: bytes) -> None:
        session_id = SessionId(UUID(bytes=message))
        self._drop_session(session_id)
        if topic == SESSIONS_REVOKED and session_id not in self._known_revoked:
            self._known_revoked.add(session_id)
            self._announce({session_id})

    def _announce(self, revoked: set[SessionId]) -> None:
        for session_id in revoked:
            for listener in tuple(self._listeners):
                listener(session_id)

    def _drop_session(self, session_id: SessionId) -> None:
        self._changes += 1
        for token in self._tokens.pop(session_id, ()):
            self._principals.pop(token, None)

    def _drop_token(self, token: str, session_id: SessionId) -> None:
        self._principals.pop(token, None)
        self._forget_index(token, session_id)

    def _forget_index(self, token: str, session_id: SessionId) -> None:
        held = self._tokens.get(session_id)
        if held is not None:
            held.discard(token)
            if not held:
                del self._tokens[session_id]


def _principal(row: session_store.SessionRow | None, claims: tokens.AccessClaims, now: datetime) -> Principal:
    if row is None or row.revoked_at is not None:
        raise SignedOut(reason="session_revoked")
    if now >= row.expires_at:
        raise SignedOut(reason="session_expired")
    if row.account.status is not AccountStatus.ACTIVE:
        raise SignedOut(reason="account_status")
    account = row.account
    expires = min(claims.expires, row.expires_at)
    return Principal(account.id, account.kind, account.company_id, row.id, row.kind, row.permissions, expires)
