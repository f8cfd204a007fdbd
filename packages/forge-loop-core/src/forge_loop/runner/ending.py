"""How a job stops moving: it ends, it cools down, it is parked, or the loop halts.

Owns: closing the attempt, planning what an end leads to outside, giving the queue entry back. Must not: decide which of
these it is (`retry`, `merge_gate`, `review` do).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from forge_loop.domain import retry
from forge_loop.domain.events import AttemptFinished, LoopHalted, LoopParked, rfc3339
from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.domain.limits import park_until
from forge_loop.runner.context import Context
from forge_loop.runner.effects import plan


def end(context: Context, job: Job, state: JobState, reason: str, **changes: Any) -> Job:
    """Take a job to a terminal state, with everything that follows outside planned in the same transaction."""
    with context.store.transaction():
        close_attempt(context, job, outcome=str(state), note=reason)
        ended = context.store.jobs.move(job, state, at=context.now(), reason=reason, **changes)
        for kind, name, detail in _consequences(context, ended, reason):
            plan(context, ended, kind, name, detail)
        _give_back(context, job.id, done=True)
    for row in context.store.sessions.select("job = ? AND ended_at IS NULL", job.id):
        context.agents.end(row.session, reason=reason)
    context.moved_at = context.now()
    return ended


def _consequences(context: Context, job: Job, reason: str) -> list[tuple[str, str, dict[str, Any]]]:
    labels = context.settings.labels
    planned: list[tuple[str, str, dict[str, Any]]] = []
    if job.state is JobState.MERGED:
        planned.append(("issue.close", "merged", {"issue": job.issue, "summary": reason}))
        planned.append(("branch.delete", "merged", {"branch": job.branch, "sha": job.head_sha}))
    if job.state in (JobState.HANDED_OVER, JobState.GIVEN_UP):
        label = labels.needs_human if job.state is JobState.HANDED_OVER else labels.blocked
        planned.append(("label", "end", {"issue": job.issue, "label": label, "present": True}))
        planned.append(("label", "ready", {"issue": job.issue, "label": labels.ready, "present": False}))
    if job.state in (JobState.HANDED_OVER, JobState.GIVEN_UP, JobState.YIELDED):
        note = {"issue": job.issue, "key": f"job-{job.id}", "text": f"{job.state.replace('_', ' ')}: {reason}"}
        planned.append(("note", "end", note))
    planned.append(("workspace.remove", "end", _removal(context, job)))
    return planned


def _removal(context: Context, job: Job) -> dict[str, Any]:
    return {
        "prefix": f"{job.issue}-{job.id}-",
        "work": str(context.workspace(job, "work")),
        "archive": str(context.layout.salvaged / f"{job.issue}-{job.id}-{job.attempt or 0}.tar.gz"),
        "salvage": job.state is not JobState.MERGED,
    }


def close_attempt(
    context: Context,
    job: Job,
    *,
    outcome: str,
    note: str,
    kind: FailureKind | None = None,
    charged: bool = False,
) -> None:
    """End the job's open attempt in the ledger, if there is one."""
    if job.attempt is None:
        return
    attempt = context.store.attempts.update(
        job.attempt,
        ended_at=context.now(),
        outcome=outcome,
        failure_kind=kind,
        fingerprint=retry.fingerprint(kind, note) if kind else None,
        charged=charged,
        head_sha=job.head_sha,
        rounds=job.round,
        note=note,
    )
    event = AttemptFinished(number=attempt.number, outcome=outcome, charged=charged, failure_kind=kind, note=note)
    context.tell(event, job)


