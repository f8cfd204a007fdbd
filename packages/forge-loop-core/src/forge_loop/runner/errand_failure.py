"""What an errand's error means for its job.

Owns: the one mapping from errors to failure kinds. Must not: retry anything itself.
"""

from __future__ import annotations

from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.errors import AuthenticationError, OperatorError, RefusedError
from forge_loop.runner import ending
from forge_loop.runner.context import Context


def fail_errand(context: Context, job: Job, error: Exception) -> None:
    """An errand raised: the job rests, ends, or the loop halts; and the fault is reported."""
    current = context.store.jobs.get(job.id)
    if current.state is not job.state:
        return
    context.on_fault(f"job {job.id} ({job.state})", error)
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, RefusedError):
        ending.end(context, current, JobState.HANDED_OVER, detail)
    elif isinstance(error, AuthenticationError):
        ending.fail(context, current, FailureKind.AUTH, detail)
    elif isinstance(error, OperatorError):
        ending.fail(context, current, FailureKind.CONFIGURATION, detail)
    else:
        ending.fail(context, current, FailureKind.INTERRUPTED, detail)
