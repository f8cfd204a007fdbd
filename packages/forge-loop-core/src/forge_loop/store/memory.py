"""What the store remembers that intake and `explain` both ask.

Owns: the facts of an issue and of the caps, gathered from rows. Must not: judge (`domain.approval` does).
"""

from __future__ import annotations

from datetime import datetime

from forge_loop.domain.approval import CAPPED_WITHIN, Caps, IntakeFacts, cap_reasons
from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.domain.job import Approval, Job, JobState
from forge_loop.domain.limits import Pace, pace
from forge_loop.domain.overlap import Meeting, Territory, meeting
from forge_loop.domain.reason import Reason
from forge_loop.domain.spec import file_pointers
from forge_loop.store.jobs import LIVE
from forge_loop.store.open import Store
from forge_loop.store.records import RequestState

APPROVE = "approve"


def intake_facts(
    store: Store | None, issue: Issue, label: LabelEvent | None, blockers: dict[int, bool | None]
) -> IntakeFacts:
    """What is known of an issue: an observation, and the memory of approvals. Without a store there is none."""
    if store is None:
        return IntakeFacts(issue=issue, label=label, approval=None, job=None, blockers=blockers)
    approval = store.approvals.last("issue_key = ? AND released_at IS NULL", issue.key)
    job = store.jobs.last("approval = ?", approval.id) if approval is not None else None
    return IntakeFacts(
        issue=issue,
        label=label,
        approval=approval,
        job=job,
        blockers=blockers,
        hidden_accepted=hidden_accepted(store, issue),
    )


class Remembered:
    """The same facts for many issues, read at once. It does not see what is written after it was made."""

    def __init__(self, store: Store) -> None:
        self._approvals: dict[str, list[Approval]] = {}
        for approval in store.approvals.select("released_at IS NULL"):
            self._approvals.setdefault(approval.issue_key, []).append(approval)
        jobs = store.jobs.select(
            "id IN (SELECT max(id) FROM jobs WHERE approval IN (SELECT id FROM approvals WHERE released_at IS NULL) "
            "GROUP BY approval)"
        )
        self._jobs = {job.approval: job for job in jobs}
        self._accepted: dict[int, set[str]] = {}
        for row in store.requests.select("kind = ? AND state = ?", APPROVE, RequestState.APPLIED):
            if row.detail.get("accept_hidden") and row.issue is not None:
                self._accepted.setdefault(row.issue, set()).add(row.detail["sha256"])

    def approvals(self, issue: Issue) -> tuple[Approval, ...]:
        """Those of an issue that stand, oldest first."""
        return tuple(self._approvals.get(issue.key, ()))

    def forget(self, approval: Approval) -> None:
        """It has been released."""
        self._approvals[approval.issue_key].remove(approval)

    def facts(self, issue: Issue, label: LabelEvent | None, blockers: dict[int, bool | None]) -> IntakeFacts:
        """As `intake_facts`."""
        standing = self.approvals(issue)
        approval = standing[-1] if standing else None
        return IntakeFacts(
            issue=issue,
            label=label,
            approval=approval,
            job=self._jobs.get(approval.id) if approval is not None else None,
            blockers=blockers,
            hidden_accepted=frozenset(self._accepted.get(issue.number, ())),
        )


def hidden_accepted(store: Store, issue: Issue) -> frozenset[str]:
    """The texts of an issue, by SHA-256, whose hidden parts the operator has accepted."""
    where = "kind = ? AND issue = ? AND state = ?"
    rows = store.requests.select(where, APPROVE, issue.number, RequestState.APPLIED)
    return frozenset(row.detail["sha256"] for row in rows if row.detail.get("accept_hidden"))


def pace_of(store: Store, slots: int, now: datetime) -> Pace | None:
    """How the account's limits slow a loop of so many slots at the moment."""
    return pace(store.limits.select(), slots, now)


def cap_reasons_of(store: Store, caps: Caps, now: datetime) -> tuple[Reason, ...]:
    """Why nothing new is taken in at the moment, whatever the issue."""
    recent = store.jobs.select("created_at > ?", now - CAPPED_WITHIN)
    return cap_reasons(
        open_pull_requests=len({job.pull_request for job in _with_open_pull_requests(store)}),
        jobs_started=tuple(job.created_at for job in recent),
        caps=caps,
        now=now,
    )


def _with_open_pull_requests(store: Store) -> list[Job]:
    """The jobs whose pull request is open: those in work, and those that ended and left theirs to a person."""
    still_open = store.loop().open_pull_requests
    left = [job for number in still_open for job in store.jobs.select("pull_request = ?", number)]
    return [*store.jobs.select(f"{LIVE} AND pull_request IS NOT NULL"), *left]


def at_work(store: Store) -> tuple[Territory, ...]:
    """What is being changed: by jobs in hand, by parked ones, and by every open pull request."""
    states = [state for state in JobState if state.active or state is JobState.PARKED]
    working = store.jobs.select(f"state IN ({', '.join('?' for _ in states)})", *states)
    jobs = {job.id: job for job in (*working, *_with_open_pull_requests(store))}
    return tuple(territory(store, job) for job in jobs.values())


def territory(store: Store, job: Job) -> Territory:
    """What a job is expected to change: what its text points at, and what its last candidate changes."""
    text = job.spec or store.approvals.get(job.approval).body
    return Territory(job=job.id, issue=job.issue, paths=file_pointers(text) | frozenset(job.paths))


def meets(store: Store, job: Job, others: tuple[Territory, ...]) -> Meeting | None:
    """The one of `others` at work that a job which waits to begin meets. One that only goes on is not held up."""
    if job.state not in (JobState.QUEUED, JobState.COOLING):
        return None
    return meeting(territory(store, job), others)
