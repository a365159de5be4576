"""A command and its answer are written together, so that the same command sent twice has one effect and one answer."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from asyncpg import UniqueViolationError

from daeri.infra.database import Tx
from daeri.kernel.errors import Category, DaeriError

MAX_KEY_LENGTH = 128

# The lock is tried before the row is read in the same statement; the primary key catches an answer
# that was committed in between.
_CLAIM = """
SELECT pg_try_advisory_xact_lock($4) AS mine, k.fingerprint, k.status, k.answer
FROM (SELECT 1) one LEFT JOIN idempotency_keys k ON k.actor_id = $1 AND k.route = $2 AND k.key = $3
"""
_REMEMBER = """
INSERT INTO idempotency_keys (actor_id, route, key, fingerprint, created_at, status, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class InProgress(DaeriError):
    """The same command is being carried out at this moment."""

    code = "in_progress"
    category = Category.CONFLICT


class KeyReused(DaeriError):
    """The key came before with another body."""

    code = "idempotency_key_reused"
    category = Category.INVALID


@dataclass(frozen=True, slots=True)
class CommandKey:
    """Names one command of one actor; the fingerprint is a digest of path and body."""

    actor_id: UUID
    route: str
    key: str
    fingerprint: bytes

    def lock_id(self) -> int:
        digest = blake2b(f"{self.actor_id}|{self.route}|{self.key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: HTTP status and body as bytes."""

    status: int
    body: bytes


def fingerprint(path: str, body: bytes) -> bytes:
    """The digest by which a repeated key's command is recognised as the same."""
    return blake2b(path.encode() + b"\0" + body, digest_size=16).digest()


async def claim(tx: Tx, command: CommandKey) -> Answer | None:
    """The answer kept for this command, or None when it is now ours to carry out.

    Raises InProgress when another transaction is carrying it out, KeyReused when the key came with another body.
    """
    row = await tx.row(_CLAIM, command.actor_id, command.route, command.key, command.lock_id())
    if row is None or not row["mine"]:
        raise InProgress()
    if row["status"] is None:
        return None
    if row["fingerprint"] != command.fingerprint:
        raise KeyReused()
    return Answer(row["status"], row["answer"])


async def remember(tx: Tx, command: CommandKey, answer: Answer, *, wall_now: datetime) -> None:
    """Keep the answer with the effects of the same transaction; InProgress when another was faster."""
    try:
        await tx.execute(
            _REMEMBER,
            command.actor_id,
            command.route,
            command.key,
            command.fingerprint,
            wall_now,
            answer.status,
            answer.body,
        )
    except UniqueViolationError as taken:
        raise InProgress() from taken
