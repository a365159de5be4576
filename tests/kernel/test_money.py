"""Won are rounded to a unit, halves away from zero."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.kernel.money import round_won


@pytest.mark.parametrize(
    ("amount", "unit", "won"),
    [
        (0, 1, 0),
        (Fraction(1, 2), 1, 1),
        (Fraction(-1, 2), 1, -1),
        (Fraction(1, 3), 1, 0),
        (12_499, 1_000, 12_000),
        (12_500, 1_000, 13_000),
        (-12_500, 1_000, -13_000),
        (Fraction(24_999, 2), 1_000, 12_000),
    ],
)
def test_amounts_are_rounded_to_the_unit(amount: Fraction | int, unit: int, won: int) -> None:
    assert round_won(amount, unit) == won


@given(amount=st.fractions(-(10**9), 10**9), unit=st.sampled_from([1, 10, 100, 500, 1_000]))
def test_rounding_moves_by_half_a_unit_at_most(amount: Fraction, unit: int) -> None:
    rounded = round_won(amount, unit)
    assert rounded % unit == 0
    assert abs(rounded - amount) * 2 <= unit
    assert round_won(-amount, unit) == -rounded
