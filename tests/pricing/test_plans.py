"""Fare plans: what each costs, what may be typed, and what a fare means for the chance of a driver."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.money import Won
from daeri.policies.api import PolicyBook
from daeri.policies.model import PolicyInvalid, Versioned, parse
from daeri.pricing import api
from daeri.pricing.model import FarePlan, LineKind, Quote, QuoteLine
from daeri.pricing.plan_model import (
    Chance,
    FareMoved,
    FareNotTyped,
    FareOutOfRange,
    FarePlanPolicy,
    PlanNotOffered,
    PlanReason,
    PlanSheet,
    PlanTerms,
    ShortageLevel,
)
from daeri.pricing.policy import choose, plan_sheet, raised

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
PLAIN = PlanTerms(Versioned(FarePlanPolicy(has_meter=True), 1), 5_000, 1_000_000, 100)
QUOTE = Quote(
    amount=Won(20_000),
    distance_m=9_000,
    duration_s=1_200,
    exact=True,
    lines=(QuoteLine(LineKind.BASE, Won(12_000)), QuoteLine(LineKind.DISTANCE, Won(8_000))),
    tariff_version=3,
)


@st.composite
def terms(draw: st.DrawFn) -> PlanTerms:
    """Any company's, within what the policies let it write."""
    levels = sorted(draw(st.tuples(*[st.integers(50, 300)] * 3)))
    policy = FarePlanPolicy(
        none_percent=levels[0],
        tight_percent=levels[1],
        short_percent=levels[2],
        typed_floor_percent=draw(st.integers(1, 100)),
        typed_ceiling_percent=draw(st.integers(100, 1_000)),
        low_percent=draw(st.integers(1, 100)),
        raise_percent=draw(st.integers(100, 300)),
        has_meter=draw(st.booleans()),
    )
    floor, ceiling = sorted(draw(st.tuples(*[st.integers(0, 2_000_000)] * 2)))
    return PlanTerms(Versioned(policy, 1), floor, ceiling, draw(st.sampled_from([1, 10, 100, 1_000])))


fares = st.integers(0, 3_000_000).map(Won)
levels = st.sampled_from(ShortageLevel)


def amount_of(sheet: PlanSheet, plan: FarePlan) -> int:
    amount = next(offer.amount for offer in sheet.plans if offer.plan is plan)
    assert amount is not None
    return amount


@pytest.mark.rule("R-054")
@pytest.mark.parametrize(
    ("level", "recommended", "low_below", "reason", "calculators_chance"),
    [
        (ShortageLevel.NONE, 20_000, 16_000, PlanReason.AS_USUAL, Chance.GOOD),
        (ShortageLevel.TIGHT, 23_000, 18_400, PlanReason.RAISED_TIGHT, Chance.FAIR),
        (ShortageLevel.SHORT, 26_000, 20_800, PlanReason.RAISED_SHORT, Chance.LOW),
    ],
)
def test_the_plans_stand_side_by_side(
    level: ShortageLevel, recommended: int, low_below: int, reason: PlanReason, calculators_chance: Chance
) -> None:
    sheet = api.plan_sheet(QUOTE, PLAIN, level)
    shown = {offer.plan: (offer.amount, offer.chance, offer.reason) for offer in sheet.plans}
    assert shown == {
        FarePlan.RECOMMENDED: (recommended, Chance.GOOD, reason),
        FarePlan.CALCULATOR: (20_000, calculators_chance, PlanReason.BY_THE_WAY),
        FarePlan.TYPED: (None, Chance.FAIR, PlanReason.YOUR_OWN),
        FarePlan.METER: (None, calculators_chance, PlanReason.BY_METER),
    }
    assert [offer.plan for offer in sheet.plans if offer.is_default] == [FarePlan.RECOMMENDED]
    assert (sheet.typed.floor_won, sheet.typed.ceiling_won, sheet.typed.low_below_won) == (10_000, 100_000, low_below)


@pytest.mark.rule("R-055")
@given(terms(), fares, levels, st.integers(-(10**12), 10**12))
def test_a_typed_fare_is_taken_within_the_bounds_and_nowhere_else(
    made: PlanTerms, calculated: Won, level: ShortageLevel, typed: int
) -> None:
    sheet = plan_sheet(calculated, made, level)
    floor, ceiling = sheet.typed.floor_won, sheet.typed.ceiling_won
    assert made.floor_won <= floor <= ceiling <= made.ceiling_won
    for amount in (floor, ceiling):
        assert choose(sheet, FarePlan.TYPED, amount) == amount
    for amount in {typed, floor - 1, ceiling + 1, 0, -1, 10**12}:
        if not floor <= amount <= ceiling:
            with pytest.raises(FareOutOfRange) as refused:
                choose(sheet, FarePlan.TYPED, amount)
            assert refused.value.facts == {"floor_won": floor, "ceiling_won": ceiling}


