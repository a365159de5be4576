"""What a policy answers: allowed, or refused with a reason that every audience can name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

Reason = TypeVar("Reason", bound=StrEnum)
Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Allowed:
    """Nothing stands against it."""


@dataclass(frozen=True, slots=True)
class Refused(Generic[Reason]):
    """Why not, and the facts that the reason rests on."""

    reason: Reason
    facts: Mapping[str, Fact] = field(default_factory=dict)
