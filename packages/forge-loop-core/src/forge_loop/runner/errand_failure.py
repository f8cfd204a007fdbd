"""What an errand's error means for its job, and whether what it brings back still concerns the job.

Owns: the one mapping from errors to failure kinds. Must not: retry anything itself.
"""

from __future__ import annotations

from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.errors import AuthenticationError, ForgeLoopError, NoSuchIssueError, OperatorError, RefusedError
from forge_loop.runner import ending
from forge_loop.runner.context import Context
from forge_loop.runner.effect_kinds import GONE


def stands(context: Context, job: Job) -> bool:
    """Whether the job is still in hand, and at the same step of the same attempt as when its errand began."""
    now = context.store.jobs.get(job.id)
    step = (now.state, now.attempt, now.round, now.head_sha)
    return job.id in context.in_hand and step == (job.state, job.attempt, job.round, job.head_sha)


def fail_errand(context: Context, job: Job, error: Exception) -> None:
    """An errand raised: the job rests, ends, or the loop halts; and the fault is reported."""
    if not stands(context, job):
        return
    current = context.store.jobs.get(job.id)
    context.on_fault(f"job {job.id} ({job.state})", error)
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, NoSuchIssueError):
        ending.end(context, current, JobState.YIELDED, GONE)
    elif isinstance(error, RefusedError):
        ending.end(context, current, JobState.HANDED_OVER, detail)
    elif isinstance(error, AuthenticationError):
        ending.fail(context, current, FailureKind.AUTH, detail)
    elif isinstance(error, OperatorError):
        ending.fail(context, current, FailureKind.CONFIGURATION, detail)
    elif isinstance(error, ForgeLoopError | OSError | TimeoutError):
        ending.fail(context, current, FailureKind.INTERRUPTED, detail)
    else:
        # A fault of the loop's own: retried as an attempt, so that it ends with a reason and not never.
        ending.fail(context, current, FailureKind.WORKER_FAILED, detail)
