"""A revision round: the same session mends what was found, at most so many times.

Owns: counting rounds and what follows the last one. Must not: decide that something needs mending.
"""

from __future__ import annotations

from typing import Any

from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.runner import ending
from forge_loop.runner.context import Context


def again(context: Context, job: Job, kind: FailureKind, reason: str, **changes: Any) -> None:
    """Send the job back to its worker, or stop: without a pull request the attempt fails, with one a person decides."""
    if job.round >= context.settings.critic.rounds:
        ending.fail(context, job, kind, f"{reason}, after {job.round} rounds of revision")
        return
    context.store.jobs.move(job, JobState.REVISING, at=context.now(), reason=reason, round=job.round + 1, **changes)
    context.moved_at = context.now()
