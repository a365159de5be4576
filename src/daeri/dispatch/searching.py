"""PURE: what has been done to find a driver for a call, read off its offers and the log of decisions (R-052, I-038)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daeri.calls.model import Call, State
from daeri.dispatch.model import Decision, Offer, OfferState
from daeri.dispatch.plan import Outcome, Reason
from daeri.kernel.ids import DriverId
from daeri.policies.model import DispatchPolicy

MET = frozenset({Outcome.OFFERED, Outcome.LISTED})
_FREE = frozenset({Reason.CHOSEN, Reason.FARTHER, Reason.FARTHER_AFTER_DRIVE, Reason.LISTED, Reason.OUT_OF_RADIUS})
# Where these are the reason, there is nobody whose distance would mean anything.
_NOBODY_COMES = frozenset({Outcome.ALL_BUSY, Outcome.ALL_ASKED, Outcome.POSITIONS_STALE, Outcome.NONE_ELIGIBLE})


@dataclass(frozen=True, slots=True)
class SearchSoFar:
    """How far a search has come; None is what nobody knows. `outcome` is that of the last decision."""

    waited: timedelta
    asked: int  # drivers who saw the call
    radius_m: int
    nearest_m: int | None  # of those who are free to come
    expected_s: int | None  # until a driver stands there, if who is asked now or the nearest free one comes
    outcome: Outcome | None
    is_unmet: bool  # nobody is being asked, or nobody came
    has_widened: bool  # waited for longer than the first radius lasts


def search_so_far(
    call: Call, offers: Sequence[Offer], decisions: Sequence[Decision], policy: DispatchPolicy, *, now: datetime
) -> SearchSoFar:
    """What the rows say at `now`; offers and decisions oldest first."""
    last = decisions[-1] if decisions else None
    waited = max(timedelta(0), (call.assigned_at or call.ended_at or now) - call.dispatch_at)
    has_begun = call.state is not State.RESERVED
    return SearchSoFar(
        waited=waited,
        asked=len(_who_saw(offers, decisions)),
        radius_m=_radius_m(policy, waited) if has_begun else 0,
        nearest_m=_nearest_m(last),
        expected_s=_expected_s(call, offers, last, policy, now) if call.state is State.REQUESTED else None,
        outcome=None if last is None else last.outcome,
        is_unmet=_is_unmet(call, last),
        has_widened=waited > timedelta(seconds=policy.radius_step_every_s),
    )


def _who_saw(offers: Sequence[Offer], decisions: Sequence[Decision]) -> set[DriverId]:
    """Who held a card of the call, or saw it in the open list."""
    listed = {pair.driver_id for each in decisions for pair in each.considered if pair.reason is Reason.LISTED}
    return listed | {offer.driver_id for offer in offers}


def _radius_m(policy: DispatchPolicy, waited: timedelta) -> int:
    """As the matcher widens it."""
    steps = int(waited.total_seconds() // policy.radius_step_every_s)
    return min(policy.radius_start_m + steps * policy.radius_step_m, policy.radius_cap_m)


def _nearest_m(last: Decision | None) -> int | None:
    if last is None or last.outcome in _NOBODY_COMES:
        return None
    return min((pair.metres for pair in last.considered if pair.reason in _FREE), default=None)


def _expected_s(
    call: Call, offers: Sequence[Offer], last: Decision | None, policy: DispatchPolicy, now: datetime
) -> int | None:
    live = [offer for offer in offers if offer.state is OfferState.LIVE and offer.expires_at > now]
    if live:
        return live[-1].pickup_s
    nearest = _nearest_m(last)
    return None if nearest is None else round(nearest * policy.detour_factor / (policy.pickup_speed_kmh / 3.6))


def _is_unmet(call: Call, last: Decision | None) -> bool:
    if call.state is State.EXPIRED:
        return True
    return call.state is State.REQUESTED and last is not None and last.outcome not in MET
