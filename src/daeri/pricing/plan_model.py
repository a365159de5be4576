"""Fare plans: the policy that they are made by, the sheet that shows them side by side, and the refusals."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta

from daeri.kernel.errors import Conflict, Invalid
from daeri.kernel.money import Won
from daeri.policies.model import Policy, Versioned
from daeri.pricing.model import FarePlan


class ShortageLevel(StrEnum):
    """How short drivers are around a place (R-052)."""

    NONE = "none"
    TIGHT = "tight"
    SHORT = "short"


class Chance(StrEnum):
    """What a fare means for the chance of a driver."""

    LOW = "low"
    FAIR = "fair"
    GOOD = "good"


class PlanReason(StrEnum):
    """Why a plan costs what it costs."""

    AS_USUAL = "as_usual"
    RAISED_TIGHT = "raised_tight"
    RAISED_SHORT = "raised_short"
    BY_THE_WAY = "by_the_way"  # distance and time
    YOUR_OWN = "your_own"
    BY_METER = "by_meter"


Percent = Annotated[int, Meta(ge=1, le=1_000)]


class FarePlanPolicy(Policy, frozen=True, kw_only=True):
    """The fare plans that customers choose from, as percentages of the calculator's fare (R-054, R-055, R-056).

    The recommended fare is `none_percent`, `tight_percent` or `short_percent` of the calculator's, by how short drivers
    are, rounded as the tariff says. A typed fare lies within the request limits and within `typed_floor_percent` and
    `typed_ceiling_percent`. Below `low_percent` of the recommended fare the chance of a driver is low. Where even the
    recommended fare finds nobody, a call's fare may be raised by steps of `raise_percent`.
    """

    name: ClassVar[str] = "fare_plans"

    default_plan: FarePlan = FarePlan.RECOMMENDED
    none_percent: Percent = 100
    tight_percent: Percent = 115
    short_percent: Percent = 130
    typed_floor_percent: Percent = 50
    typed_ceiling_percent: Percent = 500
    low_percent: Annotated[int, Meta(ge=1, le=100)] = 80
    raise_percent: Annotated[int, Meta(ge=100, le=1_000)] = 110
    has_meter: bool = False

    def __post_init__(self) -> None:
        if not self.none_percent <= self.tight_percent <= self.short_percent:
            raise ValueError("the recommended fare may not fall while drivers grow shorter")
        if not self.typed_floor_percent <= 100 <= self.typed_ceiling_percent:
            raise ValueError("the calculator's fare must lie within what may be typed")
        if self.default_plan is FarePlan.TYPED:
            raise ValueError("default_plan may not be typed: somebody must have typed it")
        if self.default_plan is FarePlan.METER and not self.has_meter:
            raise ValueError("default_plan may not be a plan that is not offered")


@dataclass(frozen=True, slots=True)
class TypedBounds:
    """What may be typed, in won, and where the chance of a driver becomes low."""

    floor_won: Won
    ceiling_won: Won
    low_below_won: Won


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """One plan as it is offered; `amount` is None where nobody knows it yet."""

    plan: FarePlan
    amount: Won | None
    chance: Chance
    is_default: bool
    reason: PlanReason


@dataclass(frozen=True, slots=True)
class PlanSheet:
    """All plans for one trip, side by side."""

    plans: tuple[PlanOffer, ...]
    typed: TypedBounds
    calculated: Won
    shortage: ShortageLevel


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What a sheet is made by: the policy, the absolute bounds of the request limits, the tariff's unit; in won."""

    policy: Versioned[FarePlanPolicy]
    floor_won: int
    ceiling_won: int
    rounding_unit_won: int


class FareOutOfRange(Invalid):
    """A typed fare is below the floor or above the ceiling; facts: floor_won, ceiling_won."""

    code = "fare_out_of_range"


class FareNotTyped(Invalid):
    """The plan is typed by hand, but no amount came with it."""

    code = "fare_not_typed"


class PlanNotOffered(Invalid):
    """The company does not offer this plan here. Facts: plan."""

    code = "fare_plan_not_offered"


class FareMoved(Conflict):
    """The plan costs something else by now than what the customer agreed to. Facts: plan, agreed_won, amount_won."""

    code = "fare_moved"
