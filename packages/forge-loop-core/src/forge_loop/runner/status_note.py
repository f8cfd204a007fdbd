"""The one note of a job on its issue, where strangers and colleagues read along.

Owns: when it is written: at each attempt's begin, when the pull request is open, at the end. Must not: word it
(`domain.status_note`), or write into a tracker of files more than how a job ended.
"""

from __future__ import annotations

from forge_loop.domain import status_note
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.status_note import NoteFacts
from forge_loop.runner import effects, pull_request
from forge_loop.runner.context import Context

KIND = "note.status"


def key(job: Job) -> str:
    return f"job-{job.id}"


def tell(context: Context, job: Job, name: str) -> None:
    """Say where the job stands. `name` tells this change of its state from others."""
    if not pull_request.talks(context):
        return
    detail = {"issue": job.issue, "key": key(job), "text": _text(context, job), **pull_request.place(context, job)}
    effects.plan(context, job, KIND, name, detail)


def last(context: Context, job: Job) -> str | None:
    """How a job ended, where that is told. A spec that was proposed stands in the same place, and stays."""
    proposed = context.store.effects.last("job = ? AND kind = 'note'", job.id) is not None
    if pull_request.talks(context):
        return None if proposed else _text(context, job)
    told = job.state in (JobState.HANDED_OVER, JobState.GIVEN_UP, JobState.YIELDED)
    return f"{job.state.replace('_', ' ')}: {job.reason}" if told else None


def _text(context: Context, job: Job) -> str:
    return status_note.text(
        NoteFacts(
            state=job.state,
            reason=job.reason or "",
            pull_request=job.pull_request,
            attempts=pull_request.attempts(context, job),
        )
    )
