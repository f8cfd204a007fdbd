"""What every implementation of the Agents port must do; run over the real hosts and over the fake."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from forge_loop.bootstrap.clock import SystemClock
from forge_loop.domain.session import Role, SessionEnded, SessionNews, SessionOrder, SessionOutcome
from forge_loop.errors import AgentError
from forge_loop.ports import Agents
from forge_loop.rehearsal.model import Reply, Request
from support.fake_agents import FakeAgents, reports
from support.scripted import WORK, by_report, worker
from support.sessions import Stage, order

ENDLESS_SCHEMA = {"type": "object", "properties": {"endless": {"type": "string"}}}


class Rig(Protocol):
    """An implementation whose workers report and whose maintenance sessions never end."""

    agents: Agents

    def ended(self, placed: SessionOrder) -> SessionEnded: ...

    def said(self, placed: SessionOrder) -> list[SessionNews]: ...

    def close(self) -> None: ...


class RealRig(Stage):
    def __init__(self) -> None:
        super().__init__()
        self.never = threading.Event()
        answers = {"status": worker({"a.txt": "a\n"}), "endless": lambda _: Reply(text="never", until=self.never)}
        self.script = by_report(answers)

    def _answer(self, request: Request) -> Reply:
        return self.script(request)


class FakeRig:
    def __init__(self) -> None:
        self.heard: dict[str, list[SessionNews]] = {}
        clock = SystemClock()
        self.agents: Agents = FakeAgents({Role.WORKER: reports(WORK, clock=clock)}, clock=clock)

    def ended(self, placed: SessionOrder) -> SessionEnded:
        for entry in self.agents.news():
            self.heard.setdefault(entry.session, []).append(entry)
        entry = self.said(placed)[-1]
        assert isinstance(entry, SessionEnded), entry
        return entry

    def said(self, placed: SessionOrder) -> list[SessionNews]:
        return self.heard.get(placed.id, [])

    def close(self) -> None:
        self.agents.close()


@pytest.fixture(scope="module", params=[RealRig, FakeRig], ids=["claude", "fake"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made: Rig = request.param()
    yield made
    made.close()


@pytest.fixture(scope="module")
def reported(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> SessionOrder:
    placed = order(tmp_path_factory.mktemp("reported"))
    rig.agents.start(placed, attempt=1)
    return placed


def endless(base: Path) -> SessionOrder:
    return order(base, role=Role.MAINTENANCE, writes=False, report_schema=ENDLESS_SCHEMA)


def test_a_session_runs_until_its_end_has_been_heard(rig: Rig, reported: SessionOrder) -> None:
    assert reported.id in rig.agents.running()
    ended = rig.ended(reported)
    assert (ended.outcome, ended.report) == (SessionOutcome.DONE, WORK)
    assert reported.id not in rig.agents.running()


def test_the_end_of_a_session_is_heard_once_and_last(rig: Rig, reported: SessionOrder) -> None:
    rig.ended(reported)
    said = rig.said(reported)
    assert [isinstance(entry, SessionEnded) for entry in said] == [False] * (len(said) - 1) + [True]
    assert rig.agents.news() == []


def test_a_kept_conversation_can_be_resumed_where_it_was_kept(rig: Rig, reported: SessionOrder, tmp_path: Path) -> None:
    rig.ended(reported)
    assert rig.agents.resumable(reported.id, reported.config_dir)
    assert not rig.agents.resumable(reported.id, tmp_path)
    assert not rig.agents.resumable(str(uuid.uuid4()), reported.config_dir)


def test_ending_a_session_stops_it_with_the_first_reason(rig: Rig, tmp_path: Path) -> None:
    placed = endless(tmp_path)
    rig.agents.start(placed, attempt=1)
    rig.agents.end(placed.id, reason="the operator said so")
    rig.agents.end(placed.id, reason="again")
    ended = rig.ended(placed)
    assert (ended.outcome, ended.detail) == (SessionOutcome.STOPPED, "the operator said so")
    assert ended.report is None


def test_ending_an_unknown_session_is_ignored(rig: Rig) -> None:
    rig.agents.end(str(uuid.uuid4()), reason="nothing")
    assert rig.agents.news() == []


def test_a_session_that_cannot_start_still_ends(rig: Rig, tmp_path: Path) -> None:
    placed = replace(order(tmp_path), workspace=tmp_path / "absent")
    rig.agents.start(placed, attempt=1)
    assert rig.ended(placed).outcome is SessionOutcome.CONFIGURATION


def test_a_session_cannot_run_twice_at_once_but_again_later(rig: Rig, tmp_path: Path) -> None:
    placed = replace(order(tmp_path), workspace=tmp_path / "absent")
    rig.agents.start(placed, attempt=1)
    with pytest.raises(AgentError, match="already running"):
        rig.agents.start(placed, attempt=1)
    rig.ended(placed)
    rig.agents.start(placed, attempt=2)
    rig.ended(placed)


def test_nothing_is_left_behind_to_reap(rig: Rig, reported: SessionOrder) -> None:
    assert rig.agents.reap() == 0


def test_closing_ends_every_session(rig: Rig, tmp_path: Path) -> None:
    placed = endless(tmp_path)
    rig.agents.start(placed, attempt=1)
    rig.agents.close()
    assert rig.ended(placed).outcome is SessionOutcome.STOPPED
    assert rig.agents.running() == frozenset()
