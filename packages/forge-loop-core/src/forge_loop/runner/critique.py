"""The critic's stage: a fresh session reads the candidate; its validated verdict is recorded and acted on.

Owns: what a job in REVIEWING does next. Must not: approve; a verdict can only withhold.
"""

from __future__ import annotations

from forge_loop.domain.events import ReviewFinished, ReviewStarted
from forge_loop.domain.job import FailureKind, Job, JobState, SessionRow
from forge_loop.domain.review import (
    REPORT_SCHEMA,
    Binding,
    MalformedReport,
    Overall,
    Reviewed,
    Verdict,
    delta_from,
    is_suspicious,
    parse_verdict,
)
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.runner import ending, findings, job_errands, outcome, prompts, pull_request, revise, sessions
from forge_loop.runner.context import Context
from forge_loop.store import ReviewRow

ACCOUNT = "account"


def advance(context: Context, job: Job) -> None:
    """Start a review of this very commit, take its verdict, or go on where an approval of it still holds."""
    if holding_verdict(context, job) is not None:
        context.store.jobs.move(job, JobState.MERGING, at=context.now())
        context.moved_at = context.now()
        return
    wanted = (job.head_sha, context.briefs.sha256(Role.CRITIC))
    rows = [row for row in sessions.of_round(context, job, Role.CRITIC) if (row.head_sha, row.brief_sha256) == wanted]
    last = rows[-1] if rows else None
    if last is None or last.acted_on:
        _prepare(context, job)
    elif last.ended_at is None:
        return
    elif last.outcome is SessionOutcome.DONE:
        _read(context, job, last)
    else:
        outcome.fail_by(context, job, last)


def holding_verdict(context: Context, job: Job) -> ReviewRow | None:
    """The approval of the job's present commit, text and brief, or None. When only base moved it still holds."""
    last = context.store.reviews.last("job = ? AND head_sha = ?", job.id, job.head_sha)
    if last is None or not last.approves:
        return None
    given = Binding(head_sha=last.head_sha, brief_sha256=last.brief_sha256, snapshot_sha256=last.snapshot_sha256)
    return last if given == _binding(context, job) else None


def _binding(context: Context, job: Job) -> Binding:
    return Binding(
        head_sha=job.head_sha or "",
        brief_sha256=context.briefs.sha256(Role.CRITIC),
        snapshot_sha256=prompts.snapshot(context, job).sha256,
    )


def _prepare(context: Context, job: Job) -> None:
    path, head, base = context.workspace(job, "review"), job.head_sha or "", job.base_sha or ""
    since = reviewed_before(context, job)

    def prepare() -> tuple[str, str]:
        context.workspaces.create(path, sha=head, branch=job.branch, base_sha=base)
        delta = context.workspaces.diff(base_sha=since, head_sha=head) if since is not None else ""
        return context.workspaces.diff(base_sha=base, head_sha=head), delta

    job_errands.start(context, job, prepare, then=lambda diffs: _start(context, job, *diffs))


def reviewed_before(context: Context, job: Job) -> str | None:
    """The commit that the last round reviewed, where this one goes on from it."""
    rows = context.store.reviews.select("job = ?", job.id)
    earlier = [Reviewed(attempt=row.attempt, head_sha=row.head_sha) for row in rows]
    return delta_from(earlier, attempt=job.attempt or 0, head_sha=job.head_sha or "")


def _start(context: Context, job: Job, diff: str, delta: str) -> None:
    with context.store.transaction():
        context.tell(ReviewStarted(head_sha=job.head_sha or "", round=job.round), job)
    _open(context, job, "review", prompts.critic(context, job, diff, delta))


def _open(context: Context, job: Job, purpose: str, prompt: str, *, resume: str | None = None) -> None:
    opening = sessions.Opening(
        role=Role.CRITIC,
        purpose=purpose,
        workspace=context.workspace(job, "review"),
        prompt=prompt,
        report_schema=REPORT_SCHEMA,
        settings=context.settings.critic,
        resume=resume,
    )
    sessions.begin(context, job, opening)


def _read(context: Context, job: Job, row: SessionRow) -> None:
    try:
        verdict = parse_verdict(sessions.report_of(row))
    except MalformedReport as error:
        ending.fail(context, job, FailureKind.NO_REPORT, f"the critic's report is malformed: {error}")
        return
    if is_suspicious(verdict, job.lines_changed):
        _doubt(context, job, row)
        return
    with context.store.transaction():
        held = findings.carry_over(prompts.open_findings(context, job), verdict)
        review = _record(context, job, row, held)
        findings.record(context, job, review, held)
        pull_request.post_review(context, job, review)
        _act(context, job, held, review)
    context.moved_at = context.now()


def _doubt(context: Context, job: Job, row: SessionRow) -> None:
    """Ask once more what was reviewed; an approval that names nothing even then is for a person."""
    config = context.private(job, Role.CRITIC) / "config"
    if row.purpose == ACCOUNT or not context.agents.resumable(row.session, config):
        reason = f"the critic approves {job.lines_changed} changed lines and names nothing that it reviewed"
        ending.end(context, job, JobState.HANDED_OVER, reason)
        return
    _open(context, job, ACCOUNT, prompts.ACCOUNT, resume=row.session)


def _record(context: Context, job: Job, row: SessionRow, verdict: Verdict) -> ReviewRow:
    review = context.store.reviews.insert(
        job=job.id,
        attempt=job.attempt,
        session=row.session,
        round=job.round,
        head_sha=job.head_sha,
        base_sha=job.base_sha,
        brief_sha256=row.brief_sha256,
        snapshot_sha256=prompts.snapshot(context, job).sha256,
        overall=verdict.overall,
        approves=verdict.approves(context.settings.critic.block_on),
        reviewed=verdict.reviewed,
        at=context.now(),
    )
    event = ReviewFinished(head_sha=job.head_sha or "", overall=verdict.overall, findings=len(verdict.findings))
    context.tell(event, job, session=row.session)
    return review


def _act(context: Context, job: Job, verdict: Verdict, review: ReviewRow) -> None:
    blocking = verdict.blocking(context.settings.critic.block_on)
    if verdict.overall is Overall.BLOCK:
        why = "; ".join(f"{f.category}: {f.message}" for f in verdict.findings) or "no finding was given"
        ending.end(context, job, JobState.HANDED_OVER, f"the critic blocks it: {why}")
    elif review.approves:
        context.store.jobs.move(job, JobState.MERGING, at=context.now())
    elif blocking or verdict.overall is Overall.REQUEST_CHANGES:
        reason = f"the critic asks for changes ({len(blocking)} blocking findings)"
        revise.again(context, job, FailureKind.WORKER_FAILED, reason)
