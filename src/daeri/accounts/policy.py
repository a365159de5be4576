"""PURE: what a code, a window, a one-time password or a session's age amount to."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import pyotp

from daeri.accounts.model import AccountStatus, Limit, SessionTerms
from daeri.kernel.result import Allowed, Refused
from daeri.kernel.time import EPOCH

CODE_DIGITS: Final = 6
TOTP_STEP_S: Final = 30
_TOTP_STEPS_OFF = (0, -1, 1)  # a telephone's clock may be half a minute off

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200

_STATUS_MOVES: Final = frozenset(
    {
        (AccountStatus.ACTIVE, AccountStatus.BLOCKED),
        (AccountStatus.BLOCKED, AccountStatus.ACTIVE),
        (AccountStatus.ACTIVE, AccountStatus.CLOSED),
        (AccountStatus.BLOCKED, AccountStatus.CLOSED),
    }
)


class CodeRefusal(StrEnum):
    WRONG = "wrong"
    EXPIRED = "expired"
    TOO_MANY = "too_many"


class WindowRefusal(StrEnum):
    FULL = "full"


@dataclass(frozen=True, slots=True)
class ChallengeFacts:
    """A challenge, with the attempt that is being judged already counted."""

    code_hash: bytes
    attempts: int
    expires_at: datetime
    used_at: datetime | None


def judge_code(
    facts: ChallengeFacts | None, presented_hash: bytes, *, attempts_allowed: int, wall_now: datetime
) -> Allowed | Refused[CodeRefusal]:
    """Whether this answer signs in. Time and attempts come first, so that a late right code tells nothing."""
    if facts is None or facts.used_at is not None or wall_now >= facts.expires_at:
        return Refused(CodeRefusal.EXPIRED)
    if facts.attempts > attempts_allowed:
        return Refused(CodeRefusal.TOO_MANY)
    if not hmac.compare_digest(facts.code_hash, presented_hash):
        return Refused(CodeRefusal.WRONG, {"attempts_left": attempts_allowed - facts.attempts})
    return Allowed()


def code_from(randomness: bytes) -> str:
    """Six digits from at least 8 random bytes; the bias of the remainder is below 1e-13."""
    return str(int.from_bytes(randomness, "big") % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def window_start(wall_now: datetime, window: timedelta) -> datetime:
    """The start of the fixed window that `wall_now` lies in; windows are counted from 1970."""
    return wall_now - (wall_now - EPOCH) % window


def judge_window(hits: int, limit: Limit, *, wall_now: datetime) -> Allowed | Refused[WindowRefusal]:
    """Whether the hit that was just counted still fits; else when the window ends, in whole seconds."""
    if hits <= limit.hits:
        return Allowed()
    ends = window_start(wall_now, limit.window) + limit.window
    seconds = -((wall_now - ends) // timedelta(seconds=1))
    return Refused(WindowRefusal.FULL, {"retry_after_s": max(1, seconds)})


def totp_step(secret: str, presented: str, *, last_step: int, wall_now: datetime) -> int | None:
    """The 30-second step whose one-time password (RFC 6238) was presented, if it is newer than the last one used."""
    totp = pyotp.TOTP(secret, interval=TOTP_STEP_S)
    current = (wall_now - EPOCH) // timedelta(seconds=TOTP_STEP_S)
    matched = None
    for off in _TOTP_STEPS_OFF:
        step = current + off
        if hmac.compare_digest(totp.generate_otp(step), presented) and step > last_step:
            matched = step
    return matched


def session_ends(terms: SessionTerms, *, started_at: datetime, wall_now: datetime) -> datetime:
    """When a session that is used now will end if it is not used again."""
    return min(wall_now + terms.idle, started_at + terms.longest)


def may_become(current: AccountStatus, wanted: AccountStatus) -> bool:
    """Whether the table of moves has (current, wanted)."""
    return (current, wanted) in _STATUS_MOVES


def clean_digits(text: str) -> str:
    """A code as typed, without spaces and hyphens; what is not ASCII digits or is too long becomes empty."""
    digits = text.strip().replace(" ", "").replace("-", "")
    return digits if digits.isascii() and digits.isdigit() and len(digits) <= CODE_DIGITS else ""


def clean_email(text: str) -> str | None:
    """The e-mail lower-cased, or None when it cannot be one."""
    email = text.strip().lower()
    name, at, host = email.rpartition("@")
    plain = email.isprintable() and not any(character.isspace() for character in email)
    return email if plain and name and at and "." in host and len(email) <= 254 else None
