"""The door of insurance: a period of cover for each drive, what a ride's periods prove, and who covers well enough.

The seam for sharing calls with partners: whoever shares an own call asks `decide_partner` with the terms in force
(`CoverPolicy.terms`) and those of the agreement with the partner, before the call is shown to that partner and again
when one of their drivers claims it (R-027). Nothing here knows partners; a drive says only whether one performs it.
"""

from datetime import datetime
from uuid import UUID

from daeri.infra.database import Tx
from daeri.insurance import policy, store
from daeri.insurance.model import Cover, CoverPolicy, Drive
from daeri.insurance.policy import decide_partner, lay_out
from daeri.policies import api as policies
from daeri.regions import api as regions

__all__ = ["begin", "covers_of", "decide_partner", "end", "lay_out"]


async def begin(tx: Tx, drive: Drive, *, now: datetime) -> None:
    """The drive is covered from now on (I-028); written in the transaction that starts it."""
    chain = () if drive.region is None else await regions.lineage(tx, drive.region)
    found = await policies.read(
        tx, drive.company_id, CoverPolicy, at=now, region_chain=chain, service=drive.service
    )  # fmt: skip -- one question
    await store.begin(tx, drive, found, policy.source_of(found.value, by_partner=drive.by_partner), now=now)


async def end(tx: Tx, call_id: UUID, *, now: datetime) -> None:
    """The drive is covered no more; written in the transaction that ends it. Nothing where it never was."""
    await store.end(tx, call_id, now)


async def covers_of(tx: Tx, company_id: UUID, ride_id: UUID) -> list[Cover]:
    """The periods of a ride, those of its reconnected call too, oldest first; asked for by the customer's own call."""
    return await store.of_ride(tx, company_id, ride_id)
