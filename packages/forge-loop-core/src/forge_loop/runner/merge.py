"""The merge stage: gather every fact anew, ask the gate, and merge one named commit.

Owns: what a job in MERGING does next. Must not: soften a refusal; it decides only where the refused job goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_loop.domain.events import MergeRefused
from forge_loop.domain.host_checks import Failed, GoOn, Judgement, TooLong, Wait
from forge_loop.domain.issue import Issue, PullRequest, PullRequestState, taken_over
from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.domain.merge_gate import GateFacts, refusals
from forge_loop.domain.outward import closing_nothing
from forge_loop.domain.reason import Reason
from forge_loop.domain.remarks import Remark
from forge_loop.runner import (
    check,
    effects,
    ending,
    host_look,
    job_errands,
    pipeline,
    prompts,
    pull_request,
    remarks,
    revise,
    waits,
)
from forge_loop.runner.context import Context
from forge_loop.runner.host_look import HostLook
from forge_loop.runner.publish import merges_by_itself
from forge_loop.store import EffectRow, EffectState, ReviewRow

HUMAN_ACTS = frozenset(
    {"issue_closed", "label_removed", "pull_request_closed", "not_ours", "draft", "retargeted", "foreign_commit"}
)
# What is refused only once the code host's checks have said their word.
IN_GOOD_TIME = frozenset({"host_checks", "host_checks_unknown", "base_moved", "no_evidence", "withheld", "manual"})
# A verdict that was given under another brief: a new check leads to a new review.
ANEW = frozenset({"not_reviewed", "change_moved_unknown"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was read just before a merge. `change_reviewed` is None where no verdict holds."""

    issue: Issue
    pull_request: PullRequest
    base_sha: str
    host: HostLook
    remarks: Sequence[Remark]
    change_reviewed: bool | None
    base_rewritten: bool


def advance(context: Context, job: Job) -> None:
    """Follow the merge that is under way, or look at everything again and ask the gate."""
    merge = context.store.effects.last("job = ? AND kind = 'merge'", job.id)
    if merge is not None and _follow(context, job, merge):
        return
    pull_request.describe(context, job, approved=True)
    if not pull_request.shown(context, job):
        return
    verdicts = pipeline.verdicts(context, job)
    job_errands.start(context, job, lambda: _look(context, job, verdicts), then=lambda seen: _ask(context, job, seen))


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


def _look(context: Context, job: Job, verdicts: Sequence[ReviewRow]) -> Seen:
    base_sha = context.code_host.base_sha(context.base)
    if not context.workspaces.commit_exists(base_sha):
        context.workspaces.fetch()
    rewritten = check.rewritten(context, job, base_sha)
    return Seen(
        issue=context.tracker.issue(job.issue),
        pull_request=context.code_host.pull_request(job.pull_request or 0),
        base_sha=base_sha,
        host=host_look.look(context.code_host, job.head_sha or ""),
        remarks=remarks.read(context.code_host, job.pull_request or 0),
        change_reviewed=all(_same_change(context, each, base_sha) for each in verdicts)
        if verdicts and not rewritten
        else None,
        base_rewritten=rewritten,
    )


def _same_change(context: Context, verdict: ReviewRow, base_sha: str) -> bool:
    """Whether what this base would be given is, line by line, what was reviewed. Not so where base was rewound."""
    reviewed = context.workspaces.diff(base_sha=verdict.base_sha, head_sha=verdict.head_sha)
    return reviewed == context.workspaces.diff(base_sha=base_sha, head_sha=verdict.head_sha)


def _ask(context: Context, job: Job, seen: Seen) -> None:
    """What people said comes first, then what must not be merged anyway, then the code host's checks."""
    if seen.base_rewritten:
        check.yield_rewritten(context, job)
        return
    judgement = host_look.judged(context, job, seen.host)
    reasons = refusals(facts(context, job, seen, judgement))
    asked = [remark for remark in seen.remarks if remark.key not in remarks.taken(context, job)]
    codes = {reason.code for reason in reasons}
    if "not_reviewed" in codes and codes <= ANEW | IN_GOOD_TIME:
        context.store.jobs.move(
            job, JobState.CHECKING, at=context.now(), reason="it needs another review: a brief or a label has changed"
        )
        context.moved_at = context.now()
    elif not codes <= IN_GOOD_TIME:
        _refuse(context, job, reasons, seen)
    elif asked:
        _take_up(context, job, asked)
    elif isinstance(judgement, Wait):
        waits.wait(context, job, judgement)
    elif isinstance(judgement, Failed):
        names = ", ".join(check.name for check in judgement.checks)
        revise.again(context, job, FailureKind.CHECKS_RED, f"the code host's checks failed: {names}")
    elif isinstance(judgement, TooLong):
        others = (reason for reason in reasons if reason.code != "host_checks_unknown")
        _refuse(context, job, (Reason(code="host_checks", text=judgement.reason), *others), seen)
    else:
        _settle(context, job, reasons, seen)
    waits.leave(context, job)


