"""A job: one approved issue on its way to a merge, and the attempts made at it.

Owns: the shape of jobs, attempts and session rows as the loop reasons about them. Must not: decide a step
(that is `lifecycle`) or know how rows are stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forge_loop.domain.issue import NO_PRIORITY
from forge_loop.domain.job_state import JobState as JobState
from forge_loop.domain.session import Role, SessionOutcome

BRANCHES = "forge/"  # what the name of every branch of the loop's begins with


class FailureKind(StrEnum):
    """Why something failed; it alone decides the policy (`retry.policy`)."""

    LIMIT = "limit"
    TRANSIENT = "transient"
    AUTH = "auth"
    CONFIGURATION = "configuration"
    WORKER_FAILED = "worker_failed"
    PERMISSION_DENIED = "permission_denied"
    NO_COMMIT = "no_commit"
    NO_REPORT = "no_report"
    CHECKS_RED = "checks_red"
    CONFLICT = "conflict"
    REFUSED_CANDIDATE = "refused_candidate"
    STALLED = "stalled"
    TIMED_OUT = "timed_out"
    KILLED = "killed"
    LOST = "lost"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """A person's yes to one text of one issue. `released_at`: the label went away, so the next one is a new yes."""

    id: int
    issue: int
    issue_key: str
    actor: str
    at: datetime
    sha256: str
    title: str
    body: str
    hidden_accepted: bool = False
    released_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One approval being worked on. SHAs are full commit ids.

    `attempts` counts the attempts that were charged, `interruptions` how often it was cut off since it last got on.
    `resume_state` is where a cooling or parked job goes on. `base_sha` is what the worker's clone started from,
    `head_sha` the candidate, `merged_sha` the commit on base. `spec` is the expanded text where the PO wrote one.
    `withheld` lists why a person must merge it (protected paths, weakened tests), `paths` what its last candidate
    changes. `not_before` stands with cooling and parked, `waits_for` says what a job that is merging waits for at the
    code host.
    """

    id: int
    issue: int
    issue_key: str
    approval: int
    title: str
    state: JobState
    resume_state: JobState | None = None
    priority: int = NO_PRIORITY
    branch: str
    attempts: int = 0
    interruptions: int = 0
    round: int = 0
    attempt: int | None = None
    base_sha: str | None = None
    head_sha: str | None = None
    merged_sha: str | None = None
    pull_request: int | None = None
    spec: str | None = None
    withheld: tuple[str, ...] = ()
    lines_changed: int = 0
    paths: tuple[str, ...] = ()
    not_before: datetime | None = None
    waits_for: str | None = None
    reason: str | None = None
    failure_kind: FailureKind | None = None
    fingerprint: str | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def holds_slot(self) -> bool:
        """One that waits for the code host leaves its slot to others."""
        return self.state.active and self.waits_for is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One try at a job, from dispatch until it rests. `number` counts from 1 within the approval, `pipeline` is the row
    of the pipeline that was in force when it began."""

    id: int
    job: int
    issue: int
    number: int
    base_sha: str | None
    head_sha: str | None
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    failure_kind: FailureKind | None = None
    fingerprint: str | None = None
    charged: bool = False
    rounds: int = 0
    note: str = ""
    pipeline: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRow:
    """One life of a session's process. Resuming a conversation is a new row with the same `session` id.

    `purpose` says why it was started: begin, resume, finish (commit what is left), revise, review, account, expand or
    propose. `node` is the pipeline's, for reviews. `job` and `attempt` are None for a maintenance session. `acted_on`:
    that it was cut off has had its consequence, so it is to be resumed now; of a maintenance session, that its report
    was taken.
    """

    id: int
    session: str
    job: int | None
    attempt: int | None
    role: Role
    round: int
    purpose: str
    head_sha: str | None
    brief_sha256: str
    model: str
    transcript: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: SessionOutcome | None = None
    acted_on: bool = False
    detail: str = ""
    resets_at: datetime | None = None
    report: str | None = None
    last_activity_at: datetime | None = None
    last_tool: str | None = None
    turns: int = 0
    tool_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    node: str = ""
