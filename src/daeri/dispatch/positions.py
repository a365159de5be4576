"""Position reports: the binary record, and which reports are believed. No I/O.

A frame of a driver's own socket is made of 20-byte records, a frame of a gateway of 24-byte records that begin with
the handle of the driver. Everything here works on all records of a tick at once.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daeri.kernel.geo import METRES_PER_DEGREE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Reasons = NDArray[np.uint8]

RECORD = np.dtype([("at_ms", "<i8"), ("lat_e7", "<i4"), ("lon_e7", "<i4"), ("accuracy_dm", "<u2"), ("reserved", "<u2")])
HANDLE_RECORD = np.dtype([("handle", "<u4"), ("record", RECORD)])


class DropReason(IntEnum):
    """Why a record was not believed; 0 is a believed one. One record counts once, under the first that applies."""

    MALFORMED = 1  # the frame is no whole number of records; the frame counts once
    OVERFLOW = 2  # the buffer was full
    UNKNOWN_DRIVER = 3  # a handle that this gateway does not hold, or a driver who was removed
    SWAPPED = 4  # out of range as it is, in range with latitude and longitude exchanged
    OUT_OF_RANGE = 5
    NULL_ISLAND = 6  # 0, 0: what broken clients send for "I do not know"
    FUTURE = 7
    PAST = 8
    INACCURATE = 9
    EXCESS = 10  # more records of one driver in one tick than anybody needs
    DUPLICATE = 11
    OLDER = 12  # older than the newest known
    TOO_FAST = 13  # nobody drives that fast from the last believed point to here


@dataclass(frozen=True, slots=True)
class PositionLimits:
    """What is plausible. After `relocate_after` agreeing rejects, or a gap, a jump is believed after all."""

    future_ms: int = 5_000
    past_ms: int = 60_000
    accuracy_m: float = 200.0
    speed_mps: float = 70.0
    relocate_after: int = 3
    gap_ms: int = 60_000
    records_per_tick: int = 64  # newest records of one driver that one tick looks at
    buffer_bytes: int = 16_000_000


class Batch(NamedTuple):
    """Records as columns of one length; degrees, milliseconds, metres."""

    slot: Ints
    at_ms: Ints
    lat: Floats
    lon: Floats
    accuracy_m: Floats

    def take(self, rows: Ints) -> "Batch":
        return Batch(self.slot[rows], self.at_ms[rows], self.lat[rows], self.lon[rows], self.accuracy_m[rows])


@dataclass(slots=True, eq=False)
class Track:
    """The last believed point of every slot, and the run of points that were too far from it to be believed."""

    lat: Floats
    lon: Floats
    at_ms: Ints  # −1: no point yet
    accuracy_m: NDArray[np.float32]
    suspect_lat: Floats
    suspect_lon: Floats
    suspect_at_ms: Ints
    suspects: NDArray[np.uint8]


def to_batch(slots: Ints, records: NDArray[np.void]) -> Batch:
    """Records in RECORD layout as columns."""
    at_ms = records["at_ms"].astype(np.int64)
    lat, lon = records["lat_e7"] * 1e-7, records["lon_e7"] * 1e-7
    return Batch(slots, at_ms, lat, lon, records["accuracy_dm"] * 0.1)


def screen(batch: Batch, now_ms: int, limits: PositionLimits) -> Reasons:
    """What is wrong with each record by itself: a DropReason, or 0."""
    lat, lon = batch.lat, batch.lon
    in_range = (np.abs(lat) <= 90) & (np.abs(lon) <= 180)
    swapped = ~in_range & (np.abs(lon) <= 90) & (np.abs(lat) <= 180)
    reasons = np.zeros(len(lat), np.uint8)
    # The last one written wins: from the weakest ground to the strongest.
    reasons[batch.accuracy_m > limits.accuracy_m] = DropReason.INACCURATE
    reasons[batch.at_ms < now_ms - limits.past_ms] = DropReason.PAST
    reasons[batch.at_ms > now_ms + limits.future_ms] = DropReason.FUTURE
    reasons[(lat == 0) & (lon == 0)] = DropReason.NULL_ISLAND
    reasons[~in_range] = DropReason.OUT_OF_RANGE
    reasons[swapped] = DropReason.SWAPPED
    return reasons


def follow(batch: Batch, track: Track, limits: PositionLimits) -> Reasons:
    """Move `track` along the screened records of `batch` in the order of their times; the reason of each record.

    Records of one driver are judged one after the other, those of all drivers side by side: round r takes the r-th
    record of every driver.
    """
    reasons = np.zeros(len(batch.slot), np.uint8)
    if not len(reasons):
        return reasons
    order = np.lexsort((batch.at_ms, batch.slot))
    turn = _turns(batch.slot[order], limits.records_per_tick)
    reasons[order[turn < 0]] = DropReason.EXCESS
    order, turn = order[turn >= 0], turn[turn >= 0]
    by_turn = order[np.argsort(turn, kind="stable")]
    for rows in np.split(by_turn, np.cumsum(np.bincount(turn))[:-1]):
        reasons[rows] = _judge(batch.take(rows), track, limits)
    return reasons


def _turns(sorted_slots: Ints, most: int) -> Ints:
    """The position of each record among its driver's, counted so that the newest `most` are 0 and above."""
    first = np.flatnonzero(np.diff(sorted_slots, prepend=-1))
    sizes = np.diff(first, append=len(sorted_slots))
    skipped = np.maximum(sizes - most, 0)
    turns: Ints = np.arange(len(sorted_slots)) - np.repeat(first + skipped, sizes)
    return turns


