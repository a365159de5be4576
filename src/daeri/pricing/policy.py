"""Pure: what a drive costs, and the plans that its customer chooses from."""

from collections.abc import Iterator
from datetime import datetime, time
from fractions import Fraction

from daeri.kernel.money import Won, round_won
from daeri.kernel.terms import Service
from daeri.kernel.time import KST
from daeri.policies.model import Versioned
from daeri.pricing.model import FarePlan, LineKind, Quote, QuoteLine, Route, ServiceRate, Tariff
from daeri.pricing.plan_model import (
    Chance,
    FareMoved,
    FareNotTyped,
    FareOutOfRange,
    PlanNotOffered,
    PlanOffer,
    PlanReason,
    PlanSheet,
    PlanTerms,
    ShortageLevel,
    TypedBounds,
)


def quote(
    tariff: Versioned[Tariff],
    route: Route,
    *,
    departure: datetime,
    vias: int = 0,
    service: Service = Service.GENERAL,
) -> Quote:
    """The fare of `route` for a departure at `departure` with `vias` stops on the way (I-026).

    Every line is rounded to whole won first and the sum to the tariff's unit last, so a longer way never costs less.
    """
    lines = tuple(line for line in _lines(tariff.value, route, departure, vias, service) if line.amount != 0)
    return Quote(
        amount=Won(sum(line.amount for line in lines)),
        distance_m=route.distance_m,
        duration_s=route.duration_s,
        exact=route.exact,
        lines=lines,
        tariff_version=tariff.version,
    )


def is_night(tariff: Tariff, departure: datetime) -> bool:
    """Whether `departure` lies in the tariff's night, in Korean time."""
    clock = departure.astimezone(KST).time()
    return _within(clock, tariff.night_from, tariff.night_until)


def _within(clock: time, start: time, end: time) -> bool:
    """Whether `clock` is in [start, end), which may cross midnight; equal ends hold nothing."""
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end


def _lines(tariff: Tariff, route: Route, departure: datetime, vias: int, service: Service) -> Iterator[QuoteLine]:
    """Each line that the tariff knows, zero ones too, in the order in which they build on each other."""
    fare = 0
    for line in _way(tariff, route, vias):
        fare += line.amount
        yield line
    night = round_won(Fraction(fare * tariff.night_percent, 100)) if is_night(tariff, departure) else Won(0)
    yield QuoteLine(LineKind.NIGHT, night)
    fare += night
    rate = tariff.services.get(service, ServiceRate())
    served = round_won(Fraction(fare * rate.percent, 100)) + rate.addition_won
    yield QuoteLine(LineKind.SERVICE, Won(served - fare))
    lifted = max(served, tariff.minimum_won)
    yield QuoteLine(LineKind.MINIMUM, Won(lifted - served))
    yield QuoteLine(LineKind.ROUNDING, Won(round_won(lifted, tariff.rounding_unit_won) - lifted))


def _way(tariff: Tariff, route: Route, vias: int) -> Iterator[QuoteLine]:
    """What the way itself costs, before night and service."""
    charged_m = max(0, route.distance_m - tariff.included_m)
    yield QuoteLine(LineKind.BASE, Won(tariff.base_won))
    yield QuoteLine(LineKind.DISTANCE, round_won(Fraction(charged_m * tariff.per_km_won, 1_000)))
    yield QuoteLine(LineKind.TIME, round_won(Fraction(route.duration_s * tariff.per_minute_won, 60)))
    yield QuoteLine(LineKind.VIAS, Won(vias * tariff.per_via_won))


def plan_sheet(calculated: Won, terms: PlanTerms, level: ShortageLevel) -> PlanSheet:
    """The fare plans for a trip that the calculator prices at `calculated`, while drivers are `level` short."""
    recommended = recommend(calculated, terms, level)
    bounds = typed_bounds(calculated, terms, level)
    policy = terms.policy.value
    plans = [
        (FarePlan.RECOMMENDED, recommended, _chance(recommended, recommended, bounds), _RAISED[level]),
        (FarePlan.CALCULATOR, calculated, _chance(calculated, recommended, bounds), PlanReason.BY_THE_WAY),
        (FarePlan.TYPED, None, Chance.FAIR, PlanReason.YOUR_OWN),
    ]
    if policy.has_meter:
        plans.append((FarePlan.METER, None, _chance(calculated, recommended, bounds), PlanReason.BY_METER))
    offers = tuple(
        PlanOffer(plan, amount, chance, plan is policy.default_plan, reason) for plan, amount, chance, reason in plans
    )
    return PlanSheet(offers, bounds, calculated, level)


