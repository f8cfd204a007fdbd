"""The advance stage: every job in hand takes its next step.

Owns: which stage answers for which state, and the fence around each job. Must not: know what a stage does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from forge_loop.domain.job import Job, JobState
from forge_loop.runner import check, expand, merge, pipeline, publish, waits, work
from forge_loop.runner.context import Context, errand_key
from forge_loop.runner.errand_failure import fail_errand

STAGES: Mapping[JobState, Callable[[Context, Job], None]] = {
    JobState.EXPANDING: expand.advance,
    JobState.WORKING: work.advance,
    JobState.REVISING: work.advance,
    JobState.CHECKING: check.advance,
    JobState.PUBLISHING: publish.advance,
    JobState.REVIEWING: pipeline.advance,
    JobState.MERGING: merge.advance,
}


def advance(context: Context) -> None:
    """Step every job in hand until it waits for something outside the runner's thread."""
    for job_id in list(context.in_hand):
        before = None
        while (job := _ready(context, job_id)) is not None and job.updated_at != before:
            before = job.updated_at
            try:
                STAGES[job.state](context, job)
            except Exception as error:  # noqa: BLE001
                # The fence: whatever one job's stage raises is that job's failure and nobody else's.
                fail_errand(context, job, error)


def _ready(context: Context, job_id: int) -> Job | None:
    if job_id not in context.in_hand:
        return None
    job = context.store.jobs.get(job_id)
    free = job.state in STAGES and not context.errands.busy(errand_key(job))
    return job if free and waits.due(context, job) else None
