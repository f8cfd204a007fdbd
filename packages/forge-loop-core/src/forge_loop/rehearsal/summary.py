"""What a rehearsal came to: per issue its outcome and its times, read from the events.

Owns: the arithmetic over events and the shape of `demo --json`. Must not: look at anything but what it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from forge_loop.domain.events import (
    JobAdvanced,
    JobCancelled,
    JobCooledDown,
    JobGivenUp,
    JobHandedOver,
    JobMerged,
    JobQueued,
    JobYielded,
    SessionStarted,
)
from forge_loop.domain.job import JobState
from forge_loop.domain.recorded import Recorded

STATES: Mapping[str, JobState] = MappingProxyType(
    {
        JobQueued.kind: JobState.QUEUED,
        JobCooledDown.kind: JobState.COOLING,
        JobMerged.kind: JobState.MERGED,
        JobHandedOver.kind: JobState.HANDED_OVER,
        JobGivenUp.kind: JobState.GIVEN_UP,
        JobYielded.kind: JobState.YIELDED,
        JobCancelled.kind: JobState.CANCELLED,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueSummary:
    """One issue's way. `seconds` maps each state to the time spent in it; `reason` says why it is not merged."""

    issue: int
    title: str
    outcome: JobState
    commit: str | None
    rounds: int
    sessions: int
    seconds: Mapping[str, float]
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """`problems` are the reasons why the rehearsal failed; none means it went as it should."""

    repository: Path
    state_dir: Path
    seconds: float
    command: str
    passed: bool
    issues: tuple[IssueSummary, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    def shape(self) -> dict[str, Any]:
        """What `demo --json` prints."""
        return {
            "schema_version": 1,
            "ok": self.ok,
            "repository": str(self.repository),
            "state_dir": str(self.state_dir),
            "seconds": round(self.seconds, 3),
            "tests": {"command": self.command, "passed": self.passed},
            "issues": [_issue_shape(issue) for issue in self.issues],
            "problems": list(self.problems),
        }


def _issue_shape(issue: IssueSummary) -> dict[str, Any]:
    return {
        "issue": issue.issue,
        "title": issue.title,
        "outcome": str(issue.outcome),
        "commit": issue.commit,
        "rounds": issue.rounds,
        "sessions": issue.sessions,
        "seconds": dict(issue.seconds),
        "reason": issue.reason,
    }


def state_after(event: Recorded) -> JobState | None:
    """The state that this event says its job is in now, None if it tells of something else."""
    if event.kind == JobAdvanced.kind:
        return JobState(event.data["after"])
    return STATES.get(event.kind)


def issue_summaries(events: Iterable[Recorded]) -> tuple[IssueSummary, ...]:
    """One for every job, in the order of the issues' numbers."""
    ways: dict[int, _Way] = {}
    for event in events:
        if event.job is not None and event.issue is not None:
            ways.setdefault(event.job, _Way(issue=event.issue)).hear(event)
    return tuple(sorted((way.summary() for way in ways.values()), key=lambda one: one.issue))


def stage_seconds(issues: Iterable[IssueSummary]) -> dict[str, tuple[int, float, float]]:
    """For each stage: how many issues were in it, their time together, and the longest."""
    table: dict[str, tuple[int, float, float]] = {}
    for issue in issues:
        for stage, seconds in issue.seconds.items():
            count, total, longest = table.get(stage, (0, 0.0, 0.0))
            table[stage] = (count + 1, total + seconds, max(longest, seconds))
    return table


@dataclass(kw_only=True, slots=True)
class _Way:
    """A job's way so far."""

    issue: int
    title: str = ""
    state: JobState = JobState.QUEUED
    since: datetime | None = None
    commit: str | None = None
    reason: str | None = None
    rounds: int = 0
    sessions: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def hear(self, event: Recorded) -> None:
        self.sessions += event.kind == SessionStarted.kind
        self.title = event.data["title"] if event.kind == JobQueued.kind else self.title
        state = state_after(event)
        if state is not None:
            self._enter(state, event)

    def _enter(self, state: JobState, event: Recorded) -> None:
        if self.since is not None:
            spent = (event.at - self.since).total_seconds()
            self.seconds[self.state] = self.seconds.get(self.state, 0.0) + spent
        self.state, self.since = state, event.at
        self.rounds += state is JobState.REVISING
        self.commit = event.data.get("commit")
        self.reason = event.data.get("reason")

    def summary(self) -> IssueSummary:
        return IssueSummary(
            issue=self.issue,
            title=self.title,
            outcome=self.state,
            commit=self.commit,
            rounds=self.rounds,
            sessions=self.sessions,
            seconds=MappingProxyType({str(state): round(spent, 3) for state, spent in self.seconds.items()}),
            reason=None if self.state is JobState.MERGED else self.reason,
        )
