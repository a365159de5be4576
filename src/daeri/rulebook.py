"""Every policy of the house by its name: one table for the command line, the console and their words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from daeri.customers.bond_model import RatingPolicy
from daeri.customers.model import CustomerLimits
from daeri.dispatch.model import ShortagePolicy
from daeri.drivers.model import SuspensionPolicy
from daeri.drivers.paper_model import PapersPolicy
from daeri.insurance.model import CoverPolicy
from daeri.kernel.errors import Invalid, NotFound
from daeri.payments.model import BalancePolicy, ClaimPolicy, PaymentPolicy
from daeri.policies.model import POLICIES, Policy
from daeri.pricing.model import CommissionPolicy, MeterPolicy, PremiumPolicy, Tariff, WaitingPolicy
from daeri.pricing.plan_model import FarePlanPolicy
from daeri.rewards.model import RewardPolicy

KINDS: Final[Mapping[str, type[Policy]]] = MappingProxyType(
    {
        **POLICIES,
        **{
            kind.name: kind
            for kind in (
                Tariff,
                FarePlanPolicy,
                CommissionPolicy,
                PremiumPolicy,
                CoverPolicy,
                RewardPolicy,
                PaymentPolicy,
                ClaimPolicy,
                BalancePolicy,
                WaitingPolicy,
                MeterPolicy,
                RatingPolicy,
                CustomerLimits,
                PapersPolicy,
                SuspensionPolicy,
                ShortagePolicy,
            )
        },
    }
)


class PolicyUnknown(NotFound):
    """Facts: given, known."""

    code = "policy_unknown"


class RegionUnknown(Invalid):
    """No region has this code; facts: region."""

    code = "region_unknown"


def kind_of(name: str) -> type[Policy]:
    """Raises PolicyUnknown."""
    if name not in KINDS:
        raise PolicyUnknown(given=name, known=", ".join(KINDS))
    return KINDS[name]
