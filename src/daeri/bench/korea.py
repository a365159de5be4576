"""`daeri bench korea`: a night at the national peak against one daeri process, and what it costs.

100,000 drivers are on duty, 58 % of them driving; every one of them reports a position every three seconds, 29 calls
come in a second and as many drives end. At least 10,000 drivers hold a socket of their own, the others are carried by
gateways. Load comes from processes of its own; the program is one process, PostgreSQL is durable (fsync on).
"""

import asyncio
import math
import multiprocessing
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from multiprocessing.connection import Connection

import asyncpg
import msgspec
import numpy as np

from daeri.bench import processes
from daeri.bench.counters import Counters, read_counters
from daeri.bench.korea_load import Crowd, Heard, Squad, load_process
from daeri.bench.korea_seed import Ground, Night, begin_night
from daeri.bench.load import Spread, spread
from daeri.bench.stage import Address, People, Stage, make_people, open_stage, served
from daeri.bootstrap import open_parts
from daeri.kernel.time import SystemClock

TARGET_CORES = 1.0
TARGET_P99_MS = 500.0
_GRACE_S = 5.0
_SOCKET_PROCESSES = 2
_OFFERS = "SELECT id FROM offers WHERE mode = 'exclusive' AND offered_at >= $1 AND offered_at < $2"


class Cost(msgspec.Struct, frozen=True):
    """What the night took. CPU is in cores: CPU seconds a second of wall time; the other times are wall time."""

    program_cpu: float
    postgres_cpu: float
    load_cpu: float
    program_mib: int
    postgres_mib: int  # pages that its processes share count in each
    cpu_by_part: dict[str, float]  # cores, as the program counts them itself
    tick_ms_per_s: dict[str, float]  # by phase
    http_ms_per_s: float  # that requests were open for, added up
    database_wait_ms_per_s: float
    loop_lag_p50_ms: float
    loop_lag_p99_ms: float  # edges of the histogram's buckets, of which the last is 5 s or more


class Messages(msgspec.Struct, frozen=True):
    """What came through, and what did not, a few seconds after the end."""

    calls: int
    calls_without_card: int
    offers: int
    lost_offers: int  # written, but no socket has heard of them
    sockets_lost: int
    positions_sent: int
    positions_believed: int
    positions_dropped: dict[str, int]


