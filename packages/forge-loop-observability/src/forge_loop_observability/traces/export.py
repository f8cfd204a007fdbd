"""The way to a collector: OTLP over HTTP, from a thread of the SDK's own.

Owns: the SDK, which comes with the extra `otlp` and is imported when an Export is made: turning a span into its shape,
the queue, the exporter, what is said of a collector that does not take them. Must not: wait for a collector where the
loop's thread would.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from forge_loop import __version__
from forge_loop_observability.traces import names
from forge_loop_observability.traces.spans import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

PATH = "/v1/traces"
TIMEOUT_SECONDS = 5.0
CLOSE_SECONDS = 2.0


class Watched:
    """A SpanExporter around another, whose failures are remembered, not raised."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._lost = 0
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        self._failing = result.name != "SUCCESS"
        self._lost += len(spans) if self._failing else 0
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def trouble(self) -> str | None:
        """Why spans do not arrive at present."""
        return f"{self._endpoint} takes no spans ({self._lost} lost so far)" if self._failing else None


class Export:
    """Sends spans by the SDK. `endpoint` is the collector's base URL. Raises ModuleNotFoundError without it."""

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        # What the SDK has to say of a collector is told as the sink's trouble, not to a terminal.
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + PATH, timeout=TIMEOUT_SECONDS)
        self._watched = Watched(exporter, endpoint)
        watched: SpanExporter = self._watched  # type: ignore[assignment]  # has all that it is asked for
        self._processor = BatchSpanProcessor(watched, schedule_delay_millis=1000)
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
        from opentelemetry.sdk.trace import Event, ReadableSpan

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
