"""Why each driver near a call did or did not get it, for the calls whose outcome changed (I-040). Pure.

Kept as columns: an object for every pair would cost more than the decision itself.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.fleet import CAN_PAY, Status
from daeri.dispatch.grid import Pairs, first_of_runs, in_row_order, is_among, joined, pair_keys
from daeri.dispatch.plan import CallOutcome, Considered, Outcome, Reason
from daeri.dispatch.roster import Roster, Tick

Ints = NDArray[np.int64]

_NONE = -1
_OF_STATUS = np.full(len(Status), Reason.FARTHER, np.uint8)
_OF_STATUS[[Status.HELD, Status.BUSY]] = Reason.HELD_BY_OTHER_OFFER, Reason.BUSY


class Found(NamedTuple):
    """The pairs that competed, those of them that were chosen, and those who see a call of the open list."""

    candidates: Pairs
    chosen: Pairs
    visible: Pairs


class Decided(NamedTuple):
    """A tick as far as it is decided: the drivers around every call, what was found among them, outcomes by row."""

    tick: Tick
    around: Pairs
    found: Found
    outcomes: list[Outcome]


def describe(
    tick: Tick, around: Pairs, found: Found, outcomes: list[Outcome]
) -> tuple[tuple[CallOutcome, ...], Considered]:
    """The changed outcomes, and as the pairs behind them the drivers around each of those calls."""
    decided, calls = Decided(tick, around, found, outcomes), tick.calls
    # An offer is always news: each is to another driver.
    changed = np.array(
        [
            row
            for row, (call, outcome) in enumerate(zip(calls.structs, outcomes, strict=True))
            if outcome is not call.previous or outcome is Outcome.OFFERED
        ],
        np.int64,
    )
    call_of_driver = _call_of_driver(decided)
    pairs = _logged_pairs(decided, changed, call_of_driver)
    reason = _reasons(decided, pairs, call_of_driver)
    change_of_row = np.full(len(outcomes) + 1, _NONE)  # the last place answers for "no call"
    change_of_row[changed] = np.arange(len(changed))
    went_to = np.where(reason == Reason.NEARER_TO_OTHER_CALL, call_of_driver[pairs.slot], _NONE)
    considered = Considered(
        change_of_row[pairs.row],
        pairs.slot.astype(np.uint32),
        (pairs.mm / 1000).astype(np.float32),
        reason,
        change_of_row[went_to].astype(np.int32),
        _ages_s(decided.tick.roster, pairs.slot, reason),
    )
    return _changes(decided, changed, pairs, call_of_driver), considered


def _ages_s(roster: Roster, slot: Ints, reason: NDArray[np.uint8]) -> NDArray[np.int32]:
    """How old the positions are of those who were left out for that."""
    ages_s = np.zeros(len(slot), np.int32)
    stale = np.flatnonzero(reason == Reason.STALE_POSITION)
    ages_ms = roster.now_ms - roster.fleet.at_ms[slot[stale]]
    ages_s[stale] = np.minimum(ages_ms // 1000, np.iinfo(np.int32).max)
    return ages_s


def _call_of_driver(decided: Decided) -> Ints:
    """By slot: the row of the call that the driver is offered in this tick."""
    rows = np.full(len(decided.tick.roster.fleet.lat), _NONE)
    rows[decided.found.chosen.slot] = decided.found.chosen.row
    return rows


def _logged_pairs(decided: Decided, changed: Ints, call_of_driver: Ints) -> Pairs:
    """The drivers around every changed call, and the chosen one also when all those around are nearer but not free."""
    is_changed, has_chosen = np.zeros((2, len(decided.outcomes)), np.bool_)
    is_changed[changed] = True
    pairs, chosen = decided.around, decided.found.chosen
    has_chosen[pairs.row[call_of_driver[pairs.slot] == pairs.row]] = True
    missing = ~has_chosen[chosen.row]
    if missing.any():
        pairs = in_row_order(joined([pairs, chosen.take(missing)]))
    return pairs if is_changed.all() else pairs.take(is_changed[pairs.row])


def _reasons(decided: Decided, pairs: Pairs, call_of_driver: Ints) -> NDArray[np.uint8]:
    """The reason of each pair; where several apply, the one written last, the strongest, stays."""
    calls, asked, barred, roster = decided.tick
    row, slot = pairs.row, pairs.slot
    reason = _standing(roster).take(slot)
    went_to = call_of_driver.take(slot)
    free = (reason == Reason.FARTHER) | (reason == Reason.FARTHER_AFTER_DRIVE)
    is_nearer = pairs.mm <= _mm_of_chosen(decided).take(row)
    np.putmask(reason, free & is_nearer & (went_to != _NONE), Reason.NEARER_TO_OTHER_CALL)
    np.putmask(reason, free & (pairs.mm > (calls.radius_m * 1000).take(row)), Reason.OUT_OF_RADIUS)
    lacks = roster.lacks(slot, calls.needs.take(row))
    unable = np.flatnonzero(lacks)
    reason[unable] = np.where(lacks[unable] == CAN_PAY, Reason.LOW_BALANCE, Reason.NOT_ELIGIBLE)
    if len(asked.row):
        earlier = asked.keys()
        np.putmask(reason, is_among(pair_keys(row, slot), earlier[asked.declined]), Reason.ALREADY_DECLINED)
        np.putmask(reason, is_among(pair_keys(row, slot), earlier[~asked.declined]), Reason.ALREADY_IGNORED)
    if len(barred):
        np.putmask(reason, is_among(pair_keys(row, slot), barred), Reason.NEVER_MEET)
    np.putmask(reason, went_to == row, Reason.CHOSEN)
    visible = decided.found.visible
    if len(visible.row):
        listed = np.sort(pair_keys(visible.row, visible.slot))
        np.putmask(reason, is_among(pair_keys(row, slot), listed), Reason.LISTED)
    return reason


def _standing(roster: Roster) -> NDArray[np.uint8]:
    """By slot: what stands against offering the driver any call now; one of the FARTHER when nothing does."""
    status = roster.fleet.status
    reason = _OF_STATUS.take(status)
    np.putmask(reason, ~roster.fresh & (reason == Reason.FARTHER), Reason.STALE_POSITION)
    reason[roster.finishing] = Reason.FARTHER_AFTER_DRIVE
    return reason


def _mm_of_chosen(decided: Decided) -> Ints:
    """By row: how far the chosen driver is, and beyond everybody where there is none."""
    chosen_mm = np.full(len(decided.outcomes), np.iinfo(np.int64).max)
    chosen_mm[decided.found.chosen.row] = decided.found.chosen.mm
    return chosen_mm


def _changes(decided: Decided, changed: Ints, pairs: Pairs, call_of_driver: Ints) -> tuple[CallOutcome, ...]:
    calls, outcomes = decided.tick.calls, decided.outcomes
    rows = changed.tolist()
    first, last = np.searchsorted(pairs.row, changed), np.searchsorted(pairs.row, changed, "right")
    rest = _rest(decided, changed, pairs, call_of_driver)
    winner = _winner_of_nearest(decided, call_of_driver)
    nothing: dict[Reason, int] = {}
    return tuple(
        CallOutcome(
            calls.structs[row].call_id,
            outcomes[row],
            radius,
            begin,
            end,
            rest.get(row, nothing),
            calls.structs[winner[row]].call_id if row in winner else None,
        )
        for row, radius, begin, end in zip(
            rows, np.rint(calls.radius_m[changed]).astype(np.int64).tolist(), first.tolist(), last.tolist(), strict=True
        )
    )


def _winner_of_nearest(decided: Decided, call_of_driver: Ints) -> dict[int, int]:
    """By row: the call that the nearest candidate went to, where that is another one."""
    candidates = decided.found.candidates
    first = first_of_runs(candidates.row)
    row, winner = candidates.row[first], call_of_driver[candidates.slot[first]]
    lost = (winner != _NONE) & (winner != row)
    return dict(zip(row[lost].tolist(), winner[lost].tolist(), strict=True))


def _rest(decided: Decided, changed: Ints, logged: Pairs, call_of_driver: Ints) -> dict[int, dict[Reason, int]]:
    """For changed calls that found nobody: the drivers within their radius beyond the logged ones, by reason."""
    unmet = [row for row in changed.tolist() if decided.outcomes[row] not in (Outcome.OFFERED, Outcome.LISTED)]
    counts: dict[int, dict[Reason, int]] = {}
    if not unmet:
        return counts
    keys = np.sort(pair_keys(logged.row, logged.slot))
    for everybody in decided.tick.everybody_within_radius(np.array(unmet)):
        pairs = everybody.take(~is_among(pair_keys(everybody.row, everybody.slot), keys))
        table = np.bincount(pairs.row * len(Reason) + _reasons(decided, pairs, call_of_driver))
        for cell in np.flatnonzero(table).tolist():
            row, reason = divmod(cell, len(Reason))
            counts.setdefault(row, {})[Reason(reason)] = int(table[cell])
    return counts
