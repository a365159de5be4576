"""Cancels after assignment, and what follows when they gather (R-061, R-062, I-008, I-009).

A restriction is decided at the cancel that fills the count, by the policy in force then. Every later change of the
policy in the customer's favour holds at once for restrictions that run; one against them waits for the next cancel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daeri.customers import cancel_store, store
from daeri.customers.bond_model import (
    LONGEST_REASON,
    Cancel,
    CancelNotCounted,
    CustomerRestricted,
    InForce,
    LiftedAs,
    NotRestricted,
    Restriction,
    RestrictionReason,
    Standing,
)
from daeri.customers.policy import counts_now, in_force, window_start
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CompanyId, CustomerId, Ids
from daeri.kernel.terms import Actor
from daeri.kernel.time import KST
from daeri.policies import api as policies
from daeri.policies.model import CancellationPolicy, Versioned

_MOST_SHOWN = 100  # cancels and restrictions of one customer


@dataclass(frozen=True, slots=True)
class OwnCancel:
    """What whoever holds calls tells of a customer's own cancel after assignment."""

    call_id: CallId
    company_id: CompanyId
    customer_id: CustomerId
    cancelled_from: str


async def count_cancel(tx: Tx, cancel: OwnCancel, actor: Actor, *, now: datetime, ids: Ids) -> Restriction | None:
    """Count a customer's own cancel after assignment, in the transaction of the cancel.

    The restriction that begins with it when the count is full (R-062). Two cancels of one customer count one after
    the other, and a request waits for both.
    """
    customer_id, company_id = cancel.customer_id, cancel.company_id
    await store.insert(tx, customer_id, company_id, now=now)
    await cancel_store.lock(tx, customer_id)
    kept = Cancel(cancel.call_id, customer_id, cancel.cancelled_from, now, None, None, None)
    await cancel_store.add(tx, company_id, kept, actor, event_id=ids.new())
    policy = await _policy(tx, company_id, now)
    count, last = await cancel_store.count(tx, customer_id, window_start(policy.value, now))
    if count < policy.value.limit:
        return None
    begun = _restriction(cancel, policy, count, last or now, ids)
    await cancel_store.restrict(tx, begun, actor, event_id=ids.new(), now=now)
    return begun


async def check_may_request(tx: Tx, company_id: CompanyId, customer_id: CustomerId, *, now: datetime) -> None:
    """CustomerRestricted, with reason and end, while new own calls of the customer are refused (R-062)."""
    found = await cancel_store.in_turn(tx, customer_id, now)
    if not found:
        return
    held = in_force(found, (await _policy(tx, company_id, now)).value, now)
    if held is not None:
        raise CustomerRestricted(
            until=held.until.isoformat(),
            until_kst=held.until.astimezone(KST).strftime("%Y-%m-%d %H:%M"),
            count=held.count,
            limit=held.limit,
            reason=held.reason,
        )


async def standing(tx: Tx, company_id: CompanyId, customer_id: CustomerId, *, now: datetime) -> Standing:
    """How many of the customer's cancels count, what is allowed, and what holds now: for them and for staff (I-008)."""
    policy = (await _policy(tx, company_id, now)).value
    count, _ = await cancel_store.count(tx, customer_id, window_start(policy, now))
    cancels = await cancel_store.cancels(tx, customer_id, _MOST_SHOWN)
    held = in_force(await cancel_store.unlifted(tx, [customer_id], now), policy, now)
    return Standing(
        count=count,
        limit=policy.limit,
        window_days=policy.window_days,
        length_hours=policy.length_hours,
        in_force=held,
        cancels=tuple((cancel, counts_now(cancel, policy, now)) for cancel in cancels),
    )


async def cancel_limit(tx: Tx, company_id: CompanyId, *, now: datetime) -> int:
    """How many cancels that count lead to a restriction now."""
    return (await _policy(tx, company_id, now)).value.limit


async def standings(
    tx: Tx, company_id: CompanyId, customer_ids: Sequence[CustomerId], *, now: datetime
) -> dict[CustomerId, tuple[int, InForce | None]]:
    """For a list: how many cancels of each of these customers count, and what holds against them now."""
    policy = (await _policy(tx, company_id, now)).value
    counted = await cancel_store.counts(tx, customer_ids, window_start(policy, now))
    found = await cancel_store.unlifted(tx, customer_ids, now)
    return {
        customer_id: (
            counted.get(customer_id, 0),
            in_force([one for one in found if one.customer_id == customer_id], policy, now),
        )
        for customer_id in customer_ids
    }


async def restrictions(tx: Tx, company_id: CompanyId, customer_id: CustomerId) -> list[Restriction]:
    """The customer's restrictions, newest first, ended and lifted ones too."""
    return await cancel_store.restrictions(tx, company_id, customer_id, _MOST_SHOWN)


async def forgive(
    tx: Tx, company_id: CompanyId, call_id: CallId, reason: str, actor: Actor, *, now: datetime, ids: Ids
) -> CustomerId:
    """Take a cancel off the count (I-009), and end what no longer holds without it; whose it was.

    CancelNotCounted when the call is no cancel that counts. Safe to race: one of two hears so.
    """
    cancel = await cancel_store.of_call(tx, company_id, call_id)
    if cancel is None:
        raise CancelNotCounted(call_id=str(call_id))
    await cancel_store.lock(tx, cancel.customer_id)
    why = reason.strip()[:LONGEST_REASON]
    if not await cancel_store.forgive(tx, cancel, why, actor, event_id=ids.new(), now=now):
        raise CancelNotCounted(call_id=str(call_id))
    for restriction in await cancel_store.recount(tx, cancel.customer_id, now):
        if restriction.count < restriction.limit:
            await cancel_store.lift(tx, restriction.id, LiftedAs.FORGIVEN, why, actor, event_id=ids.new(), now=now)
    return cancel.customer_id


async def lift_restriction(
    tx: Tx, company_id: CompanyId, customer_id: CustomerId, reason: str, actor: Actor, *, now: datetime, ids: Ids
) -> None:
    """Staff let the customer call again; what was counted stays counted. NotRestricted when nothing holds."""
    await cancel_store.lock(tx, customer_id)
    found = [one for one in await cancel_store.unlifted(tx, [customer_id], now) if one.company_id == company_id]
    if in_force(found, (await _policy(tx, company_id, now)).value, now) is None:
        raise NotRestricted()
    why = reason.strip()[:LONGEST_REASON]
    for restriction in found:
        await cancel_store.lift(tx, restriction.id, LiftedAs.BY_STAFF, why, actor, event_id=ids.new(), now=now)


async def _policy(tx: Tx, company_id: CompanyId, now: datetime) -> Versioned[CancellationPolicy]:
    return await policies.read(tx, company_id, CancellationPolicy, at=now)


def _restriction(
    cancel: OwnCancel, policy: Versioned[CancellationPolicy], count: int, starts_at: datetime, ids: Ids
) -> Restriction:
    return Restriction(
        id=ids.new(),
        company_id=cancel.company_id,
        customer_id=cancel.customer_id,
        call_id=cancel.call_id,
        reason=RestrictionReason.CANCELLATIONS,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=policy.value.length_hours),
        count=count,
        limit=policy.value.limit,
        window_days=policy.value.window_days,
        policy_version=policy.version,
        lifted_at=None,
        lifted_as=None,
        lifted_by=None,
        lifted_for=None,
    )
