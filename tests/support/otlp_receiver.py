"""A collector on loopback: takes OTLP over HTTP, protobuf from the SDK and JSON from Claude Code, and keeps the spans.

Owns: the receiver and one shape for spans from both. Must not: judge them.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """Ids are lower-case hex, `parent` empty at a root; times are unix nanoseconds."""

    service: str
    name: str
    trace: str
    span: str
    parent: str
    start: int
    end: int
    attributes: Mapping[str, Any]
    status: str
    events: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass
class Receiver:
    """`status` is what it answers; while `hangs` is clear it answers nothing. `bodies` are the raw requests."""

    status: int = 200
    spans: list[Received] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: threading.Condition = field(default_factory=threading.Condition)
    answers: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.answers.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def until(self, reached: Callable[[list[Received]], bool]) -> list[Received]:
        """Wait until the spans are such. Bounded."""
        with self.asked:
            assert self.asked.wait_for(lambda: reached(self.spans), PATIENCE), [s.name for s in self.spans]
            return list(self.spans)

    def close(self) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _took(self, kind: str, body: bytes) -> None:
        with self.asked:
            self.bodies.append(body)
            if self.status == 200:
                self.spans.extend(_spans(_document(kind, body)))
            self.asked.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces":
                    receiver._took(self.headers["content-type"], body)
                receiver.answers.wait(PATIENCE)
                self.send_response(receiver.status)
                self.send_header("content-type", self.headers["content-type"])
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        return Handler


def _document(kind: str, body: bytes) -> Mapping[str, Any]:
    if "json" in kind:
        return dict(json.loads(body))
    return dict(MessageToDict(ExportTraceServiceRequest.FromString(body)))


def _spans(document: Mapping[str, Any]) -> list[Received]:
    found = []
    for resource in document.get("resourceSpans", []):
        service = _values(resource.get("resource", {}).get("attributes", [])).get("service.name", "")
        for scope in resource.get("scopeSpans", []):
            found += [_span(service, span) for span in scope.get("spans", [])]
    return found


def _span(service: str, span: Mapping[str, Any]) -> Received:
    return Received(
        service=service,
        name=span["name"],
        trace=_hex(span["traceId"], 32),
        span=_hex(span["spanId"], 16),
        parent=_hex(span.get("parentSpanId") or "", 16),
        start=int(span["startTimeUnixNano"]),
        end=int(span["endTimeUnixNano"]),
        attributes=_values(span.get("attributes", [])),
        status=str(span.get("status", {}).get("code", "")),
        events=tuple((each["name"], _values(each.get("attributes", []))) for each in span.get("events", [])),
    )


def _hex(value: str, digits: int) -> str:
    """OTLP's JSON has hex ids; protobuf's own JSON has base64."""
    if not value or len(value) == digits:
        return value.lower()
    return base64.b64decode(value).hex()


def _values(entries: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {entry["key"]: next(iter(entry["value"].values()), None) for entry in entries}
