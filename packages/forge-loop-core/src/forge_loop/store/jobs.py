"""Job rows, and the one place where a job's state changes.

Owns: creating a job, moving it along the lifecycle together with its event. Must not: decide where it goes, or load the
events for somebody who only looks.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from forge_loop.domain import lifecycle
from forge_loop.domain.job import BRANCHES, Approval, Job, JobState
from forge_loop.errors import IllegalTransition
from forge_loop.store.access import Access
from forge_loop.store.events import EventLog
from forge_loop.store.table import Table

if TYPE_CHECKING:
    from forge_loop.domain.issue import Issue

LIVE = "state NOT IN ('merged', 'handed_over', 'given_up', 'yielded', 'cancelled')"


class Jobs(Table[Job]):
    def __init__(self, database: Access, events: EventLog) -> None:
        super().__init__(database, "jobs", Job)
        self._events = events

    def create(self, issue: Issue, approval: Approval, *, at: datetime) -> Job:
        """A queued job for an approval. The branch's name holds nothing of the issue's text."""
        from forge_loop.store import told

        with self._database.transaction():
            job = self.insert(
                issue=issue.number,
                issue_key=issue.key,
                approval=approval.id,
                title=approval.title,
                state=JobState.QUEUED,
                priority=issue.priority,
                branch="",
                created_at=at,
                updated_at=at,
            )
            job = self.update(job.id, branch=f"{BRANCHES}{issue.number}-{job.id}")
            event = told.queued(job, issue.labels)
            self._events.append(event, at=at, issue=job.issue, job=job.id)
        return job

    def move(self, job: Job, after: JobState, *, at: datetime, reason: str | None = None, **changes: Any) -> Job:
        """Take a job to another state, with its event. Raises IllegalTransition, also if the job has moved since.

        What an errand brings back may tell of a job that was cancelled meanwhile: only the row knows where it stands.
        """
        from forge_loop.store import told

        with self._database.transaction():
            stands = self.get(job.id).state
            if stands is not job.state:
                raise IllegalTransition(f"job {job.id} was {job.state} and is {stands} by now")
            lifecycle.check(stands, after)
            if JobState.PARKED not in (stands, after):
                changes.setdefault("interruptions", 0)
            changes.setdefault("waits_for", None)
            moved = self.update(job.id, state=after, reason=reason, updated_at=at, **changes)
            event = told.moved(job.state, moved)
            self._events.append(event, at=at, issue=job.issue, job=job.id, attempt=moved.attempt)
        return moved

    def live(self) -> list[Job]:
        """Every job that has not ended."""
        return self.select(LIVE)

    def slots_held(self) -> int:
        """How many jobs hold a slot."""
        states = ", ".join(f"'{state}'" for state in JobState if state.active)
        sql = f"SELECT count(*) AS jobs FROM jobs WHERE state IN ({states}) AND waits_for IS NULL"
        return int(self._database.query(sql)[0]["jobs"])

    def counts(self, where: str = "1") -> dict[JobState, int]:
        """How many jobs for which `where` holds there are in each state that has any."""
        sql = f"SELECT state, count(*) AS jobs FROM jobs WHERE {where} GROUP BY state ORDER BY state"
        rows = self._database.query(sql)
        return {JobState(row["state"]): row["jobs"] for row in rows}

    def numbers(self) -> set[int]:
        """The numbers of all issues that have a job."""
        return {row["issue"] for row in self._database.query("SELECT DISTINCT issue FROM jobs")}

    def newest(self, issue_key: str) -> Job | None:
        return self.last("issue_key = ?", issue_key)

    def newest_by_number(self, issue: int) -> Job | None:
        return self.last("issue = ?", issue)
