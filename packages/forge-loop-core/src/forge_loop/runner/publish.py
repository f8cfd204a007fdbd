"""The publish stage: push the candidate by its SHA and see that its pull request is open.

Owns: what a job in PUBLISHING does next. Must not: run git (the effects do).
"""

from __future__ import annotations

from forge_loop.config.model import MergeMode
from forge_loop.domain.job import Job, JobState
from forge_loop.runner import effects, ending, pull_request, status_note
from forge_loop.runner.context import Context
from forge_loop.store import EffectRow, EffectState


def advance(context: Context, job: Job) -> None:
    """Push, then open; each is an effect that this waits for."""
    pushed = effects.plan(context, job, "push", job.head_sha or "", _push(context, job))
    if not _done(context, job, pushed):
        return
    opened = effects.plan(context, job, pull_request.OPEN, "1", _pull_request(context, job))
    if not _done(context, job, opened):
        return
    assert opened.result is not None
    if opened.result.get("closed"):
        number = opened.result["number"]
        reason = f"pull request {number} was closed by a person"
        ending.end(context, job, JobState.YIELDED, reason, pull_request=number)
    else:
        _review(context, job, opened.result["number"])


def _review(context: Context, job: Job, number: int) -> None:
    with context.store.transaction():
        moved = context.store.jobs.move(job, JobState.REVIEWING, at=context.now(), pull_request=number)
        pull_request.describe(context, moved)
        status_note.tell(context, moved, f"pull-request-{number}")
        if not context.settings.critic.enabled:
            reason = f"nothing reviews it (critic.enabled: false); pull request {moved.pull_request} waits for you"
            ending.end(context, moved, JobState.HANDED_OVER, reason)
    context.moved_at = context.now()


def _done(context: Context, job: Job, row: EffectRow) -> bool:
    if row.state is EffectState.FAILED:
        result = row.result or {}
        if "withdrawn" in result:
            ending.end(context, job, JobState.YIELDED, result["withdrawn"])
        else:
            ending.end(context, job, JobState.HANDED_OVER, f"the code host refused: {result.get('refused')}")
    return row.state is EffectState.DONE


def _push(context: Context, job: Job) -> dict[str, object]:
    last = context.store.effects.last("job = ? AND kind = 'push' AND state = 'done'", job.id)
    expected = last.detail["sha"] if last is not None else None
    return {
        "sha": job.head_sha,
        "branch": job.branch,
        "expected": expected,
        "pull_request": job.pull_request,
        "base": context.base,
    }


def _pull_request(context: Context, job: Job) -> dict[str, object]:
    return {
        "branch": job.branch,
        "base": context.base,
        "title": job.title,
        "body": pull_request.text(context, job),
        "draft": pull_request.draft(context),
        "sha": job.head_sha,
    }


def merges_by_itself(context: Context) -> bool:
    return context.settings.merge.mode is MergeMode.AUTO
