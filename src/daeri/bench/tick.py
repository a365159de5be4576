"""`daeri bench tick`: one tick of dispatch over a metropolitan night, and its parts against what others use.

Drivers and calls gather around forty hot spots of a 60 km square, the rest is spread out. Every call is new in every
round, so that each tick also writes down every reason: the dearest tick there is.
"""

import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from daeri.bench import tick_references as references
from daeri.dispatch.fleet import CAN_PAY, Duty, LiveFleet, Status
from daeri.dispatch.grid import IdOrder, Pairs, Query, build_grid, nearest
from daeri.dispatch.matching import match
from daeri.dispatch.plan import DispatchParameters, Plan, RadiusSteps, Snapshot, WaitingCall
from daeri.dispatch.policy import decide
from daeri.kernel.geo import METRES_PER_DEGREE
from daeri.kernel.ids import CallId, CompanyId, DriverId
from daeri.kernel.time import to_millis

Floats = NDArray[np.float64]
Ours = TypeVar("Ours")
Theirs = TypeVar("Theirs")

_CENTRE = (37.55, 126.98)
_COSINE = float(np.cos(np.radians(_CENTRE[0])))
_NIGHT = datetime(2026, 11, 22, 14, tzinfo=UTC)
_TICK = timedelta(milliseconds=100)
_NEIGHBOURS = 16
_CAP_M = 3_000.0
_CAN_DRIVE, _CAN_DRIVE_VIP = 1, 2
_SHARES = {Status.IDLE: 0.42, Status.HELD: 0.02, Status.BUSY: 0.56}  # of the drivers, as at the national peak
_WARM_UP = 3


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds of wall time over all rounds."""

    p50_ms: float
    p99_ms: float


class Comparison(msgspec.Struct, frozen=True):
    """Ours against a reference in alternating rounds. `ratio` is theirs ÷ ours at the median; higher is better."""

    what: str
    ours: Spread
    reference: str
    theirs: Spread
    ratio: float
    target_ratio: float | None
    same_answer: bool


class TickReport(msgspec.Struct, frozen=True):
    """What `daeri bench tick` prints."""

    drivers: int
    positions: int
    calls: int
    rounds: int
    offers: int
    considered_pairs: int
    tick: Spread
    tick_cpu: Spread  # of this process alone, for machines where others run too
    target_p50_ms: float
    absorb: Spread
    decide: Spread
    comparisons: list[Comparison]
    not_run: list[str]


def run(
    *, rounds: int, drivers: int = 100_000, positions: int = 3_300, calls: int = 1_000, match_drivers: int = 10_000
) -> TickReport:
    """Measure the whole tick, then its search and its matching beside the references that are installed."""
    rng = np.random.default_rng(20_261_122)
    absorb, decided, cpu, plan = _whole_ticks(rng, rounds, drivers, positions, calls)
    comparisons = []
    not_run = references.missing()
    if references.SCIPY not in not_run:
        comparisons.append(_search_against_tree(rng, rounds, drivers, calls))
        comparisons.append(_matching(rng, rounds, calls, match_drivers, target=3.0))
        comparisons.append(_matching(rng, rounds, calls, calls * 7 // 10, target=None))
    if references.REDIS not in not_run:
        comparisons.append(_search_against_redis(rng, rounds, drivers, calls, positions))
    return TickReport(
        drivers,
        positions,
        calls,
        rounds,
        len(plan.offers),
        len(plan.considered.slot),
        _spread([one + other for one, other in zip(absorb, decided, strict=True)]),
        _spread(cpu),
        15.0,
        _spread(absorb),
        _spread(decided),
        comparisons,
        not_run,
    )


def _whole_ticks(
    rng: np.random.Generator, rounds: int, drivers: int, positions: int, calls: int
) -> tuple[list[float], list[float], list[float], Plan]:
    """Seconds of absorb, of decide, and of processor time of both, in every round; and the last plan."""
    parameters = DispatchParameters(radius=RadiusSteps(start_m=1_000, cap_m=_CAP_M), neighbours=_NEIGHBOURS)
    fleet = _fleet(rng, drivers)
    waiting = _calls(rng, calls)
    absorbed, decided, cpu = [], [], []
    for number in range(_WARM_UP + rounds):
        now = _NIGHT + number * _TICK
        _send_positions(rng, fleet, positions, to_millis(now))
        cpu_began, began = time.process_time(), time.perf_counter()
        fleet.absorb(to_millis(now))
        between = time.perf_counter()
        plan = decide(Snapshot(waiting, fleet.view()), now, parameters)
        ended = time.perf_counter()
        cpu.append(time.process_time() - cpu_began)
        absorbed.append(between - began)
        decided.append(ended - between)
    return absorbed[_WARM_UP:], decided[_WARM_UP:], cpu[_WARM_UP:], plan


def _search_against_tree(rng: np.random.Generator, rounds: int, drivers: int, calls: int) -> Comparison:
    search, places, query = _search(rng, drivers, calls)
    drivers_at, calls_at = _planar(*places), _planar(query.lat, query.lon)
    ours, theirs, pairs, distances = _alternate(
        rounds, search, lambda: references.tree_search(drivers_at, calls_at, _NEIGHBOURS, _CAP_M)
    )
    found = np.sort(distances[np.isfinite(distances)])
    same = len(found) == len(pairs.row) and bool(np.allclose(found, np.sort(pairs.mm) / 1000, rtol=1e-2, atol=1))
    return _comparison(
        f"{calls} × {_NEIGHBOURS} nearest of {drivers}", ours, "scipy cKDTree", theirs, target=2.0, same=same
    )


def _search_against_redis(
    rng: np.random.Generator, rounds: int, drivers: int, calls: int, positions: int
) -> Comparison:
    """Redis keeps its index, so it is asked for its `positions` updates where we build anew."""
    search, places, query = _search(rng, drivers, calls)
    with references.redis_geo(*places) as redis:
        ours, theirs, pairs, counts = _alternate(
            rounds, search, lambda: redis.update_and_search(positions, query.lat, query.lon, _NEIGHBOURS, _CAP_M)
        )
    same = abs(counts - len(pairs.row)) <= 0.01 * len(pairs.row)
    what = f"{calls} × {_NEIGHBOURS} nearest of {drivers}"
    return _comparison(what, ours, "Redis GEOSEARCH, pipelined", theirs, target=30.0, same=same)


def _search(
    rng: np.random.Generator, drivers: int, calls: int
) -> tuple[Callable[[], Pairs], tuple[Floats, Floats], Query]:
    """Our search, build and query; with the drivers' places and the query."""
    places = _places(rng, drivers)
    slots, layer = np.arange(drivers), np.zeros(drivers, np.int64)
    ids = IdOrder(slots.astype(np.uint64), slots.astype(np.uint64))
    query = Query(np.zeros(calls, np.int64), *_places(rng, calls), np.full(calls, _CAP_M))
    return lambda: nearest(build_grid(slots, layer, *places), query, _NEIGHBOURS, ids), places, query


