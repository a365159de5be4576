"""The cards that a person may choose on the sandbox's page, one for each way that a payment can go."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from daeri.adapters.cards.provider.protocol import Problem


class Outcome(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"
    INSUFFICIENT = "insufficient"
    TIMEOUT_THEN_APPROVED = "timeout_then_approved"  # the order is approved, its answer never comes
    TIMEOUT_THEN_UNKNOWN = "timeout_then_unknown"  # no answer, and nobody knows until it is resolved
    APPROVED_TWICE = "approved_twice"  # the same order with another idempotency key is charged again
    CANCEL_REFUSED = "cancel_refused"


@dataclass(frozen=True, slots=True)
class PlayCard:
    """A card of no real company. Of its number nothing exists but what is shown."""

    outcome: Outcome
    issuer: str
    number_masked: str


DECK: Final[Mapping[Outcome, PlayCard]] = {
    outcome: PlayCard(outcome, f"{weather}시험카드", f"****-****-****-{last:04}")
    for outcome, weather, last in (
        (Outcome.APPROVED, "구름", 1),
        (Outcome.DECLINED, "서리", 2),
        (Outcome.INSUFFICIENT, "이슬", 3),
        (Outcome.TIMEOUT_THEN_APPROVED, "안개", 4),
        (Outcome.TIMEOUT_THEN_UNKNOWN, "노을", 5),
        (Outcome.APPROVED_TWICE, "무지개", 6),
        (Outcome.CANCEL_REFUSED, "눈꽃", 7),
    )
}
REFUSED_AT_ONCE: Final[Mapping[Outcome, Problem]] = {
    Outcome.DECLINED: Problem.DECLINED,
    Outcome.INSUFFICIENT: Problem.INSUFFICIENT,
}
NEVER_ANSWERED: Final = frozenset({Outcome.TIMEOUT_THEN_APPROVED, Outcome.TIMEOUT_THEN_UNKNOWN})
