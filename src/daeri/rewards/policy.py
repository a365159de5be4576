"""PURE: what a run is worth by hour and kind of call, and which level a score reaches."""

from datetime import date, datetime, timedelta

from daeri.kernel.time import KST
from daeri.rewards.model import RewardKind, RewardLevel, RewardPolicy, RewardSlot, Worth

# Phone calls count like own ones; what a partner ordered as affiliate, or drives itself, does not.
_COUNTED = frozenset({RewardKind.OWN, RewardKind.PHONE})


def worth_of(policy: RewardPolicy, kind: RewardKind, wanted_at: datetime) -> Worth:
    """Score and points of a run that is wanted at that instant (R-023, R-024)."""
    if kind not in _COUNTED:
        return Worth(0, 0, None)
    slot = next((slot for slot in policy.slots if holds(slot, wanted_at)), None)
    return Worth(policy.base_score if slot is None else slot.score, policy.points_per_run, slot)


def holds(slot: RewardSlot, instant: datetime) -> bool:
    """Whether the instant lies in the slot, in Korean time; hours past midnight are the evening's before."""
    local = instant.astimezone(KST)
    day, hour = local.isoweekday(), local.hour
    if slot.from_hour < slot.until_hour:
        return day in slot.days and slot.from_hour <= hour < slot.until_hour
    if hour >= slot.from_hour:
        return day in slot.days
    yesterday = 7 if day == 1 else day - 1
    return hour < slot.until_hour and yesterday in slot.days


def window_begins(policy: RewardPolicy, now: datetime) -> date:
    """The first Korean day whose score counts toward the level; today is the last."""
    return now.astimezone(KST).date() - timedelta(days=policy.window_days - 1)


def level_of(policy: RewardPolicy, score: int) -> tuple[RewardLevel, RewardLevel | None]:
    """The level that the score reaches, and the one that follows."""
    reached = [level for level in policy.levels if level.from_score <= score]
    beyond = policy.levels[len(reached) :]
    return reached[-1], beyond[0] if beyond else None
