"""Jobs that wait for the code host's checks.

Owns: the times of the next looks, and the slot that a waiting job leaves to others. Must not: decide how long to wait.

A job that waits stays in hand and in MERGING. Whatever it goes on to - a new round, checks on a base that moved -
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
    if context.store.jobs.get(job.id).state is JobState.MERGING:
        return
    waited = context.waits.pop(job.id, None) is not None
    if not waited or job.id not in context.in_hand:
        return
    if not context.slots.may_take(in_hand=context.slots_used() - 1, limit=dispatch.slots(context)):
        ending.give_back(context, job.id)
