"""Metrics live on a registry of their own and say what was counted."""

import asyncio

import pytest

from daeri.infra.metrics import Metrics, Part, new_metrics, watch_loop
from daeri.infra.tracing import NoTracer, OtlpTracer, open_tracer


def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"daeri_{name}", labels)


def test_two_processes_do_not_meet() -> None:
    one, other = new_metrics(), new_metrics()
    one.call_moved("assigned")
    assert _value(one, "call_moves_total", to_state="assigned") == 1
    assert _value(other, "call_moves_total", to_state="assigned") is None


def test_requests_are_counted_by_route_and_timed() -> None:
    metrics = new_metrics()
    metrics.request_done("GET", "/calls/{id}", 200, 0.02)
    metrics.request_done("GET", "/calls/{id}", 404, 0.01)
    assert _value(metrics, "requests_total", method="GET", route="/calls/{id}", status="404") == 1
    assert _value(metrics, "request_seconds_count", method="GET", route="/calls/{id}") == 2


def test_positions_are_counted_with_the_reasons_of_the_dropped() -> None:
    metrics = new_metrics()
    metrics.positions(18, {"future": 2, "stale": 1})
    assert _value(metrics, "positions_accepted_total") == 18
    assert _value(metrics, "positions_dropped_total", reason="future") == 2


def test_cpu_is_counted_by_part() -> None:
    metrics = new_metrics()
    with metrics.cpu_of(Part.TICK):
        sum(range(200_000))
    assert (_value(metrics, "cpu_seconds_total", part="tick") or 0) > 0
    assert _value(metrics, "cpu_seconds_total", part="http") is None


async def test_a_late_loop_is_seen() -> None:
    metrics = new_metrics()
    watching = asyncio.create_task(watch_loop(metrics, every_s=0.01))
    await asyncio.sleep(0.05)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert (_value(metrics, "loop_lag_seconds_count") or 0) >= 1


def test_the_page_is_what_prometheus_reads() -> None:
    page = new_metrics().render().decode()
    assert "# TYPE daeri_requests_total counter" in page
    assert "process_cpu_seconds_total" in page


def test_spans_cost_nothing_without_an_address() -> None:
    tracer = open_tracer(None)
    assert isinstance(tracer, NoTracer)
    with tracer.span("tick", calls=3):
        pass


def test_spans_are_made_with_an_address() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    tracer = open_tracer("http://127.0.0.1:9")
    try:
        assert isinstance(tracer, OtlpTracer)
    finally:
        tracer.close()
