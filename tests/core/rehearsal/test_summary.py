"""The summary's arithmetic, from hand-written events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from forge_loop.domain.events import KINDS
from forge_loop.domain.job import JobState
from forge_loop.domain.recorded import Recorded
from forge_loop.rehearsal.summary import STATES, Summary, issue_summaries, stage_seconds

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(seconds: float, kind: str, *, job: int | None = 1, issue: int | None = 7, **data: Any) -> Recorded:
    at = START + timedelta(seconds=seconds)
    return Recorded(seq=1, at=at, kind=kind, repo="r", issue=issue, job=job, attempt=1, session=None, data=data)


def advanced(seconds: float, after: str, reason: str | None = None, **which: Any) -> Recorded:
    return event(seconds, "job.advanced", before="?", after=after, reason=reason, **which)


REVISED = [
    event(0, "job.queued", title="Scale", priority=2),
    advanced(2, "working"),
    event(2, "session.started", role="worker"),
    advanced(10, "checking"),
    advanced(11, "revising", "checks failed"),
    event(11, "session.started", role="worker"),
    advanced(15, "checking"),
    advanced(16.5, "publishing"),
    advanced(17, "reviewing"),
    event(17, "session.started", role="critic"),
    advanced(20, "merging"),
    event(20.25, "job.merged", commit="abc", pull_request=1),
]


def test_time_in_a_stage_adds_up_over_its_visits() -> None:
    (issue,) = issue_summaries(REVISED)
    assert issue.seconds == {
        "queued": 2.0,
        "working": 8.0,
        "checking": 2.5,
        "revising": 4.0,
        "publishing": 0.5,
        "reviewing": 3.0,
        "merging": 0.25,
    }
    assert sum(issue.seconds.values()) == 20.25


def test_a_merged_issue_has_its_commit_rounds_and_sessions_and_no_reason() -> None:
    (issue,) = issue_summaries(REVISED)
    assert (issue.issue, issue.title, issue.outcome) == (7, "Scale", JobState.MERGED)
    assert (issue.commit, issue.rounds, issue.sessions, issue.reason) == ("abc", 1, 3, None)


def test_an_issue_that_was_handed_over_says_why() -> None:
    events = [*REVISED[:-1], event(21, "job.handed_over", reason="the critic blocks it", pull_request=1)]
    (issue,) = issue_summaries(events)
    assert (issue.outcome, issue.commit, issue.reason) == (JobState.HANDED_OVER, None, "the critic blocks it")


def test_a_job_that_rests_is_told_as_resting() -> None:
    (issue,) = issue_summaries([*REVISED[:2], event(3, "job.cooled_down", until="later", reason="stalled")])
    assert (issue.outcome, issue.reason) == (JobState.COOLING, "stalled")


def test_issues_come_in_the_order_of_their_numbers_and_stay_apart() -> None:
    other = [event(1, "job.queued", job=2, issue=3, title="First", priority=2), advanced(4, "working", job=2, issue=3)]
    first, second = issue_summaries([*REVISED, *other])
    assert (first.issue, first.seconds) == (3, {"queued": 3.0})
    assert (second.issue, second.sessions) == (7, 3)


def test_events_of_no_job_count_for_none() -> None:
    assert issue_summaries([event(0, "loop.started", job=None, issue=None), event(1, "issue.approved", job=None)]) == ()


def test_stages_are_added_up_over_issues() -> None:
    issues = issue_summaries([*REVISED, event(0, "job.queued", job=2, title="x"), advanced(5, "working", job=2)])
    assert stage_seconds(issues)["queued"] == (2, 7.0, 5.0)


def test_every_kind_that_ends_or_rests_a_job_is_known_here() -> None:
    moves = {kind.kind for kind in KINDS if kind.kind.startswith("job.")} - {"job.claimed", "job.advanced"}
    assert set(STATES) == moves


def test_the_shape_is_what_other_programs_rely_on() -> None:
    summary = Summary(
        repository=Path("/r/origin.git"),
        state_dir=Path("/r"),
        seconds=20.25,
        command="check",
        passed=True,
        issues=issue_summaries(REVISED),
        problems=(),
    )
    shape = summary.shape()
    assert shape["ok"] is True
    assert set(shape) == {
        *("schema_version", "ok", "repository", "state_dir", "seconds", "tests", "issues", "problems"),
    }
    assert set(shape["issues"][0]) == {
        *("issue", "title", "outcome", "commit", "rounds", "sessions", "seconds", "reason"),
    }
    assert shape["tests"] == {"command": "check", "passed": True}
