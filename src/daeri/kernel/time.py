"""Business time and wall time. Instants are aware UTC datetimes; people see Korean time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """Business time: what calls, offers and policies see. A replay steps it."""

    def now(self) -> datetime: ...


class WallClock(Protocol):
    """Real time: codes, tokens, rate limits, leases, retries. Never stepped."""

    def wall_now(self) -> datetime: ...


class SystemClock:
    """Both clocks of a process that runs in real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wall_now(self) -> datetime:
        return datetime.now(UTC)


class SteppedClock:
    """Business time that moves only when told to."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance_to(self, instant: datetime) -> None:
        if instant < self._now:
            raise ValueError(f"business time cannot go back from {self._now} to {instant}")
        self._now = instant


def to_millis(instant: datetime) -> int:
    """Whole milliseconds since 1970-01-01 UTC."""
    return (instant - EPOCH) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """The instant `millis` milliseconds after 1970-01-01 UTC."""
    return EPOCH + timedelta(milliseconds=millis)
