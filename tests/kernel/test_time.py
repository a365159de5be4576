"""Business time that moves only when told to."""

from datetime import UTC, datetime, timedelta

import pytest

from daeri.kernel.time import EPOCH, KST, SteppedClock, SystemClock, to_millis

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def test_stepped_time_stands_until_it_is_moved() -> None:
    clock = SteppedClock(START)
    assert clock.now() == clock.now() == START
    clock.advance_to(START + timedelta(seconds=5))
    assert clock.now() == START + timedelta(seconds=5)
    clock.advance_to(clock.now())


def test_business_time_never_goes_back() -> None:
    clock = SteppedClock(START)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance_to(START - timedelta(microseconds=1))
    assert clock.now() == START


def test_the_system_clock_is_aware_utc() -> None:
    for instant in (SystemClock().now(), SystemClock().wall_now()):
        assert instant.utcoffset() == timedelta(0)
        assert abs(instant - datetime.now(UTC)) < timedelta(seconds=5)


def test_korea_is_nine_hours_ahead() -> None:
    assert START.astimezone(KST).isoformat() == "2026-11-22T23:00:00+09:00"


def test_milliseconds_are_rounded_down() -> None:
    assert to_millis(EPOCH + timedelta(microseconds=1_999)) == 1
    assert to_millis(EPOCH - timedelta(microseconds=1)) == -1
