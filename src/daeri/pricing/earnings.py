"""Pure: what a fare leaves to its driver."""

from fractions import Fraction

from daeri.kernel.money import Won, round_won
from daeri.pricing.model import CommissionPolicy, Net, PremiumKind, PremiumPolicy


def net_of(fare: Won, kind: PremiumKind, commission: CommissionPolicy, premium: PremiumPolicy) -> Net:
    """What `fare` leaves to the driver. The commission is rounded to whole won, halves away from zero.

    `kind` may be given by its value, as calls name it.
    """
    kept = round_won(Fraction(fare * commission.percent, 100))
    charged = premium.of(PremiumKind(kind))
    return Net(fare=fare, commission=kept, premium=charged, net=Won(fare - kept - charged))
