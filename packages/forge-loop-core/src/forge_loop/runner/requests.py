"""The requests stage: what the operator asked for, applied and acknowledged by the one writer of scheduling state.

Owns: the kinds of requests and what each changes. Must not: be where a request is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from forge_loop.domain.events import LoopPaused, LoopResumed, LoopUnparked, RequestApplied, RequestRefused
from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.domain.limits import got_through
from forge_loop.domain.recorded import rfc3339
from forge_loop.domain.session import SessionOutcome
from forge_loop.errors import QueueError, RefusedError
from forge_loop.runner import backlog, effects, ending, human_node
from forge_loop.runner.context import Context
from forge_loop.runner.intake import queue_key
from forge_loop.store import RequestRow, RequestState


def apply_all(context: Context, stop: Callable[[bool], None]) -> None:
    """Apply every open request in order; `stop(now)` asks the loop itself to end."""
    for row in context.store.requests.select("state = 'requested'"):
        try:
            answer = "the loop stops" if row.kind == "stop" else APPLY[row.kind](context, row)
        except (RefusedError, KeyError) as error:
            reason = f"{row.kind!r} is not a request this loop knows" if isinstance(error, KeyError) else str(error)
            _answer(context, row, RequestState.REFUSED, reason)
            continue
        _answer(context, row, RequestState.APPLIED, answer)
        if row.kind == "stop":
            stop(bool(row.detail.get("now")))


def _answer(context: Context, row: RequestRow, state: RequestState, answer: str) -> None:
    kind = RequestApplied if state is RequestState.APPLIED else RequestRefused
    with context.store.transaction():
        context.store.requests.update(row.id, state=state, answer=answer, answered_at=context.now())
        context.tell(kind(request=row.id, asked=row.kind, answer=answer), issue=row.issue)


def _pause(context: Context, row: RequestRow) -> str:
    until = row.detail.get("until")
    reason = str(row.detail.get("reason") or "")
    with context.store.transaction():
        moment = datetime.fromisoformat(until) if until else None
        context.store.update_loop(paused=True, paused_until=moment, pause_reason=reason)
        context.tell(LoopPaused(reason=reason, until=until))
    return "paused: no new job starts; sessions under way go on"


def _resume(context: Context, _row: RequestRow) -> str:
    return resume(context, "asked for")


def resume(context: Context, why: str) -> str:
    """Open dispatch again: pause, parking and halt are all lifted."""
    with context.store.transaction():
        context.store.update_loop(
            paused=False,
            paused_until=None,
            pause_reason=None,
            **UNPARKED,
            halt_reason=None,
            resumed_at=context.now(),
        )
        for job in context.store.jobs.select("state = ?", JobState.PARKED):
            _due_now(context, job)
        context.tell(LoopResumed(reason=why))
    return "dispatch is open"


UNPARKED: Mapping[str, Any] = {"parked_until": None, "park_reason": None, "parked_at": None, "parked_for": None}


def lift_what_is_over(context: Context) -> None:
    """A pause or a parking whose time has come ends by itself."""
    loop, now = context.store.loop(), context.now()
    if loop.paused and loop.paused_until is not None and loop.paused_until <= now:
        with context.store.transaction():
            context.store.update_loop(paused=False, paused_until=None, pause_reason=None)
            context.tell(LoopResumed(reason=f"the pause ended at {rfc3339(now)}"))
    if loop.parked_until is not None and loop.parked_until <= now:
        with context.store.transaction():
            context.store.update_loop(**UNPARKED)
            context.tell(LoopUnparked(reason="the time has come"))


def lift_what_was_survived(context: Context) -> None:
    """A session that got through shows that an outage is over: what waits for it is due now."""
    loop = context.store.loop()
    if loop.parked_at is None:
        return
    last = context.store.sessions.last("outcome = ? AND ended_at > ?", SessionOutcome.DONE, loop.parked_at)
    if last is None or last.ended_at is None:
        return
    if got_through(loop.parked_for, parked_at=loop.parked_at, succeeded_at=last.ended_at):
        with context.store.transaction():
            context.store.update_loop(**UNPARKED)
            for job in context.store.jobs.select(
                "state = ? AND failure_kind = ?", JobState.PARKED, FailureKind.TRANSIENT
            ):
                _due_now(context, job)
            context.tell(LoopUnparked(reason="a session got through"))


def _kill(context: Context, row: RequestRow) -> str:
    job = _live_job(context, row)
    if not job.state.active:
        raise RefusedError(f"#{job.issue} is {job.state}: nothing of it is running")
    _not_merging(context, job)
    for session in context.store.sessions.select("job = ? AND ended_at IS NULL", job.id):
        context.agents.end(session.session, reason="killed by the operator")
    ending.fail(context, job, FailureKind.KILLED, "killed by the operator")
    return f"#{job.issue}: its session is being ended; this attempt counts"


def _skip(context: Context, row: RequestRow) -> str:
    job = _live_job(context, row)
    _not_merging(context, job)
    ending.end(context, job, JobState.CANCELLED, "skipped by the operator")
    return f"#{job.issue}: skipped; a new approval starts it again"


def _retry(context: Context, row: RequestRow) -> str:
    job = _newest_job(context, row)
    if job.state not in (JobState.COOLING, JobState.PARKED):
        raise RefusedError(f"#{job.issue} is {job.state}: it does not wait; approve it again to start anew")
    _due_now(context, job)
    return f"#{job.issue} is due now"


def _approve(context: Context, row: RequestRow) -> str:
    """The operator approved a text by hand: what was approved before no longer counts."""
    number, sha256 = row.issue, row.detail["sha256"]
    with context.store.transaction():
        for approval in context.store.approvals.select("issue = ? AND released_at IS NULL", number):
            job = context.store.jobs.last("approval = ?", approval.id)
            if job is not None and job.state.terminal:
                context.store.approvals.update(approval.id, released_at=context.now())
            elif approval.sha256 != sha256:
                if job is not None:
                    _not_merging(context, job)
                    ending.end(context, job, JobState.CANCELLED, "a newer text was approved")
                context.store.approvals.update(approval.id, released_at=context.now())
    context.look_anew()
    return f"#{number}: the text {sha256[:12]} is approved"


def _requeue(context: Context, row: RequestRow) -> str:
    entry = row.detail.get("entry")
    try:
        context.queue.requeue(int(str(entry)))
    except (QueueError, ValueError):
        raise RefusedError(f"the queue has no dead entry {entry}") from None
    return f"entry {entry} is ready"


def _node_answer(context: Context, row: RequestRow) -> str:
    """A person's word on a node of the pipeline that asked for one."""
    job, node = _live_job(context, row), row.detail.get("node")
    yes, why = row.kind == "pipeline.approve", str(row.detail.get("reason") or "")
    about = row.detail.get("head_sha")
    return human_node.answer(
        context, job, str(node) if node else None, yes=yes, why=why, about=str(about) if about else None
    )


