"""The record that says what a run is worth, what was awarded, and where a driver stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from daeri.kernel.ids import CallId, CompanyId, DriverId
from daeri.kernel.terms import Service
from daeri.policies.model import Policy

Points = Annotated[int, Meta(ge=0, le=1_000_000)]
Weekday = Annotated[int, Meta(ge=1, le=7)]  # 1 is Monday (ISO 8601)
Hour = Annotated[int, Meta(ge=0, le=24)]  # o'clock in Korea
_DAY_H = 24


class RewardKind(StrEnum):
    """The kinds of call as rewards tell them apart; their values are those of calls' `Kind`."""

    OWN = "own"
    AFFILIATE = "affiliate"
    PHONE = "phone"
    CONSIGNED = "consigned"


class RewardSlot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours with a score of their own: on these days from `from_hour` (included) to `until_hour` (excluded).

    Hours that cross midnight belong to the day on which they begin.
    """

    days: Annotated[tuple[Weekday, ...], Meta(min_length=1, max_length=7)]
    from_hour: Hour
    until_hour: Hour
    score: Points


class RewardLevel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A level and the score of the window from which it is reached. `name` is a word of ours or the company's own."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    from_score: Points


_LEVELS = (
    RewardLevel(name="basic", from_score=0),
    RewardLevel(name="silver", from_score=60),
    RewardLevel(name="gold", from_score=150),
    RewardLevel(name="platinum", from_score=300),
)
_SLOTS = (
    RewardSlot(days=(5, 6), from_hour=21, until_hour=2, score=3),
    RewardSlot(days=(1, 2, 3, 4, 7), from_hour=21, until_hour=1, score=2),
)


class RewardPolicy(Policy, frozen=True, kw_only=True):
    """What a run is worth: `score` by the hour, points a run, and levels by the score of the last `window_days`.

    The first slot of the list that holds the hour speaks, else `base_score`. Own and phone calls count alike (R-023,
    R-024); affiliate and consigned ones count nothing.
    """

    name: ClassVar[str] = "rewards"

    base_score: Points = 1
    slots: Annotated[tuple[RewardSlot, ...], Meta(max_length=50)] = _SLOTS
    points_per_run: Points = 10
    window_days: Annotated[int, Meta(ge=1, le=366)] = 28
    levels: Annotated[tuple[RewardLevel, ...], Meta(min_length=1, max_length=20)] = _LEVELS

    def __post_init__(self) -> None:
        if any(slot.from_hour == slot.until_hour for slot in self.slots):
            raise ValueError("a slot must last: from_hour and until_hour differ")
        if any(slot.from_hour == _DAY_H for slot in self.slots):
            raise ValueError("from_hour ends at 23")
        thresholds = [level.from_score for level in self.levels]
        if thresholds != sorted(set(thresholds)) or thresholds[0] != 0:
            raise ValueError("levels must begin at 0 and grow")
        if len({level.name for level in self.levels}) < len(self.levels):
            raise ValueError("each level has a name of its own")


@dataclass(frozen=True, slots=True)
class Worth:
    """What a run is worth; `slot` are the hours that decided, None where none did."""

    score: int
    points: int
    slot: RewardSlot | None


@dataclass(frozen=True, slots=True)
class Ride:
    """A ride that has arrived, as the customer requested it.

    `wanted_at` is the hour that decides: when it was requested, or reserved for. `read_at` is when it began to look for
    a driver: the record in force then speaks, as it did on the card.
    """

    call_id: CallId
    company_id: CompanyId
    driver_id: DriverId
    number: str
    kind: RewardKind
    service: Service
    wanted_at: datetime
    read_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Reward:
    """What one ride was worth, kept for good with the record that said so."""

    call_id: CallId
    driver_id: DriverId
    number: str
    kind: RewardKind
    worth: Worth
    wanted_at: datetime
    ended_at: datetime
    policy_version: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a driver stands: score of the last `window_days`, all points, the level and the one that follows."""

    score: int
    points: int
    level: RewardLevel
    following: RewardLevel | None
    window_days: int


@dataclass(frozen=True, slots=True)
class RewardPage:
    """Awards newest first; `next_before` asks for what follows, None at the end."""

    items: tuple[Reward, ...]
    next_before: UUID | None
