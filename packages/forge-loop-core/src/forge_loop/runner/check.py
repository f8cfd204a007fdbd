"""The check stage: merge base and candidate, run the project's checks on the result in a clean clone.

Owns: what a job in CHECKING does next, and which base a result belongs to. Must not: trust what the worker said it ran.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.domain.events import CheckFinished, CheckStarted
from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.ports import CommandResult
from forge_loop.runner import ending, job_errands, revise
from forge_loop.runner.context import Context
from forge_loop.runner.prompts import MERGE_STEP


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """Results in order; the first is the merge itself. `base_sha` is the base they hold for.

    `rewritten`: base no longer holds what the candidate is built on, so a person took that away.
    """

    base_sha: str
    results: tuple[tuple[str, CommandResult], ...] = ()
    rewritten: bool = False


def advance(context: Context, job: Job) -> None:
    """Check the candidate against the newest base."""
    with context.store.transaction():
        base = context.world.base_sha if context.world else None
        context.tell(CheckStarted(head_sha=job.head_sha or "", base_sha=base or ""), job)
    job_errands.start(context, job, lambda: _check(context, job), then=lambda checked: _checked(context, job, checked))


def _check(context: Context, job: Job) -> Checked:
    """In a thread: read base anew, merge, and run every command, so that a red one does not hide another."""
    head = job.head_sha or ""
    base = context.code_host.base_sha(context.base)
    context.workspaces.fetch()
    if rewritten(context, job, base):
        return Checked(base_sha=base, rewritten=True)
    merged = context.workspaces.merge_result(base_sha=base, head_sha=head)
    if merged.commit is None:
        output = "conflicts in:\n" + "\n".join(merged.conflicts)
        return Checked(base_sha=base, results=((MERGE_STEP, CommandResult(status=1, output=output, seconds=0.0)),))
    results = [(MERGE_STEP, CommandResult(status=0, output="", seconds=0.0))]
    path = context.workspace(job, "check")
    for command in context.settings.checks:
        context.workspaces.create(path, sha=merged.commit, branch=job.branch, base_sha=base)
        result = context.commands.run(command, directory=path, timeout=context.settings.check_timeout)
        results.append((command, result))
    context.workspaces.remove(path)
    return Checked(base_sha=base, results=tuple(results))


def rewritten(context: Context, job: Job, base_sha: str) -> bool:
    """In a thread: whether a person took away what the candidate is built on. A merge would bring it back."""
    return not context.workspaces.contains(sha=base_sha, other=job.base_sha or "")


def yield_rewritten(context: Context, job: Job) -> None:
    reason = f"{context.base} was rewritten: it no longer holds {(job.base_sha or '')[:12]}"
    ending.end(context, job, JobState.YIELDED, reason)


def _checked(context: Context, job: Job, checked: Checked) -> None:
    if checked.rewritten:
        yield_rewritten(context, job)
        return
    with context.store.transaction():
        for command, result in checked.results:
            _record(context, job, checked.base_sha, command, result)
        failed = [command for command, result in checked.results if not result.passed]
        if not failed:
            context.store.jobs.move(job, JobState.PUBLISHING, at=context.now())
        elif failed[0] == MERGE_STEP:
            revise.again(context, job, FailureKind.CONFLICT, "it conflicts with base", base_sha=checked.base_sha)
        else:
            revise.again(context, job, FailureKind.CHECKS_RED, f"checks failed: {', '.join(failed)}")
    context.moved_at = context.now()


def _record(context: Context, job: Job, base_sha: str, command: str, result: CommandResult) -> None:
    context.store.checks.insert(
        job=job.id,
        attempt=job.attempt,
        head_sha=job.head_sha,
        base_sha=base_sha,
        command=command,
        passed=result.passed,
        status=result.status,
        output=result.output,
        seconds=round(result.seconds, 3),
        at=context.now(),
    )
    event = CheckFinished(
        command=command,
        status=result.status,
        seconds=round(result.seconds, 3),
        head_sha=job.head_sha or "",
        base_sha=base_sha,
    )
    context.tell(event, job)
