"""One tick of dispatch, pure: which call is offered to which driver, who sees the open list, and why (R-051, I-040).

The order of things: decide who may be found, gather the k nearest of every call within its radius, match where calls
compete, name the outcome of every call, and write down the pairs behind those outcomes that changed.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.fleet import Status
from daeri.dispatch.grid import Pairs, in_row_order, is_among, joined, no_pairs, pair_keys, rank_in_row
from daeri.dispatch.matching import match
from daeri.dispatch.plan import DispatchParameters, Listing, Outcome, Plan, PlannedOffer, Snapshot
from daeri.dispatch.positions import straight_m
from daeri.dispatch.reasons import Found, describe
from daeri.dispatch.roster import MILLISECOND, Calls, Roster, Tick, asked_pairs, barred_keys, due_calls
from daeri.kernel.time import to_millis

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# What a tick can mean for a call, from the weakest to the strongest: the strongest that applies is its outcome.
_BY_STRENGTH = (
    Outcome.NO_DRIVER_IN_RADIUS,
    Outcome.NONE_ELIGIBLE,
    Outcome.POSITIONS_STALE,
    Outcome.ALL_BUSY,
    Outcome.ALL_ASKED,
    Outcome.BEATEN_BY_CALL,
    Outcome.OFFERED,
    Outcome.LISTED,
)
_STRENGTH = {outcome: strength for strength, outcome in enumerate(_BY_STRENGTH)}
_MET = (Outcome.OFFERED, Outcome.LISTED)


def decide(snapshot: Snapshot, now: datetime, parameters: DispatchParameters) -> Plan:
    """What to offer to whom at `now`. Writes nothing and remembers nothing: the same arguments give the same plan.

    A call that nobody can take gets its outcome instead; a call that is not yet due is left out.
    """
    now_ms = to_millis(now)
    calls = due_calls(snapshot.calls, now_ms, parameters.radius)
    max_age_ms = parameters.position_max_age // MILLISECOND
    roster = Roster(snapshot.fleet, now_ms, max_age_ms, parameters.next_call_radius_m)
    tick = Tick(calls, asked_pairs(calls), barred_keys(calls), roster)
    around = Around.of(tick, parameters.logged_drivers)
    candidates = _candidates(tick, around, now_ms, parameters)
    chosen = candidates.take(_match(candidates, calls, parameters))
    visible = _free_near(tick, around, np.flatnonzero(calls.is_listed), parameters.listed_drivers)
    found = Found(candidates, chosen, visible)
    outcomes = _outcomes(tick, around, found)
    changes, considered = describe(tick, around.pairs, found, outcomes)
    unmet = Counter(outcome for outcome in outcomes if outcome not in _MET)
    return Plan(_offers(tick, chosen, now, parameters), _listings(calls, visible), changes, considered, dict(unmet))


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The drivers nearest to every call within its cap, whatever they do; `is_full` by row: there may be more."""

    pairs: Pairs
    is_full: Flags
    reaches_m: Floats  # by row: everybody up to here is in; infinite when everybody within the cap is

    @classmethod
    def of(cls, tick: Tick, k: int) -> "Around":
        calls, everybody = tick.calls, np.arange(len(tick.calls.structs))
        pairs = tick.roster.nearest(tick.roster.grid, calls.without_needs(), everybody, radius_m=calls.cap_m, k=k)
        is_full = np.bincount(pairs.row, minlength=len(everybody)) >= k
        reaches_m = np.full(len(everybody), np.inf)
        reaches_m[pairs.row] = pairs.mm / 1000  # the last of a row, its farthest, stays
        return cls(tick.roster.with_rest(pairs), is_full, np.where(is_full, reaches_m, np.inf))

    def hides_some(self, rows: Ints, radius_m: Floats) -> Flags:
        """True where a driver within the radius may be missing."""
        hides: Flags = self.reaches_m[rows] <= radius_m[rows]
        return hides


