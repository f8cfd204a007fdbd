"""How a job stops moving: it ends, it cools down, it is parked, or the loop halts.

Owns: closing the attempt, planning what an end leads to outside, giving the queue entry back. Must not: decide which of
these it is (`retry`, `merge_gate`, `review` do).
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Any

from forge_loop.domain import retry
from forge_loop.domain.breaker import TRIPS_AT, Ended, tripped
from forge_loop.domain.dispatch import is_low
from forge_loop.domain.events import AttemptFinished, LoopHalted, LoopParked
from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.domain.limits import park_kind, park_until
from forge_loop.domain.recorded import rfc3339
from forge_loop.errors import LeaseLost
from forge_loop.runner import deploy, status_note
from forge_loop.runner.context import Context
from forge_loop.runner.effects import plan


def end(context: Context, job: Job, state: JobState, reason: str, **changes: Any) -> Job:
    """Take a job to a terminal state, with everything that follows outside planned in the same transaction."""
    with context.store.transaction():
        close_attempt(context, job, outcome=str(state), note=reason)
        ended = context.store.jobs.move(job, state, at=context.now(), reason=reason, **changes)
        for kind, name, detail in _consequences(context, ended, reason):
            plan(context, ended, kind, name, detail)
        give_back(context, job.id, done=True)
    for row in context.store.sessions.select("job = ? AND ended_at IS NULL", job.id):
        context.agents.end(row.session, reason=reason)
    context.moved_at = context.now()
    return ended


def _consequences(context: Context, job: Job, reason: str) -> list[tuple[str, str, dict[str, Any]]]:
    labels = context.settings.labels
    spent = {
        "issue": job.issue,
        "spent": rfc3339(context.store.approvals.get(job.approval).at),
        "pull_request": job.pull_request,
    }
    planned: list[tuple[str, str, dict[str, Any]]] = []
    if job.state is JobState.MERGED:
        planned.append(("issue.close", "merged", {"issue": job.issue, "summary": reason}))
        planned.append(("branch.delete", "merged", {"branch": job.branch, "sha": job.head_sha}))
    if job.state is JobState.MERGED and context.settings.deploy.command:
        planned.append((deploy.KIND, str(job.merged_sha), deploy.intent(context, job)))
    if job.state in (JobState.HANDED_OVER, JobState.GIVEN_UP):
        label = labels.needs_human if job.state is JobState.HANDED_OVER else labels.blocked
        planned.append(("label", "end", {**spent, "label": label, "present": True}))
        planned.append(("label", "ready", {**spent, "label": labels.ready, "present": False}))
    told = status_note.last(context, job)
    if told is not None:
        planned.append(("note", "end", {"issue": job.issue, "key": status_note.key(job), "text": told}))
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
    """End the job's open attempt in the ledger, if there is one. The first word on how it ended stands."""
    if job.attempt is None or context.store.attempts.get(job.attempt).ended_at is not None:
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
    blamed = retry.policy(kind) is retry.Policy.CHARGE and kind is not FailureKind.KILLED
    if blamed and is_low(context.store.free_bytes()):
        kind, detail = FailureKind.INTERRUPTED, f"the disk was nearly full: {detail}"
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
    else:
        with context.store.transaction():
            _charge(context, job, kind, detail, step)
            _trip(context, job)


def _charge(context: Context, job: Job, kind: FailureKind, detail: str, step: retry.CoolDown | retry.GiveUp) -> None:
    """The attempt is used up: another one later, a person where a pull request stands, or the end."""
    close_attempt(context, job, outcome="failed", note=detail, kind=kind, charged=True)
    changes = {"attempts": job.attempts + 1, "failure_kind": kind, "fingerprint": retry.fingerprint(kind, detail)}
    if job.pull_request is not None:
        end(context, job, JobState.HANDED_OVER, detail, **changes)
    elif isinstance(step, retry.GiveUp):
        end(context, job, JobState.GIVEN_UP, step.reason, **changes)
    else:
        # The attempt is over: the next one starts from the newest base.
        plan(context, job, "workspace.remove", f"attempt-{job.attempt}", _removal(context, job))
        _rest(context, job, JobState.COOLING, detail, step.until, **changes)


def _trip(context: Context, job: Job) -> None:
    """The breaker: halt dispatch when different issues keep failing alike."""
    loop = context.store.loop()
    rows = context.store.attempts.select(
        "ended_at IS NOT NULL AND ended_at > ?",
        loop.resumed_at or deploy.BEGINNING,
        order="ended_at DESC",
        limit=TRIPS_AT,
    )
    why = tripped(Ended(issue=row.issue, fingerprint=row.fingerprint, note=row.note) for row in rows)
    if why is not None and loop.halt_reason is None:
        context.store.update_loop(halt_reason=why)
        context.tell(LoopHalted(reason=why), job)


def _failure(context: Context, job: Job, kind: FailureKind, detail: str) -> retry.Failure:
    last = context.store.attempts.last("job = ? AND ended_at IS NOT NULL", job.id)
    return retry.Failure(
        kind=kind,
        detail=detail,
        issue=job.issue,
        attempt=job.attempt or 0,
        charged_before=job.attempts,
        in_a_row=1 + job.interruptions,
        same_as_last=last is not None and last.fingerprint == retry.fingerprint(kind, detail),
    )


def _rules(context: Context) -> retry.RetryRules:
    settings = context.settings.retry
    return retry.RetryRules(attempts=settings.attempts, cooldown=timedelta(seconds=settings.cooldown))


def _parked(context: Context) -> datetime | None:
    return context.store.loop().parked_until


def _park(context: Context, job: Job, kind: FailureKind, detail: str, until: datetime) -> None:
    """The same attempt goes on later. What concerns the account parks the whole loop."""
    with context.store.transaction():
        if kind in (FailureKind.LIMIT, FailureKind.TRANSIENT):
            loop = context.store.loop()
            until = max(until, loop.parked_until or until)
            waits_for = park_kind(kind, parked_for=loop.parked_for)
            context.store.update_loop(
                parked_until=until, park_reason=detail, parked_at=context.now(), parked_for=waits_for
            )
            context.tell(LoopParked(until=rfc3339(until), reason=detail), job)
        counted = job.interruptions + (kind is not FailureKind.LIMIT)
        changes = {"resume_state": job.state, "failure_kind": kind, "interruptions": counted}
        _rest(context, job, JobState.PARKED, detail, until, **changes)


def _halt(context: Context, job: Job, reason: str) -> None:
    with context.store.transaction():
        if context.store.loop().halt_reason is None:
            context.store.update_loop(halt_reason=reason)
            context.tell(LoopHalted(reason=reason), job)
        _rest(context, job, JobState.PARKED, reason, None, resume_state=job.state)


def _rest(context: Context, job: Job, state: JobState, reason: str, until: datetime | None, **changes: Any) -> None:
    context.store.jobs.move(job, state, at=context.now(), reason=reason, not_before=until, **changes)
    give_back(context, job.id, not_before=until)
    context.moved_at = context.now()


def give_back(context: Context, job_id: int, *, done: bool = False, not_before: datetime | None = None) -> None:
    """The queue's entry goes back, or away where the job is done."""
    context.waits.pop(job_id, None)
    delivery = context.in_hand.pop(job_id, None)
    if delivery is None:
        return
    # A lease that ended meanwhile left an entry that is due: whoever claims it looks at the job's row first.
    with contextlib.suppress(LeaseLost):
        if done:
            context.queue.ack(delivery)
        else:
            context.queue.release(delivery, not_before=not_before)
