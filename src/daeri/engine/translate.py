"""PURE: rows into what the matcher reads, and its plan into rows."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from daeri.dispatch.fleet import CAN_PAY, LiveFleet
from daeri.dispatch.model import Considered, Decision, NewListing, NewOffer, OfferState, Slot, Waiting
from daeri.dispatch.plan import (
    Answer,
    Asked,
    CallOutcome,
    DispatchParameters,
    Listing,
    Mode,
    Outcome,
    Plan,
    RadiusSteps,
    WaitingCall,
)
from daeri.dispatch.positions import PositionLimits
from daeri.engine.fleet_keeper import capabilities_of
from daeri.kernel.ids import CallId, CompanyId, DriverId, OfferId
from daeri.kernel.time import to_millis
from daeri.policies.model import DispatchPolicy, PositionPolicy

_KMH_PER_MPS = 3.6
_MOVED_M = 100  # a driver's way to a listed call is written anew when it has changed by so much
# Who accepted a call that waits again was taken off it: as good as a no.
_ANSWERS = {
    OfferState.DECLINED: Answer.DECLINED,
    OfferState.IGNORED: Answer.IGNORED,
    OfferState.ACCEPTED: Answer.DECLINED,
}


@dataclass(frozen=True, slots=True)
class Group:
    """Waiting calls that one run of the matcher decides: their companies, and the policy versions behind each."""

    parameters: DispatchParameters
    calls: tuple[WaitingCall, ...]
    companies: Mapping[CallId, CompanyId]
    versions: Mapping[CallId, int]


def parameters_of(policies: Collection[DispatchPolicy]) -> DispatchParameters:
    """The matcher's thresholds from policies that differ in radius and mode only, which each call has of its own."""
    policy = next(iter(policies))
    return DispatchParameters(
        radius=max(map(radius_of, policies), key=lambda radius: radius.cap_m),
        position_max_age=timedelta(seconds=policy.position_max_age_s),
        offer_limit=timedelta(seconds=policy.offer_limit_s),
        reoffer_pause=timedelta(seconds=policy.reoffer_pause_s),
        neighbours=policy.k,
        detour_factor=policy.detour_factor,
        pickup_speed_mps=policy.pickup_speed_kmh / _KMH_PER_MPS,
        next_call_radius_m=policy.next_call_radius_m if policy.next_call else 0.0,
    )


def shared_part(policy: DispatchPolicy) -> DispatchPolicy:
    """The policy without what each call has of its own: calls with the same rest compete for drivers together."""
    plain = DispatchPolicy()
    return msgspec.structs.replace(
        policy,
        mode=plain.mode,
        radius_start_m=plain.radius_start_m,
        radius_step_m=plain.radius_step_m,
        radius_step_every_s=plain.radius_step_every_s,
        radius_cap_m=plain.radius_cap_m,
        call_expiry_s=plain.call_expiry_s,
    )


def radius_of(policy: DispatchPolicy) -> RadiusSteps:
    """How far and how fast the radius widens."""
    return RadiusSteps(
        start_m=policy.radius_start_m,
        step_m=policy.radius_step_m,
        every=timedelta(seconds=policy.radius_step_every_s),
        cap_m=policy.radius_cap_m,
    )


def limits_of(policy: PositionPolicy) -> PositionLimits:
    """What position reports are plausible, from the policy record."""
    return PositionLimits(
        future_ms=policy.future_limit_s * 1_000,
        past_ms=policy.past_limit_s * 1_000,
        accuracy_m=float(policy.max_accuracy_m),
        speed_mps=policy.max_speed_mps,
    )


