"""Reactions that change drivers' rows."""

from uuid import UUID

import msgspec

from daeri.drivers import store
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.kernel.time import KST


class _Completed(msgspec.Struct, frozen=True):
    """What the event of a completed call says of the drive: the agreed fare, and what it came to cost."""

    driver_id: UUID
    fare: int
    final_amount: int | None = None


async def count_run(tx: Tx, event: Event) -> None:
    """Add a completed call to its driver's day."""
    done = msgspec.convert(event.data, _Completed)
    fare = done.fare if done.final_amount is None else done.final_amount
    await store.count_run(tx, done.driver_id, event.company_id, event.at.astimezone(KST).date(), fare)