def _not_merging(context: Context, job: Job) -> None:
    """A merge that has been sent may have happened: nothing else is decided about its job until that is known."""
    if effects.merging(context, job):
        raise RefusedError(f"#{job.issue} is being merged; what comes of it shows soon")


def _due_now(context: Context, job: Job) -> None:
    """Make the job and its queue entry due."""
    context.store.jobs.update(job.id, not_before=None)
    context.queue.reschedule(queue_key(job))


def _newest_job(context: Context, row: RequestRow) -> Job:
    job = context.store.jobs.newest_by_number(row.issue or 0)
    if job is None:
        raise RefusedError(f"#{row.issue} has no job")
    return job


def _live_job(context: Context, row: RequestRow) -> Job:
    job = _newest_job(context, row)
    if job.state.terminal:
        raise RefusedError(f"#{job.issue} is {job.state} already")
    return job


APPLY: Mapping[str, Callable[[Context, RequestRow], str]] = {
    "pause": _pause,
    "resume": _resume,
    "kill": _kill,
    "skip": _skip,
    "retry": _retry,
    "approve": _approve,
    "requeue": _requeue,
    "pipeline.approve": _node_answer,
    "pipeline.refuse": _node_answer,
    "maintenance.run": backlog.run,
    "maintenance.apply": backlog.apply,
}
