"""Traces over OpenTelemetry when the extra `otel` is installed and an address is set; otherwise spans cost nothing."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

import structlog

try:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
except ImportError:  # the extra is optional
    _INSTALLED = False
else:
    _INSTALLED = True

Attribute = str | int | float | bool
_NOTHING: AbstractContextManager[None] = nullcontext()


class Tracer(Protocol):
    """Marks a block of work as a span. Attributes are ids and counts, never personal data."""

    def span(self, name: str, **attributes: Attribute) -> AbstractContextManager[None]: ...

    def close(self) -> None:
        """Send what is still held; call once, when the process ends."""


class NoTracer:
    """Spans that do nothing."""

    def span(self, name: str, **attributes: Attribute) -> AbstractContextManager[None]:
        return _NOTHING

    def close(self) -> None:
        pass


class OtlpTracer:
    """Spans that are sent in batches, from a thread of the library's own, to an OTLP address over HTTP."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("daeri")

    @contextmanager
    def span(self, name: str, **attributes: Attribute) -> Iterator[None]:
        with self._tracer.start_as_current_span(name, attributes=dict(attributes)):
            yield

    def close(self) -> None:
        self._provider.shutdown()


def open_tracer(endpoint: str | None, *, service: str = "daeri") -> Tracer:
    """The tracer of this process; `endpoint` is the collector's base address (`http://collector:4318`)."""
    if endpoint is None:
        return NoTracer()
    if not _INSTALLED:
        structlog.get_logger(__name__).warning("otlp_endpoint is set but the extra 'otel' is not installed")
        return NoTracer()
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return OtlpTracer(provider)
