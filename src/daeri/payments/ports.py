"""What payments need of the outside: a provider that moves money on cards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from daeri.kernel.money import Won


@dataclass(frozen=True, slots=True)
class RegisteredCard:
    """A card as the provider registered it; its number never reaches us."""

    billing_key: str
    issuer: str
    number_masked: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a card shall pay. `order_id` names it at the provider: 6 to 64 of A-Z, a-z, 0-9, - and _."""

    order_id: str
    billing_key: str
    customer_key: str
    amount: Won
    name: str  # what the holder of the card reads


class PaymentState(StrEnum):
    AUTHORISED = "authorised"
    CAPTURED = "captured"  # also when part of it was given back
    CANCELLED = "cancelled"  # all of it was given back, or the authorisation was let go
    DECLINED = "declined"
    PENDING = "pending"  # the provider does not know yet


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """An order as the provider has it; `cancelled` is how much was given back, in won."""

    payment_key: str
    order_id: str
    state: PaymentState
    amount: Won
    cancelled: Won
    approved_at: datetime | None


class Cards(Protocol):
    """A card provider. Every command carries a key of ours: asked again with the same key, it happens once.

    Raises CardRefused when the provider says no, CardsUnreachable when its answer is not known.
    """

    @property
    def name(self) -> str:
        """Which provider it is, for logs and figures."""

    def window(self, customer_key: str, return_url: str) -> str:
        """Where the holder types the card; comes back to `return_url` with `authKey` and `customerKey`."""

    async def register(self, auth_key: str, customer_key: str) -> RegisteredCard:
        """What came back from the window, for a key that can be charged again and again."""

    async def forget(self, billing_key: str, customer_key: str) -> None:
        """The provider deletes the registration; one that it does not know is as good."""

    async def authorise(self, order: Order, *, key: str) -> ProviderPayment:
        """Hold the amount. A provider that knows no holding captures at once, and its answer says so."""

    async def capture(self, payment_key: str, amount: Won, *, key: str) -> ProviderPayment:
        """Take what was held; what is captured already is answered as it stands."""

    async def cancel(self, payment_key: str, amount: Won, reason: str, *, key: str) -> ProviderPayment:
        """Give back `amount`, the whole or a part; of an authorisation, let it go."""

    async def find(self, order_id: str) -> ProviderPayment | None:
        """The order as the provider has it; None when it never heard of it."""
