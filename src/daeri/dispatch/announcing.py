"""What leaves after the commit: hints of what has changed for drivers, and that calls wait again."""

from collections.abc import Sequence
from uuid import UUID

from daeri.calls import api as calls
from daeri.dispatch.model import Offer
from daeri.drivers import api as drivers
from daeri.infra.database import Tx

OFFER_ENDED_TOPIC = "offer_ended"  # hints: an offer was answered, ran out or was withdrawn; the message is which


def announce(tx: Tx, driver_ids: Sequence[UUID]) -> None:
    """These drivers have something new to see."""
    for driver_id in driver_ids:
        tx.hint(f"{drivers.TOPIC}.{driver_id}")


def announce_closed(tx: Tx, offers: Sequence[Offer]) -> None:
    """These offers are live no more, and their calls wait for somebody else."""
    announce(tx, [offer.driver_id for offer in offers])
    for offer in offers:
        tx.hint(OFFER_ENDED_TOPIC, offer.state.encode())
    if offers:
        tx.hint(calls.WAITING_TOPIC)
