"""Cards: registered in the provider's own window and kept as a sealed key; their number is never here."""

import hmac
import re
from datetime import datetime
from typing import Final
from uuid import UUID

from daeri.infra.database import Tx
from daeri.infra.keys import KeyRing, SealedColumn
from daeri.kernel.ids import CompanyId, Ids
from daeri.payments import card_store, charge_store
from daeri.payments.card_store import NewCard
from daeri.payments.charge_model import Card, CardNotFound, CardRefusal, CardRefused, CardsFull, ChargeUnderWay
from daeri.payments.ports import RegisteredCard

BILLING_KEY_PURPOSE: Final = b"payments.billing_key"
SEALED_COLUMNS: Final = (SealedColumn("payment_cards", "billing_key_sealed", BILLING_KEY_PURPOSE),)
MOST_CARDS: Final = 10  # of one person
_CUSTOMER_KEY: Final = b"payments.customer_key"
_MANY_DIGITS: Final = re.compile(r"[0-9]{7,}")


def customer_key(ring: KeyRing, owner_id: UUID, nonce: UUID) -> str:
    """A name for the provider's window that only its owner can come back with: nonce and keyed hash.

    Tells nothing about the owner, and is another one each time. Providers take 50 characters at most.
    """
    proof = ring.keyed_hash(_CUSTOMER_KEY, owner_id.bytes + nonce.bytes).hex()[:16]
    return f"{nonce.hex}-{proof}"


def check_customer_key(ring: KeyRing, owner_id: UUID, given: str) -> None:
    """CardRefused when somebody comes back with a key that was given to somebody else, or to nobody."""
    nonce, _, _ = given.partition("-")
    try:
        known = customer_key(ring, owner_id, UUID(hex=nonce))
    except ValueError:
        raise CardRefused(CardRefusal.KEY_GONE) from None
    if not hmac.compare_digest(known.encode(), given.encode()):
        raise CardRefused(CardRefusal.KEY_GONE)


async def keep(
    tx: Tx,
    ring: KeyRing,
    company_id: CompanyId,
    owner_id: UUID,
    *,
    registered: RegisteredCard,
    known_as: str,
    now: datetime,
    ids: Ids,
) -> Card:  # fmt: skip -- the signature reads as one sentence
    """Keep a card that the provider registered; the first one becomes the default.

    The same name keeps one card, however often it is brought. CardRefused when that was removed since.
    """
    sealed = ring.seal(registered.billing_key.encode(), BILLING_KEY_PURPOSE)
    new = NewCard(company_id, owner_id, known_as, sealed, registered.issuer, masked(registered.number_masked))
    return await card_store.add_card(tx, ids.new(), new, now)


async def check_room(tx: Tx, company_id: CompanyId, owner_id: UUID) -> None:
    """CardsFull when nobody needs another one."""
    if len(await card_store.cards(tx, company_id, owner_id)) >= MOST_CARDS:
        raise CardsFull(most=MOST_CARDS)


def masked(number: str) -> str:
    """What people know their card by; where a provider shows more of it than that, only its beginning and end."""
    return _MANY_DIGITS.sub(lambda found: found[0][:4] + "*" * (len(found[0]) - 4), number)


async def owned(tx: Tx, company_id: UUID, owner_id: UUID, card_id: UUID | None) -> Card:
    """The owner's card of that id, or the one that is charged by itself; CardNotFound."""
    own = await card_store.cards(tx, company_id, owner_id)
    found = next((card for card in own if card_id is None or card.id == card_id), None)
    if found is None:
        raise CardNotFound(card_id=str(card_id))
    return found


async def prefer(tx: Tx, owner_id: UUID, card_id: UUID) -> None:
    """Charge this card from now on; CardNotFound when it is not the owner's."""
    if not await card_store.prefer_card(tx, owner_id, card_id):
        raise CardNotFound(card_id=str(card_id))


async def remove(tx: Tx, ring: KeyRing, owner_id: UUID, card_id: UUID, *, now: datetime) -> tuple[Card, str]:
    """Forget a card: what the provider shall forget too. CardNotFound, ChargeUnderWay while it is being charged."""
    await card_store.lock_cards(tx, owner_id)
    if await charge_store.is_card_in_use(tx, owner_id, card_id):
        raise ChargeUnderWay()
    found = await card_store.remove_card(tx, owner_id, card_id, now)
    if found is None:
        raise CardNotFound(card_id=str(card_id))
    card, sealed = found
    return card, ring.open(sealed, BILLING_KEY_PURPOSE).decode()