class KoreaReport(msgspec.Struct, frozen=True):
    """What `daeri bench korea` prints."""

    drivers: int
    driving: int
    sockets: int
    calls_per_s: float
    seconds: float
    machine_cores: int
    request_to_card: Spread
    cost: Cost
    messages: Messages
    latencies: dict[str, Spread]  # of commands
    errors: dict[str, int]
    load_lag_ms: float  # how late the load itself was at worst
    target_cores: float
    target_p99_ms: float
    is_reached: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the night is. `seconds` are measured after `warm_up_s`."""

    drivers: int = 100_000
    sockets: int = 10_000
    calls_per_s: float = 29.0
    seconds: float = 300.0
    warm_up_s: float = 20.0

    def __post_init__(self) -> None:
        if not 1 <= self.sockets <= self.drivers:
            raise ValueError("at least one socket, and no more sockets than drivers")


@dataclass(frozen=True, slots=True)
class _Mark:
    """The state of everything that is measured, at one instant."""

    at: datetime
    monotonic_s: float
    program: processes.Usage
    postgres: processes.Usage
    counters: Counters


def run(plan: Plan) -> KoreaReport:
    """Seed the night, let it run, measure it. The main thread must run this."""
    processes.allow_files(2 * plan.sockets + 5_000)
    with open_stage() as stage:
        people, night, crowd = asyncio.run(_prepare(stage, plan))
        work = _divide(plan, people, night, crowd)
        with served(stage) as pid, _load(work, stage.address) as lines:
            _say(lines, "start")
            time.sleep(plan.warm_up_s)
            _say(lines, "measure")
            before = _mark(stage, pid)
            time.sleep(plan.seconds)
            after = _mark(stage, pid)
            _say(lines, "end")
            time.sleep(_GRACE_S)  # what comes late is late, not lost
            _say(lines, "stop")
            heard = [one for line in lines for one in line.recv()]
        offers = asyncio.run(_offers(stage, before.at, after.at))
    return _report(plan, night.driving, _Measured(before, after, heard, offers))


async def _prepare(stage: Stage, plan: Plan) -> tuple[People, Night, Crowd]:
    rng = np.random.default_rng(20_261_122)
    calls = math.ceil(plan.calls_per_s * (plan.seconds + plan.warm_up_s))
    async with open_parts(stage.settings, stage.dsn) as parts:
        people = await make_people(parts, drivers_on_duty=plan.drivers, customers_count=min(5_000, max(100, calls)))
        ground = Ground(parts, plan.drivers, rng)
        night = await begin_night(parts, people, ground, rng)
    return people, night, Crowd(people.customers, night.origins(max(1, calls), rng), plan.calls_per_s)


def _divide(plan: Plan, people: People, night: Night, crowd: Crowd) -> list[list[Squad | Crowd]]:
    """What each load process does: own sockets in two, gateways and customers in another."""
    edges = np.linspace(0, plan.sockets, min(_SOCKET_PROCESSES, plan.sockets) + 1).astype(int).tolist()
    squads: list[list[Squad | Crowd]] = [
        [_squad(plan, people, night, range(first, last))] for first, last in pairwise(edges)
    ]
    others: list[Squad | Crowd] = [crowd]
    if plan.drivers > plan.sockets:
        others.append(_squad(plan, people, night, range(plan.sockets, plan.drivers), people.gateway_token))
    return [*squads, others]


def _squad(plan: Plan, people: People, night: Night, numbers: range, gateway_token: str | None = None) -> Squad:
    rows = slice(numbers.start, numbers.stop)
    return Squad(
        people.drivers[rows],
        night.lat[rows],
        night.lon[rows],
        night.call_ids[rows],
        plan.calls_per_s * len(numbers) / plan.drivers,
        gateway_token,
    )


@contextmanager
def _load(work: Sequence[Sequence[Squad | Crowd]], address: Address) -> Iterator[list[Connection]]:
    """The load processes, all of them connected."""
    context = multiprocessing.get_context("spawn")
    running, lines = [], []
    try:
        for share in work:
            ours, theirs = context.Pipe()
            process = context.Process(target=load_process, args=(share, address, theirs), daemon=True)
            process.start()
            theirs.close()
            running.append(process)
            lines.append(ours)
        for line in lines:
            line.recv()
        yield lines
    finally:
        for process in running:
            process.join(5)
            process.kill()
            process.join()


def _say(lines: Sequence[Connection], word: str) -> None:
    for line in lines:
        line.send(word)


def _mark(stage: Stage, pid: int) -> _Mark:
    return _Mark(
        SystemClock().now(),
        time.monotonic(),
        processes.usage(pid),
        processes.usage(stage.postmaster_pid),
        read_counters(stage.settings.port),
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """Everything that was seen between two marks; `offers` are those that must have been heard of by the end."""

    before: _Mark
    after: _Mark
    heard: Sequence[Heard]
    offers: set[str]

    @property
    def seconds(self) -> float:
        return self.after.monotonic_s - self.before.monotonic_s


async def _offers(stage: Stage, since: datetime, until: datetime) -> set[str]:
    connection = await asyncpg.connect(stage.dsn)
    try:
        return {str(row["id"]) for row in await connection.fetch(_OFFERS, since, until)}
    finally:
        await connection.close()


def _report(plan: Plan, driving: int, measured: _Measured) -> KoreaReport:
    latencies: dict[str, list[float]] = defaultdict(list)
    errors: Counter[str] = Counter()
    for one in measured.heard:
        errors.update(one.errors)
        for kind, times in one.latencies.items():
            latencies[kind] += times
    waits = _request_to_card(measured.heard, measured.after.monotonic_s)
    cards = spread([wait for wait in waits.values() if wait is not None])
    cost = _cost(measured)
    return KoreaReport(
        drivers=plan.drivers,
        driving=driving,
        sockets=plan.sockets,
        calls_per_s=plan.calls_per_s,
        seconds=round(measured.seconds, 1),
        machine_cores=os.cpu_count() or 1,
        request_to_card=cards,
        cost=cost,
        messages=_messages(measured, waits),
        latencies={kind: spread(times) for kind, times in latencies.items()},
        errors=dict(errors),
        load_lag_ms=round(max(one.longest_lag_s for one in measured.heard) * 1000, 1),
        target_cores=TARGET_CORES,
        target_p99_ms=TARGET_P99_MS,
        is_reached=cost.program_cpu <= TARGET_CORES and 0 < cards.p99_ms < TARGET_P99_MS,
    )


def _cost(measured: _Measured) -> Cost:
    before, after, seconds = measured.before, measured.after, measured.seconds
    change = after.counters.since(before.counters)
    return Cost(
        program_cpu=round((after.program.cpu_s - before.program.cpu_s) / seconds, 3),
        postgres_cpu=round((after.postgres.cpu_s - before.postgres.cpu_s) / seconds, 3),
        load_cpu=round(sum(one.cpu_s for one in measured.heard) / seconds, 3),
        program_mib=after.program.resident_bytes >> 20,
        postgres_mib=after.postgres.resident_bytes >> 20,
        cpu_by_part=_a_second(change.by("daeri_cpu_seconds_total", "part"), seconds),
        tick_ms_per_s=_a_second(change.by("daeri_tick_seconds_sum", "phase"), seconds / 1000),
        http_ms_per_s=round(change.total("daeri_request_seconds_sum") / seconds * 1000, 2),
        database_wait_ms_per_s=round(change.total("daeri_database_wait_seconds_sum") / seconds * 1000, 2),
        loop_lag_p50_ms=change.percentile_ms("daeri_loop_lag_seconds", 0.50),
        loop_lag_p99_ms=change.percentile_ms("daeri_loop_lag_seconds", 0.99),
    )


def _messages(measured: _Measured, waits: Mapping[str, float | None]) -> Messages:
    change = measured.after.counters.since(measured.before.counters)
    counts: Counter[str] = Counter()
    for one in measured.heard:
        counts.update(one.counts)
    dropped = change.by("daeri_positions_dropped_total", "reason")
    return Messages(
        calls=len(waits),
        calls_without_card=sum(wait is None for wait in waits.values()),
        offers=len(measured.offers),
        lost_offers=len(measured.offers.difference(*(one.offers for one in measured.heard))),
        sockets_lost=counts["sockets"] - counts["sockets open"],
        positions_sent=sum(one.positions_sent for one in measured.heard),
        positions_believed=int(change.total("daeri_positions_accepted_total")),
        positions_dropped={reason: int(count) for reason, count in dropped.items() if count},
    )


def _request_to_card(heard: Sequence[Heard], until_s: float) -> dict[str, float | None]:
    """Seconds from the request to its first card by call, None for a call that had none; of calls asked in time."""
    carded: dict[str, float] = {}
    for one in heard:
        for call_id, at in one.carded_at.items():
            carded[call_id] = min(at, carded.get(call_id, at))
    asked = {call_id: at for one in heard for call_id, at in one.asked_at.items() if at <= until_s}
    return {call_id: carded[call_id] - at if call_id in carded else None for call_id, at in asked.items()}


def _a_second(sums: dict[str, float], seconds: float) -> dict[str, float]:
    return {name: round(value / seconds, 3) for name, value in sums.items()}
