"""What people say on the pull requests of jobs in work, as it was last observed.

Owns: reading it when something happened there, what of it is new to a job, waking jobs that waited for a word. Must
not: decide what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from forge_loop.domain.issue import PullRequest, PullRequestState
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.remarks import Remark
from forge_loop.ports import CodeHost
from forge_loop.runner.context import Context, Talk


def read(
    code_host: CodeHost,
    pulls: Mapping[int, PullRequest],
    before: Mapping[int, Talk],
    guarded: Callable[[Callable[[], Talk]], Talk | None],
) -> dict[int, Talk]:
    """In a thread: the talk of each pull request that is open; of one where nothing happened, what was read before."""
    talk = code_host.conversation()
    if talk is None:
        return {}
    found: dict[int, Talk] = {}
    for number, pull in pulls.items():
        known = before.get(number)
        same = known is not None and pull.changed_at is not None and known.changed_at == pull.changed_at
        if pull.state is not PullRequestState.OPEN:
            continue
        if known is not None and same and known.settled:
            found[number] = known
            continue

        def now(number: int = number, pull: PullRequest = pull, settled: bool = same) -> Talk:
            return Talk(
                remarks=tuple(talk.remarks(number)),
                agreements=tuple(talk.agreements(number)),
                changed_at=pull.changed_at,
                settled=settled,
            )

        if (heard := guarded(now)) is not None:
            found[number] = heard
    return found


def asked(context: Context, job: Job) -> list[Remark]:
    """What was asked for on the job's pull request and has not been taken up in a round."""
    heard = _of(context, job)
    if heard is None or not heard.remarks:
        return []
    taken = {row.key for row in context.store.remarks.select("job = ?", job.id)}
    return [remark for remark in heard.remarks if remark.key not in taken]


def agreed(context: Context, job: Job) -> list[str]:
    """Who approved the job's present candidate in a review."""
    heard = _of(context, job)
    return [each.author for each in heard.agreements if each.sha == job.head_sha] if heard is not None else []


def wake(context: Context) -> None:
    """A job that waits goes on at once when a person said something that is for it."""
    for job_id in list(context.waits):
        job = context.store.jobs.get(job_id)
        answered = job.state is JobState.REVIEWING and agreed(context, job)
        if answered or asked(context, job):
            context.waits[job_id] = context.clock.monotonic()


def _of(context: Context, job: Job) -> Talk | None:
    return context.world.talk.get(job.pull_request or 0) if context.world is not None else None
