"""The reconcile stage: bring rows, queue and world back together.

Owns: human acts on issues in work, leases, the queue as an index over job rows. Must not: start anything new.
"""

from __future__ import annotations

from forge_loop.domain.job import Job, JobState
from forge_loop.errors import LeaseLost
from forge_loop.runner import ending
from forge_loop.runner.context import Context
from forge_loop.runner.intake import push, queue_key

NOT_BEGUN = frozenset({JobState.QUEUED, JobState.COOLING})


def reconcile(context: Context) -> None:
    for job in context.store.jobs.live():
        _yield_to_person(context, job)
    _keep_leases(context)
    for job in context.store.jobs.live():
        if job.id not in context.in_hand:
            _keep_indexed(context, job)


def _yield_to_person(context: Context, job: Job) -> None:
    """A person closed the issue, took the label away, or changed the text before work began: the loop lets go."""
    world = context.world
    issue = world.issues.get(job.issue) if world is not None and world.issues is not None else None
    if issue is None or issue.key != job.issue_key or issue.problem is not None:
        return
    reason = None
    if not issue.open:
        reason = "the issue was closed"
    elif context.settings.labels.ready not in issue.labels:
        reason = f"the label {context.settings.labels.ready} was removed"
    elif job.state in NOT_BEGUN and issue.sha256 != context.store.approvals.get(job.approval).sha256:
        reason = "edited after approval, apply the label again"
    if reason is not None and not _merged_already(context, job):
        ending.end(context, job, JobState.YIELDED, reason)


def _merged_already(context: Context, job: Job) -> bool:
    """The merge itself closes issues on some forges: a merge that is under way or done settles first."""
    last = context.store.effects.last("job = ? AND kind = 'merge'", job.id)
    return last is not None and (last.result is None or "sha" in last.result)


def _keep_indexed(context: Context, job: Job) -> None:
    """The queue holds every live job, and one whose time has come by the loop's clock is due there too."""
    if not context.queue.has_key(queue_key(job)):
        push(context, job)
    elif job.not_before is not None and job.not_before <= context.now():
        context.queue.reschedule(queue_key(job))


def _keep_leases(context: Context) -> None:
    """Everything in hand stays leased; a lease that was lost is claimed again by dispatch."""
    for job_id, delivery in list(context.in_hand.items()):
        try:
            context.queue.extend(delivery, context.timing.lease)
        except LeaseLost:
            del context.in_hand[job_id]
