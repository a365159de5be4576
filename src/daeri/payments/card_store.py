"""All SQL of registered cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.infra.database import Row, Tx
from daeri.kernel.ids import CompanyId
from daeri.payments.charge_model import Card, CardRefusal, CardRefused

_CARD = "id, company_id, owner_id, customer_key, issuer, number_masked, is_default, registered_at"
# What came back from the provider's window is good for one card, however often it is brought.
_ADD_CARD = f"""
INSERT INTO payment_cards (id, company_id, owner_id, customer_key, billing_key_sealed, issuer, number_masked,
                           is_default, registered_at)
SELECT $1, $2, $3, $4, $5, $6, $7,
       NOT EXISTS (SELECT FROM payment_cards WHERE owner_id = $3 AND is_default AND removed_at IS NULL), $8
ON CONFLICT (customer_key) DO NOTHING RETURNING {_CARD}
"""
_KNOWN_AS = f"""
SELECT {_CARD} FROM payment_cards WHERE customer_key = $3 AND owner_id = $1 AND company_id = $2 AND removed_at IS NULL
"""
_CARDS = f"""
SELECT {_CARD} FROM payment_cards WHERE owner_id = $1 AND company_id = $2 AND removed_at IS NULL
ORDER BY is_default DESC, registered_at DESC, id
"""
_DEFAULT_CARD = _CARDS + " LIMIT 1"
# The card that a charge was made with, also when its owner has removed it since.
_CARD_BY_ID = f"SELECT {_CARD} FROM payment_cards WHERE id = $1 AND company_id = $2"
_CARDS_BY_ID = f"SELECT {_CARD} FROM payment_cards WHERE id = ANY($1) AND company_id = $2"
# Nobody's first two cards are added at once: each would be the default.
_LOCK_OWNER = "SELECT pg_advisory_xact_lock(hashtextextended('payment_cards ' || $1, 0))"
# The owner's cards are locked in one order, so that two changes of the default wait for each other.
_LOCK_CARDS = "SELECT id FROM payment_cards WHERE owner_id = $1 AND removed_at IS NULL ORDER BY id FOR UPDATE"
_CLEAR_DEFAULT = "UPDATE payment_cards SET is_default = false WHERE owner_id = $1 AND is_default"
_SET_DEFAULT = """
UPDATE payment_cards SET is_default = true WHERE id = $2 AND owner_id = $1 AND removed_at IS NULL
"""
_REMOVE_CARD = f"""
UPDATE payment_cards SET removed_at = $3, is_default = false WHERE id = $2 AND owner_id = $1 AND removed_at IS NULL
RETURNING {_CARD}, billing_key_sealed
"""
_NEWEST_DEFAULT = """
UPDATE payment_cards SET is_default = true
WHERE id = (SELECT id FROM payment_cards WHERE owner_id = $1 AND removed_at IS NULL
            ORDER BY registered_at DESC, id DESC LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card to keep: its key is sealed already."""

    company_id: CompanyId
    owner_id: UUID
    customer_key: str
    billing_key_sealed: bytes
    issuer: str
    number_masked: str


async def add_card(tx: Tx, card_id: UUID, card: NewCard, now: datetime) -> Card:
    """The card that it becomes, or has become before; CardRefused when that one was removed since."""
    await tx.execute(_LOCK_OWNER, str(card.owner_id))
    await tx.rows(_LOCK_CARDS, card.owner_id)
    row = await tx.row(
        _ADD_CARD,
        card_id,
        card.company_id,
        card.owner_id,
        card.customer_key,
        card.billing_key_sealed,
        card.issuer,
        card.number_masked,
        now,
    )
    if row is not None:
        return _card(row)
    known = await known_as(tx, card.company_id, card.owner_id, card.customer_key)
    if known is None:
        raise CardRefused(CardRefusal.KEY_GONE)
    return known


async def known_as(tx: Tx, company_id: UUID, owner_id: UUID, customer_key: str) -> Card | None:
    """The owner's card that what came back from the window under this name has become."""
    row = await tx.row(_KNOWN_AS, owner_id, company_id, customer_key)
    return None if row is None else _card(row)


async def cards(tx: Tx, company_id: UUID, owner_id: UUID) -> list[Card]:
    return [_card(row) for row in await tx.rows(_CARDS, owner_id, company_id)]


async def default_card(tx: Tx, company_id: UUID, owner_id: UUID) -> Card | None:
    row = await tx.row(_DEFAULT_CARD, owner_id, company_id)
    return None if row is None else _card(row)


async def card_by_id(tx: Tx, company_id: UUID, card_id: UUID) -> Card | None:
    row = await tx.row(_CARD_BY_ID, card_id, company_id)
    return None if row is None else _card(row)


async def cards_by_id(tx: Tx, company_id: UUID, card_ids: Sequence[UUID]) -> dict[UUID, Card]:
    found = [_card(row) for row in await tx.rows(_CARDS_BY_ID, list(card_ids), company_id)]
    return {card.id: card for card in found}


async def prefer_card(tx: Tx, owner_id: UUID, card_id: UUID) -> bool:
    own = await tx.rows(_LOCK_CARDS, owner_id)
    if card_id not in {row["id"] for row in own}:
        return False
    await tx.execute(_CLEAR_DEFAULT, owner_id)
    return await tx.execute(_SET_DEFAULT, owner_id, card_id) == 1


async def lock_cards(tx: Tx, owner_id: UUID) -> None:
    """Whoever charges or changes one of these cards waits until this transaction ends."""
    await tx.rows(_LOCK_CARDS, owner_id)


async def remove_card(tx: Tx, owner_id: UUID, card_id: UUID, now: datetime) -> tuple[Card, bytes] | None:
    """The card and its sealed billing key; the newest that is left becomes the default where it was."""
    await tx.rows(_LOCK_CARDS, owner_id)
    row = await tx.row(_REMOVE_CARD, owner_id, card_id, now)
    if row is None:
        return None
    if not any(card.is_default for card in await cards(tx, row["company_id"], owner_id)):
        await tx.execute(_NEWEST_DEFAULT, owner_id)
    return _card(row), row["billing_key_sealed"]


def _card(row: Row) -> Card:
    return Card(
        id=row["id"],
        company_id=CompanyId(row["company_id"]),
        owner_id=row["owner_id"],
        customer_key=row["customer_key"],
        issuer=row["issuer"],
        number_masked=row["number_masked"],
        is_default=row["is_default"],
        registered_at=row["registered_at"],
    )