@pytest.mark.rule("R-054")
@given(terms(), fares, fares)
def test_the_recommended_fare_is_rounded_and_grows_with_shortage_and_with_the_way(
    made: PlanTerms, one: Won, other: Won
) -> None:
    shorter, longer = sorted((one, other))
    by_level = [
        [amount_of(plan_sheet(f, made, level), FarePlan.RECOMMENDED) for level in ShortageLevel]
        for f in (shorter, longer)
    ]
    for amounts in by_level:
        assert amounts == sorted(amounts)
        assert all(type(amount) is int and amount % made.rounding_unit_won == 0 for amount in amounts)
    assert all(less <= more for less, more in zip(*by_level, strict=True))


@given(terms(), fares, levels, fares, fares)
def test_a_higher_fare_never_has_a_lower_chance(
    made: PlanTerms, calculated: Won, level: ShortageLevel, one: Won, other: Won
) -> None:
    sheet = plan_sheet(calculated, made, level)
    lower, higher = sorted((one, other))
    assert api.is_low(lower, sheet) >= api.is_low(higher, sheet)


@pytest.mark.rule("R-056")
@given(terms(), fares, levels, fares)
def test_what_is_suggested_to_an_unmet_call_is_more_and_may_be_chosen(
    made: PlanTerms, calculated: Won, level: ShortageLevel, current: Won
) -> None:
    sheet = plan_sheet(calculated, made, level)
    found = raised(current, sheet, made)
    if found is None:
        assert current >= min(sheet.typed.ceiling_won, amount_of(sheet, FarePlan.RECOMMENDED))
        return
    plan, amount = found
    assert amount > current
    if plan is FarePlan.RECOMMENDED or amount >= sheet.typed.floor_won:
        assert choose(sheet, plan, amount) == amount


@given(fares, fares, st.sampled_from(FarePlan))
def test_the_lines_of_any_fare_add_up_to_it(calculated: Won, amount: Won, plan: FarePlan) -> None:
    quote = Quote(
        amount=calculated,
        distance_m=1,
        duration_s=1,
        exact=True,
        lines=(QuoteLine(LineKind.BASE, calculated),),
        tariff_version=0,
    )
    assert sum(line.amount for line in quote.lines_of(plan, amount)) == amount


def test_a_plan_that_costs_something_else_by_now_is_told_with_both_amounts() -> None:
    sheet = api.plan_sheet(QUOTE, PLAIN, ShortageLevel.SHORT)
    with pytest.raises(FareMoved) as refused:
        choose(sheet, FarePlan.RECOMMENDED, 20_000)
    assert refused.value.facts == {"plan": "recommended", "agreed_won": 20_000, "amount_won": 26_000}
    assert choose(sheet, FarePlan.RECOMMENDED, 26_000) == choose(sheet, FarePlan.RECOMMENDED, None) == 26_000


def test_the_meter_needs_a_company_that_offers_it_and_has_an_estimate() -> None:
    assert choose(api.plan_sheet(QUOTE, PLAIN, ShortageLevel.SHORT), FarePlan.METER, None) == 20_000
    without = replace(PLAIN, policy=Versioned(FarePlanPolicy(), 1))
    with pytest.raises(PlanNotOffered):
        choose(api.plan_sheet(QUOTE, without, ShortageLevel.NONE), FarePlan.METER, None)
    with pytest.raises(FareNotTyped):
        choose(api.plan_sheet(QUOTE, PLAIN, ShortageLevel.NONE), FarePlan.TYPED, None)


def test_the_terms_are_read_from_the_records_in_force() -> None:
    made = api.plan_terms(PolicyBook(), at=NOW)
    assert made == PlanTerms(Versioned(FarePlanPolicy(), 0), 5_000, 1_000_000, 100)


def test_a_policy_that_makes_no_sense_cannot_be_written() -> None:
    for wrong in (
        {"tight_percent": 99},
        {"typed_floor_percent": 101},
        {"typed_ceiling_percent": 99},
        {"default_plan": "typed"},
        {"default_plan": "meter"},
        {"none_percent": 0},
    ):
        with pytest.raises(PolicyInvalid):
            parse(FarePlanPolicy, wrong)
