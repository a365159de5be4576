"""Never meet again (I-006): each side asks and takes back for itself, and is never told of the other's wish.

A call that is under way stays as it is: the pair is barred from the next one on.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from daeri.customers import meeting_store
from daeri.customers.bond_model import LONGEST_REASON, NeverMeet, NeverMeetNotFound, NobodyToAvoid, Ride
from daeri.infra.database import Tx
from daeri.kernel.ids import CompanyId, CustomerId, DriverId, Ids
from daeri.kernel.terms import Actor, ActorKind

NEVER_MEET_TOPIC = "never_meet"  # hints: the pairs of a company have changed; the message is the 16 bytes of its id


async def ask_never_meet(tx: Tx, ride: Ride, actor: Actor, reason: str, *, now: datetime, ids: Ids) -> None:
    """The actor, customer or driver of the ride, never wants to meet the other side again; safe to repeat.

    NobodyToAvoid when the call has no other side.
    """
    customer_id, driver_id = _sides(ride)
    added = await meeting_store.ask(
        tx,
        ids.new(),
        ride.company_id,
        customer_id=customer_id,
        driver_id=driver_id,
        call_id=ride.call_id,
        reason=reason.strip()[:LONGEST_REASON],
        actor=actor,
        event_id=ids.new(),
        now=now,
    )
    if added:
        tx.hint(NEVER_MEET_TOPIC, ride.company_id.bytes)


async def take_back_never_meet(tx: Tx, ride: Ride, actor: Actor, *, now: datetime, ids: Ids) -> None:
    """The actor's side no longer minds; what the other side asked stays. Safe to repeat."""
    customer_id, driver_id = _sides(ride)
    lifted = await meeting_store.lift_own(
        tx, ride.company_id, customer_id=customer_id, driver_id=driver_id, actor=actor, event_id=ids.new(), now=now
    )
    if lifted is not None:
        tx.hint(NEVER_MEET_TOPIC, ride.company_id.bytes)


async def lift_never_meet(
    tx: Tx, company_id: CompanyId, row_id: UUID, reason: str, actor: Actor, *, now: datetime, ids: Ids
) -> NeverMeet:
    """Staff end one side's wish; NeverMeetNotFound when it does not hold."""
    lifted = await meeting_store.lift_by_id(tx, company_id, row_id, reason, actor=actor, event_id=ids.new(), now=now)
    if lifted is None:
        raise NeverMeetNotFound(id=str(row_id))
    tx.hint(NEVER_MEET_TOPIC, company_id.bytes)
    return lifted


async def never_meet_pairs(tx: Tx, customer_ids: Sequence[CustomerId]) -> list[tuple[CustomerId, DriverId]]:
    """Whom these customers shall not meet now, whoever asked: for the matcher and every list that drivers see."""
    return await meeting_store.pairs(tx, customer_ids)


async def may_meet(tx: Tx, customer_id: CustomerId | None, driver_id: DriverId) -> bool:
    """Whether a call of the customer may go to the driver; nobody is barred from a call without a known customer."""
    return customer_id is None or not await meeting_store.is_barred(tx, customer_id, driver_id)


async def has_asked_never_meet(tx: Tx, ride: Ride, asked_by: ActorKind) -> bool:
    """Whether this side of the ride has asked never to meet the other again."""
    if ride.customer_id is None or ride.driver_id is None:
        return False
    return await meeting_store.has_asked(tx, ride.customer_id, ride.driver_id, asked_by)


async def never_meet_list(
    tx: Tx, company_id: CompanyId, *, people: Sequence[UUID] | None = None, before: UUID | None = None, limit: int = 50
) -> list[NeverMeet]:
    """The company's wishes newest first, lifted ones too; only those of `people` (customers, drivers) where given."""
    return await meeting_store.page(tx, company_id, people, before, limit)


def _sides(ride: Ride) -> tuple[CustomerId, DriverId]:
    if ride.customer_id is None or ride.driver_id is None:
        raise NobodyToAvoid()
    return ride.customer_id, ride.driver_id
