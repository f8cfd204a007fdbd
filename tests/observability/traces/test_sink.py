"""The sink `otel`: its settings, its way to a collector, and a loop that does not notice it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from forge_loop import ConfigError, MissingDistributionError, SinkSetup
from forge_loop.config.model import Settings
from forge_loop.domain.session import Role
from forge_loop.plugins import load_sink
from forge_loop_observability.traces import identity
from forge_loop_observability.traces.export import CLOSE_SECONDS, Watched
from forge_loop_observability.traces.sink import EXTRA, OtelSink, make
from support.otlp_receiver import Receiver
from support.runner_world import World, approve, approves, commits, open_world, script
from support.traced import tree


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def setup(state: Path, section: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> SinkSetup:
    return SinkSetup(name="otel", section=section, settings=Settings(), state_dir=state, environ=environ or {})


def traced(root: Path, receiver: Receiver) -> World:
    """A world whose loop merges one issue while it is listened to."""
    worker = script(commits({"hello.txt": "Hello.\n"}))
    world = open_world(root, {Role.WORKER: worker, Role.CRITIC: script(approves)})
    world.context.sinks = (make(setup(world.layout.root, {"endpoint": receiver.url})),)
    approve(world, "Say hello")
    world.run()
    return world


def test_the_configuration_finds_the_sink() -> None:
    assert load_sink("otel") is make


def test_a_loop_that_merges_sends_one_tree(tmp_path: Path, receiver: Receiver) -> None:
    world = traced(tmp_path, receiver)
    spans = receiver.until(lambda found: any(span.name == "invoke_workflow issue" for span in found))
    lines = tree((span.span, span.parent, span.start, span.name) for span in spans)
    assert lines[0] == "invoke_workflow issue"
    assert sorted(lines[1:]) == sorted(
        f"  {name}"
        for name in (
            "invoke_agent worker",
            "checks",
            "checks",
            "push",
            "open_pull_request",
            "review",
            "invoke_agent critic",
            "merge",
        )
    )
    assert {span.service for span in spans} == {"forge-loop"}
    assert world.faults == []
    assert [event.kind for event in world.events() if event.kind.startswith("sink.")] == []
    world.close()


def test_a_session_is_told_its_span_and_where_to_send_its_own(tmp_path: Path, receiver: Receiver) -> None:
    world = traced(tmp_path, receiver)
    worker, critic = world.agents.orders
    trace = identity.trace_id(world.context.store.loop().loop_id, 1)
    assert worker.variables["TRACEPARENT"] == identity.traceparent(trace, identity.session_span(trace, 1))
    assert critic.variables["TRACEPARENT"] == identity.traceparent(trace, identity.session_span(trace, 2))
    assert worker.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == receiver.url
    assert "OTEL_LOG_USER_PROMPTS" not in worker.variables
    world.close()


def test_sessions_send_nothing_of_their_own_where_they_are_told_not_to(tmp_path: Path) -> None:
    sink = make(setup(tmp_path, {"endpoint": "http://127.0.0.1:9", "sessions": False}))
    assert sink.session_variables(number=1, job=1) == {}
    sink.close()


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({}, "sinks.otel.endpoint: not given"),
        ({"endpoint": "here"}, "sinks.otel.endpoint: not an http address"),
        ({"endpoint": 7}, "sinks.otel.endpoint: not an http address"),
        ({"endpoint": "http://me:secret@here"}, "sinks.otel.endpoint: not an http address"),
        ({"endpoint": "http://here", "sessions": "yes"}, "sinks.otel.sessions: 'yes' is neither"),
        ({"endpoint": "http://here", "headers": {}}, "sinks.otel.headers: there is no such key"),
    ],
)
def test_a_section_that_cannot_be_used_is_refused_at_start(
    tmp_path: Path, section: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        make(setup(tmp_path, section))
    assert [problem for problem in refused.value.problems if problem.startswith(said)]
    assert "secret" not in str(refused.value)


def test_the_standard_variable_names_the_collector_too(tmp_path: Path, receiver: Receiver) -> None:
    sink = make(setup(tmp_path, {}, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}))
    assert isinstance(sink, OtelSink)
    sink.close()


def test_without_the_extra_it_fails_at_start_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("opentelemetry.exporter")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter", None)
    with pytest.raises(MissingDistributionError) as refused:
        make(setup(tmp_path, {"endpoint": "http://here"}))
    assert str(refused.value) == f"`sinks.otel` needs {EXTRA}, which is not installed"
    assert refused.value.hint == "uv pip install 'forge-loop-observability[otlp]'"


@pytest.mark.parametrize("status", [400, 404])
def test_a_collector_that_refuses_is_told_of_and_the_loop_merges(
    tmp_path: Path, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    world = traced(tmp_path, receiver)
    assert world.state(1) == "merged"
    sink = world.context.sinks[0]
    assert sink.trouble() == f"{receiver.url} takes no spans (9 lost so far)"
    world.close()


def test_a_collector_that_hangs_holds_up_neither_the_loop_nor_its_end(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers.clear()
    began = time.monotonic()
    world = traced(tmp_path, receiver)
    assert world.state(1) == "merged"
    assert time.monotonic() - began < 15 + CLOSE_SECONDS
    receiver.answers.set()
    world.close()


def test_trouble_ends_when_spans_arrive_again() -> None:
    class Wavering(SpanExporter):
        answers: ClassVar = [SpanExportResult.FAILURE, SpanExportResult.FAILURE, SpanExportResult.SUCCESS]

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return self.answers.pop(0)

    watched, said = Watched(Wavering(), "http://here"), []
    for _ in range(3):
        watched.export([ReadableSpan("a"), ReadableSpan("b")])
        said.append(watched.trouble())
    assert said == [
        "http://here takes no spans (2 lost so far)",
        "http://here takes no spans (4 lost so far)",
        None,
    ]


def test_an_event_whose_rows_are_not_there_is_no_span_and_no_failure(tmp_path: Path, receiver: Receiver) -> None:
    world = traced(tmp_path, receiver)
    sink = make(setup(world.layout.root, {"endpoint": receiver.url}))
    before = len(receiver.until(lambda found: any(span.name == "invoke_workflow issue" for span in found)))
    for kind, data in (
        ("job.merged", {}),
        ("session.ended", {"number": 99}),
        ("session.ended", {}),
        ("moon.risen", {}),
    ):
        event = next(iter(world.events()))
        sink.emit(replace(event, kind=kind, job=99, data=data))
    sink.close()
    assert len(receiver.spans) == before
    world.close()
