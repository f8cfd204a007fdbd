"""A job's pull request as people read it: its text, its draft, the critic's findings on its lines.

Owns: gathering what the texts are made of, and the effects that bring them there. Must not: word them
(`domain.pull_request_text`, `domain.review_text`) or write where nobody talks about pull requests.
"""

from __future__ import annotations

from forge_loop.domain import pull_request_text, review_text
from forge_loop.domain.job import Job
from forge_loop.domain.pull_request_text import AttemptLine, CheckLine, PullRequestText
from forge_loop.domain.session import Role
from forge_loop.domain.worker_report import parse_worker_report
from forge_loop.runner import effects, prompts, sessions
from forge_loop.runner.context import Context
from forge_loop.store import EffectState, FindingRow, ReviewRow

OPEN = "pull_request.open"
DESCRIBE = "pull_request.describe"
READY = "pull_request.ready"
REVIEW = "review.post"


def text(context: Context, job: Job, *, approved: bool = False) -> str:
    """The pull request's text as things stand."""
    spec = job.spec or prompts.snapshot(context, job).body
    ran = [row for row in prompts.latest_checks(context, job) if row.command != prompts.MERGE_STEP]
    yes = context.store.reviews.select("job = ? AND head_sha = ? AND approves", job.id, job.head_sha)
    return pull_request_text.text(
        PullRequestText(
            issue=job.issue,
            head_sha=job.head_sha or "",
            base_sha=ran[-1].base_sha if ran else None,
            summary=_summary(context, job),
            criteria=pull_request_text.acceptance_criteria(spec),
            approved=approved,
            reviewers=tuple(dict.fromkeys(row.node for row in yes)),
            checks=tuple(CheckLine(name=row.command, passed=row.passed, seconds=row.seconds) for row in ran),
            attempts=attempts(context, job),
            withheld=job.withheld,
        )
    )


def attempts(context: Context, job: Job) -> tuple[AttemptLine, ...]:
    """The ledger's rows of the job. What an attempt under way has cost so far stands in the job."""
    rows = context.store.attempts.select("job = ?", job.id)
    return tuple(
        AttemptLine(
            number=row.number,
            outcome=row.outcome or pull_request_text.UNDER_WAY,
            rounds=row.rounds if row.ended_at is not None else job.round,
            note=row.note if row.ended_at is not None else "",
        )
        for row in rows
    )


def draft(context: Context) -> bool:
    return context.settings.merge.draft and talks(context)


def talks(context: Context) -> bool:
    """Whether people talk about pull requests where this one is."""
    return context.code_host.conversation() is not None


def describe(context: Context, job: Job, *, approved: bool = False) -> None:
    """Bring the text up to date, once for each commit and once more when it is approved."""
    opened = context.store.effects.last("job = ? AND kind = ?", job.id, OPEN)
    as_opened = opened is not None and opened.detail["sha"] == job.head_sha and not approved
    if as_opened or job.pull_request is None or not talks(context):
        return
    detail = {"body": text(context, job, approved=approved), **place(context, job)}
    effects.plan(context, job, DESCRIBE, f"{job.head_sha}-{'approved' if approved else 'pushed'}", detail)


def shown(context: Context, job: Job) -> bool:
    """Whether the pull request is no draft of the loop's any more; one that is becomes ready for review."""
    opened = context.store.effects.last("job = ? AND kind = ?", job.id, OPEN)
    if opened is None or not opened.detail["draft"] or not talks(context):
        return True
    row = effects.plan(context, job, READY, "1", place(context, job))
    return row.state in (EffectState.DONE, EffectState.FAILED)


def post_review(context: Context, job: Job, review: ReviewRow) -> None:
    """What this review found anew goes on its lines; what stood before stands there already."""
    if job.pull_request is None or not talks(context):
        return
    open_now = prompts.open_findings(context, job)
    new = [row for row in open_now if row.review == review.id]
    if not new:
        return
    loose = [_said(row) for row in new if row.file is None]
    detail = {
        "key": f"review-{review.id}",
        "sha": review.head_sha,
        "text": review_text.heading(
            review.node, review.overall, review.head_sha, new=len(new), standing=len(open_now) - len(new), loose=loose
        ),
        "lines": [{"file": row.file, "line": row.line, "text": _said(row)} for row in new if row.file is not None],
        **place(context, job),
    }
    effects.plan(context, job, REVIEW, str(review.id), detail)


def _said(row: FindingRow) -> str:
    return review_text.finding(row.severity, row.category, row.message)


def place(context: Context, job: Job) -> dict[str, object]:
    """Where something is said: it is the loop's only while it goes to this base and holds one of these commits."""
    pushes = context.store.effects.select("job = ? AND kind = 'push'", job.id)
    return {"number": job.pull_request, "base": context.base, "pushed": [row.detail["sha"] for row in pushes]}


def _summary(context: Context, job: Job) -> str:
    """The worker's word on the present candidate: that of its last session that reported."""
    rows = context.store.sessions.select("attempt = ? AND role = ?", job.attempt or 0, Role.WORKER, order="id DESC")
    reports = (parse_worker_report(sessions.report_of(row)) for row in rows if row.report is not None)
    return next((report.summary for report in reports if report is not None), "")
