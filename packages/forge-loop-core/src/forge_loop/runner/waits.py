"""Jobs that wait, for the code host's checks or for a person.

Owns: the times of the next looks, and the slot that a waiting job leaves to others. Must not: decide how long to wait.

A job that waits stays in hand and where it is. Whatever it goes on to - a new round, checks on a base that moved -
needs a slot again: where none is free it goes back to the queue.
"""

from __future__ import annotations

from forge_loop.domain.host_checks import Wait
from forge_loop.domain.job import Job, JobState
from forge_loop.runner import dispatch, ending
from forge_loop.runner.context import Context


def wait(context: Context, job: Job, judgement: Wait) -> None:
    """Look again later, and say meanwhile what for."""
    seconds = (judgement.until - context.now()).total_seconds()
    context.waits[job.id] = context.clock.monotonic() + seconds
    context.store.jobs.update(job.id, waits_for=judgement.reason)


def due(context: Context, job: Job) -> bool:
    return context.waits.get(job.id, 0.0) <= context.clock.monotonic()


def leave(context: Context, job: Job) -> None:
    """A job that waited has gone on: it takes a slot again, or waits for one."""
    if context.store.jobs.get(job.id).state is not JobState.MERGING:
        rejoin(context, job)


def rejoin(context: Context, job: Job) -> bool:
    """Take a slot again if the job has waited without one; False where none is free and it went back to the queue."""
    waited = context.waits.pop(job.id, None) is not None
    if not waited or job.id not in context.in_hand:
        return True
    context.store.jobs.update(job.id, waits_for=None)
    if context.slots.may_take(in_hand=context.slots_used() - 1, limit=dispatch.slots(context)):
        return True
    ending.give_back(context, job.id)
    return False
