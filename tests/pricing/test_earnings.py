"""What a fare leaves to its driver."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.calls.model import Kind
from daeri.kernel.money import Won
from daeri.pricing.api import net_of
from daeri.pricing.model import CommissionPolicy, Net, PremiumKind, PremiumPolicy

PREMIUMS = PremiumPolicy(own_won=0, affiliate_won=1_500, phone_won=700, consigned_won=900)


def test_kinds_of_premium_are_the_kinds_of_calls() -> None:
    assert {kind.value for kind in PremiumKind} == {kind.value for kind in Kind}


@pytest.mark.parametrize(
    ("kind", "premium"),
    [
        (PremiumKind.OWN, 0),
        pytest.param(PremiumKind.AFFILIATE, 1_500, marks=pytest.mark.rule("R-025")),
        (PremiumKind.PHONE, 700),
        (PremiumKind.CONSIGNED, 900),
    ],
)
def test_the_premium_is_that_of_the_kind(kind: PremiumKind, premium: int) -> None:
    expected = Net(fare=Won(25_000), commission=Won(5_000), premium=Won(premium), net=Won(20_000 - premium))
    assert net_of(Won(25_000), kind, CommissionPolicy(percent=20), PREMIUMS) == expected


@pytest.mark.rule("R-022")
@pytest.mark.parametrize("kind", PremiumKind)
def test_nobody_is_charged_a_premium_before_a_company_says_so(kind: PremiumKind) -> None:
    assert net_of(Won(25_000), kind, CommissionPolicy(), PremiumPolicy()).premium == 0


def test_half_a_won_of_commission_is_rounded_up() -> None:
    assert net_of(Won(50), PremiumKind.OWN, CommissionPolicy(percent=3), PREMIUMS).commission == 2


@given(
    fare=st.integers(0, 10_000_000),
    kind=st.sampled_from(PremiumKind),
    percent=st.integers(0, 100),
    own=st.integers(0, 10_000),
)
def test_the_parts_add_up(fare: int, kind: PremiumKind, percent: int, own: int) -> None:
    share = net_of(Won(fare), kind, CommissionPolicy(percent=percent), PremiumPolicy(own_won=own))
    assert share.net + share.commission + share.premium == share.fare == fare
    assert 0 <= share.commission <= fare
