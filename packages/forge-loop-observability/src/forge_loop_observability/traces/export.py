"""The way to a collector: OTLP over HTTP, from a thread of its own.

Owns: the SDK, which comes with the extra `otlp` and is imported when an Export is made: turning a span into its shape,
what waits and the thread that sends it, what is said of a collector that does not take spans. Must not: wait for a
collector where the loop's thread would, or wake while there is nothing to send, as the SDK's own batches do every time.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from forge_loop import __version__
from forge_loop_observability.traces import names
from forge_loop_observability.traces.spans import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

PATH = "/v1/traces"
TIMEOUT_SECONDS = 5.0
CLOSE_SECONDS = 2.0
# How long the first of a batch waits for others, and how many wait for a collector that is slow.
GATHER_SECONDS = 5.0
MOST_WAITING = 2048
MOST_AT_ONCE = 512


class Watched:
    """A SpanExporter whose failures are remembered, not raised."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._failing = False
        self.lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> None:
        try:
            self._failing = self._exporter.export(spans).name != "SUCCESS"
        except Exception:  # noqa: BLE001 - the thread fence: what the SDK did not foresee is trouble and not its end
            self._failing = True
        self.lost += len(spans) if self._failing else 0

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def trouble(self) -> str | None:
        """Why spans do not arrive at present."""
        return f"{self._endpoint} takes no spans ({self.lost} lost so far)" if self._failing else None


class Export:
    """Sends spans by the SDK. `endpoint` is the collector's base URL. Raises ModuleNotFoundError without it."""

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        # What the SDK has to say of a collector is told as the sink's trouble, not to a terminal.
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + PATH, timeout=TIMEOUT_SECONDS)
        self._watched = Watched(exporter, endpoint)
        self._resource = Resource({"service.name": names.SERVICE, "service.version": __version__})
        self._scope = InstrumentationScope(names.SCOPE, __version__)
        self._waiting: deque[Span] = deque()
        self._something = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def send(self, span: Span) -> None:
        """Let a span wait for its batch. Never waits itself; where too many do, it is lost."""
        if len(self._waiting) >= MOST_WAITING:
            self._watched.lost += 1
            return
        self._waiting.append(span)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
            self._thread.start()
        self._something.set()

    def ask(self) -> None:
        """Send a batch of nothing, and wait for the answer: `trouble` then says what it was."""
        self._watched.export([])

    def trouble(self) -> str | None:
        return self._watched.trouble()

    def close(self) -> None:
        """Send what is left, for two seconds at most."""
        self._ending.set()
        self._something.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)
        self._watched.shutdown()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._something.wait()
            self._ending.wait(GATHER_SECONDS)
            self._something.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
                self._watched.export([self._readable(span) for span in batch])

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
