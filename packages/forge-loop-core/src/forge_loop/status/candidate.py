"""What a job's candidate changes.

Owns: choosing the two commits. Must not: run git where an agent can write; the loop's own repository is asked.
"""

from __future__ import annotations

from forge_loop.config.layout import StateLayout
from forge_loop.domain.job import Job
from forge_loop.errors import OperatorError
from forge_loop.git import ControlRepository


def candidate_diff(layout: StateLayout, job: Job) -> str:
    """The unified diff of a job's newest candidate from where it branched off base. Raises OperatorError, GitError."""
    if job.base_sha is None or job.head_sha is None:
        raise OperatorError(
            f"#{job.issue} has no candidate yet: it is {job.state}", hint=f"forge-loop logs {job.issue}"
        )
    return ControlRepository(layout.control, "").diff(base_sha=job.base_sha, head_sha=job.head_sha)
