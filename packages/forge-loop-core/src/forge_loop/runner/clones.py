"""Disposable clones for readers: the critic's, the spec expander's.

Owns: making one and going on when it is there. Must not: be used for work, which is kept and journalled.
"""

from __future__ import annotations

from collections.abc import Callable

from forge_loop.domain.job import Job
from forge_loop.runner import job_errands
from forge_loop.runner.context import Context


def with_clone(context: Context, job: Job, purpose: str, sha: str, go_on: Callable[[], None]) -> None:
    """Make a clean clone at `sha` beside the runner's thread, then call `go_on` on it.

    A clone left behind is removed with the job's others when the job ends.
    """
    path = context.workspace(job, purpose)
    job_errands.start(
        context,
        job,
        lambda: context.workspaces.create(path, sha=sha, branch=job.branch, base_sha=job.base_sha or sha),
        then=lambda _: go_on(),
    )