def recommend(calculated: Won, terms: PlanTerms, level: ShortageLevel) -> Won:
    """The recommended fare, by a stated rule: the calculator's times the level's percentage, rounded (R-054)."""
    policy = terms.policy.value
    percent = {
        ShortageLevel.NONE: policy.none_percent,
        ShortageLevel.TIGHT: policy.tight_percent,
        ShortageLevel.SHORT: policy.short_percent,
    }[level]
    return round_won(Fraction(calculated * percent, 100), terms.rounding_unit_won)


def typed_bounds(calculated: Won, terms: PlanTerms, level: ShortageLevel) -> TypedBounds:
    """What may be typed: within the absolute bounds always, and within those relative to the calculator (R-055)."""
    policy, unit = terms.policy.value, terms.rounding_unit_won
    lowest = -(-calculated * policy.typed_floor_percent // (100 * unit)) * unit
    highest = calculated * policy.typed_ceiling_percent // (100 * unit) * unit
    floor = min(max(terms.floor_won, lowest), terms.ceiling_won)
    ceiling = max(min(terms.ceiling_won, highest), floor)
    low = round_won(Fraction(recommend(calculated, terms, level) * policy.low_percent, 100), unit)
    return TypedBounds(Won(floor), Won(ceiling), low)


def choose(sheet: PlanSheet, plan: FarePlan, given: int | None) -> Won:
    """What `plan` costs. `given` is what was typed, or for another plan what the customer agreed to, where they say.

    The meter's is its estimate. FareNotTyped, FareOutOfRange, FareMoved, PlanNotOffered.
    """
    if plan not in {offer.plan for offer in sheet.plans}:
        raise PlanNotOffered(plan=plan)
    if plan is FarePlan.TYPED:
        return _typed(given, sheet.typed)
    amounts = {offer.plan: offer.amount for offer in sheet.plans}
    amount = amounts[plan]
    if amount is None:
        return sheet.calculated
    if given is not None and given != amount:
        raise FareMoved(plan=plan, agreed_won=given, amount_won=amount)
    return amount


def raised(current: Won, sheet: PlanSheet, terms: PlanTerms) -> tuple[FarePlan, Won] | None:
    """What to raise an unmet call's fare to: the recommended one, else a step above; None at the ceiling (R-056)."""
    recommended = choose(sheet, FarePlan.RECOMMENDED, None)
    if recommended > current:
        return FarePlan.RECOMMENDED, recommended
    unit = terms.rounding_unit_won
    step = max(round_won(Fraction(current * terms.policy.value.raise_percent, 100), unit), Won(current + unit))
    amount = Won(min(max(step, sheet.typed.floor_won), sheet.typed.ceiling_won))
    return (FarePlan.TYPED, amount) if amount > current else None


_RAISED = {
    ShortageLevel.NONE: PlanReason.AS_USUAL,
    ShortageLevel.TIGHT: PlanReason.RAISED_TIGHT,
    ShortageLevel.SHORT: PlanReason.RAISED_SHORT,
}


def _chance(amount: Won, recommended: Won, bounds: TypedBounds) -> Chance:
    if amount < bounds.low_below_won:
        return Chance.LOW
    return Chance.GOOD if amount >= recommended else Chance.FAIR


def _typed(given: int | None, bounds: TypedBounds) -> Won:
    if given is None:
        raise FareNotTyped(floor_won=bounds.floor_won, ceiling_won=bounds.ceiling_won)
    if not bounds.floor_won <= given <= bounds.ceiling_won:
        raise FareOutOfRange(floor_won=bounds.floor_won, ceiling_won=bounds.ceiling_won)
    return Won(given)