def _judge(batch: Batch, track: Track, limits: PositionLimits) -> Reasons:
    """One record a driver against the last believed point; believed ones are written to `track`."""
    slot, at_ms = batch.slot, batch.at_ms
    known_at = track.at_ms[slot]
    reasons = np.zeros(len(slot), np.uint8)
    jumped = (known_at >= 0) & (at_ms - known_at <= limits.gap_ms)
    slack = batch.accuracy_m + track.accuracy_m[slot]
    reach = slack + limits.speed_mps * (at_ms - known_at) / 1000
    jumped &= straight_m(batch.lat, batch.lon, track.lat[slot], track.lon[slot]) > reach
    if jumped.any():
        rows = np.flatnonzero(jumped & (at_ms > known_at))
        reasons[rows] = _suspect(batch.take(rows), track, limits)
    reasons[at_ms == known_at] = DropReason.DUPLICATE
    reasons[at_ms < known_at] = DropReason.OLDER
    _write(batch.take(np.flatnonzero(reasons == 0)), track)
    return reasons


def _suspect(batch: Batch, track: Track, limits: PositionLimits) -> Reasons:
    """Points that are too far away: believed only when enough of them in a row agree with one another."""
    slot = batch.slot
    elapsed_s = (batch.at_ms - track.suspect_at_ms[slot]) / 1000
    apart = straight_m(batch.lat, batch.lon, track.suspect_lat[slot], track.suspect_lon[slot])
    agrees = (track.suspects[slot] > 0) & (elapsed_s > 0)
    agrees &= apart <= 2 * batch.accuracy_m + limits.speed_mps * elapsed_s
    run = np.where(agrees, track.suspects[slot] + 1, 1).astype(np.uint8)
    track.suspects[slot] = run
    track.suspect_lat[slot], track.suspect_lon[slot] = batch.lat, batch.lon
    track.suspect_at_ms[slot] = batch.at_ms
    reasons: Reasons = np.where(run >= limits.relocate_after, 0, DropReason.TOO_FAST).astype(np.uint8)
    return reasons


def _write(batch: Batch, track: Track) -> None:
    slot = batch.slot
    track.lat[slot], track.lon[slot] = batch.lat, batch.lon
    track.at_ms[slot], track.accuracy_m[slot] = batch.at_ms, batch.accuracy_m
    track.suspects[slot] = 0


def straight_m(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Straight metres between near points (below 100 km within 0.1 % of the great circle)."""
    north = lat_b - lat_a
    east = (lon_b - lon_a) * np.cos(np.radians((lat_a + lat_b) / 2))
    metres: Floats = np.hypot(north, east) * METRES_PER_DEGREE
    return metres