def _free_near(tick: Tick, around: Around, rows: Ints, k: int) -> Pairs:
    """The nearest who can be offered each call of `rows` (ascending): free, able, in the radius, not asked, not barred.

    Up to k of them; without a gap, so that no idle driver nearer is missing. Most calls find enough among the drivers
    around; for those that do not find half of k, the grid of idle drivers is searched too.
    """
    if not len(rows):
        return no_pairs()
    calls = tick.calls
    wanted = np.zeros(len(calls.structs), np.bool_)
    wanted[rows] = True
    pairs = around.pairs
    eligible = np.flatnonzero(wanted[pairs.row] & tick.is_open_to(pairs))
    pairs = pairs.take(eligible)
    pairs = pairs.take(rank_in_row(pairs.row) < k)
    count = np.bincount(pairs.row, minlength=len(wanted))
    short = rows[(count[rows] < k // 2) & around.hides_some(rows, calls.radius_m)]
    if not len(short):
        return pairs
    wanted[short] = False
    searched = tick.roster.nearest_idle(calls, short, k=k, without=tick.closed())
    # Of those who were found among the drivers around, the idle ones are found again.
    kept = pairs.take(wanted[pairs.row] | ~tick.roster.idle[pairs.slot])
    both = in_row_order(joined([kept, searched]))
    if not len(tick.roster.finishing):
        return both
    both = both.take(np.lexsort((both.mm, both.row)))
    return both.take(rank_in_row(both.row) < k)


def _candidates(tick: Tick, around: Around, now_ms: int, parameters: DispatchParameters) -> Pairs:
    """The pairs that compete: the nearest drivers not yet asked, and those asked before where nobody else is left."""
    calls, asked = tick.calls, tick.asked
    rows = np.flatnonzero(~calls.is_listed)
    unasked = _free_near(tick, around, rows, parameters.neighbours)
    if not len(asked.row):
        return unasked
    alone = np.setdiff1d(np.intersect1d(rows, asked.row), unasked.row)
    roster = tick.roster
    left = roster.nearest(roster.idle_grid, calls, alone, radius_m=calls.cap_m, k=1, without=tick.closed())
    alone = np.setdiff1d(alone, left.row)
    rested = asked.at_ms <= now_ms - parameters.reoffer_pause // MILLISECOND
    again = _asked_in_reach(tick, np.isin(asked.row, alone) & rested)
    return in_row_order(joined([unasked, again]))


def _asked_in_reach(tick: Tick, which: Flags) -> Pairs:
    """Those of the asked pairs whose driver is free, able and within the radius, nearest first within a row."""
    calls, asked, barred, roster = tick
    fleet = roster.fleet
    at = np.flatnonzero(which & (asked.slot < len(fleet.lat)))
    at = at[roster.free[asked.slot[at]] & ~is_among(pair_keys(asked.row[at], asked.slot[at]), barred)]
    row, slot = asked.row[at], asked.slot[at]
    metres = straight_m(calls.lat[row], calls.lon[row], roster.lat[slot], roster.lon[slot])
    metres += roster.rest_mm[slot] / 1000
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


def _outcomes(tick: Tick, around: Around, found: Found) -> list[Outcome]:
    """What this tick meant for each call, by row: for one without a candidate, the closest thing to one (I-038)."""
    strength = np.zeros(len(tick.calls.structs), np.uint8)
    strength[found.candidates.row] = _STRENGTH[Outcome.BEATEN_BY_CALL]
    strength[found.chosen.row] = _STRENGTH[Outcome.OFFERED]
    strength[found.visible.row] = _STRENGTH[Outcome.LISTED]
    undecided = around.pairs.take(strength[around.pairs.row] == 0)
    np.maximum.at(strength, undecided.row, _closeness(tick, undecided))
    unsure = np.flatnonzero(strength < _STRENGTH[Outcome.ALL_BUSY])
    unsure = unsure[around.hides_some(unsure, tick.calls.radius_m)]
    for pairs in tick.everybody_within_radius(unsure):
        np.maximum.at(strength, pairs.row, _closeness(tick, pairs))
    return [_BY_STRENGTH[number] for number in strength.tolist()]


def _closeness(tick: Tick, pairs: Pairs) -> NDArray[np.uint8]:
    """How close each driver of a call without candidates came to being one, as a place in `_BY_STRENGTH`."""
    calls, roster = tick.calls, tick.roster
    row, slot = pairs.row, pairs.slot
    status = roster.fleet.status[slot]
    strength = np.full(len(row), _STRENGTH[Outcome.ALL_BUSY], np.uint8)
    strength[status == Status.IDLE] = _STRENGTH[Outcome.POSITIONS_STALE]
    strength[roster.free[slot]] = _STRENGTH[Outcome.ALL_ASKED]
    strength[~roster.is_able(slot, calls.needs[row])] = _STRENGTH[Outcome.NONE_ELIGIBLE]
    if len(tick.barred):
        strength[is_among(pair_keys(row, slot), tick.barred)] = _STRENGTH[Outcome.NONE_ELIGIBLE]
    strength[pairs.mm > calls.radius_m[row] * 1000] = _STRENGTH[Outcome.NO_DRIVER_IN_RADIUS]
    return strength


def _offers(tick: Tick, chosen: Pairs, now: datetime, parameters: DispatchParameters) -> tuple[PlannedOffer, ...]:
    expires_at = now + parameters.offer_limit
    pickup_m = chosen.mm / 1000 * parameters.detour_factor
    columns = (
        chosen.row.tolist(),
        chosen.slot.tolist(),
        np.rint(chosen.mm / 1000).astype(np.int64).tolist(),
        np.rint(pickup_m).astype(np.int64).tolist(),
        np.ceil(pickup_m / parameters.pickup_speed_mps).astype(np.int64).tolist(),
        (~tick.roster.idle[chosen.slot]).tolist(),
    )
    structs = tick.calls.structs
    return tuple(
        PlannedOffer(structs[row].call_id, slot, straight, road_m, road_s, expires_at, is_next)
        for row, slot, straight, road_m, road_s, is_next in zip(*columns, strict=True)
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
