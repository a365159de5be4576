"""PURE: when a call's driver will be where they go next, from their newest position, the policy and the quoted way."""

from collections.abc import Sequence
from itertools import pairwise

from daeri.calls.model import Call, State
from daeri.dispatch.model import Arrival, Goal
from daeri.kernel.geo import Point, distance_m
from daeri.policies.model import DispatchPolicy

_KMH = 3.6


def arrival(call: Call, at: Point, policy: DispatchPolicy, *, before: Call | None = None) -> Arrival | None:
    """Of the driver at `at`; None while nobody goes anywhere.

    `before` is the drive that its driver finishes first. Roads are longer than straight lines by the policy's detour;
    who comes does so at the policy's pace, who drives at that of the quoted way.
    """
    if call.state is State.ASSIGNED:
        start, first_s = (at, 0.0) if before is None else (before.destination.point, _rest_s(before, at, policy))
        return Arrival(round(first_s + _coming_s([start, call.origin.point], policy)), Goal.ORIGIN)
    if call.state is State.DRIVING:
        stops, pace = _stops_left(call), _pace_mps(call, policy)
        goal = Goal.DESTINATION if len(stops) == 1 else Goal.VIA
        return Arrival(round(_road_m([at, stops[0]], policy) / pace), goal)
    return None


def _rest_s(drive: Call, at: Point, policy: DispatchPolicy) -> float:
    """Until the end of a drive."""
    stops = _stops_left(drive)
    if drive.state is State.DRIVING:
        return _road_m([at, *stops], policy) / _pace_mps(drive, policy)
    begin = drive.origin.point
    return _coming_s([at, begin], policy) + _road_m([begin, *stops], policy) / _pace_mps(drive, policy)


def _stops_left(call: Call) -> list[Point]:
    """The vias that were not passed, then the destination."""
    vias = [via.point for place, via in enumerate(call.vias) if place not in call.vias_reached]
    return [*vias, call.destination.point]


def _coming_s(points: Sequence[Point], policy: DispatchPolicy) -> float:
    return _road_m(points, policy) / (policy.pickup_speed_kmh / _KMH)


def _pace_mps(call: Call, policy: DispatchPolicy) -> float:
    if call.route_m and call.route_s:
        return call.route_m / call.route_s
    return policy.pickup_speed_kmh / _KMH


def _road_m(points: Sequence[Point], policy: DispatchPolicy) -> float:
    return policy.detour_factor * sum(distance_m(a, b) for a, b in pairwise(points))
