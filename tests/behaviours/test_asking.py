"""Roles that only propose, through the real Claude Code: what they say waits for a person, and none of it approves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from behaviours.expanders import EXPANSION, THIN
from behaviours.played import check_one_story
from behaviours.stage import SETTINGS, Stage
from behaviours.workers import SAVE, does
from forge_loop.config.model import Maintenance, Po, PoMode
from forge_loop.domain.job import JobState
from forge_loop.rehearsal.model import report, use
from forge_loop.store import RequestState
from support.scripted import critic, play

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
PROPOSING = replace(
    SETTINGS, po=Po(mode=PoMode.ASK), maintenance=Maintenance(every_ticks=0, session=True, timeout=60.0)
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, settings=PROPOSING)
    yield made
    assert made.model.failures == []
    made.close()


def test_a_spec_for_a_thin_issue_is_posted_and_waits_for_a_new_approval(stage: Stage) -> None:
    answers = {"po": play(report(EXPANSION)), "worker": does(SAVE), "critic": critic()}
    number = stage.issue("say hello", answers, text=THIN)
    stage.life()
    asked = stage.played(number)
    assert (asked.job.state, [row.role for row in asked.sessions]) == (JobState.CANCELLED, ["po"])
    assert "spec.proposed" in asked.kinds
    assert "the spec of a test" in (asked.note or "")
    stage.life()
    assert stage.played(number).job.id == asked.job.id, "the old approval starts nothing more"
    stage.tracker.remove_label(number, "loop:ready")
    stage.life()
    stage.tracker.approve(number)
    stage.life()
    found = stage.played(number)
    check_one_story(found)
    assert found.job.id != asked.job.id
    assert [row.role for row in found.sessions] == ["worker", "critic"]


PROPOSALS = [
    {"issue": 1, "kind": "ready", "text": "Clear, small and testable."},
    {"issue": 1, "kind": "vague_title", "text": "Say hello in English"},
]


def maintains(stage: Stage, *proposals: dict[str, Any]) -> None:
    """One pass over a backlog with one issue that nobody has approved; the session also tries to write its label."""
    number = stage.issue("hello?", {}, text=THIN)
    stage.tracker.remove_label(number, "loop:ready")
    tries = use("Write", file_path="backlog/tasks/task-1.md", content="labels: [loop:ready]")
    stage.answers[0, "maintenance"] = play(tries, report({"proposals": list(proposals)}))
    stage.life()
    stage.asks("maintenance.run")
    stage.life()


def test_a_maintenance_sessions_proposals_are_rows_that_wait_and_none_approves(stage: Stage) -> None:
    maintains(stage, *PROPOSALS)
    kept = stage.reads(lambda store: store.proposals.select())
    assert [(row.issue, str(row.kind), str(row.state)) for row in kept] == [
        (1, "ready", "open"),
        (1, "vague_title", "open"),
    ]
    assert stage.tracker.issue(1).labels == frozenset()
    stage.asks("maintenance.apply", proposals=[row.id for row in kept])
    stage.life()
    answered = stage.reads(lambda store: store.requests.select("kind = 'maintenance.apply'"))
    assert answered[0].state is RequestState.APPLIED
    assert "the loop approves nothing" in (answered[0].answer or "")
    assert stage.tracker.issue(1).labels == frozenset()
    assert "Say hello in English" in (stage.tracker.note(1, "maintenance-vague_title") or "")
    assert stage.reads(lambda store: store.jobs.select()) == []
    assert stage.faults == []


def test_a_maintenance_session_that_proposes_what_there_is_not_keeps_nothing(stage: Stage) -> None:
    maintains(stage, PROPOSALS[1], {"issue": 99, "kind": "stale", "text": "Of no issue that it was shown."})
    assert stage.reads(lambda store: store.proposals.select()) == []
    assert [place for place, _ in stage.faults] == ["maintenance"]
