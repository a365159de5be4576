"""Chances that hang on who, what and which trip, not on the order in which anything happens."""

from hashlib import blake2b

# Probabilities of a replay, per card, per assignment or per call.
ACCEPTS = 0.90
DECLINES = 0.06  # the rest ignores the card
DRIVER_CANCELS = 0.004
CHANGES_MIND = 0.02
DROPS_DRIVER = 0.01


def chance(seed: int, what: str, *whom: int) -> float:
    """Evenly from 0 up to 1, always the same for the same arguments."""
    text = f"{seed}/{what}/{'/'.join(map(str, whom))}"
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big") / 2**56


def between(low: float, high: float, draw: float) -> float:
    return low + (high - low) * draw
