"""PURE: what a Korean number plate looks like, which cancels count, what a customer may say of a drive and when."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from daeri.customers.bond_model import (
    LONGEST_COMMENT,
    MOST_TAGS,
    Cancel,
    InForce,
    Rating,
    RatingPolicy,
    Restriction,
    Said,
)
from daeri.kernel.result import Allowed, Refused
from daeri.policies.model import CancellationPolicy

# Old plates name their region, and may have one digit; what a car is for is told by its syllable.
_REGIONS: Final = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
_PRIVATE: Final = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주"
_RENTAL: Final = "하허호"
_TRADE: Final = "아바사자배"
_SERVICE: Final = "국합육해공"
_PLATE: Final = re.compile(
    f"(?:{_REGIONS})?[0-9]{{1,2}}[{_PRIVATE}{_RENTAL}{_TRADE}][0-9]{{4}}"
    f"|[1-9][0-9]{{2}}[{_PRIVATE}{_RENTAL}{_TRADE}][0-9]{{4}}"
    f"|[0-9]{{2}}[{_SERVICE}][0-9]{{4}}"
)
_BETWEEN: Final = re.compile(r"[\s\-·.]+")


def parse_plate(text: str) -> str | None:
    """`12 가 3456` → `12가3456`; None when it is no plate of a car that a designated driver may drive."""
    plate = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    return plate if _PLATE.fullmatch(plate) else None


def window_start(policy: CancellationPolicy, now: datetime) -> datetime:
    """Cancels after this instant count."""
    return now - timedelta(days=policy.window_days)


def counts_now(cancel: Cancel, policy: CancellationPolicy, now: datetime) -> bool:
    """Whether the cancel is on the count (R-062): neither forgiven nor older than the window."""
    return cancel.forgiven_at is None and cancel.at > window_start(policy, now)


def in_force(restrictions: Iterable[Restriction], policy: CancellationPolicy, now: datetime) -> InForce | None:
    """What refuses new calls now: of the restrictions not lifted, the one that ends last.

    A policy that has become milder since holds at once: a restriction whose count is below the limit of now does not
    hold, and none lasts longer than the length of now. A stricter one changes nothing that was told.
    """
    longest = timedelta(hours=policy.length_hours)
    held = [
        InForce(min(one.ends_at, one.starts_at + longest), one.count, one.limit, one.reason)
        for one in restrictions
        if one.lifted_at is None and one.count >= policy.limit
    ]
    return max((one for one in held if now < one.until), key=lambda one: one.until, default=None)


class RatingRefusal(StrEnum):
    STARS = "stars"
    TAGS = "tags"
    COMMENT = "comment"
    TOO_LATE = "too_late"


def judge_said(said: Said) -> Allowed | Refused[RatingRefusal]:
    """Whether this is something that can be said: 1 to 5 stars, a few tags once each, a comment of bounded length."""
    if not 1 <= said.stars <= 5:
        return Refused(RatingRefusal.STARS)
    if len(said.tags) > MOST_TAGS or len(set(said.tags)) != len(said.tags):
        return Refused(RatingRefusal.TAGS)
    if len(said.comment) > LONGEST_COMMENT:
        return Refused(RatingRefusal.COMMENT)
    return Allowed()


def changeable_until(rating: Rating, policy: RatingPolicy) -> datetime:
    """Until when the customer may say something else."""
    return rating.rated_at + timedelta(hours=policy.change_hours)


def judge_change(rating: Rating, policy: RatingPolicy, now: datetime) -> Allowed | Refused[RatingRefusal]:
    """Whether what was said may still be changed."""
    if now < changeable_until(rating, policy):
        return Allowed()
    return Refused(RatingRefusal.TOO_LATE, {"hours": policy.change_hours})
