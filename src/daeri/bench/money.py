"""`daeri bench money`: rides that are completed and captured, beside their bare statements in PostgreSQL.

Drivers complete their drives over HTTP with a token and an idempotency key; the ride is billed, its fare asked of the
sandbox's cards and captured. A fixed number of rides at most is not paid yet at any time. The program is one process
with web, engine and worker; sandbox, load and reference are processes of their own, and PostgreSQL is durable (fsync
on). Rounds alternate: the program idles while the reference runs, and the other way round.
"""

import asyncio
import statistics
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import asyncpg
import msgspec

from daeri.bench import processes
from daeri.bench.load import Spread, spread
from daeri.bench.money_load import Window, load_process
from daeri.bench.money_reference import LIVES, TASKS, Replayed, Template, record, reference_process
from daeri.bench.money_seed import give_cards, sandbox, set_out, vacuum
from daeri.bench.processes import beside
from daeri.bench.stage import People, Stage, copy_database, make_people, open_stage, served
from daeri.bootstrap import open_parts

TARGET = 0.35
_AT_ONCE = 64
# Where the seconds of a ride went, from the instants that the program writes: the job began, the answer was recorded.
_CAPTURED = """
SELECT extract(epoch FROM h.at - c.ended_at)::float8 AS job, extract(epoch FROM x.ended_at - h.at)::float8 AS asked,
       extract(epoch FROM x.ended_at - c.ended_at)::float8 AS whole
FROM charges x JOIN calls c ON c.id = x.call_id
JOIN events e ON e.aggregate = 'call' AND e.aggregate_id = c.id AND e.kind = 'call.completed'
JOIN handled_events h ON h.event_id = e.id
WHERE x.state = 'captured' AND x.ended_at >= $1 AND x.ended_at < $2
"""


class Cost(msgspec.Struct, frozen=True):
    """CPU of one capture in milliseconds, from a round's start to its last capture, by whom it was used."""

    program_ms: float
    postgres_ms: float
    sandbox_ms: float
    reference_ms: float
    reference_postgres_ms: float


class Round(msgspec.Struct, frozen=True):
    """Captures a second of both; CPU cores, on the mean from a round's start to its last capture."""

    captures_per_s: float
    reference_captures_per_s: float
    ratio: float
    program_cpu: float
    postgres_cpu: float
    cost: Cost


class MoneyReport(msgspec.Struct, frozen=True):
    """What `daeri bench money` prints. `latencies` are of all rounds."""

    drivers: int
    customers: int
    at_once: int
    round_s: float
    transactions_a_capture: int
    statements_a_capture: int
    rounds: list[Round]
    captures_per_s: float  # median
    reference_captures_per_s: float  # median
    ratio: float  # median of the rounds' ratios
    target_ratio: float
    is_reached: bool
    latencies: dict[str, Spread]
    errors: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Played:
    """Everything that a round needs, and whom to ask what it used."""

    stage: Stage
    people: People
    region: str
    reference_dsn: str
    program_pid: int
    sandbox_pid: int
    load: Connection
    reference: Connection


def run(
    *, rounds: int = 5, round_s: float = 10.0, drivers: int = 6_000, customers: int = 512, at_once: int = _AT_ONCE
) -> MoneyReport:
    """Measure on a database of its own; the main thread must run this.

    A round ends early when every driver has completed a drive in it.
    """
    if drivers < LIVES or not at_once <= customers:
        raise ValueError(f"at least {LIVES} drivers and {at_once} customers are needed")
    with sandbox() as (provider, sandbox_pid), open_stage() as stage:
        people, region, template = asyncio.run(_prepare(stage, drivers, max(customers, TASKS), provider))
        reference_dsn = asyncio.run(copy_database(stage.dsn))
        cards = {"DAERI_CARDS": "sandbox", "DAERI_CARDS_SANDBOX_URL": provider}
        with (
            served(stage, cards) as program_pid,
            beside(load_process, people, stage.address, stage.dsn, at_once) as load,
            beside(reference_process, reference_dsn, template) as reference,
        ):
            played = _Played(stage, people, region, reference_dsn, program_pid, sandbox_pid, load, reference)
            measured = [_round(played, round_s) for _ in range(rounds)]
    return _report(measured, template, people, at_once, round_s)