def _take_up(context: Context, job: Job, asked: list[Remark]) -> None:
    with context.store.transaction():
        remarks.record(context, job, asked)
        revise.again(context, job, FailureKind.WORKER_FAILED, remarks.ask(asked))


def _settle(context: Context, job: Job, reasons: tuple[Reason, ...], seen: Seen) -> None:
    """Merge, check again on the base that moved, or say why not."""
    refused = None if reasons else _refused(context, job, seen)
    if refused is not None:
        ending.end(context, job, JobState.HANDED_OVER, f"the code host refused the merge: {refused}")
    elif not reasons:
        tried = len(context.store.effects.select("job = ? AND kind = 'merge'", job.id))
        effects.plan(context, job, "merge", f"{job.head_sha}-{seen.base_sha}-{tried}", _merge(context, job, seen))
    elif [reason.code for reason in reasons] == ["base_moved"]:
        context.store.jobs.move(job, JobState.CHECKING, at=context.now(), reason=reasons[0].text)
    else:
        _refuse(context, job, reasons, seen)
    context.moved_at = context.now()


def _refused(context: Context, job: Job, seen: Seen) -> str | None:
    """The host's no to this very merge, for which the gate knows no reason."""
    last = context.store.effects.last("job = ? AND kind = 'merge'", job.id)
    wanted = {"head_sha": job.head_sha, "base_sha": seen.base_sha}
    if last is None or last.result is None or not wanted.items() <= last.detail.items():
        return None
    return last.result.get("refused")


def facts(context: Context, job: Job, seen: Seen, judgement: Judgement) -> GateFacts:
    """Everything the gate asks for, of this job and this moment."""
    hosts_evidence = judgement.evidence if isinstance(judgement, GoOn) else 0
    checks = prompts.latest_checks(context, job)
    labels = context.settings.labels
    return GateFacts(
        issue_open=seen.issue.open if seen.issue.problem is None else None,
        approval_unchanged=seen.issue.sha256 == prompts.snapshot(context, job).sha256,
        ready_label=labels.ready in seen.issue.labels,
        risk_label=labels.risk in seen.issue.labels and not pipeline.agreed_by_person(context, job),
        pull_request_open=seen.pull_request.state is PullRequestState.OPEN,
        pull_request_ours=seen.pull_request.ours,
        pull_request_draft=seen.pull_request.draft,
        pull_request_base=seen.pull_request.base,
        base=context.base,
        pull_request_head=seen.pull_request.head_sha,
        pushed_sha=job.head_sha,
        verdict_approves=pipeline.approved(context, job, seen.issue.labels),
        change_reviewed=seen.change_reviewed,
        checks_green=all(row.passed for row in checks) if checks else None,
        checked_base=checks[-1].base_sha if checks else None,
        base_sha=seen.base_sha,
        host_checks_green=True if isinstance(judgement, GoOn) else None,
        evidence=sum(row.command != prompts.MERGE_STEP for row in checks) + hosts_evidence,
        withheld=job.withheld,
        automatic=merges_by_itself(context),
    )


def _merge(context: Context, job: Job, seen: Seen) -> dict[str, object]:
    title = f"{closing_nothing(job.title)} (#{job.issue})"
    return {
        "number": job.pull_request,
        "head_sha": job.head_sha,
        "base_sha": seen.base_sha,
        "message": f"{title}\n\nPull-Request: {job.pull_request}\nForge-Loop-Job: {job.id}\n",
        "method": str(context.settings.merge.method),
        "base": context.base,
        "heard": sorted(remarks.taken(context, job)),
        "approved": prompts.snapshot(context, job).sha256,
        "risk_accepted": pipeline.agreed_by_person(context, job),
    }


def _refuse(context: Context, job: Job, reasons: tuple[Reason, ...], seen: Seen) -> None:
    text = "; ".join(reason.text for reason in reasons)
    with context.store.transaction():
        context.tell(MergeRefused(reasons=tuple(reason.text for reason in reasons)), job)
        if not HUMAN_ACTS.intersection(reason.code for reason in reasons):
            ending.end(context, job, JobState.HANDED_OVER, text)
            return
        pull = seen.pull_request
        taken = taken_over(pull, base=context.base, pushed=frozenset({job.head_sha or ""}))
        ending.end(context, job, JobState.YIELDED, taken or text, merged_sha=pull.merged_sha)
