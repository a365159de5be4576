"""Pure: windows, codes, steps and the ends of sessions."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.accounts.model import AccountStatus, Limit, SessionTerms
from daeri.accounts.policy import (
    ChallengeFacts,
    CodeRefusal,
    code_from,
    judge_code,
    judge_window,
    may_become,
    session_ends,
    totp_step,
    window_start,
)
from daeri.kernel.result import Allowed, Refused
from daeri.kernel.time import from_millis

NOW = datetime(2026, 11, 22, 15, 7, 30, tzinfo=UTC)
instants = st.integers(0, 4_000_000_000_000).map(from_millis)
windows = st.timedeltas(timedelta(seconds=1), timedelta(days=1))


@given(instants, windows)
def test_a_window_holds_its_instant_and_says_when_it_ends(instant, window):
    start = window_start(instant, window)
    assert start <= instant < start + window
    refused = judge_window(2, Limit(1, window), wall_now=instant)
    assert isinstance(refused, Refused)
    later = instant + timedelta(seconds=refused.facts["retry_after_s"])
    assert window_start(later, window) > start
    assert later - timedelta(seconds=1) <= start + window


def test_the_last_hit_that_fits_is_allowed():
    limit = Limit(5, timedelta(minutes=15))
    assert judge_window(5, limit, wall_now=NOW) == Allowed()
    assert judge_window(6, limit, wall_now=NOW) == Refused("full", {"retry_after_s": 450})


@given(st.binary(min_size=8, max_size=8))
def test_a_code_is_six_digits(randomness):
    code = code_from(randomness)
    assert len(code) == 6
    assert code.isdigit()


@pytest.mark.parametrize(
    ("attempts", "age_s", "used", "presented", "expected"),
    [
        (5, 0, None, b"right", Allowed()),
        (5, 179, None, b"right", Allowed()),
        (5, 180, None, b"right", Refused(CodeRefusal.EXPIRED)),
        (1, 0, NOW, b"right", Refused(CodeRefusal.EXPIRED)),
        (6, 0, None, b"right", Refused(CodeRefusal.TOO_MANY)),
        (2, 0, None, b"wrong", Refused(CodeRefusal.WRONG, {"attempts_left": 3})),
    ],
)
def test_a_code_is_judged_by_time_attempts_and_content(attempts, age_s, used, presented, expected):
    facts = ChallengeFacts(b"right", attempts, NOW + timedelta(minutes=3), used)
    at = NOW + timedelta(seconds=age_s)
    assert judge_code(facts, presented, attempts_allowed=5, wall_now=at) == expected


def test_no_challenge_reads_like_an_expired_one():
    assert judge_code(None, b"", attempts_allowed=5, wall_now=NOW) == Refused(CodeRefusal.EXPIRED)


def test_a_step_counts_only_when_newer_than_the_last_used():
    secret = pyotp.random_base32()
    step = int(NOW.timestamp()) // 30
    code = pyotp.TOTP(secret).at(NOW)
    assert totp_step(secret, code, last_step=0, wall_now=NOW) == step
    assert totp_step(secret, code, last_step=step, wall_now=NOW) is None
    assert totp_step(secret, code, last_step=0, wall_now=NOW + timedelta(seconds=60)) is None


def test_a_session_never_outlives_its_longest_term():
    terms = SessionTerms(idle=timedelta(days=30), longest=timedelta(days=180))
    assert session_ends(terms, started_at=NOW, wall_now=NOW) == NOW + timedelta(days=30)
    late = NOW + timedelta(days=170)
    assert session_ends(terms, started_at=NOW, wall_now=late) == NOW + timedelta(days=180)


def test_the_status_table():
    reachable = {(a, b) for a in AccountStatus for b in AccountStatus if may_become(a, b)}
    assert reachable == {
        ("active", "blocked"),
        ("active", "closed"),
        ("blocked", "active"),
        ("blocked", "closed"),
    }
