"""The reconcile stage: bring rows, queue and world back together.

Owns: human acts on issues in work, waking who waited for a word, leases, the queue as an index over job rows. Must not:
start anything new.
"""

from __future__ import annotations

from forge_loop.domain.approval import withdrawn
from forge_loop.domain.issue import taken_over
from forge_loop.domain.job import Job, JobState
from forge_loop.errors import LeaseLost
from forge_loop.runner import ending, talk
from forge_loop.runner.context import Context
from forge_loop.runner.effect_kinds import GONE
from forge_loop.runner.intake import push, queue_key

NOT_BEGUN = frozenset({JobState.QUEUED, JobState.COOLING})


def reconcile(context: Context) -> None:
    for job in context.store.jobs.live():
        _yield_to_person(context, job)
    _keep_leases(context)
    talk.wake(context)
    for job in context.store.jobs.live():
        if job.id not in context.in_hand:
            _keep_indexed(context, job)


def _yield_to_person(context: Context, job: Job) -> None:
    """A person closed the issue, took the label away, changed the text before work began, or took the pull request
    over: the loop lets go."""
    reason = _withdrawn(context, job) or _taken_over(context, job)
    if reason is not None and not _merged_already(context, job):
        pull = context.world.pulls.get(job.pull_request or 0) if context.world is not None else None
        ending.end(context, job, JobState.YIELDED, reason, merged_sha=pull.merged_sha if pull is not None else None)


def _withdrawn(context: Context, job: Job) -> str | None:
    world = context.world
    if world is None or world.issues is None:
        return None
    issue = world.issues.get(job.issue)
    if job.issue in world.gone or (issue is not None and issue.key != job.issue_key):
        return GONE
    if issue is None or issue.problem is not None:
        return None
    approved = context.store.approvals.get(job.approval).sha256 if job.state in NOT_BEGUN else None
    return withdrawn(issue, context.settings.labels.ready, approved=approved)


def _taken_over(context: Context, job: Job) -> str | None:
    """Whatever the loop itself may have pushed is its own: the look may be older than the newest push."""
    pull = context.world.pulls.get(job.pull_request or 0) if context.world is not None else None
    if pull is None:
        return None
    pushes = context.store.effects.select("job = ? AND kind = 'push'", job.id)
    return taken_over(pull, base=context.base, pushed=frozenset(row.detail["sha"] for row in pushes))


def _merged_already(context: Context, job: Job) -> bool:
    """The merge itself closes issues on some forges: a merge that is under way or done settles first."""
    last = context.store.effects.last("job = ? AND kind = 'merge'", job.id)
    return last is not None and (last.result is None or "sha" in last.result)


def _keep_indexed(context: Context, job: Job) -> None:
    """The queue holds every live job, and one whose time has come by the loop's clock is due there too.

    It is brought forward once: a change of the queue wakes the loop, which would never sleep while no slot is free.
    """
    if not context.queue.has_key(queue_key(job)):
        push(context, job)
        return
    due = job.not_before is not None and job.not_before <= context.now()
    if job.not_before is not None and due and context.brought_forward.get(job.id) != job.not_before:
        context.queue.reschedule(queue_key(job))
        context.brought_forward[job.id] = job.not_before


def _keep_leases(context: Context) -> None:
    """Everything in hand stays leased; a lease that was lost is claimed again by dispatch."""
    for job_id, delivery in list(context.in_hand.items()):
        try:
            context.queue.extend(delivery, context.timing.lease)
        except LeaseLost:
            del context.in_hand[job_id]
