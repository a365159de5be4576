"""What the API's JSON looks like where it is about rewards: what a run was worth, and where a driver stands."""

from datetime import datetime
from uuid import UUID

import msgspec

from daeri.rewards.model import Reward, RewardKind, RewardPage, RewardSlot, Standing


class SlotOut(msgspec.Struct, frozen=True):
    """The hours in Korea that decided a score: on which days (1 is Monday), from when, until when."""

    days: tuple[int, ...]
    from_hour: int
    until_hour: int


class RewardOut(msgspec.Struct, frozen=True):
    """What one ride was worth; `slot` is null where no hours have a score of their own."""

    call_id: UUID
    number: str
    kind: RewardKind
    wanted_at: datetime
    ended_at: datetime
    score: int
    points: int
    slot: SlotOut | None


class RewardsOut(msgspec.Struct, frozen=True):
    """Newest first."""

    items: tuple[RewardOut, ...]
    next_cursor: str | None


class LevelOut(msgspec.Struct, frozen=True):
    """A level and the score from which it is reached; a name that the pages have no word for is the company's own."""

    name: str
    from_score: int


class StandingOut(msgspec.Struct, frozen=True):
    """How a driver stands. `score` is that of the last `window_days`, `points` are all of them.

    `rating` is the mean of stars, none before the first; `next_level` is null at the highest.
    """

    level: LevelOut
    next_level: LevelOut | None
    score: int
    points: int
    window_days: int
    rating: float | None
    runs: int


def standing_out(standing: Standing, *, rating: float | None, runs: int) -> StandingOut:
    following = standing.following
    return StandingOut(
        level=LevelOut(standing.level.name, standing.level.from_score),
        next_level=None if following is None else LevelOut(following.name, following.from_score),
        score=standing.score,
        points=standing.points,
        window_days=standing.window_days,
        rating=rating,
        runs=runs,
    )


def reward_out(reward: Reward) -> RewardOut:
    return RewardOut(
        call_id=reward.call_id,
        number=reward.number,
        kind=reward.kind,
        wanted_at=reward.wanted_at,
        ended_at=reward.ended_at,
        score=reward.worth.score,
        points=reward.worth.points,
        slot=slot_out(reward.worth.slot),
    )


def rewards_out(page: RewardPage) -> RewardsOut:
    return RewardsOut(tuple(map(reward_out, page.items)), None if page.next_before is None else str(page.next_before))


def slot_out(slot: RewardSlot | None) -> SlotOut | None:
    return None if slot is None else SlotOut(slot.days, slot.from_hour, slot.until_hour)
