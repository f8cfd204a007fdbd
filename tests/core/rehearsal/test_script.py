"""The script: the right line for every role, issue and round, and nothing made up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from forge_loop.domain.recorded import Recorded
from forge_loop.rehearsal.model import REPORT_TOOL, Request, ToolResult
from forge_loop.rehearsal.scenes import Scene, scenes
from forge_loop.rehearsal.script import Merges, Script
from forge_loop.runner.sessions import SYSTEM

SCENES = {scene.number: scene for scene in scenes()}
HEADS = {"worker": "Resolve issue", "critic": "Review the change for issue", "po": "Write the spec of issue"}


def asked(
    role: str,
    issue: int,
    *,
    text: str = "",
    latest: str | None = None,
    turn: int = 0,
    results: tuple[ToolResult, ...] = (),
) -> Request:
    prompt = f"<system-reminder>\n# gitStatus\n</system-reminder>\n# {HEADS[role]} #{issue}\n\nYou are ...\n{text}"
    return Request(
        session="s",
        model="m",
        system="You are Claude Code.\n" + SYSTEM.format(role=role),
        prompt=prompt,
        latest=prompt if latest is None else latest,
        step=turn,
        turn=turn,
        results=results,
        tools=frozenset(),
        report_fields=frozenset(),
        stream=True,
        headers={},
        body={},
    )


def merged(issue: int) -> Recorded:
    data: dict[str, Any] = {"commit": "c" * 40, "pull_request": 1}
    at = datetime(2026, 1, 31, tzinfo=UTC)
    return Recorded(seq=1, at=at, kind="job.merged", repo="r", issue=issue, job=1, attempt=1, session=None, data=data)


@pytest.fixture
def merges() -> Merges:
    return Merges(SCENES)


@pytest.fixture
def script(merges: Merges) -> Script:
    return Script(SCENES.values(), python="/usr/bin/python3", merges=merges)


def scene_with_two_rounds() -> Scene:
    return next(scene for scene in SCENES.values() if len(scene.rounds) == 2)


def test_a_worker_reads_changes_tests_and_commits_in_one_turn_and_reports_in_the_next(script: Script) -> None:
    first = script(asked("worker", 1))
    assert [name for name, _ in first.tools] == ["Read", "Read", "Edit", "Edit", "Bash"]
    assert "unittest" in first.tools[-1][1]["command"]
    assert "git commit" in first.tools[-1][1]["command"]
    second = script(asked("worker", 1, turn=1))
    assert [(name, fields["status"]) for name, fields in second.tools] == [(REPORT_TOOL, "done")]


def test_a_resumed_worker_plays_the_round_that_its_newest_prompt_names(script: Script) -> None:
    scene = scene_with_two_rounds()
    resumed = script(asked("worker", scene.number, latest="Round 1: checks failed. Mend it.", turn=0))
    assert resumed.text == scene.rounds[1].says


def test_a_worker_that_could_not_be_resumed_plays_the_same_round(script: Script) -> None:
    scene = scene_with_two_rounds()
    assert script(asked("worker", scene.number, text="\nRound 1: checks failed.")).text == scene.rounds[1].says


def test_a_worker_whose_tool_failed_says_so_and_claims_nothing(script: Script) -> None:
    failed = ToolResult(text="no such file", is_error=True)
    answer = script(asked("worker", 1, turn=1, results=(failed,)))
    assert answer.tools[0][1]["status"] == "blocked"
    assert "no such file" in answer.tools[0][1]["summary"]


def test_only_the_first_round_of_the_waiting_scene_waits_for_the_other_merge(script: Script, merges: Merges) -> None:
    waiting = next(scene for scene in SCENES.values() if scene.after is not None)
    answer = script(asked("worker", waiting.number))
    assert answer.until is not None
    assert 0 < answer.wait < float("inf")
    assert not answer.until.is_set()
    merges.emit(merged(waiting.number))
    assert not answer.until.is_set()
    merges.emit(merged(waiting.after or 0))
    assert answer.until.is_set()
    others = [script(asked("worker", number)) for number in SCENES if number != waiting.number]
    assert [answer.until for answer in others] == [None] * len(others)


def test_a_critic_reads_first_and_then_reports(script: Script) -> None:
    assert {name for name, _ in script(asked("critic", 3)).tools} == {"Read"}
    assert script(asked("critic", 3, turn=1)).tools[0][1] == SCENES[3].verdicts[0].report


def test_a_critic_that_is_told_of_its_earlier_findings_gives_the_next_verdict(script: Script) -> None:
    told = SCENES[3].verdicts[0].report["findings"][0]["message"]
    assert script(asked("critic", 3, text=told, turn=1)).tools[0][1]["overall"] == "approve"


def test_the_po_has_a_line_for_the_thin_issue_and_for_no_other(script: Script) -> None:
    assert set(script(asked("po", 5, turn=1)).tools[0][1]) == {"spec", "assumptions"}
    with pytest.raises(LookupError, match="no po for issue 1"):
        script(asked("po", 1))


def test_a_prompt_that_the_script_does_not_foresee_is_refused_and_not_improvised_on(script: Script) -> None:
    with pytest.raises(LookupError, match="no line"):
        script(asked("worker", 1, latest="There are changes that are not committed."))


def test_the_same_request_twice_gets_the_same_answer(script: Script) -> None:
    assert script(asked("worker", 4)) == script(asked("worker", 4))
