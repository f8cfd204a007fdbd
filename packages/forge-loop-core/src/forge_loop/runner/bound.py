"""Which pipeline a job goes through: the one that its attempt was bound to when it began.

Owns: that choice. Must not: read a pipeline's file.
"""

from __future__ import annotations

from forge_loop.domain.job import Job
from forge_loop.domain.pipeline import Pipeline
from forge_loop.runner.context import Context


def pipeline_of(context: Context, job: Job) -> Pipeline:
    """The job's pipeline; for an attempt that was bound to none, the one that the next would be bound to."""
    return context.store.pipelines.of(job.attempt) or context.pipeline