def waiting_call(
    waiting: Waiting,
    policy: DispatchPolicy,
    fleet: LiveFleet,
    *,
    barred: Iterable[DriverId] = (),
    previous: Outcome | None = None,
) -> WaitingCall:
    """A waiting row as the matcher reads it; drivers who have gone since they were asked are left out."""
    asked = (
        Asked(slot, _ANSWERS[past.state], to_millis(past.closed_at))
        for past in waiting.asked
        if (slot := fleet.slot_of(past.driver_id)) is not None
    )
    return WaitingCall(
        call_id=waiting.call_id,
        company=fleet.company_index(waiting.company_id),
        lat=waiting.origin.lat,
        lon=waiting.origin.lon,
        waiting_since_ms=to_millis(waiting.dispatch_at),
        needs=capabilities_of([waiting.service]) | CAN_PAY,
        mode=Mode(policy.mode),
        asked=tuple(asked),
        barred=tuple(slot for driver_id in barred if (slot := fleet.slot_of(driver_id)) is not None),
        previous=previous,
        radius=radius_of(policy),
    )


def new_offers(
    plan: Plan, fleet: LiveFleet, versions: Mapping[CallId, int], new_id: Callable[[], UUID]
) -> list[NewOffer]:
    """The planned offers as rows; a driver who was removed meanwhile gets none."""
    offers = []
    for planned in plan.offers:
        driver_id = fleet.driver_at(planned.slot)
        if driver_id is not None:
            offers.append(
                NewOffer(
                    id=OfferId(new_id()),
                    call_id=planned.call_id,
                    driver_id=driver_id,
                    expires_at=planned.expires_at,
                    pickup_m=planned.pickup_m,
                    pickup_s=planned.pickup_s,
                    policy_version=versions[planned.call_id],
                    slot=Slot.NEXT if planned.is_next else Slot.NOW,
                )
            )
    return offers


def new_listings(plan: Plan, fleet: LiveFleet, shown: Mapping[CallId, Listing]) -> list[NewListing]:
    """Who sees which call of the open list, as rows; what is `shown` already, as good as so, is left out."""
    listings = []
    for listing in plan.listings:
        if _is_shown(listing, shown.get(listing.call_id)):
            continue
        seen = [
            (driver_id, metres)
            for slot, metres in zip(listing.slots, listing.straight_m, strict=True)
            if (driver_id := fleet.driver_at(slot)) is not None
        ]
        listings.append(NewListing(listing.call_id, tuple(d for d, _ in seen), tuple(m for _, m in seen)))
    return listings


def _is_shown(listing: Listing, before: Listing | None) -> bool:
    """Whether the same drivers see the call already, from about as far."""
    if before is None or set(listing.slots) != set(before.slots):
        return False
    known = dict(zip(before.slots, before.straight_m, strict=True))
    return all(abs(known[s] - m) < _MOVED_M for s, m in zip(listing.slots, listing.straight_m, strict=True))


def new_decisions(plan: Plan, group: Group, fleet: LiveFleet, now: datetime) -> list[Decision]:
    """The changed outcomes with the drivers behind them, as rows of the log."""
    return [_decision(plan, change, group, fleet, now) for change in plan.changes]


def _decision(plan: Plan, change: CallOutcome, group: Group, fleet: LiveFleet, now: datetime) -> Decision:
    return Decision(
        call_id=change.call_id,
        company_id=group.companies[change.call_id],
        decided_at=now,
        outcome=change.outcome,
        radius_m=change.radius_m,
        beaten_by=change.beaten_by,
        considered=_considered(plan, change, fleet),
        rest=change.rest,
        policy_version=group.versions[change.call_id],
    )


def _considered(plan: Plan, change: CallOutcome, fleet: LiveFleet) -> tuple[Considered, ...]:
    from_, to = change.first, change.last
    pairs = plan.considered
    columns = zip(
        pairs.slot[from_:to].tolist(),
        pairs.straight_m[from_:to].tolist(),
        pairs.reason[from_:to].tolist(),
        pairs.other[from_:to].tolist(),
        pairs.age_s[from_:to].tolist(),
        strict=True,
    )
    return tuple(
        Considered(driver_id, round(metres), reason, plan.changes[other].call_id if other >= 0 else None, age_s)
        for slot, metres, reason, other, age_s in columns
        if (driver_id := fleet.driver_at(slot)) is not None
    )
