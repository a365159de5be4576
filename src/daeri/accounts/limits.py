"""Rate limits as rows: counted in the caller's transaction, so that they survive a restart."""

from datetime import datetime

from daeri.accounts import session_store
from daeri.accounts.gate import Gate
from daeri.accounts.model import Denied, Limit, RateLimited
from daeri.accounts.policy import judge_window, window_start
from daeri.infra.database import Tx
from daeri.kernel.result import Refused

_SUBJECT = b"rate_limit"


def subject_hash(gate: Gate, subject: str) -> bytes:
    """An address or e-mail is personal data too: only its keyed hash is kept."""
    return gate.ring.keyed_hash(_SUBJECT, subject.encode())


async def count(tx: Tx, gate: Gate, hits: list[tuple[str, str, Limit]], *, wall_now: datetime) -> Denied | None:
    """Count a hit for each (scope, subject, limit); the first that is over its limit."""
    over: Denied | None = None
    # One order for everybody, so that two requests never wait for each other's rows.
    for scope, subject, limit in sorted(hits, key=lambda hit: hit[:2]):
        start = window_start(wall_now, limit.window)
        number = await session_store.hit(tx, scope, subject_hash(gate, subject), start, limit.window)
        verdict = judge_window(number, limit, wall_now=wall_now)
        if isinstance(verdict, Refused) and over is None:
            over = Denied(RateLimited(scope=scope, **verdict.facts))
    return over


async def forget(tx: Tx, gate: Gate, scope: str, subject: str) -> None:
    """Begin anew, after a success."""
    await session_store.forget_hits(tx, scope, subject_hash(gate, subject))
