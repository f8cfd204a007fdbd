"""What came of one issue, gathered from everywhere that tells of it, and that all of it tells one story.

Owns: the gathering, and the checks that hold for every issue whatever happened. Must not: know a single behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_loop.config.layout import StateLayout
from forge_loop.domain.issue import Issue
from forge_loop.domain.job import Attempt, Job, JobState, SessionRow
from forge_loop.domain.recorded import Recorded
from forge_loop.forge.local import BacklogTracker
from forge_loop.store import FindingRow, Store
from support.runner_world import git
from support.sessions import left_of_session


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """One issue once the loop rests. `merges` are the commits on base that name it, `note` what its issue was told."""

    issue: Issue
    job: Job
    attempts: tuple[Attempt, ...]
    sessions: tuple[SessionRow, ...]
    findings: tuple[FindingRow, ...]
    events: tuple[Recorded, ...]
    merges: tuple[str, ...]
    note: str | None
    layout: StateLayout

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    @property
    def charged(self) -> int:
        return sum(attempt.charged for attempt in self.attempts)

    def told(self, kind: str) -> list[Recorded]:
        return [event for event in self.events if event.kind == kind]

    def of(self, role: str) -> list[SessionRow]:
        return [session for session in self.sessions if session.role == role]

    def file_on_base(self, path: str) -> str:
        return git(self.layout.origin, "show", f"main:{path}")


def gather(store: Store, layout: StateLayout, project: Path, number: int) -> Played:
    tracker = BacklogTracker(project)
    job = store.jobs.newest_by_number(number)
    assert job is not None, f"#{number} never became a job"
    subjects = git(layout.origin, "log", "--format=%H %s", "main").splitlines()
    return Played(
        issue=tracker.issue(number),
        job=job,
        attempts=tuple(store.attempts.select("job = ?", job.id)),
        sessions=tuple(store.sessions.select("job = ?", job.id)),
        findings=tuple(store.findings.select("job = ?", job.id)),
        events=tuple(event for event in store.events.after(0, limit=1_000_000) if event.job == job.id),
        merges=tuple(line.split(" ")[0] for line in subjects if line.endswith(f"(#{number})")),
        note=tracker.note(number, f"job-{job.id}"),
        layout=layout,
    )


ENDS = {
    JobState.MERGED: "job.merged",
    JobState.HANDED_OVER: "job.handed_over",
    JobState.GIVEN_UP: "job.given_up",
    JobState.YIELDED: "job.yielded",
    JobState.CANCELLED: "job.cancelled",
}
LABELS: dict[JobState, set[str]] = {
    JobState.MERGED: {"loop:ready"},
    JobState.HANDED_OVER: {"loop:needs-human"},
    JobState.GIVEN_UP: {"loop:blocked"},
    JobState.CANCELLED: {"loop:ready"},
}


def check_one_story(played: Played) -> None:
    """Rows, events, ledger, labels, note and base agree, and nothing of the issue is left running or lying about."""
    job = played.job
    assert job.state.terminal, job
    assert job.reason, "every end has its reason"
    _check_events(played)
    assert job.attempts == played.charged
    assert all(attempt.ended_at is not None for attempt in played.attempts)
    assert all(session.ended_at is not None and session.outcome is not None for session in played.sessions)
    assert len(played.merges) == (job.state is JobState.MERGED)
    assert job.merged_sha == (played.merges[0] if played.merges else None)
    assert set(played.issue.labels) == LABELS[job.state]
    assert played.issue.open is (job.state is not JobState.MERGED)
    if job.state in (JobState.HANDED_OVER, JobState.GIVEN_UP):
        assert played.note is not None
        assert job.reason in played.note
    assert left(played) == []


def _check_events(played: Played) -> None:
    finished = played.told("attempt.finished")
    assert [event.data["charged"] for event in finished] == [attempt.charged for attempt in played.attempts]
    assert [event.data["outcome"] for event in finished] == [attempt.outcome for attempt in played.attempts]
    assert [kind for kind in played.kinds if kind in ENDS.values()] == [ENDS[played.job.state]]
    end = played.told(ENDS[played.job.state])[0].data
    assert end.get("reason", played.job.reason) == played.job.reason
    assert end.get("commit", played.job.merged_sha) == played.job.merged_sha
    ended = [event.data["outcome"] for event in played.told("session.ended")]
    assert ended == [session.outcome for session in sorted(played.sessions, key=_end)]


def _end(session: SessionRow) -> tuple[object, int]:
    return session.ended_at, session.id


def left(played: Played) -> Sequence[object]:
    """Workspaces and processes of the issue's job that are still there."""
    prefix = f"{played.job.issue}-{played.job.id}-"
    places = [path for path in played.layout.workspaces.glob("*") if path.name.startswith(prefix)]
    return [*places, *(pid for row in played.sessions for pid in left_of_session(row.session))]
