"""PURE: the meter, from the positions of a drive to its fare (R-111, I-026)."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from daeri.kernel.geo import Point, distance_m
from daeri.kernel.money import Won
from daeri.kernel.terms import Service
from daeri.kernel.time import from_millis
from daeri.policies.model import Versioned
from daeri.pricing.model import Gap, Metered, MeterPolicy, MeterReading, Route, Tariff
from daeri.pricing.policy import quote

_RECORD = struct.Struct("<qiiHH")  # at_ms, lat_e7, lon_e7, accuracy_dm, reserved
_E7 = 10_000_000
_BELIEVED_AFTER = 3  # points that agree with a jump: then the drive goes on from there


@dataclass(frozen=True, slots=True)
class Fix:
    """One position of a drive; accuracy in metres."""

    at: datetime
    point: Point
    accuracy_m: float = 0.0


def fixes_of(track: bytes) -> list[Fix]:
    """The positions of a track of 20-byte records, oldest first; what is left of a cut record is not read."""
    whole = len(track) - len(track) % _RECORD.size
    found = [
        Fix(from_millis(at_ms), Point(lat / _E7, lon / _E7), accuracy / 10)
        for at_ms, lat, lon, accuracy, _ in _RECORD.iter_unpack(track[:whole])
    ]
    return sorted(found, key=lambda fix: fix.at)


def measure(fixes: Sequence[Fix], policy: MeterPolicy, *, started_at: datetime, until: datetime) -> Metered:
    """How far a drive went from `started_at` until `until`, and where its positions are missing."""
    usable = [fix for fix in fixes if started_at <= fix.at <= until and fix.accuracy_m <= policy.max_accuracy_m]
    way = _Way(policy)
    for fix in usable:
        way.add(fix)
    gaps = tuple(_gaps([started_at, *(fix.at for fix in usable), until], policy))
    duration = max(timedelta(0), until - started_at)
    lost = sum((gap.until - gap.since for gap in gaps), timedelta(0))
    return Metered(
        distance_m=round(way.metres),
        duration_s=round(duration.total_seconds()),
        gaps=gaps,
        jumps=way.jumps,
        is_trusted=bool(usable) and lost * 100 <= duration * policy.max_gap_percent,
    )


def read_meter(
    metered: Metered,
    tariff: Versioned[Tariff],
    *,
    started_at: datetime,
    vias: int,
    service: Service,
    estimate: Won,
) -> MeterReading:
    """The fare of what was measured, by the tariff in force when the drive began."""
    if not metered.is_trusted:
        return MeterReading(estimate, metered, tariff.version)
    route = Route(metered.distance_m, metered.duration_s, exact=not metered.gaps)
    fare = quote(tariff, route, departure=started_at, vias=vias, service=service)
    return MeterReading(fare.amount, metered, tariff.version)


@dataclass(slots=True)
class _Way:
    """The distance so far, from the last point that counted (`_anchor`); `_seen` is the newest believed one.

    `_suspects` are points in a row that lie too far from it.
    """

    policy: MeterPolicy
    metres: float = 0.0
    jumps: int = 0
    _anchor: Fix | None = None
    _seen: Fix | None = None
    _suspects: list[Fix] = field(default_factory=list)

    def add(self, fix: Fix) -> None:
        if self._anchor is None or self._seen is None:
            self._anchor = self._seen = fix
            return
        if not self._may_follow(self._seen, fix):
            self._suspect(fix)
            return
        self._suspects.clear()
        self._seen = fix
        step = distance_m(self._anchor.point, fix.point)
        if step >= self.policy.min_step_m:
            self.metres += step
            self._anchor = fix

    def _suspect(self, fix: Fix) -> None:
        """Leave the point out; when several agree, the way goes on from there, and what lies between never counts."""
        self.jumps += 1
        agrees = bool(self._suspects) and self._may_follow(self._suspects[-1], fix)
        self._suspects = [*self._suspects, fix] if agrees else [fix]
        if len(self._suspects) >= _BELIEVED_AFTER:
            self._anchor = self._seen = fix
            self._suspects.clear()

    def _may_follow(self, before: Fix, after: Fix) -> bool:
        """Whether somebody may have come so far in between, with what both positions may be off by."""
        reach = (after.at - before.at).total_seconds() * self.policy.max_speed_mps
        return distance_m(before.point, after.point) <= reach + before.accuracy_m + after.accuracy_m


def _gaps(instants: Sequence[datetime], policy: MeterPolicy) -> Iterator[Gap]:
    longest = timedelta(seconds=policy.gap_s)
    for before, after in pairwise(instants):
        if after - before > longest:
            yield Gap(before, after)
