"""Won: whole Korean won, never a float."""

from fractions import Fraction
from typing import NewType

Won = NewType("Won", int)


def round_won(amount: Fraction | int, unit: int = 1) -> Won:
    """`amount` to the nearest multiple of `unit` won, halves away from zero."""
    sign = -1 if amount < 0 else 1
    units = (abs(Fraction(amount)) / unit + Fraction(1, 2)).__floor__()
    return Won(sign * units * unit)
