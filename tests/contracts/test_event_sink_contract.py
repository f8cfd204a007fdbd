"""What every implementation of the EventSink port must do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_loop import SinkSetup
from forge_loop.cli.event_lines import EventLines
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.output import Output
from forge_loop.config.model import Settings, Sink
from forge_loop.domain.events import KINDS
from forge_loop.domain.recorded import Recorded
from forge_loop.ports import EventSink
from forge_loop.rehearsal.script import Merges
from forge_loop_integrations.sinks import sinks_of
from forge_loop_observability.traces.sink import make as otel
from support.command_line import Terminal
from support.messages import START
from support.receivers import Receiver, Reply, in_turn, receiving

SECRET = "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx"
SECTIONS: dict[str, dict[str, Any]] = {
    "webhook": {"url": "env:HOOK", "secret": "env:SECRET", "allow_private": True},
    "slack": {"url": "env:HOOK"},
    "discord": {"url": "env:DISCORD"},
}


@pytest.fixture
def hanging() -> Iterator[Receiver]:
    """A receiver that takes the connection and never says a word."""
    with receiving(in_turn(Reply(fault="hang"))) as receiver:
        yield receiver


@pytest.fixture(params=["lines", "merges", "otel", *SECTIONS])
def sink(request: pytest.FixtureRequest, tmp_path: Path, hanging: Receiver) -> Iterator[EventSink]:
    if request.param == "merges":
        yield Merges([42])
        return
    if request.param == "lines":
        yield EventLines(Invocation(output=Output(Terminal(), Terminal(), {}), environ={}))
        return
    if request.param == "otel":
        setup = SinkSetup(
            name="otel", section={"endpoint": hanging.url}, settings=Settings(), state_dir=tmp_path, environ={}
        )
        yield otel(setup)
        hanging.close()
        return
    environ = {"HOOK": hanging.url, "SECRET": SECRET, "DISCORD": f"{hanging.url}/api/webhooks/1/x"}
    settings = Settings(sinks=(Sink(name=request.param, settings=SECTIONS[request.param]),))
    made = sinks_of(settings, tmp_path, environ)[request.param]
    made.close_seconds = 0.3
    yield made
    hanging.close()


def happened(seq: int, kind: str) -> Recorded:
    return Recorded(seq=seq, at=START, kind=kind, repo="owner/name", issue=42, job=7, attempt=1, session=None, data={})


def test_it_has_a_name(sink: EventSink) -> None:
    assert sink.name


def test_the_first_start_begins_with_what_is_newest(sink: EventSink) -> None:
    assert sink.begin(17) == 17
    sink.close()


def test_it_hears_of_every_kind_and_never_waits_for_a_receiver(sink: EventSink) -> None:
    sink.begin(0)
    began = time.monotonic()
    for seq, kind in enumerate((kind.kind for kind in KINDS), start=1):
        sink.emit(happened(seq, kind))
        assert sink.trouble() is None
    sink.close()
    assert time.monotonic() - began < 5


def test_it_bears_an_event_it_does_not_know_and_one_it_has_heard(sink: EventSink) -> None:
    sink.begin(0)
    for _ in range(2):
        sink.emit(happened(1, "moon.risen"))
    sink.close()


def test_it_can_be_closed_without_having_begun(sink: EventSink) -> None:
    sink.close()


def test_what_stands_in_its_way_is_said_within_seconds_and_leaves_nothing_behind(
    sink: EventSink, tmp_path: Path
) -> None:
    began = time.monotonic()
    said = sink.obstacle()
    assert said is None or said.strip()
    assert time.monotonic() - began < 15
    assert list(tmp_path.iterdir()) == []
