"""Claude Code's own spans lie below the session's span; in the sandbox it sends none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forge_loop import SinkSetup
from forge_loop.config.model import Settings
from forge_loop.domain.session import SessionOutcome
from forge_loop.rehearsal.model import Reply, Request, report, use
from forge_loop_observability.traces.sink import make
from support.otlp_receiver import Received, Receiver
from support.sandboxes import needs_bubblewrap, sandbox_in
from support.scripted import WORK
from support.sessions import Stage, order

CANARY = "canary-of-the-brief"
COMMAND = "env | grep -c ^TRACEPARENT= > told.txt; true"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def told(state: Path, receiver: Receiver) -> dict[str, str]:
    """What the sink tells the seventh session."""
    section = {"endpoint": receiver.url}
    sink = make(SinkSetup(name="otel", section=section, settings=Settings(), state_dir=state, environ={}))
    try:
        return dict(sink.session_variables(number=7, job=1))
    finally:
        sink.close()


def works(request: Request) -> Reply:
    return use("Bash", command=COMMAND) if request.step == 0 else report(WORK)


def test_claude_code_sends_its_spans_below_the_session_and_no_text(
    merged: Path, tmp_path: Path, receiver: Receiver
) -> None:
    variables = told(merged, receiver)
    _, trace, parent, _ = variables["TRACEPARENT"].split("-")
    stage = Stage()
    placed = replace(order(tmp_path, variables=variables), prompt=f"Do what the script says. {CANARY}")
    try:
        assert stage.run(placed, works).outcome is SessionOutcome.DONE
    finally:
        stage.close()

    def complete(found: list[Received]) -> bool:
        return {"claude_code.interaction", "claude_code.llm_request", "claude_code.tool"} <= {s.name for s in found}

    spans = receiver.until(complete)
    (interaction,) = [span for span in spans if span.name == "claude_code.interaction"]
    assert (interaction.trace, interaction.parent, interaction.service) == (trace, parent, "claude-code")
    below = {span.parent for span in spans if span.name in ("claude_code.llm_request", "claude_code.tool")}
    assert below == {interaction.span}
    assert [body for body in receiver.bodies if CANARY.encode() in body] == []
    assert (placed.workspace / "told.txt").read_text() == "1\n"


@needs_bubblewrap
def test_in_the_sandbox_claude_code_is_told_of_no_collector(merged: Path, tmp_path: Path, receiver: Receiver) -> None:
    stage = Stage(sandbox=sandbox_in(tmp_path / "state"))
    placed = order(tmp_path, variables=told(merged, receiver))
    try:
        assert stage.run(placed, works).outcome is SessionOutcome.DONE
    finally:
        stage.close()
    assert (placed.workspace / "told.txt").read_text() == "0\n"
    assert receiver.bodies == []
