"""The dispatch stage: free slots claim due jobs from the queue.

Owns: whether dispatch is open, which due job is next, and how a claimed job enters or re-enters its work. Must not:
pick by anything but the queue's order and what jobs are expected to change.
"""

from __future__ import annotations

from forge_loop.domain.dispatch import closed_because as dispatch_closed_because
from forge_loop.domain.events import AttemptStarted, JobClaimed
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.overlap import MOST_PASSED_OVER
from forge_loop.domain.reason import Reason
from forge_loop.domain.spec import MOST_A_TICK, is_thin
from forge_loop.queue import Delivery
from forge_loop.runner import proposal, status_note
from forge_loop.runner.context import Context
from forge_loop.runner.prompts import snapshot
from forge_loop.store import memory
from forge_loop.store.dispatch import dispatch_facts


def closed_because(context: Context) -> tuple[Reason, ...]:
    """Every reason why nothing is dispatched at the moment, whatever the job."""
    base_sha = context.world.base_sha if context.world is not None else None
    facts = dispatch_facts(context.store, context.settings.checks, base_sha=base_sha)
    return dispatch_closed_because(facts, context.now())


def dispatch(context: Context) -> None:
    """Fill every free slot at once."""
    if closed_because(context):
        return
    limit, expansions = slots(context), 0
    while context.slots.may_take(in_hand=context.slots_used(), limit=limit):
        delivery = _next(context, expands=expansions < MOST_A_TICK)
        if delivery is None:
            return
        expansions += _would_expand(context, job_of(context, delivery))
        _claim(context, delivery)


def slots(context: Context) -> int:
    """How many jobs may be in hand at once: fewer than configured while much of a limit is used."""
    configured = context.settings.scheduling.parallel
    slowed = memory.pace_of(context.store, configured, context.now())
    return slowed.slots if slowed is not None else configured


def _next(context: Context, *, expands: bool) -> Delivery | None:
    """The first due job that is not expected to change what another is changing; if each is, the first.

    Unless it `expands`, a job whose text is thin waits for the next tick.
    """
    passed_over: list[Delivery] = []
    waiting: list[Delivery] = []
    chosen, at_work = None, memory.at_work(context.store)
    while chosen is None and len(passed_over) + len(waiting) < MOST_PASSED_OVER:
        delivery = context.queue.pop(lease_seconds=context.timing.lease)
        if delivery is None:
            break
        job = job_of(context, delivery)
        if not expands and _would_expand(context, job):
            waiting.append(delivery)
        elif memory.meets(context.store, job, at_work) is None:
            chosen = delivery
        else:
            passed_over.append(delivery)
    if chosen is None and passed_over:
        chosen = passed_over.pop(0)
    for delivery in (*passed_over, *waiting):
        context.queue.release(delivery)
    return chosen


def job_of(context: Context, delivery: Delivery) -> Job:
    return context.store.jobs.get(int(str(delivery.payload["job"])))


def _claim(context: Context, delivery: Delivery) -> None:
    job = job_of(context, delivery)
    context.brought_forward.pop(job.id, None)
    if job.state.terminal:
        context.queue.ack(delivery)
        return
    if job.not_before is not None and job.not_before > context.now():
        context.queue.release(delivery, not_before=job.not_before)
        return
    with context.store.transaction():
        context.tell(JobClaimed(delivery=delivery.delivery), job)
        if job.state is JobState.PARKED:
            job = _go_on(context, job)
        if job.state is JobState.COOLING:
            job = context.store.jobs.move(job, JobState.QUEUED, at=context.now(), not_before=None)
        if job.state is JobState.QUEUED:
            _begin(context, job)
    context.in_hand[job.id] = delivery
    context.moved_at = context.now()


def _go_on(context: Context, job: Job) -> Job:
    """A parked job goes on where it stopped, in the same attempt."""
    state = job.resume_state or JobState.QUEUED
    return context.store.jobs.move(job, state, at=context.now(), resume_state=None, not_before=None)


def _begin(context: Context, job: Job) -> None:
    """A new attempt, from the newest base."""
    assert context.world is not None
    assert context.world.base_sha is not None
    base = context.world.base_sha
    number = len(context.store.attempts.select("job = ?", job.id)) + 1
    attempt = context.store.attempts.insert(
        job=job.id,
        issue=job.issue,
        number=number,
        base_sha=base,
        head_sha=None,
        started_at=context.now(),
        pipeline=context.store.pipelines.keep(context.pipeline, at=context.now()),
    )
    job = context.store.jobs.update(job.id, attempt=attempt.id, base_sha=base, head_sha=None, round=0)
    context.tell(AttemptStarted(number=number, base_sha=base), job)
    begun = JobState.EXPANDING if _expands(context, job) else JobState.WORKING
    moved = context.store.jobs.move(job, begun, at=context.now())
    status_note.tell(context, moved, f"attempt-{number}")


def _would_expand(context: Context, job: Job) -> bool:
    """Whether the job, once it is claimed, begins with its spec."""
    return job.state in (JobState.QUEUED, JobState.COOLING) and _expands(context, job)


def _expands(context: Context, job: Job) -> bool:
    """Whether its text is thin and has not had its spec yet."""
    if not context.settings.po.enabled or job.spec is not None or not is_thin(snapshot(context, job).body):
        return False
    return not (proposal.asks(context) and proposal.proposed_before(context, job))