def _matching(rng: np.random.Generator, rounds: int, calls: int, drivers: int, *, target: float | None) -> Comparison:
    search, _, _ = _search(rng, drivers, calls)
    pairs = search()
    unserved = int(_CAP_M * 1000) + 1
    ours, theirs, chosen, cost = _alternate(
        rounds,
        lambda: match(pairs.row, pairs.slot, pairs.mm, unserved_cost=unserved, pair_budget=len(pairs.row)),
        lambda: references.full_matching_cost(pairs.row, pairs.slot, pairs.mm, calls, unserved),
    )
    our_cost = int(pairs.mm[chosen].sum()) + unserved * (calls - len(chosen))
    reference = "scipy min_weight_full_bipartite_matching"
    return _comparison(
        f"{calls} calls on {drivers} drivers", ours, reference, theirs, target=target, same=our_cost == cost
    )


def _alternate(
    rounds: int, ours: Callable[[], Ours], theirs: Callable[[], Theirs]
) -> tuple[list[float], list[float], Ours, Theirs]:
    """Seconds of each in turn, and the last answers of both."""
    our_times, their_times = [], []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        our_answer = ours()
        between = time.perf_counter()
        their_answer = theirs()
        their_times.append(time.perf_counter() - between)
        our_times.append(between - began)
    return our_times[1:], their_times[1:], our_answer, their_answer


