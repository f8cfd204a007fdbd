"""Why an issue does or does not move: what the tracker shows and what the rows hold, put before `explain`.

Owns: gathering those facts. Must not: hold a reason of its own, or read the tracker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from forge_loop.config.model import Settings
from forge_loop.domain import overlap
from forge_loop.domain.approval import Caps, LabelNames, refusals
from forge_loop.domain.dispatch import closed_because
from forge_loop.domain.explain import ExplainFacts, Explanation, explain
from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.domain.job import Job
from forge_loop.domain.limits import pace_reason
from forge_loop.domain.reason import Reason
from forge_loop.status.opening import is_running, open_store_read_only
from forge_loop.store import LoopRow, Store, memory
from forge_loop.store.dispatch import dispatch_facts


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """An issue as the tracker shows it now, or `problem` where it could not be read."""

    issue: Issue | None
    label: LabelEvent | None = None
    blockers: Mapping[int, bool | None]
    problem: str | None = None


def explain_issue(state_dir: Path, number: int, reading: Reading, settings: Settings, *, now: datetime) -> Explanation:
    """Every reason why an issue is or is not being worked on. Raises DatabaseError if the state cannot be read."""
    with open_store_read_only(state_dir) as opened:
        if opened is None:
            return explain(_facts_without_store(number, reading, settings))
        return explain(_facts(opened[0], number, reading, settings, now))


def _facts(store: Store, number: int, reading: Reading, settings: Settings, now: datetime) -> ExplainFacts:
    loop = store.loop()
    running = is_running(loop)
    job = store.jobs.newest(reading.issue.key) if reading.issue else store.jobs.newest_by_number(number)
    session = store.sessions.last("job = ? AND ended_at IS NULL", job.id) if job is not None and running else None
    approval = store.approvals.get(job.approval) if job is not None else None
    scheduling = settings.scheduling
    slowed = memory.pace_of(store, scheduling.parallel, now)
    caps = Caps(
        max_open_pull_requests=scheduling.max_open_pull_requests, max_jobs_per_hour=scheduling.max_jobs_per_hour
    )
    return ExplainFacts(
        issue=number,
        title=reading.issue.title if reading.issue else job.title if job else "",
        job=job,
        approval_live=approval is not None and approval.released_at is None,
        intake=_intake(reading, settings, store),
        caps=memory.cap_reasons_of(store, caps, now),
        dispatch=_dispatch(store, settings, loop, now),
        loop_running=running,
        slots_used=store.jobs.slots_held(),
        slots_total=slowed.slots if slowed is not None else scheduling.parallel,
        role=str(session.role) if session is not None else None,
        base_problem=loop.base_problem,
        overlap=_overlap(store, job),
        pace=pace_reason(slowed) if slowed is not None else None,
    )


def _overlap(store: Store, job: Job | None) -> Reason | None:
    found = memory.meets(store, job, memory.at_work(store)) if job is not None else None
    return overlap.reason(found) if found is not None else None


def _dispatch(store: Store, settings: Settings, loop: LoopRow, now: datetime) -> tuple[Reason, ...]:
    """Before a loop has looked, that base is not known yet is no news."""
    facts = dispatch_facts(store, settings.checks, base_sha=loop.base_sha)
    return closed_because(replace(facts, base_known=True), now)


def _facts_without_store(number: int, reading: Reading, settings: Settings) -> ExplainFacts:
    return ExplainFacts(
        issue=number,
        title=reading.issue.title if reading.issue else "",
        job=None,
        approval_live=False,
        intake=_intake(reading, settings, None),
        caps=(),
        dispatch=(),
        loop_running=False,
        slots_used=0,
        slots_total=settings.scheduling.parallel,
        role=None,
        base_problem=None,
    )


def _intake(reading: Reading, settings: Settings, store: Store | None) -> tuple[Reason, ...] | None:
    if reading.issue is None:
        return None
    names = LabelNames(ready=settings.labels.ready, blocked=settings.labels.blocked)
    return refusals(memory.intake_facts(store, reading.issue, reading.label, dict(reading.blockers)), names)
