"""The sink `otel`: events in, spans out, and the variables by which Claude Code's own spans join them.

Owns: its settings and their problems, the state database opened for reading while the loop runs. Must not: import the
SDK before it is configured.

    sinks:
      otel: {endpoint: "http://127.0.0.1:4318", sessions: true}
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from forge_loop import ConfigError, EventSink, MissingDistributionError, Recorded, SinkSetup
from forge_loop.extension import Store
from forge_loop.status import open_store_read_only
from forge_loop_observability.traces import identity
from forge_loop_observability.traces.export import Export
from forge_loop_observability.traces.spans import Span, ended

KEYS = ("endpoint", "sessions")
ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXTRA = "forge-loop-observability[otlp]"


class Exporting(Protocol):
    """Where spans go."""

    def send(self, span: Span) -> None: ...

    def ask(self) -> None: ...

    def trouble(self) -> str | None: ...

    def close(self) -> None: ...


def make(setup: SinkSetup) -> EventSink:
    """The sink that a section asks for. Raises ConfigError, MissingDistributionError if the extra is not there."""
    endpoint, sessions = _settings(setup.section, setup.environ)
    try:
        export = Export(endpoint)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        hint = f"uv pip install '{EXTRA}'"
        raise MissingDistributionError(f"sinks.{setup.name}", EXTRA, hint=hint) from error
    return OtelSink(setup.name, setup.state_dir, export, endpoint if sessions else None)


def _settings(section: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, bool]:
    problems = [f"sinks.otel.{key}: there is no such key" for key in section if key not in KEYS]
    endpoint = section.get("endpoint", environ.get(ENDPOINT_VARIABLE, ""))
    parts = urlsplit(endpoint) if isinstance(endpoint, str) else None
    if endpoint == "":
        problems.append(f"sinks.otel.endpoint: not given, and {ENDPOINT_VARIABLE} is not set")
    elif parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        problems.append("sinks.otel.endpoint: not an http address of a collector without a user's name in it")
    sessions = section.get("sessions", True)
    if not isinstance(sessions, bool):
        problems.append(f"sinks.otel.sessions: {sessions!r} is neither true nor false")
    if problems:
        raise ConfigError(problems)
    return str(endpoint), bool(sessions)


class OtelSink(EventSink):
    """Makes spans of what ends. `collector` is where Claude Code sends its own, None where it does not."""

    def __init__(self, name: str, state_dir: Path, export: Exporting, collector: str | None) -> None:
        self._name = name
        self._state_dir = state_dir
        self._export = export
        self._collector = collector
        self._opened = ExitStack()
        self._store: Store | None = None
        self._loop_id = ""

    @property
    def name(self) -> str:
        return self._name

    def emit(self, event: Recorded) -> None:
        store = self._reading()
        if store is None:
            return
        try:
            for span in ended(event, store, self._loop_id):
                self._export.send(span)
        except LookupError:
            return  # of another history, or of a version with other fields: what is not there has no span

    def session_variables(self, *, number: int, job: int | None) -> Mapping[str, str]:
        """The parent of Claude Code's spans, and where it sends them. Without prompts and answers: it leaves them out
        unless told otherwise, and nothing of this tells it so."""
        if self._collector is None or self._reading() is None:
            return {}
        trace = identity.trace_id(self._loop_id, job, number)
        return {
            "TRACEPARENT": identity.traceparent(trace, identity.session_span(trace, number)),
            "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
            "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_TRACES_EXPORT_INTERVAL": "500",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._collector,
            "OTEL_RESOURCE_ATTRIBUTES": f"forge_loop.session.number={number}",
        }

    def trouble(self) -> str | None:
        return self._export.trouble()

    def obstacle(self) -> str | None:
        """As the collector answers to no spans at all."""
        self._export.ask()
        return self._export.trouble()

    def close(self) -> None:
        self._opened.close()
        self._store = None
        self._export.close()

    def _reading(self) -> Store | None:
        """The loop's rows; opened on the first event, when they are there."""
        if self._store is None:
            opened = self._opened.enter_context(open_store_read_only(self._state_dir))
            if opened is not None:
                self._store = opened[0]
                self._loop_id = self._store.loop().loop_id
        return self._store
