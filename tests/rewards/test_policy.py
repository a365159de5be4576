"""What a run is worth by hour and kind of call, and which level a score reaches."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.time import KST
from daeri.policies.model import PolicyInvalid, parse
from daeri.rewards.api import score_of
from daeri.rewards.model import RewardKind, RewardLevel, RewardPolicy, RewardSlot, Worth
from daeri.rewards.policy import holds, level_of, window_begins

FRIDAY_NIGHT = RewardSlot(days=(5,), from_hour=21, until_hour=2, score=5)
LUNCH = RewardSlot(days=(1, 2, 3, 4, 5), from_hour=11, until_hour=14, score=2)
POLICY = RewardPolicy(base_score=1, slots=(FRIDAY_NIGHT, LUNCH), points_per_run=10)


def korean(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KST)


@pytest.mark.rule("R-015")
@pytest.mark.parametrize(
    ("wanted", "score"),
    [
        ("2026-11-27T20:59:59", 1),  # a Friday
        ("2026-11-27T21:00:00", 5),
        ("2026-11-28T01:59:59", 5),  # Saturday by the calendar, Friday night to people
        ("2026-11-28T02:00:00", 1),
        ("2026-11-28T21:00:00", 1),
        ("2026-11-27T00:30:00", 1),  # the night of Thursday
        ("2026-11-27T11:00:00", 2),
        ("2026-11-27T14:00:00", 1),
        ("2026-11-29T12:00:00", 1),  # a Sunday
    ],
)
def test_the_korean_hour_decides_the_score(wanted: str, score: int) -> None:
    assert score_of(POLICY, RewardKind.OWN, wanted_at=korean(wanted)).score == score


def test_a_night_that_begins_on_sunday_goes_on_into_monday() -> None:
    sunday = RewardSlot(days=(7,), from_hour=22, until_hour=1, score=9)
    assert holds(sunday, korean("2026-11-30T00:59:00"))
    assert not holds(sunday, korean("2026-11-30T22:00:00"))


def test_until_midnight_is_24_o_clock() -> None:
    evening = RewardSlot(days=(5,), from_hour=18, until_hour=24, score=9)
    assert holds(evening, korean("2026-11-27T23:59:59"))
    assert not holds(evening, korean("2026-11-28T00:00:00"))


def test_the_first_slot_of_the_list_speaks() -> None:
    whole_week = RewardSlot(days=(1, 2, 3, 4, 5, 6, 7), from_hour=0, until_hour=24, score=4)
    policy = RewardPolicy(slots=(LUNCH, whole_week))
    assert score_of(policy, RewardKind.OWN, wanted_at=korean("2026-11-27T12:00:00")).slot == LUNCH
    assert score_of(policy, RewardKind.OWN, wanted_at=korean("2026-11-27T15:00:00")).slot == whole_week


instants = st.integers(0, 60 * 24 * 700).map(lambda minutes: korean("2026-01-01T00:00:00") + timedelta(minutes=minutes))


@pytest.mark.rule("R-023", "R-024")
@given(instants)
def test_a_phone_call_counts_like_an_own_call_of_the_same_hour(wanted: datetime) -> None:
    own = score_of(POLICY, RewardKind.OWN, wanted_at=wanted)
    assert score_of(POLICY, RewardKind.PHONE, wanted_at=wanted) == own
    assert own.points == 10
    assert own.score > 0


@pytest.mark.rule("R-023")
@pytest.mark.parametrize("kind", [RewardKind.AFFILIATE, RewardKind.CONSIGNED])
@given(wanted=instants)
def test_an_affiliate_call_counts_nothing(kind: RewardKind, wanted: datetime) -> None:
    assert score_of(POLICY, kind, wanted_at=wanted) == Worth(0, 0, None)


def test_levels_are_reached_at_their_threshold() -> None:
    basic, gold = RewardLevel(name="basic", from_score=0), RewardLevel(name="gold", from_score=100)
    policy = RewardPolicy(levels=(basic, gold))
    assert level_of(policy, 0) == (basic, gold)
    assert level_of(policy, 99) == (basic, gold)
    assert level_of(policy, 100) == (gold, None)


def test_the_window_ends_today_in_korea() -> None:
    assert window_begins(RewardPolicy(window_days=1), korean("2026-11-27T00:00:00")) == date(2026, 11, 27)
    assert window_begins(RewardPolicy(window_days=28), korean("2026-11-28T23:59:59")) == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"slots": [{"days": [5], "from_hour": 3, "until_hour": 3, "score": 1}]}, "last"),
        ({"slots": [{"days": [5], "from_hour": 24, "until_hour": 3, "score": 1}]}, "23"),
        ({"slots": [{"days": [], "from_hour": 1, "until_hour": 3, "score": 1}]}, "slots"),
        ({"slots": [{"days": [8], "from_hour": 1, "until_hour": 3, "score": 1}]}, "slots"),
        ({"slots": [{"days": [1], "from_hour": 1, "until_hour": 3, "score": -1}]}, "slots"),
        ({"slots": [{"days": [1], "from_hour": 1, "until_hour": 3, "score": 1, "name": "x"}]}, "name"),
        ({"levels": []}, "levels"),
        ({"levels": [{"name": "a", "from_score": 1}]}, "begin at 0"),
        ({"levels": [{"name": "a", "from_score": 0}, {"name": "b", "from_score": 0}]}, "grow"),
        ({"levels": [{"name": "a", "from_score": 0}, {"name": "a", "from_score": 9}]}, "name of its own"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(value: dict[str, Any], problem: str) -> None:
    with pytest.raises(PolicyInvalid, match=problem):
        parse(RewardPolicy, value)


def test_the_built_in_record_is_one_that_could_be_written() -> None:
    assert parse(RewardPolicy, msgspec.to_builtins(RewardPolicy())) == RewardPolicy()