async def _prepare(stage: Stage, drivers: int, customers: int, provider: str) -> tuple[People, str, Template]:
    async with open_parts(stage.settings, stage.dsn) as parts:
        people = await make_people(parts, drivers_on_duty=drivers, customers_count=customers)
        await give_cards(parts, people, provider)
        region = parts.regions.leaves[0].code
    drives = await set_out(stage.dsn, people.company_id, region)
    await vacuum(stage.dsn)
    return people, region, await record(stage, people, drives[:LIVES], provider)


def _round(played: _Played, seconds: float) -> tuple[Round, Window, dict[str, list[float]]]:
    stage, company_id = played.stage, played.people.company_id
    drives = asyncio.run(set_out(stage.dsn, company_id, played.region))
    their_drives = asyncio.run(set_out(played.reference_dsn, company_id, played.region))
    before, began = _used(played), time.monotonic()
    played.load.send((seconds, drives))
    window: Window = played.load.recv()
    after, ended = _used(played), time.monotonic()
    played.reference.send((seconds, their_drives))
    theirs: Replayed = played.reference.recv()
    their_postgres_s = _used(played)[1] - after[1]
    spent = asyncio.run(_captured(stage.dsn, window))
    our_rate = len(spent["completion to capture"]) / max(window.ended_at - window.began_at, 0.001)
    used = [now - then for now, then in zip(after, before, strict=True)]
    figures = Round(
        captures_per_s=round(our_rate, 1),
        reference_captures_per_s=round(theirs.captures_per_s, 1),
        ratio=round(our_rate / theirs.captures_per_s, 3) if theirs.captures_per_s else 0.0,
        program_cpu=round(used[0] / (ended - began), 2),
        postgres_cpu=round(used[1] / (ended - began), 2),
        cost=Cost(
            *(_each_ms(cpu_s, window.captured) for cpu_s in used),
            *(_each_ms(cpu_s, theirs.captured) for cpu_s in (theirs.cpu_s, their_postgres_s)),
        ),
    )
    return figures, window, spent


def _each_ms(cpu_s: float, captured: int) -> float:
    return round(cpu_s * 1000 / max(captured, 1), 2)


def _used(played: _Played) -> list[float]:
    """CPU seconds of program, PostgreSQL and sandbox."""
    pids = (played.program_pid, played.stage.postmaster_pid, played.sandbox_pid)
    return [processes.usage(pid).cpu_s for pid in pids]


async def _captured(dsn: str, window: Window) -> dict[str, list[float]]:
    """Of every ride that was captured in the window: the seconds of its parts."""
    since, until = (datetime.fromtimestamp(at, UTC) for at in (window.began_at, window.ended_at))
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(_CAPTURED, since, until)
    finally:
        await connection.close()
    return {
        "completion to its job": [row["job"] for row in rows],
        "job to capture": [row["asked"] for row in rows],
        "completion to capture": [row["whole"] for row in rows],
    }


def _report(
    measured: list[tuple[Round, Window, dict[str, list[float]]]],
    template: Template,
    people: People,
    at_once: int,
    round_s: float,
) -> MoneyReport:
    seconds: dict[str, list[float]] = defaultdict(list)
    errors: Counter[str] = Counter()
    for _, window, spent in measured:
        errors.update(window.errors)
        for kind, times in {"complete": window.seconds, **spent}.items():
            seconds[kind] += times
    rounds = [figures for figures, _, _ in measured]
    ratio = statistics.median(figures.ratio for figures in rounds)
    return MoneyReport(
        drivers=len(people.drivers),
        customers=len(people.customers),
        at_once=at_once,
        round_s=round_s,
        transactions_a_capture=len(template.transactions),
        statements_a_capture=template.statements,
        rounds=rounds,
        captures_per_s=statistics.median(figures.captures_per_s for figures in rounds),
        reference_captures_per_s=statistics.median(figures.reference_captures_per_s for figures in rounds),
        ratio=ratio,
        target_ratio=TARGET,
        is_reached=ratio >= TARGET,
        latencies={kind: spread(times) for kind, times in seconds.items()},
        errors=dict(errors),
    )
