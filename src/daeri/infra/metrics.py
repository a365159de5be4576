"""What a process counts for Prometheus, as one object that is made at start and passed to whoever counts.

There is no global registry, so two servers in one test process do not meet. Labels are closed sets or route templates,
never ids: a metric's size must not grow with the number of calls or people.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import asyncpg
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
_LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_ASSIGNMENT_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


class Part(StrEnum):
    """Where a process spends its CPU."""

    TICK = "tick"
    HTTP = "http"
    SOCKET = "socket"


@dataclass(frozen=True, slots=True)
class Metrics:
    """All metrics of one process; durations in seconds."""

    registry: CollectorRegistry
    requests: Counter  # method, route, status
    request_seconds: Histogram  # method, route
    call_moves: Counter  # to_state
    offers: Counter  # outcome
    assignment_seconds: Histogram  # request to assignment
    tick_seconds: Histogram  # phase
    ticks_failed: Counter
    waiting_calls: Gauge
    fleet: Gauge  # state
    positions_accepted: Counter
    positions_dropped: Counter  # reason
    sockets: Gauge
    streams: Gauge
    database_connections: Gauge  # state
    database_wait_seconds: Histogram
    jobs: Counter  # outcome
    jobs_held: Gauge
    loop_lag_seconds: Histogram
    cpu_seconds: Counter  # part

    def request_done(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request; `route` is the template (`/calls/{id}`), never the path itself."""
        self.requests.labels(method, route, str(status)).inc()
        self.request_seconds.labels(method, route).observe(seconds)

    def call_moved(self, to_state: str) -> None:
        self.call_moves.labels(to_state).inc()

    def offer_ended(self, outcome: str) -> None:
        self.offers.labels(outcome).inc()

    def tick_phase(self, phase: str, seconds: float) -> None:
        self.tick_seconds.labels(phase).observe(seconds)

    def positions(self, accepted: int, dropped: Mapping[str, int]) -> None:
        """Count one batch of position records."""
        self.positions_accepted.inc(accepted)
        for reason, count in dropped.items():
            self.positions_dropped.labels(reason).inc(count)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Observe the wall time of a block as a phase of the tick."""
        before = time.perf_counter()
        try:
            yield
        finally:
            self.tick_phase(phase, time.perf_counter() - before)

    def job_ended(self, outcome: str) -> None:
        self.jobs.labels(outcome).inc()

    @contextmanager
    def cpu_of(self, part: Part) -> Iterator[None]:
        """Add the CPU seconds of a synchronous block to `part`; across an await the figure would be wrong."""
        before = time.thread_time()
        try:
            yield
        finally:
            self.cpu_seconds.labels(part).inc(time.thread_time() - before)

    def watch_pool(self, pool: asyncpg.Pool) -> None:
        """Read the pool's connections, busy and idle, whenever the metrics are asked for."""
        self.database_connections.labels("idle").set_function(pool.get_idle_size)
        self.database_connections.labels("busy").set_function(lambda: pool.get_size() - pool.get_idle_size())

    def render(self) -> bytes:
        """The text that Prometheus reads, of the type `CONTENT_TYPE`."""
        return generate_latest(self.registry)


def new_metrics() -> Metrics:
    """A set of metrics on a registry of its own, all at nought."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    counter, gauge, histogram = _makers(registry)
    return Metrics(
        registry=registry,
        requests=counter("requests", "HTTP requests", "method", "route", "status"),
        request_seconds=histogram("request_seconds", "Time to answer a request", _LATENCY_S, "method", "route"),
        call_moves=counter("call_moves", "Changes of calls' states", "to_state"),
        offers=counter("offers", "Offers by how they ended", "outcome"),
        assignment_seconds=histogram("assignment_seconds", "From request to assignment", _ASSIGNMENT_S),
        tick_seconds=histogram("tick_seconds", "Parts of a round of matching", _LATENCY_S, "phase"),
        ticks_failed=counter("ticks_failed", "Rounds of matching, or parts of one, that broke off"),
        waiting_calls=gauge("waiting_calls", "Calls that wait for a driver"),
        fleet=gauge("fleet_drivers", "Drivers in the live fleet by what they do", "state"),
        positions_accepted=counter("positions_accepted", "Position records taken into the fleet"),
        positions_dropped=counter("positions_dropped", "Position records refused", "reason"),
        sockets=gauge("sockets_open", "Open driver WebSockets"),
        streams=gauge("streams_open", "Open server-sent event streams"),
        database_connections=gauge("database_connections", "Connections of the pool", "state"),
        database_wait_seconds=histogram("database_wait_seconds", "Wait for a pooled connection", _LATENCY_S),
        jobs=counter("jobs", "Background jobs by how they ended", "outcome"),
        jobs_held=gauge("jobs_held", "Jobs that failed for good and wait for a person"),
        loop_lag_seconds=histogram("loop_lag_seconds", "How late the event loop woke a sleeper", _LATENCY_S),
        cpu_seconds=counter("cpu_seconds", "CPU time by part of the process", "part"),
    )


async def watch_loop(metrics: Metrics, *, every_s: float = 0.5) -> None:
    """Sleep and see how late one wakes, until cancelled: a busy loop is late for everybody."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        metrics.loop_lag_seconds.observe(max(0.0, loop.time() - due))


_CounterMaker = Callable[..., Counter]
_GaugeMaker = Callable[..., Gauge]
_HistogramMaker = Callable[..., Histogram]


def _makers(registry: CollectorRegistry) -> tuple[_CounterMaker, _GaugeMaker, _HistogramMaker]:
    def counter(name: str, text: str, *labels: str) -> Counter:
        return Counter(f"daeri_{name}", text, labels, registry=registry)

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"daeri_{name}", text, labels, registry=registry)

    def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"daeri_{name}", text, labels, buckets=buckets, registry=registry)

    return counter, gauge, histogram