def _comparison(
    what: str, ours: list[float], reference: str, theirs: list[float], *, target: float | None, same: bool
) -> Comparison:
    ratio = round(float(np.median(theirs) / np.median(ours)), 2)
    return Comparison(what, _spread(ours), reference, _spread(theirs), ratio, target, same)


def _spread(seconds: list[float]) -> Spread:
    p50, p99 = np.percentile(np.array(seconds) * 1000, [50, 99])
    return Spread(round(float(p50), 3), round(float(p99), 3))


def _places(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Latitudes and longitudes; the hot spots are the same for drivers and calls."""
    spots = np.random.default_rng(7).uniform(-25_000, 25_000, (2, 40))
    metres = rng.uniform(-30_000, 30_000, (2, count))
    crowd = rng.random(count) < 0.6
    metres[:, crowd] = (spots[:, rng.integers(0, 40, count)] + rng.normal(0, 2_000, (2, count)))[:, crowd]
    north, east = metres / METRES_PER_DEGREE
    return _CENTRE[0] + north, _CENTRE[1] + east / _COSINE


def _planar(lat: Floats, lon: Floats) -> Floats:
    """Metres north and east of the centre, as rows: what a tree searches."""
    scaled: Floats = np.column_stack((lat - _CENTRE[0], (lon - _CENTRE[1]) * _COSINE)) * METRES_PER_DEGREE
    return scaled


def _fleet(rng: np.random.Generator, drivers: int) -> LiveFleet:
    fleet, company = LiveFleet(), CompanyId(UUID(int=1))
    statuses = rng.choice(list(_SHARES), drivers, p=list(_SHARES.values())).tolist()
    for number, (lat, lon) in enumerate(zip(*_places(rng, drivers), strict=True)):
        driver_id = DriverId(UUID(int=number + 1))
        can = _CAN_DRIVE | (_CAN_DRIVE_VIP if number % 3 else 0) | (CAN_PAY if number % 40 else 0)
        slot = fleet.set_duty(driver_id, company_id=company, capabilities=can, duty=Duty.ON, version=1)
        fleet.set_status(driver_id, Status(statuses[number]), version=1)
        age_ms = 120_000 if number % 50 == 0 else number % 3_000
        fleet.place(slot, at_ms=to_millis(_NIGHT) - age_ms, lat=lat, lon=lon)
    return fleet


def _send_positions(rng: np.random.Generator, fleet: LiveFleet, count: int, now_ms: int) -> None:
    """One record each from `count` drivers who moved a few metres."""
    slots = rng.choice(len(fleet), count, replace=False)
    view = fleet.view()
    for slot, lat, lon in zip(slots.tolist(), view.lat[slots].tolist(), view.lon[slots].tolist(), strict=True):
        fleet.receive(slot, struct.pack("<qiiHH", now_ms, round(lat * 1e7) + 200, round(lon * 1e7) + 200, 80, 0))


def _calls(rng: np.random.Generator, count: int) -> tuple[WaitingCall, ...]:
    """A fifth needs a driver for VIP; they wait up to 40 s."""
    since = to_millis(_NIGHT) - rng.integers(0, 40_000, count)
    return tuple(
        WaitingCall(CallId(UUID(int=number)), 0, lat, lon, at, CAN_PAY | (_CAN_DRIVE if number % 5 else _CAN_DRIVE_VIP))
        for number, (lat, lon, at) in enumerate(zip(*_places(rng, count), since.tolist(), strict=True))
    )
