"""Pure: what a fare leaves to its driver."""

from fractions import Fraction

from daeri.kernel.money import Won, round_won
from daeri.pricing.model import CommissionPolicy, Net, PremiumKind, PremiumPolicy


def share_of(fare: Won, percent: int) -> Won:
    """`percent` of a fare, rounded to whole won, halves away from zero."""
    return round_won(Fraction(fare * percent, 100))


def net_of(fare: Won, kind: PremiumKind, commission: CommissionPolicy, premium: PremiumPolicy) -> Net:
    """What `fare` leaves to the driver.

    `kind` may be given by its value, as calls name it.
    """
    kept = share_of(fare, commission.percent)
    charged = premium.of(PremiumKind(kind))
    return Net(fare=fare, commission=kept, premium=charged, net=Won(fare - kept - charged))
