"""Judging a rehearsal: every way in which it can have gone wrong is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from forge_loop.domain.job import JobState
from forge_loop.git.command import Git
from forge_loop.ports import CommandResult
from forge_loop.rehearsal.ending import run_tests, unexpected, unlike, unsettled
from forge_loop.rehearsal.scenes import Scene, scenes
from forge_loop.rehearsal.summary import IssueSummary

PLAYED = scenes()
BLOCKED = next(scene for scene in PLAYED if scene.expected is JobState.HANDED_OVER)


def ended(scene: Scene) -> IssueSummary:
    merged = scene.expected is JobState.MERGED
    return IssueSummary(
        issue=scene.number,
        title=scene.title,
        outcome=scene.expected,
        commit=f"{scene.number:040x}" if merged else None,
        rounds=0,
        sessions=2,
        seconds={},
        reason=None if merged else "blocked",
    )


ENDS = [ended(scene) for scene in PLAYED]


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A bare repository with a first commit and one more on main."""
    bare = tmp_path / "origin.git"
    git = Git(bare)
    git.run("init", "--quiet", "--bare", "--initial-branch=main", "--template=")
    tree = git.text("hash-object", "-w", "-t", "tree", "/dev/null")
    first = git.text("commit-tree", tree, "-m", "first")
    second = git.text("commit-tree", tree, "-p", first, "-m", "second (#1)")
    git.run("update-ref", "refs/heads/main", second)
    return bare


class Recording:
    """Commands that end with a status of the test's choosing."""

    def __init__(self, status: int) -> None:
        self.asked: list[tuple[str, Path]] = []
        self._status = status

    def run(
        self, command: str, *, directory: Path, timeout: float, passing: Sequence[str] = (), confined: bool = True
    ) -> CommandResult:
        assert (directory / ".git").is_dir()
        self.asked.append((command, directory))
        return CommandResult(status=self._status, output="said", seconds=0.1)

    def close(self) -> None:
        raise AssertionError("nothing of the loop's is closed here")


@pytest.mark.parametrize(("status", "passed"), [(0, True), (1, False)])
def test_the_tests_run_in_a_fresh_clone_of_main(origin: Path, tmp_path: Path, status: int, passed: bool) -> None:
    commands = Recording(status)
    assert run_tests(origin, tmp_path / "merged", commands, "check it").passed is passed
    assert commands.asked == [("check it", tmp_path / "merged")]


def test_a_main_that_holds_what_the_events_tell_is_as_it_should_be(origin: Path) -> None:
    head = Git(origin).text("rev-parse", "main")
    assert unlike(origin, [replace(ENDS[0], commit=head)]) == []


def test_a_commit_that_no_event_tells_of_is_told(origin: Path) -> None:
    assert len(unlike(origin, [])) == 1


def test_a_merge_that_is_not_on_main_is_told(origin: Path) -> None:
    head = Git(origin).text("rev-parse", "main")
    assert len(unlike(origin, [replace(ENDS[0], commit=head), ENDS[1]])) == 1


def test_ends_as_scripted_are_no_problem(tmp_path: Path) -> None:
    assert unexpected(PLAYED, ENDS, tmp_path) == []


def test_an_issue_that_ended_otherwise_is_told_with_its_reason(tmp_path: Path) -> None:
    failed = replace(ENDS[0], outcome=JobState.GIVEN_UP, commit=None, reason="no commit")
    assert unexpected(PLAYED, [failed, *ENDS[1:]], tmp_path) == ["issue #1 is given_up, not merged: no commit"]


def test_an_issue_that_was_never_taken_in_is_told(tmp_path: Path) -> None:
    assert unexpected(PLAYED, ENDS[1:], tmp_path) == ["issue #1 was never taken in"]


def test_a_blocked_issue_that_was_merged_is_told(tmp_path: Path) -> None:
    slipped = [replace(end, outcome=JobState.MERGED) if end.issue == BLOCKED.number else end for end in ENDS]
    assert unexpected(PLAYED, slipped, tmp_path) == [f"issue #{BLOCKED.number} is merged, not handed_over: blocked"]


def test_what_a_blocked_issue_left_in_main_is_told(tmp_path: Path) -> None:
    file = BLOCKED.rounds[0].writes[0].file
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("")
    assert unexpected(PLAYED, ENDS, tmp_path) == [f"main holds {file}, which was blocked"]


def test_with_a_real_model_any_end_is_an_end() -> None:
    assert unsettled([replace(ENDS[0], outcome=JobState.GIVEN_UP)], None) == []


def test_with_a_real_model_a_halt_and_a_job_that_rests_are_problems() -> None:
    resting = replace(ENDS[0], outcome=JobState.PARKED, reason="the usage limit")
    assert unsettled([resting], "no login") == ["the loop is halted: no login", "issue #1 is parked: the usage limit"]
