"""What a tick reads, as columns: the calls that are due, the earlier offers, and the drivers in a grid. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.fleet import FleetView, Status
from daeri.dispatch.grid import (
    Grid,
    IdOrder,
    Pairs,
    Query,
    build_grid,
    in_row_order,
    is_among,
    joined,
    nearest,
    pair_keys,
    within,
)
from daeri.dispatch.plan import Answer, Mode, RadiusSteps, WaitingCall

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MILLISECOND = timedelta(milliseconds=1)
_SLOT_BITS = 32  # as `pair_keys` packs them
_MM_BITS = 36  # of a pair's way with the rest of a drive
_AGE = attrgetter("waiting_since_ms", "call_id.int")
_ROWS_TOGETHER = 64  # bounds the memory of looking at everybody around many calls


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """The calls that are due, oldest first, and columns made of them: a call is a row."""

    structs: list[WaitingCall]
    company: Ints
    lat: Floats
    lon: Floats
    needs: Ints
    radius_m: Floats
    cap_m: Floats
    is_listed: Flags

    def around(self, rows: Ints, radius_m: Floats) -> Query:
        return Query(self.company[rows], self.lat[rows], self.lon[rows], radius_m[rows])

    def without_needs(self) -> "Calls":
        """The same calls as if any driver could do them: to see who is there at all."""
        return replace(self, needs=np.zeros_like(self.needs))


@dataclass(frozen=True, slots=True, eq=False)
class AskedPairs:
    """Earlier offers as columns: the newest of each (row, slot), in the order of `pair_keys`."""

    row: Ints
    slot: Ints
    declined: Flags
    at_ms: Ints

    def keys(self) -> Ints:
        return pair_keys(self.row, self.slot)


class Roster:
    """The drivers on duty whose place is known, in a grid, and which of them are free.

    Who is about to finish a drive is `free` too, but not `idle`. They stand where the drive ends, and the rest of it
    (`rest_mm`) is part of their way to every call.
    """

    def __init__(self, fleet: FleetView, now_ms: int, max_age_ms: int, next_call_radius_m: float) -> None:
        self.fleet = fleet
        self.now_ms = now_ms
        self.ids = IdOrder(fleet.id_high, fleet.id_low)
        self.fresh = fleet.at_ms >= now_ms - max_age_ms
        self.idle = (fleet.status == Status.IDLE) & self.fresh
        self.finishing = np.flatnonzero((fleet.left_m <= next_call_radius_m) & self.fresh)
        if next_call_radius_m <= 0:
            self.finishing = self.finishing[:0]
        self.finishing = self.finishing[fleet.status[self.finishing] == Status.BUSY]
        self.lat, self.lon, self.free = fleet.lat, fleet.lon, self.idle
        if len(self.finishing):
            self._let_finish()
        on_duty = np.flatnonzero((fleet.status != Status.OFF) & (fleet.at_ms >= 0))
        company = fleet.company.take(on_duty).astype(np.int64)
        self.grid = build_grid(on_duty, company, self.lat.take(on_duty), self.lon.take(on_duty))

    @cached_property
    def idle_grid(self) -> Grid:
        return self.grid.restrict(self.idle[self.grid.slot])

    @cached_property
    def rest_mm(self) -> Ints:
        """By slot: the rest of the drive of those who finish one, 0 for all others."""
        rest_mm = np.zeros(len(self.lat), np.int64)
        rest_mm[self.finishing] = np.rint(self.fleet.left_m[self.finishing] * 1000).astype(np.int64)
        return rest_mm

    def _let_finish(self) -> None:
        fleet, finishing = self.fleet, self.finishing
        self.lat, self.lon, self.free = fleet.lat.copy(), fleet.lon.copy(), self.idle.copy()
        self.lat[finishing], self.lon[finishing] = fleet.end_lat[finishing], fleet.end_lon[finishing]
        self.free[finishing] = True

    def with_rest(self, pairs: Pairs) -> Pairs:
        """The pairs with the rest of the drives of those who finish one, in order again (ties: as they were)."""
        if not len(self.finishing) or not len(pairs.row):
            return pairs
        rest_mm = self.rest_mm.take(pairs.slot)
        if not rest_mm.any():
            return pairs
        mm = pairs.mm + rest_mm
        order = np.argsort(pairs.row << _MM_BITS | mm, kind="stable")
        return Pairs(pairs.row, pairs.slot.take(order), mm.take(order))

    def nearest(
        self, grid: Grid, calls: Calls, rows: Ints, *, radius_m: Floats, k: int, without: Ints | None = None
    ) -> Pairs:
        """The k nearest of `grid` who can do what each call of `rows` (ascending) needs, as they stand.

        `without` are sorted `pair_keys` that must not be found.
        """
        parts = []
        needs_of_rows = calls.needs[rows]
        for needs in np.unique(needs_of_rows).tolist():
            mine = rows[needs_of_rows == needs]
            able = grid.restrict(self.is_able(grid.slot, needs)) if needs else grid
            excluded = _keys_within(without, mine) if without is not None else None
            found = nearest(able, calls.around(mine, radius_m), k, self.ids, excluded)
            parts.append(found._replace(row=mine[found.row]))
        pairs = joined(parts)
        return pairs if len(parts) <= 1 else in_row_order(pairs)

    def nearest_idle(self, calls: Calls, rows: Ints, *, k: int, without: Ints) -> Pairs:
        """The k nearest idle drivers for each call, within the radius that it has reached."""
        return self.nearest(self.idle_grid, calls, rows, radius_m=calls.radius_m, k=k, without=without)

    def is_able(self, slot: Ints, needs: int | Ints) -> Flags:
        """True where the driver has every capability bit of `needs`."""
        able: Flags = (self.fleet.capabilities.take(slot) & needs) == needs
        return able

    def lacks(self, slot: Ints, needs: Ints) -> Ints:
        """The capability bits of `needs` that the driver has not."""
        missing: Ints = needs & ~self.fleet.capabilities.take(slot)
        return missing


class Tick(NamedTuple):
    """What one tick reads, as columns. `barred` are the sorted keys of the pairs that shall never meet."""

    calls: Calls
    asked: AskedPairs
    barred: Ints
    roster: Roster

    def closed(self) -> Ints:
        """The sorted keys of the pairs that are not to be offered, or not again."""
        if not len(self.barred):
            return self.asked.keys()
        return np.union1d(self.asked.keys(), self.barred)

    def is_open_to(self, pairs: Pairs) -> Flags:
        """True where the driver can be offered the call now: free, able, within the radius, and not asked before."""
        row, slot = pairs.row, pairs.slot
        is_open: Flags = self.roster.free.take(slot) & self.roster.is_able(slot, self.calls.needs.take(row))
        is_open &= pairs.mm <= (self.calls.radius_m * 1000).take(row)
        if len(self.asked.row) or len(self.barred):
            is_open &= ~is_among(pair_keys(row, slot), self.closed())
        return is_open

    def everybody_within_radius(self, rows: Ints) -> Iterator[Pairs]:
        """All drivers on duty within the radius of the calls of `rows` (ascending), some calls at a time."""
        for first in range(0, len(rows), _ROWS_TOGETHER):
            some = rows[first : first + _ROWS_TOGETHER]
            near = within(self.roster.grid, self.calls.around(some, self.calls.radius_m))
            yield self.roster.with_rest(near._replace(row=some[near.row]))


def due_calls(waiting: tuple[WaitingCall, ...], now_ms: int, steps: RadiusSteps) -> Calls:
    """Those whose time has come, with the radius that each has reached by waiting."""
    due = [call for call in waiting if call.waiting_since_ms <= now_ms]
    due.sort(key=_AGE)
    waited_ms = now_ms - np.array([call.waiting_since_ms for call in due], np.int64)
    radius_m, cap_m = _radii(due, waited_ms, steps)
    return Calls(
        due,
        np.array([call.company for call in due], np.int64),
        np.array([call.lat for call in due], np.float64),
        np.array([call.lon for call in due], np.float64),
        np.array([call.needs for call in due], np.int64),
        radius_m,
        cap_m,
        np.array([call.mode is Mode.OPEN_LIST for call in due], np.bool_),
    )


def asked_pairs(calls: Calls) -> AskedPairs:
    """The earlier offers of all calls; of several to one driver, the newest."""
    latest = {
        (row, asked.slot): asked
        for row, call in enumerate(calls.structs)
        if call.asked
        for asked in sorted(call.asked, key=lambda asked: asked.at_ms)
    }
    pairs = sorted(latest)
    answers = [latest[pair] for pair in pairs]
    return AskedPairs(
        np.array([row for row, _ in pairs], np.int64),
        np.array([slot for _, slot in pairs], np.int64),
        np.array([asked.answer is Answer.DECLINED for asked in answers], np.bool_),
        np.array([asked.at_ms for asked in answers], np.int64),
    )


def barred_keys(calls: Calls) -> Ints:
    """The pairs that shall never meet, as sorted keys."""
    pairs = [(row, slot) for row, call in enumerate(calls.structs) if call.barred for slot in call.barred]
    if not pairs:
        return np.empty(0, np.int64)
    row, slot = np.array(pairs, np.int64).T
    return np.unique(pair_keys(row, slot))


def _keys_within(keys: Ints, rows: Ints) -> Ints:
    """Those of the sorted keys whose row is among `rows` (ascending), each row numbered by its place there."""
    if not len(keys) or not len(rows):
        return np.empty(0, np.int64)
    row, slot = keys >> _SLOT_BITS, keys & ((1 << _SLOT_BITS) - 1)
    place = np.minimum(np.searchsorted(rows, row), len(rows) - 1)
    mine = rows[place] == row
    return pair_keys(place[mine], slot[mine])


def _radii(due: list[WaitingCall], waited_ms: Ints, usual: RadiusSteps) -> tuple[Floats, Floats]:
    """The radius that each call has reached, and its cap, in metres."""
    radius_m, cap_m = _grown([usual], waited_ms)
    own = [row for row, call in enumerate(due) if call.radius is not None]
    if own:
        radius_m[own], cap_m[own] = _grown([due[row].radius or usual for row in own], waited_ms[own])
    return radius_m, cap_m


def _grown(steps: list[RadiusSteps], waited_ms: Ints) -> tuple[Floats, Floats]:
    """As `_radii`, with the steps of each call, or one for all."""
    taken = waited_ms // np.array([one.every / MILLISECOND for one in steps], np.float64)
    start_m = np.array([one.start_m for one in steps], np.float64)
    cap_m = np.array([one.cap_m for one in steps], np.float64)
    radius_m = np.minimum(start_m + np.array([one.step_m for one in steps], np.float64) * taken, cap_m)
    return radius_m, np.broadcast_to(cap_m, radius_m.shape).copy()
