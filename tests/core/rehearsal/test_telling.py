"""The rehearsal in words."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forge_loop.cli.main import main
from forge_loop.domain.job import JobState
from forge_loop.domain.recorded import Recorded
from forge_loop.rehearsal.summary import IssueSummary, Summary
from forge_loop.rehearsal.telling import NEXT, banner, line, page, pays


def event(kind: str, **data: Any) -> Recorded:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    return Recorded(seq=1, at=at, kind=kind, repo="r", issue=7, job=1, attempt=1, session=None, data=data)


def summary(*, passed: bool = True) -> Summary:
    merged = IssueSummary(
        issue=1,
        title="Halves",
        outcome=JobState.MERGED,
        commit="0123456789abcdef",
        rounds=1,
        sessions=3,
        seconds={"queued": 1.0, "working": 2.5},
        reason=None,
    )
    blocked = IssueSummary(
        issue=6,
        title="Cache",
        outcome=JobState.HANDED_OVER,
        commit=None,
        rounds=0,
        sessions=2,
        seconds={"working": 1.5},
        reason="the critic blocks it: nobody uses it. And more\nthat is not told here.",
    )
    return Summary(
        repository=Path("/d/state/origin.git"),
        state_dir=Path("/d/state"),
        seconds=9.25,
        command="check",
        passed=passed,
        issues=(merged, blocked),
        problems=(),
    )


def test_the_banner_says_what_is_scripted_and_what_is_real() -> None:
    assert banner("2.1.330 (Claude Code)", live=False) == (
        "offline rehearsal: the model is scripted, everything else is real "
        "(Claude Agent SDK, Claude Code 2.1.330, git, SQLite)"
    )
    assert "scripted" not in banner("2.1.330 (Claude Code)", live=True)


def test_a_move_is_told_with_its_reason() -> None:
    told = line(event("job.advanced", before="checking", after="revising", reason="checks failed"))
    assert told == "revising: checks failed"
    assert line(event("job.merged", commit="0123456789abcdef", pull_request=1)) == "merged as 0123456789ab"
    assert line(event("job.handed_over", reason="theatre", pull_request=1)) == "handed over: theatre"


def test_findings_and_red_checks_are_told_and_green_ones_are_not() -> None:
    finding = {"severity": "sev2", "category": "product", "file": "a.py", "line": 1, "message": "no consumer"}
    assert line(event("finding.opened", finding=1, **finding)) == "sev2 product a.py: no consumer"
    check = {"command": "make test", "seconds": 1.0, "head_sha": "a", "base_sha": "b"}
    assert line(event("check.finished", status=1, **check)) == "failed: make test"
    assert line(event("check.finished", status=0, **check)) is None


def test_ticks_and_effects_are_not_for_spectators() -> None:
    assert line(event("tick.finished", seconds=0.1, in_hand=1)) is None
    assert line(event("effect.done", effect=1, key="k")) is None


def test_who_pays_is_taken_from_the_loops_own_start() -> None:
    assert pays(event("loop.started", pid=1, version="0", pays="sessions are paid by X")) == "sessions are paid by X"
    assert pays(event("loop.stopped", reason="done")) is None


def test_the_page_ends_with_the_result_and_names_the_next_three_commands() -> None:
    told = list(page(summary(), kept=None))
    assert told[-1] == "1 of 2 issues merged in 9.2 s; merged main passes its own tests"
    assert sum(text.startswith("  forge-loop ") for text in told) == 3


@pytest.mark.parametrize("command", NEXT)
def test_a_command_that_is_named_next_takes_these_words(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *words = shlex.split(command)
    assert program == "forge-loop"
    assert main([*words, "--help"]) == 0, capsys.readouterr().err


def test_a_page_about_red_tests_says_so() -> None:
    assert "fails its own tests" in list(page(summary(passed=False), kept=None))[-1]


def test_an_issue_that_was_not_merged_has_its_reason_in_one_sentence() -> None:
    told = list(page(summary(), kept=None))
    assert "       the critic blocks it: nobody uses it." in told


def test_stages_come_in_their_order_with_sum_and_longest() -> None:
    told = [text.split() for text in page(summary(), kept=None)]
    assert told.index(["queued", "1", "1.0", "1.0"]) < told.index(["working", "2", "4.0", "2.5"])


def test_what_was_kept_is_named_and_what_was_not_says_how_to_keep_it() -> None:
    kept = "\n".join(page(summary(), kept=Path("/d")))
    assert "git -C /d/state/origin.git log --oneline main" in kept
    assert "forge-loop -C /d/larder --state-dir /d/state explain 6" in kept
    assert "--keep DIR" in "\n".join(page(summary(), kept=None))