def fail(context: Context, job: Job, kind: FailureKind, detail: str, *, resets_at: datetime | None = None) -> None:
    """An attempt failed, or could not go on: what the failure's kind leads to."""
    step = retry.after(_failure(context, job, kind, detail), _rules(context), context.now())
    if isinstance(step, retry.ParkLoop):
        _park(
            context,
            job,
            kind,
            detail,
            park_until(resets_at=resets_at, parked_until=_parked(context), now=context.now()),
        )
    elif isinstance(step, retry.HaltLoop):
        _halt(context, job, step.reason)
    elif isinstance(step, retry.CoolDown) and not step.charged:
        _park(context, job, kind, detail, step.until)
    elif job.pull_request is not None:
        end(context, job, JobState.HANDED_OVER, detail, failure_kind=kind)
    elif isinstance(step, retry.GiveUp):
        end(context, job, JobState.GIVEN_UP, step.reason, failure_kind=kind, attempts=job.attempts + 1)
    else:
        _cool_down(context, job, kind, detail, step.until)


def _failure(context: Context, job: Job, kind: FailureKind, detail: str) -> retry.Failure:
    last = context.store.attempts.last("job = ? AND ended_at IS NOT NULL", job.id)
    return retry.Failure(
        kind=kind,
        detail=detail,
        issue=job.issue,
        attempt=job.attempt or 0,
        charged_before=job.attempts,
        in_a_row=1 + len(_interruptions(context, job)),
        same_as_last=last is not None and last.fingerprint == retry.fingerprint(kind, detail),
    )


def _interruptions(context: Context, job: Job) -> list[Any]:
    """Sessions of this attempt that were cut off from outside; they make the wait longer, not the count of attempts."""
    return context.store.sessions.select("attempt = ? AND outcome IN ('lost', 'transient')", job.attempt or 0)


def _rules(context: Context) -> retry.RetryRules:
    settings = context.settings.retry
    return retry.RetryRules(attempts=settings.attempts, cooldown=timedelta(seconds=settings.cooldown))


def _parked(context: Context) -> datetime | None:
    return context.store.loop().parked_until


def _park(context: Context, job: Job, kind: FailureKind, detail: str, until: datetime) -> None:
    """The same attempt goes on later. What concerns the account parks the whole loop."""
    with context.store.transaction():
        if kind in (FailureKind.LIMIT, FailureKind.TRANSIENT):
            until = max(until, _parked(context) or until)
            context.store.update_loop(parked_until=until, park_reason=detail)
            context.tell(LoopParked(until=rfc3339(until), reason=detail), job)
        _rest(context, job, JobState.PARKED, detail, until, resume_state=job.state, failure_kind=kind)


def _halt(context: Context, job: Job, reason: str) -> None:
    with context.store.transaction():
        if context.store.loop().halt_reason is None:
            context.store.update_loop(halt_reason=reason)
            context.tell(LoopHalted(reason=reason), job)
        _rest(context, job, JobState.PARKED, reason, None, resume_state=job.state)


def _cool_down(context: Context, job: Job, kind: FailureKind, detail: str, until: datetime) -> None:
    """The attempt is over and charged; the next one starts from the newest base."""
    with context.store.transaction():
        close_attempt(context, job, outcome="failed", note=detail, kind=kind, charged=True)
        plan(context, job, "workspace.remove", f"attempt-{job.attempt}", _removal(context, job))
        changes = {"attempts": job.attempts + 1, "failure_kind": kind, "fingerprint": retry.fingerprint(kind, detail)}
        _rest(context, job, JobState.COOLING, detail, until, **changes)


def _rest(context: Context, job: Job, state: JobState, reason: str, until: datetime | None, **changes: Any) -> None:
    context.store.jobs.move(job, state, at=context.now(), reason=reason, not_before=until, **changes)
    _give_back(context, job.id, not_before=until)
    context.moved_at = context.now()


def _give_back(context: Context, job_id: int, *, done: bool = False, not_before: datetime | None = None) -> None:
    delivery = context.in_hand.pop(job_id, None)
    if delivery is None:
        return
    if done:
        context.queue.ack(delivery)
    else:
        context.queue.release(delivery, not_before=not_before)
