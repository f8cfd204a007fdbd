"""Which event tells of a change of a job.

Owns: that choice. Must not: write it.
"""

from __future__ import annotations

from collections.abc import Collection

from forge_loop.domain.events import (
    Event,
    JobAdvanced,
    JobCancelled,
    JobCooledDown,
    JobGivenUp,
    JobHandedOver,
    JobMerged,
    JobQueued,
    JobYielded,
)
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.recorded import rfc3339


def queued(job: Job, labels: Collection[str]) -> Event:
    return JobQueued(title=job.title, priority=job.priority, labels=tuple(sorted(labels)))


def moved(before: JobState, job: Job) -> Event:
    reason = job.reason or ""
    match job.state:
        case JobState.MERGED:
            return JobMerged(commit=job.merged_sha or "", pull_request=job.pull_request)
        case JobState.HANDED_OVER:
            return JobHandedOver(reason=reason, pull_request=job.pull_request)
        case JobState.GIVEN_UP:
            return JobGivenUp(reason=reason)
        case JobState.YIELDED:
            return JobYielded(reason=reason)
        case JobState.CANCELLED:
            return JobCancelled(reason=reason)
        case JobState.COOLING:
            return JobCooledDown(until=rfc3339(job.not_before) if job.not_before else "", reason=reason)
        case _:
            return JobAdvanced(before=before, after=job.state, reason=job.reason)
