"""The merge stage: gather every fact anew, ask the gate, and merge one named commit.

Owns: what a job in MERGING does next. Must not: soften a refusal; it decides only where the refused job goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.domain.events import MergeRefused
from forge_loop.domain.issue import Issue, PullRequest, PullRequestState
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.merge_gate import GateFacts, refusals
from forge_loop.domain.reason import Reason
from forge_loop.runner import effects, ending, job_errands, prompts
from forge_loop.runner.context import Context
from forge_loop.runner.critique import holding_verdict
from forge_loop.runner.publish import merges_by_itself
from forge_loop.store import EffectRow, EffectState

HUMAN_ACTS = frozenset({"issue_closed", "label_removed", "pull_request_closed", "foreign_commit"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was read just before a merge."""

    issue: Issue
    pull_request: PullRequest
    base_sha: str


def advance(context: Context, job: Job) -> None:
    """Follow the merge that is under way, or look at everything again and ask the gate."""
    merge = context.store.effects.last("job = ? AND kind = 'merge'", job.id)
    if merge is not None and _follow(context, job, merge):
        return
    job_errands.start(context, job, lambda: _look(context, job), then=lambda seen: _ask(context, job, seen))


def _follow(context: Context, job: Job, merge: EffectRow) -> bool:
    """True while the last merge effect decides what happens.

    One that met a moved base, a person's word just before it, or the host's no is past: the gate is asked again and
    says what is behind it.
    """
    if merge.state is EffectState.FAILED:
        return False
    if merge.state is EffectState.DONE:
        sha = (merge.result or {}).get("sha")
        if sha is None:
            return False
        summary = f"merged as {sha[:12]} by pull request {job.pull_request}"
        with context.store.transaction():
            _base_is_checked(context, job, sha)
            ending.end(context, job, JobState.MERGED, summary, merged_sha=sha)
    return True


def _base_is_checked(context: Context, job: Job, sha: str) -> None:
    """The new base is the very tree that the checks were green on: they need not run there again."""
    for row in prompts.latest_checks(context, job):
        if row.command != prompts.MERGE_STEP:
            context.store.base_checks.insert(
                base_sha=sha,
                command=row.command,
                passed=row.passed,
                status=row.status,
                output=row.output,
                seconds=row.seconds,
                at=context.now(),
            )


def _look(context: Context, job: Job) -> Seen:
    return Seen(
        issue=context.tracker.issue(job.issue),
        pull_request=context.code_host.pull_request(job.pull_request or 0),
        base_sha=context.code_host.base_sha(context.base),
    )


def _ask(context: Context, job: Job, seen: Seen) -> None:
    reasons = refusals(facts(context, job, seen))
    refused = None if reasons else _refused(context, job, seen)
    if refused is not None:
        ending.end(context, job, JobState.HANDED_OVER, f"the code host refused the merge: {refused}")
    elif not reasons:
        tried = len(context.store.effects.select("job = ? AND kind = 'merge'", job.id))
        effects.plan(context, job, "merge", f"{job.head_sha}-{seen.base_sha}-{tried}", _merge(context, job, seen))
    elif [reason.code for reason in reasons] == ["base_moved"]:
        context.store.jobs.move(job, JobState.CHECKING, at=context.now(), reason=reasons[0].text)
    else:
        _refuse(context, job, reasons)
    context.moved_at = context.now()


def _refused(context: Context, job: Job, seen: Seen) -> str | None:
    """The host's no to this very merge, for which the gate knows no reason."""
    last = context.store.effects.last("job = ? AND kind = 'merge'", job.id)
    wanted = {"head_sha": job.head_sha, "base_sha": seen.base_sha}
    if last is None or last.result is None or not wanted.items() <= last.detail.items():
        return None
    return last.result.get("refused")


def facts(context: Context, job: Job, seen: Seen) -> GateFacts:
    """Everything the gate asks for, of this job and this moment."""
    checks = prompts.latest_checks(context, job)
    labels = context.settings.labels
    return GateFacts(
        issue_open=seen.issue.open if seen.issue.problem is None else None,
        approval_unchanged=seen.issue.sha256 == prompts.snapshot(context, job).sha256,
        ready_label=labels.ready in seen.issue.labels,
        risk_label=labels.risk in seen.issue.labels,
        pull_request_open=seen.pull_request.state is PullRequestState.OPEN,
        pull_request_head=seen.pull_request.head_sha,
        pushed_sha=job.head_sha,
        verdict_approves=holding_verdict(context, job) is not None,
        checks_green=all(row.passed for row in checks) if checks else None,
        checked_base=checks[-1].base_sha if checks else None,
        base_sha=seen.base_sha,
        evidence=sum(row.command != prompts.MERGE_STEP for row in checks),
        withheld=job.withheld,
        automatic=merges_by_itself(context),
    )


def _merge(context: Context, job: Job, seen: Seen) -> dict[str, object]:
    return {
        "number": job.pull_request,
        "head_sha": job.head_sha,
        "base_sha": seen.base_sha,
        "message": f"{job.title} (#{job.issue})\n\nPull-Request: {job.pull_request}\nForge-Loop-Job: {job.id}\n",
        "approved": prompts.snapshot(context, job).sha256,
    }


def _refuse(context: Context, job: Job, reasons: tuple[Reason, ...]) -> None:
    text = "; ".join(reason.text for reason in reasons)
    human = HUMAN_ACTS.intersection(reason.code for reason in reasons)
    with context.store.transaction():
        context.tell(MergeRefused(reasons=tuple(reason.text for reason in reasons)), job)
        ending.end(context, job, JobState.YIELDED if human else JobState.HANDED_OVER, text)
