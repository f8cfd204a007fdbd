"""The way to a collector: OTLP over HTTP, from a thread of the SDK's own.

Owns: the SDK: turning a span into its shape, the queue, the exporter, what is said of a collector that does not take
them. Must not: be imported without the extra `otlp`, or wait for a collector where the loop's thread would.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from forge_loop import __version__
from forge_loop_observability.traces import names
from forge_loop_observability.traces.spans import Span

PATH = "/v1/traces"
TIMEOUT_SECONDS = 5.0
CLOSE_SECONDS = 2.0


class Watched(SpanExporter):
    """An exporter whose failures are remembered, not raised."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._lost = 0
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        self._failing = result is not SpanExportResult.SUCCESS
        self._lost += len(spans) if self._failing else 0
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def trouble(self) -> str | None:
        """Why spans do not arrive at present."""
        return f"{self._endpoint} takes no spans ({self._lost} lost so far)" if self._failing else None


class Export:
    """Takes spans and sends them. `endpoint` is the collector's base URL."""

    def __init__(self, endpoint: str) -> None:
        # What the SDK has to say of a collector is told as the sink's trouble, not to a terminal.
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + PATH, timeout=TIMEOUT_SECONDS)
        self._watched = Watched(exporter, endpoint)
        self._processor = BatchSpanProcessor(self._watched, schedule_delay_millis=1000)
        self._resource = Resource({"service.name": names.SERVICE, "service.version": __version__})
        self._scope = InstrumentationScope(names.SCOPE, __version__)

    def send(self, span: Span) -> None:
        """Put a span into the queue. Never waits; a full queue drops it."""
        self._processor.on_end(self._readable(span))

    def trouble(self) -> str | None:
        return self._watched.trouble()

    def close(self) -> None:
        """Send what is left, for two seconds at most."""
        ending = threading.Thread(target=self._processor.shutdown, daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)

    def _readable(self, span: Span) -> ReadableSpan:
        status = Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET)
        return ReadableSpan(
            name=span.name,
            context=_context(span.trace, span.span),
            parent=_context(span.trace, span.parent) if span.parent is not None else None,
            resource=self._resource,
            attributes=dict(span.attributes),
            events=[Event(each.name, dict(each.attributes), timestamp=_nanos(each.at)) for each in span.moments],
            kind=span.kind,
            status=status,
            start_time=_nanos(span.start),
            end_time=_nanos(span.end),
            instrumentation_scope=self._scope,
        )


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace_id=trace, span_id=span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanos(moment: datetime) -> int:
    return round(moment.timestamp() * 1000) * 1_000_000
