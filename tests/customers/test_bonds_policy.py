"""Which cancels count, what holds by the policy of now, and what may be said of a drive: pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from daeri.customers.bond_model import (
    LONGEST_COMMENT,
    MOST_TAGS,
    Cancel,
    LiftedAs,
    Rating,
    RatingPolicy,
    RatingTag,
    Restriction,
    RestrictionReason,
    Said,
)
from daeri.customers.policy import RatingRefusal, counts_now, in_force, judge_change, judge_said
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId
from daeri.kernel.result import Allowed, Refused
from daeri.policies.model import CancellationPolicy

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
SOMEBODY = UUID(int=1)
RULES = CancellationPolicy(limit=3, window_days=30, length_hours=24)
CANCEL = Cancel(CallId(SOMEBODY), CustomerId(SOMEBODY), "assigned", NOW, None, None, None)
RESTRICTION = Restriction(
    id=SOMEBODY,
    company_id=CompanyId(SOMEBODY),
    customer_id=CustomerId(SOMEBODY),
    call_id=CallId(SOMEBODY),
    reason=RestrictionReason.CANCELLATIONS,
    starts_at=NOW,
    ends_at=NOW + timedelta(hours=24),
    count=3,
    limit=3,
    window_days=30,
    policy_version=1,
    lifted_at=None,
    lifted_as=None,
    lifted_by=None,
    lifted_for=None,
)
RATING = Rating(CallId(SOMEBODY), CustomerId(SOMEBODY), DriverId(SOMEBODY), Said(5), NOW, NOW, 1)


@pytest.mark.rule("R-062")
def test_a_cancel_counts_to_the_end_of_the_window_unless_forgiven() -> None:
    ends = NOW + timedelta(days=30)
    assert counts_now(CANCEL, RULES, ends - timedelta(microseconds=1))
    assert not counts_now(CANCEL, RULES, ends)
    assert not counts_now(replace(CANCEL, forgiven_at=NOW), RULES, NOW)


@pytest.mark.rule("R-062")
def test_a_restriction_holds_to_its_end() -> None:
    held = in_force([RESTRICTION], RULES, RESTRICTION.ends_at - timedelta(microseconds=1))
    assert held is not None
    assert (held.until, held.count, held.limit) == (RESTRICTION.ends_at, 3, 3)
    assert in_force([RESTRICTION], RULES, RESTRICTION.ends_at) is None
    assert in_force([replace(RESTRICTION, lifted_at=NOW, lifted_as=LiftedAs.BY_STAFF)], RULES, NOW) is None


@pytest.mark.rule("R-062")
def test_of_several_the_one_that_ends_last_is_told() -> None:
    later = replace(RESTRICTION, starts_at=NOW + timedelta(hours=1), ends_at=NOW + timedelta(hours=25))
    held = in_force([later, RESTRICTION], RULES, NOW)
    assert held is not None
    assert held.until == later.ends_at


@pytest.mark.rule("I-008")
def test_a_milder_policy_holds_at_once_and_a_stricter_one_changes_nothing() -> None:
    assert in_force([RESTRICTION], CancellationPolicy(limit=4), NOW) is None
    shorter = in_force([RESTRICTION], CancellationPolicy(limit=3, length_hours=2), NOW)
    assert shorter is not None
    assert shorter.until == NOW + timedelta(hours=2)
    stricter = in_force([RESTRICTION], CancellationPolicy(limit=1, length_hours=100), NOW)
    assert stricter is not None
    assert (stricter.until, stricter.limit) == (RESTRICTION.ends_at, 3)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        (Said(0), RatingRefusal.STARS),
        (Said(6), RatingRefusal.STARS),
        (Said(-1), RatingRefusal.STARS),
        (Said(5, tuple(RatingTag)[: MOST_TAGS + 1]), RatingRefusal.TAGS),
        (Said(5, (RatingTag.KIND, RatingTag.KIND)), RatingRefusal.TAGS),
        (Said(5, (), "가" * (LONGEST_COMMENT + 1)), RatingRefusal.COMMENT),
    ],
)
def test_what_cannot_be_said(said: Said, refused: RatingRefusal) -> None:
    assert judge_said(said) == Refused(refused)


@pytest.mark.parametrize("stars", range(1, 6))
def test_what_can_be_said(stars: int) -> None:
    assert judge_said(Said(stars, tuple(RatingTag)[:MOST_TAGS], "가" * LONGEST_COMMENT)) == Allowed()


def test_what_was_said_may_be_changed_for_a_while() -> None:
    rules = RatingPolicy(change_hours=24)
    assert judge_change(RATING, rules, NOW + timedelta(hours=24, microseconds=-1)) == Allowed()
    assert judge_change(RATING, rules, NOW + timedelta(hours=24)) == Refused(RatingRefusal.TOO_LATE, {"hours": 24})
