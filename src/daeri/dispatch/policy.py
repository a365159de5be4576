"""One tick of dispatch, pure: which call is offered to which driver, who sees the open list, and why (R-051, I-040).

The order of things: decide who may be found, gather the k nearest of every call within its radius, match where calls
compete, name the outcome of every call, and write down the pairs behind those outcomes that changed.
"""

from collections import Counter
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.fleet import Status
from daeri.dispatch.grid import Pairs, joined
from daeri.dispatch.matching import match
from daeri.dispatch.plan import DispatchParameters, Listing, Outcome, Plan, PlannedOffer, Snapshot
from daeri.dispatch.positions import straight_m
from daeri.dispatch.reasons import Decided, Found, describe
from daeri.dispatch.roster import MILLISECOND, AskedPairs, Calls, Roster, asked_pairs, due_calls
from daeri.kernel.time import to_millis

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MET = (Outcome.OFFERED, Outcome.LISTED)


def decide(snapshot: Snapshot, now: datetime, parameters: DispatchParameters) -> Plan:
    """What to offer to whom at `now`. Writes nothing and remembers nothing: the same arguments give the same plan.

    A call that nobody can take gets its outcome instead; a call that is not yet due is left out.
    """
    now_ms = to_millis(now)
    calls = due_calls(snapshot.calls, now_ms, parameters.radius)
    asked = asked_pairs(calls)
    roster = Roster(snapshot.fleet, now_ms - parameters.position_max_age // MILLISECOND)
    candidates = _candidates(calls, asked, roster, now_ms, parameters)
    chosen = candidates.take(_match(candidates, calls, parameters))
    listed = np.flatnonzero(calls.is_listed)
    visible = roster.nearest_free(calls, listed, k=parameters.listed_drivers, asked=asked)
    found = Found(candidates, chosen, visible)
    outcomes = _outcomes(calls, asked, roster, found)
    changes, considered = describe(Decided(calls, asked, roster, found, outcomes), parameters.logged_drivers)
    unmet = Counter(outcome for outcome in outcomes if outcome not in _MET)
    return Plan(_offers(calls, chosen, now, parameters), _listings(calls, visible), changes, considered, dict(unmet))


def _candidates(calls: Calls, asked: AskedPairs, roster: Roster, now_ms: int, parameters: DispatchParameters) -> Pairs:
    """The pairs that compete: the nearest drivers not yet asked, and those asked before where nobody else is left."""
    rows = np.flatnonzero(~calls.is_listed)
    fresh_pairs = roster.nearest_free(calls, rows, k=parameters.neighbours, asked=asked)
    if not len(asked.row):
        return fresh_pairs
    alone = np.setdiff1d(np.intersect1d(rows, asked.row), fresh_pairs.row)
    left = roster.nearest(roster.free_grid, calls, alone, radius_m=calls.cap_m, k=1, asked=asked)
    alone = np.setdiff1d(alone, left.row)
    rested = asked.at_ms <= now_ms - parameters.reoffer_pause // MILLISECOND
    again = _asked_in_reach(calls, asked, roster, np.isin(asked.row, alone) & rested)
    pairs = joined([fresh_pairs, again])
    return pairs.take(np.argsort(pairs.row, kind="stable"))


def _asked_in_reach(calls: Calls, asked: AskedPairs, roster: Roster, which: Flags) -> Pairs:
    """Those of the asked pairs whose driver is free, able and within the radius, nearest first within a row."""
    fleet = roster.fleet
    at = np.flatnonzero(which & (asked.slot < len(fleet.lat)))
    at = at[roster.free[asked.slot[at]]]
    row, slot = asked.row[at], asked.slot[at]
    metres = straight_m(calls.lat[row], calls.lon[row], fleet.lat[slot], fleet.lon[slot])
    ours = (fleet.company[slot] == calls.company[row]) & roster.is_able(slot, calls.needs[row])
    inside = np.flatnonzero(ours & (metres <= calls.radius_m[row]))
    pairs = Pairs(row[inside], slot[inside], np.rint(metres[inside] * 1000).astype(np.int64))
    ids = roster.ids
    return pairs.take(np.lexsort((ids.low[pairs.slot], ids.high[pairs.slot], pairs.mm, pairs.row)))


def _match(candidates: Pairs, calls: Calls, parameters: DispatchParameters) -> Ints:
    """The chosen pairs; leaving a call unserved costs as much as the widest radius."""
    if not len(candidates.row):
        return np.empty(0, np.int64)
    unserved_mm = int(np.ceil(calls.cap_m.max() * 1000)) + 1
    budget = parameters.matching_pair_budget
    return match(candidates.row, candidates.slot, candidates.mm, unserved_cost=unserved_mm, pair_budget=budget)


def _outcomes(calls: Calls, asked: AskedPairs, roster: Roster, found: Found) -> list[Outcome]:
    """What this tick meant for each call, by row."""
    outcomes = [Outcome.NO_DRIVER_IN_RADIUS] * len(calls.structs)
    met = (Outcome.BEATEN_BY_CALL, Outcome.OFFERED, Outcome.LISTED)  # in the order of `Found`
    for outcome, pairs in zip(met, found, strict=True):
        for row in np.unique(pairs.row).tolist():
            outcomes[row] = outcome
    nobody = np.setdiff1d(np.arange(len(outcomes)), np.concatenate((found.candidates.row, found.visible.row)))
    for outcome, rows in _why_nobody(calls, asked, roster, nobody):
        for row in rows.tolist():
            outcomes[row] = outcome
    return outcomes


def _why_nobody(calls: Calls, asked: AskedPairs, roster: Roster, rows: Ints) -> list[tuple[Outcome, Ints]]:
    """For calls without a candidate, the closest thing to one within the radius (I-038)."""
    declined = np.intersect1d(rows, _asked_in_reach(calls, asked, roster, np.isin(asked.row, rows)).row)
    reasons = [(Outcome.ALL_ASKED, declined)]
    rows = np.setdiff1d(rows, declined)
    slots = roster.grid.slot
    status = roster.fleet.status[slots]
    for outcome, who in (
        (Outcome.ALL_BUSY, (status == Status.BUSY) | (status == Status.HELD)),
        (Outcome.POSITIONS_STALE, status == Status.IDLE),
    ):
        if len(rows):
            near = roster.nearest(roster.grid.restrict(who), calls, rows, radius_m=calls.radius_m, k=1).row
            reasons.append((outcome, near))
            rows = np.setdiff1d(rows, near)
    if len(rows):
        near = roster.nearest(roster.grid, calls.without_needs(), rows, radius_m=calls.radius_m, k=1).row
        reasons.append((Outcome.NONE_ELIGIBLE, near))
    return reasons


def _offers(calls: Calls, chosen: Pairs, now: datetime, parameters: DispatchParameters) -> tuple[PlannedOffer, ...]:
    expires_at = now + parameters.offer_limit
    pickup_m = chosen.mm / 1000 * parameters.detour_factor
    columns = (
        chosen.row.tolist(),
        chosen.slot.tolist(),
        np.rint(chosen.mm / 1000).astype(np.int64).tolist(),
        np.rint(pickup_m).astype(np.int64).tolist(),
        np.ceil(pickup_m / parameters.pickup_speed_mps).astype(np.int64).tolist(),
    )
    return tuple(
        PlannedOffer(calls.structs[row].call_id, slot, straight, road_m, road_s, expires_at)
        for row, slot, straight, road_m, road_s in zip(*columns, strict=True)
    )


def _listings(calls: Calls, visible: Pairs) -> tuple[Listing, ...]:
    """One for each call of the open list, also when nobody sees it."""
    rows = np.flatnonzero(calls.is_listed)
    first, last = np.searchsorted(visible.row, rows), np.searchsorted(visible.row, rows, "right")
    slots, metres = visible.slot.tolist(), np.rint(visible.mm / 1000).astype(np.int64).tolist()
    return tuple(
        Listing(calls.structs[row].call_id, tuple(slots[begin:end]), tuple(metres[begin:end]))
        for row, begin, end in zip(rows.tolist(), first.tolist(), last.tolist(), strict=True)
    )
