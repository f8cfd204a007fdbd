"""The journal of outside effects: intent committed, act, outcome committed; settled by looking after an interruption.

Owns: planning effects and pumping the open ones, one a job at a time, in order. Must not: know what an effect does
(`effect_kinds`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from forge_loop.domain.events import EffectDone, EffectFailed, EffectIntended, EffectSettled
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.retry import delay
from forge_loop.domain.secret_shapes import kinds_in, texts_of
from forge_loop.errors import NoSuchIssueError, RefusedError
from forge_loop.runner import deploy, node_runs
from forge_loop.runner.bound import pipeline_of
from forge_loop.runner.context import Context, errand_key
from forge_loop.runner.effect_kinds import ANEW, KINDS, Result
from forge_loop.store import EffectRow, EffectState


def plan(context: Context, job: Job, kind: str, name: str, detail: dict[str, Any]) -> EffectRow:
    """Record the intent of an effect once; `name` tells it from others of its kind within the job."""
    key = f"{kind}/{job.id}/{name}"
    known = context.store.effects.last("key = ?", key)
    if known is not None:
        return known
    with context.store.transaction():
        row = context.store.effects.insert(
            key=key, kind=kind, job=job.id, state=EffectState.INTENDED, detail=detail, intended_at=context.now()
        )
        context.tell(EffectIntended(effect=row.id, key=key), job)
    return row


def merging(context: Context, job: Job) -> bool:
    """Whether a merge of the job is intended or under way, so that it may have happened."""
    last = context.store.effects.last("job = ? AND kind = 'merge'", job.id)
    return last is not None and last.state in (EffectState.INTENDED, EffectState.ACTING)


def removing(context: Context, job: Job) -> bool:
    """Whether the clones of the job's last attempt are still to be removed: no new one may be made before that."""
    where = "job = ? AND kind = 'workspace.remove' AND state IN ('intended', 'acting')"
    return context.store.effects.last(where, job.id) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of an effect: its result, whether it was found done, or why it must not be done any more."""

    result: Result
    settled: bool = False
    withdrawn: str | None = None


class EffectPump:
    """Carries out what is intended. An effect that fails for a passing reason is looked at again later."""

    def __init__(self, context: Context) -> None:
        self._context = context
        # How often each failed, and the monotonic time of its next try: a wall clock may be set back by a day.
        self._retries: dict[int, tuple[int, float]] = {}
        # Why it is too late for one that is under way, as the rows say at the newest tick: its thread reads it last.
        self._late: dict[int, str | None] = {}

    def open(self) -> list[EffectRow]:
        return self._context.store.effects.select("state IN ('intended', 'acting')")

    def pump(self) -> None:
        """Start the first open effect of every job that has none under way."""
        first: dict[int, EffectRow] = {}
        for row in self.open():
            first.setdefault(row.job, row)
        for job_id, row in first.items():
            if self._context.errands.busy(f"effect:{job_id}"):
                self._late[row.id] = self._over(row, self._context.store.jobs.get(row.job))
            elif self._due(row) and self._free(row):
                self._start(row)

    def next_due(self) -> datetime | None:
        """When the earliest effect that waits may be tried again."""
        earliest = min((due for _, due in self._retries.values()), default=None)
        if earliest is None:
            return None
        return self._context.now() + timedelta(seconds=earliest - self._context.clock.monotonic())

    def _free(self, row: EffectRow) -> bool:
        """A workspace goes only when nobody works in it any more: no session, no errand. Deploys take turns."""
        if row.kind == deploy.KIND:
            return not deploy.waits(self._context, row)
        if row.kind != "workspace.remove":
            return True
        job = self._context.store.jobs.get(row.job)
        keys = [errand_key(job), *(node_runs.errand_key(job, node) for node in pipeline_of(self._context, job).nodes)]
        if any(self._context.errands.busy(key) for key in keys):
            return False
        return not self._context.store.sessions.select("job = ? AND ended_at IS NULL", row.job, limit=1)

    def _due(self, row: EffectRow) -> bool:
        return row.id not in self._retries or self._retries[row.id][1] <= self._context.clock.monotonic()

    def _start(self, row: EffectRow) -> None:
        context, job = self._context, self._context.store.jobs.get(row.job)
        uncertain = row.state is EffectState.ACTING
        self._late[row.id] = self._over(row, job)
        context.store.effects.update(row.id, state=EffectState.ACTING)
        context.errands.start(
            f"effect:{row.job}",
            lambda: _carry_out(context, row, job, lambda: self._late[row.id], uncertain),
            then=lambda outcome: self._ended(row, outcome),
            failed=lambda error: self._failed(row, error),
        )

    def _over(self, row: EffectRow, job: Job) -> str | None:
        """Why it is too late for an effect: the work has ended, or the issue has been approved anew since."""
        if KINDS[row.kind].work and job.state.terminal:
            return "its job has ended"
        if KINDS[row.kind].said and job.state in (JobState.YIELDED, JobState.CANCELLED):
            return f"its job was {job.state}"
        newest = self._context.store.approvals.last("issue_key = ?", job.issue_key)
        return ANEW if KINDS[row.kind].closes and newest is not None and newest.id != job.approval else None

    def _ended(self, row: EffectRow, outcome: Outcome) -> None:
        self._retries.pop(row.id, None)
        if outcome.withdrawn is not None:
            self._give_up(row, outcome.withdrawn, {"withdrawn": outcome.withdrawn})
        else:
            self._done(row, outcome.result, outcome.settled)

    def _done(self, row: EffectRow, result: Result, settled: bool) -> None:
        context = self._context
        del self._late[row.id]
        with context.store.transaction():
            done = context.store.effects.update(row.id, state=EffectState.DONE, result=result, ended_at=context.now())
            job = context.store.jobs.get(row.job)
            kind = EffectSettled if settled else EffectDone
            context.tell(kind(effect=row.id, key=row.key), job)
            for event in KINDS[row.kind].tells(done.detail, result):
                context.tell(event, job)
            KINDS[row.kind].ended(context, done)

    def _give_up(self, row: EffectRow, reason: str, result: Result) -> None:
        context = self._context
        del self._late[row.id]
        with context.store.transaction():
            context.store.effects.update(row.id, state=EffectState.FAILED, result=result, ended_at=context.now())
            context.tell(EffectFailed(effect=row.id, key=row.key, reason=reason), context.store.jobs.get(row.job))

    def _failed(self, row: EffectRow, error: Exception) -> None:
        context = self._context
        if isinstance(error, RefusedError | NoSuchIssueError):
            self._retries.pop(row.id, None)
            self._give_up(row, str(error), {"refused": str(error)})
            return
        count = self._retries.get(row.id, (0, 0.0))[0] + 1
        wait = delay(issue=row.job, attempt=row.id, count=count).total_seconds()
        self._retries[row.id] = (count, context.clock.monotonic() + wait)
        context.on_fault(f"effect {row.key}", error)


def _carry_out(context: Context, row: EffectRow, job: Job, late: Callable[[], str | None], uncertain: bool) -> Outcome:
    """In a thread: look whether it is there already if it may be, look whether it may still be done, do it.

    Nothing that looks like a secret leaves this box.
    """
    kind = KINDS[row.kind]
    found = kind.look(context, row.detail) if uncertain else None
    if found is not None:
        return Outcome(result=found, settled=True)
    withdrawn = late() or kind.forbidden(context, job, row.detail) or late()
    if withdrawn is not None:
        return Outcome(result={}, withdrawn=withdrawn)
    held = () if kind.stays else kinds_in(texts_of(row.detail))
    if held:
        raise RefusedError(f"it looks as if it holds {' and '.join(held)}, so it was not sent")
    return Outcome(result=kind.act(context, row.detail))
