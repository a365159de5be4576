"""Whose insurance covers a drive, which partner covers well enough, and what a ride's periods leave bare."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.insurance.api import decide_partner, lay_out
from daeri.insurance.model import (
    Break,
    Cover,
    CoverPolicy,
    CoverRefusal,
    CoverReport,
    CoverSource,
    CoverTerms,
    Gap,
    InsuredBy,
)
from daeri.insurance.policy import source_of
from daeri.kernel.ids import CallId, CompanyId, DriverId
from daeri.kernel.result import Allowed, Refused
from daeri.policies.model import PolicyInvalid, parse

BEGIN = datetime(2026, 11, 22, 14, tzinfo=UTC)
OWN = CoverPolicy().terms


def _at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def _cover(starts: float, ends: float | None, call: int = 1) -> Cover:
    return Cover(
        call_id=CallId(UUID(int=call)),
        ride_id=CallId(UUID(int=1)),
        driver_id=DriverId(UUID(int=7)),
        performer_id=CompanyId(UUID(int=8)),
        source=CoverSource.DRIVER,
        insurer="한빛손해보험",
        policy_shown="**********0123",
        policy_until=None,
        application_id=None,
        terms=OWN,
        policy_version=0,
        starts_at=_at(starts),
        ends_at=None if ends is None else _at(ends),
    )


@pytest.mark.rule("R-026")
@pytest.mark.parametrize(
    ("insured_by", "by_partner", "source"),
    [
        (InsuredBy.DRIVER, False, CoverSource.DRIVER),
        (InsuredBy.COMPANY, False, CoverSource.COMPANY),
        (InsuredBy.DRIVER, True, CoverSource.PARTNER),
        (InsuredBy.COMPANY, True, CoverSource.PARTNER),
    ],
)
def test_a_partners_driver_is_covered_by_the_partners_program(
    insured_by: InsuredBy, by_partner: bool, source: CoverSource
) -> None:
    policy = CoverPolicy(insured_by=insured_by, insurer="한빛손해보험", policy_number="HB-1")
    assert source_of(policy, by_partner=by_partner) is source


def test_a_company_that_insures_says_by_which_policy() -> None:
    with pytest.raises(PolicyInvalid, match="insurer"):
        parse(CoverPolicy, {"insured_by": "company", "insurer": " "})
    assert parse(CoverPolicy, {"insured_by": "company", "insurer": "a", "policy_number": "b"}).insurer == "a"


@pytest.mark.rule("R-027")
@pytest.mark.parametrize(
    ("partner", "reason"),
    [
        (None, CoverRefusal.UNKNOWN),
        (replace(OWN, injury_won=OWN.injury_won - 1), CoverRefusal.INJURY),
        (replace(OWN, property_won=OWN.property_won - 1), CoverRefusal.PROPERTY),
        (replace(OWN, own_car_won=0), CoverRefusal.OWN_CAR),
        (replace(OWN, deductible_won=OWN.deductible_won + 1), CoverRefusal.DEDUCTIBLE),
    ],
)
def test_a_partner_whose_cover_is_below_our_own_is_not_eligible(
    partner: CoverTerms | None, reason: CoverRefusal
) -> None:
    decided = decide_partner(OWN, partner)
    assert isinstance(decided, Refused)
    assert decided.reason is reason


@pytest.mark.rule("R-027")
def test_a_refusal_names_both_amounts() -> None:
    decided = decide_partner(OWN, replace(OWN, own_car_won=10_000_000))
    assert decided == Refused(CoverRefusal.OWN_CAR, {"own_won": 50_000_000, "partner_won": 10_000_000})


_WON = st.integers(0, 1_000_000_000)
_TERMS = st.builds(CoverTerms, _WON, _WON, _WON, _WON)


@pytest.mark.rule("R-027")
@given(own=_TERMS, partner=_TERMS)
def test_whoever_is_allowed_leaves_the_customer_nowhere_worse_off(own: CoverTerms, partner: CoverTerms) -> None:
    as_good = (
        partner.injury_won >= own.injury_won
        and partner.property_won >= own.property_won
        and partner.own_car_won >= own.own_car_won
        and partner.deductible_won <= own.deductible_won
    )
    assert (decide_partner(own, partner) == Allowed()) is as_good
    assert decide_partner(own, own) == Allowed()


@pytest.mark.rule("R-030", "I-028")
@pytest.mark.parametrize(
    ("covers", "cut", "gaps"),
    [
        pytest.param([_cover(0, 20)], None, [], id="one drive has no gap"),
        pytest.param([_cover(0, None)], None, [], id="nor one under way"),
        pytest.param([], None, [], id="a call that was never driven says nothing"),
        pytest.param(
            [_cover(12, 20, 2), _cover(0, 5)],
            Break(_at(5)),
            [Gap(_at(5), _at(12))],
            id="between cancel and the reconnected drive",
        ),
        pytest.param([_cover(0, 5), _cover(5, 20, 2)], Break(_at(5)), [], id="reconnected at once"),
        pytest.param([_cover(0, 5)], Break(_at(5)), [Gap(_at(5), None)], id="reconnected and not driving yet"),
        pytest.param(
            [_cover(0, 5)], Break(_at(5), _at(9)), [Gap(_at(5), _at(9))], id="reconnected and ended before it drove"
        ),
        pytest.param(
            [_cover(12, None, 2)], Break(_at(5)), [Gap(_at(5), _at(12))], id="cut off before it had begun to drive"
        ),
        pytest.param([], Break(_at(5)), [Gap(_at(5), None)], id="never covered at all"),
        pytest.param(
            [_cover(0, 30), _cover(5, 20, 2)], Break(_at(30)), [Gap(_at(30), None)], id="one inside the other"
        ),
    ],
)
def test_what_lies_between_the_periods_of_a_ride_is_told(
    covers: list[Cover], cut: Break | None, gaps: list[Gap]
) -> None:
    report = lay_out(covers, cut)
    assert list(report.gaps) == gaps
    assert [cover.starts_at for cover in report.covers] == sorted(cover.starts_at for cover in covers)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 100)), min_size=1, max_size=8))
def test_no_instant_is_both_covered_and_bare(spans: list[tuple[int, int]]) -> None:
    covers = [_cover(start, start + length, place + 1) for place, (start, length) in enumerate(spans)]
    report: CoverReport = lay_out(covers)
    begin, end = min(start for start, _ in spans), max(start + length for start, length in spans)
    for minute in range(begin, end):
        instant = _at(minute + 0.5)
        is_covered = any(cover.starts_at <= instant < (cover.ends_at or instant) for cover in report.covers)
        is_bare = any(gap.since <= instant < (gap.until or instant) for gap in report.gaps)
        assert is_covered is not is_bare


def test_a_gap_knows_how_long_it_was() -> None:
    assert Gap(_at(5), _at(12)).seconds == 420
    assert Gap(_at(5), None).seconds is None
