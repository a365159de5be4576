"""`daeri bench calls`: whole lives of a call through the program, beside their bare statements in PostgreSQL.

A life: a customer asks, the matcher offers, the driver hears it on a socket, accepts, arrives, starts, completes; every
command over HTTP with a token and an idempotency key. The program is one process with web, engine and worker; load and
reference are processes of their own, and PostgreSQL is durable (fsync on). Rounds alternate: the program idles while
the reference runs, and the other way round.
"""

import asyncio
import statistics
import time
from collections import Counter, defaultdict
from multiprocessing.connection import Connection

import msgspec

from daeri.bench import processes
from daeri.bench.calls_load import Lives, load_process
from daeri.bench.calls_reference import TASKS, Template, record, reference_process
from daeri.bench.load import Spread, spread
from daeri.bench.processes import beside
from daeri.bench.stage import People, Stage, copy_database, make_people, open_stage, served
from daeri.bootstrap import open_parts

TARGET = 0.35


class Round(msgspec.Struct, frozen=True):
    """Lives a second of both, and CPU cores, on the mean from a round's start to its last answer."""

    lives_per_s: float
    reference_lives_per_s: float
    ratio: float
    program_cpu: float
    postgres_cpu: float
    reference_postgres_cpu: float


class CallsReport(msgspec.Struct, frozen=True):
    """What `daeri bench calls` prints. `latencies` are of all rounds, by command."""

    drivers: int
    customers: int
    round_s: float
    transactions_a_life: int
    statements_a_life: int
    rounds: list[Round]
    lives_per_s: float  # median
    reference_lives_per_s: float  # median
    ratio: float  # median of the rounds' ratios
    target_ratio: float
    is_reached: bool
    latencies: dict[str, Spread]
    errors: dict[str, int]


def run(*, rounds: int = 5, round_s: float = 10.0, drivers: int = 400, customers: int = 128) -> CallsReport:
    """Measure on a database of its own. `customers` calls live at any time; the main thread must run this."""
    if drivers < max(customers, TASKS) or customers < 1:
        raise ValueError(f"at least {max(customers, TASKS)} drivers are needed")
    processes.allow_files(drivers * 2 + 1_000)
    with open_stage() as stage:
        people, template = asyncio.run(_prepare(stage, drivers, max(customers, TASKS)))
        reference_dsn = asyncio.run(copy_database(stage.dsn))
        with (
            served(stage) as program_pid,
            beside(load_process, people, stage.address, customers) as load,
            beside(reference_process, reference_dsn, template, people) as reference,
        ):
            measured = [_round(stage, program_pid, load, reference, round_s) for _ in range(rounds)]
    return _report(measured, template, drivers, customers, round_s)


async def _prepare(stage: Stage, drivers: int, customers: int) -> tuple[People, Template]:
    async with open_parts(stage.settings, stage.dsn) as parts:
        people = await make_people(parts, drivers_on_duty=drivers, customers_count=customers)
    return people, await record(stage, people)


def _round(
    stage: Stage, program_pid: int, load: Connection, reference: Connection, seconds: float
) -> tuple[Round, Lives]:
    program, postgres = processes.usage(program_pid), processes.usage(stage.postmaster_pid)
    began = time.monotonic()
    load.send(seconds)
    lives: Lives = load.recv()
    between = time.monotonic()
    program_after, postgres_after = processes.usage(program_pid), processes.usage(stage.postmaster_pid)
    reference.send(seconds)
    their_rate = float(reference.recv())
    postgres_last, ended = processes.usage(stage.postmaster_pid), time.monotonic()
    our_rate = len(lives.done) / lives.seconds
    figures = Round(
        lives_per_s=round(our_rate, 1),
        reference_lives_per_s=round(their_rate, 1),
        ratio=round(our_rate / their_rate, 3) if their_rate else 0.0,
        program_cpu=round((program_after.cpu_s - program.cpu_s) / (between - began), 2),
        postgres_cpu=round((postgres_after.cpu_s - postgres.cpu_s) / (between - began), 2),
        reference_postgres_cpu=round((postgres_last.cpu_s - postgres_after.cpu_s) / (ended - between), 2),
    )
    return figures, lives


def _report(
    measured: list[tuple[Round, Lives]], template: Template, drivers: int, customers: int, round_s: float
) -> CallsReport:
    seconds: dict[str, list[float]] = defaultdict(list)
    errors: Counter[str] = Counter()
    for _, lives in measured:
        errors.update(lives.errors)
        for kind, times in lives.latencies.items():
            seconds[kind] += times
    rounds = [figures for figures, _ in measured]
    ratio = statistics.median(figures.ratio for figures in rounds)
    return CallsReport(
        drivers=drivers,
        customers=customers,
        round_s=round_s,
        transactions_a_life=len(template.transactions),
        statements_a_life=template.statements,
        rounds=rounds,
        lives_per_s=statistics.median(figures.lives_per_s for figures in rounds),
        reference_lives_per_s=statistics.median(figures.reference_lives_per_s for figures in rounds),
        ratio=ratio,
        target_ratio=TARGET,
        is_reached=ratio >= TARGET,
        latencies={kind: spread(times) for kind, times in seconds.items()},
        errors=dict(errors),
    )
