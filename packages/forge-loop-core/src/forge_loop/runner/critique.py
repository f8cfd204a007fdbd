"""Reviews: a fresh session reads the candidate, and its validated verdict is recorded.

Owns: the sessions and verdicts of the pipeline's reviews, the critic's among them. Must not: decide what follows from a
verdict (`pipeline` does); a verdict can only withhold.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from forge_loop.config.model import Critic
from forge_loop.domain.events import NodeFinished, ReviewFinished, ReviewStarted
from forge_loop.domain.job import FailureKind, Job, JobState, SessionRow
from forge_loop.domain.outward import cut
from forge_loop.domain.pipeline import CRITIC, Node, NodeState
from forge_loop.domain.review import (
    REPORT_SCHEMA,
    Binding,
    MalformedReport,
    Reviewed,
    Verdict,
    delta_from,
    is_suspicious,
    parse_verdict,
)
from forge_loop.domain.session import Role, SessionOutcome
from forge_loop.domain.status_note import LONGEST_REASON
from forge_loop.runner import ending, findings, job_errands, node_runs, outcome, prompts, pull_request, sessions
from forge_loop.runner.context import Context
from forge_loop.store import ReviewRow, node_states

ACCOUNT = "account"
# What is not a reviewer's doing: the job waits, and its session goes on, whether it is required or not.
HELD_UP = frozenset(
    {
        SessionOutcome.LIMIT,
        SessionOutcome.TRANSIENT,
        SessionOutcome.AUTH,
        SessionOutcome.CONFIGURATION,
        SessionOutcome.LOST,
    }
)


class Reviews:
    """Nodes of the pipeline that are reviews; the critic is one."""

    def state(self, context: Context, job: Job, node: Node) -> NodeState | None:
        """A verdict on this very commit, text and brief decides; before it, a session that runs or is to be resumed."""
        return node_states.state_of(context.store, job, node, _binding(context, job, node))

    def begin(self, context: Context, job: Job, node: Node) -> None:
        """Start a review of this very commit."""
        _prepare(context, job, node)

    def follow(self, context: Context, job: Job, node: Node) -> None:
        """Take the verdict of a session that has ended, or the consequence of one that has none."""
        row = _session(context, job, node)
        if row is None or row.ended_at is None:
            return
        if row.outcome is SessionOutcome.DONE:
            _read(context, job, node, row)
        elif node.required or row.outcome in HELD_UP:
            outcome.fail_by(context, job, row)
        else:
            _without_verdict(context, job, node, row.detail or f"its session ended: {row.outcome}")


def _without_verdict(context: Context, job: Job, node: Node, detail: str) -> None:
    """A reviewer that is not required came to no verdict: that is its failure and not the job's."""
    with context.store.transaction():
        run = node_runs.insert(context, job, node, NodeState.FAILED)
        context.store.node_runs.update(run.id, detail=detail, ended_at=context.now())
        finished = NodeFinished(
            node=node.name,
            node_kind=node.kind,
            state=NodeState.FAILED,
            detail=detail,
            seconds=0.0,
            head_sha=job.head_sha or "",
        )
        context.tell(finished, job)


def newest(context: Context, job: Job, node: Node) -> ReviewRow | None:
    """The last verdict of a node on the job's present commit."""
    return node_states.verdict_of(context.store, job, node)


def block(context: Context, job: Job, node: Node) -> str:
    """Why a reviewer wants a person to look."""
    standing = prompts.open_findings(context, job, node.name)
    why = "; ".join(f"{row.category}: {row.message}" for row in standing) or "no finding was given"
    return f"the {node.name} blocks it: {cut(why, LONGEST_REASON)}"


def asks(context: Context, job: Job, node: Node) -> str:
    """What a reviewer sends back, in a few words."""
    block_on = context.settings.critic.block_on
    blocking = [row for row in prompts.open_findings(context, job, node.name) if row.severity <= block_on]
    return f"the {node.name} asks for changes ({len(blocking)} blocking findings)"


def _session(context: Context, job: Job, node: Node) -> SessionRow | None:
    """The newest session of a node in the job's current round, on its present commit and brief."""
    return node_states.session_of(context.store, job, node, _brief_sha256(context, node))


def _brief_sha256(context: Context, node: Node) -> str:
    return hashlib.sha256(node.brief.encode()).hexdigest() if node.brief else context.briefs.sha256(Role.CRITIC)


def _binding(context: Context, job: Job, node: Node) -> Binding:
    return Binding(
        head_sha=job.head_sha or "",
        brief_sha256=_brief_sha256(context, node),
        snapshot_sha256=prompts.snapshot(context, job).sha256,
    )


def _prepare(context: Context, job: Job, node: Node) -> None:
    path, head, base = _workspace(context, job, node), job.head_sha or "", job.base_sha or ""
    since = reviewed_before(context, job, node)

    def prepare() -> tuple[str, str]:
        context.workspaces.create(path, sha=head, branch=job.branch, base_sha=base)
        delta = context.workspaces.diff(base_sha=since, head_sha=head) if since is not None else ""
        return context.workspaces.diff(base_sha=base, head_sha=head), delta

    job_errands.start(context, job, prepare, then=lambda diffs: _start(context, job, node, *diffs))


def reviewed_before(context: Context, job: Job, node: Node) -> str | None:
    """The commit that the node's last round reviewed, where this one goes on from it."""
    rows = context.store.reviews.select("job = ? AND node = ?", job.id, node.name)
    earlier = [Reviewed(attempt=row.attempt, head_sha=row.head_sha) for row in rows]
    return delta_from(earlier, attempt=job.attempt or 0, head_sha=job.head_sha or "")


def settings_of(critic: Critic, node: Node) -> Critic:
    """A node's own settings over the critic's."""
    return replace(
        critic,
        model=node.model or critic.model,
        max_turns=node.max_turns or critic.max_turns,
        timeout=node.timeout or critic.timeout,
    )


def _workspace(context: Context, job: Job, node: Node) -> Path:
    return context.workspace(job, "review" if node.name == CRITIC else f"review-{node.name}")


def _start(context: Context, job: Job, node: Node, diff: str, delta: str) -> None:
    with context.store.transaction():
        context.tell(ReviewStarted(head_sha=job.head_sha or "", round=job.round, node=node.name), job)
    _open(context, job, node, "review", prompts.critic(context, job, node, diff, delta))


def _open(context: Context, job: Job, node: Node, purpose: str, prompt: str, *, resume: str | None = None) -> None:
    opening = sessions.Opening(
        role=Role.CRITIC,
        purpose=purpose,
        workspace=_workspace(context, job, node),
        prompt=prompt,
        report_schema=REPORT_SCHEMA,
        settings=settings_of(context.settings.critic, node),
        resume=resume,
        node=node.name,
        brief_sha256=_brief_sha256(context, node),
    )
    sessions.begin(context, job, opening)


def _read(context: Context, job: Job, node: Node, row: SessionRow) -> None:
    try:
        verdict = parse_verdict(sessions.report_of(row))
    except MalformedReport as error:
        detail = f"the {node.name}'s report is malformed: {error}"
        if node.required:
            ending.fail(context, job, FailureKind.NO_REPORT, detail)
        else:
            _without_verdict(context, job, node, detail)
        return
    if is_suspicious(verdict, job.lines_changed):
        _doubt(context, job, node, row)
        return
    with context.store.transaction():
        held = findings.carry_over(prompts.open_findings(context, job, node.name), verdict)
        review = _record(context, job, row, held)
        findings.record(context, job, review, held)
        pull_request.post_review(context, job, review)
    context.moved_at = context.now()


def _doubt(context: Context, job: Job, node: Node, row: SessionRow) -> None:
    """Ask once more what was reviewed; an approval that names nothing even then is for a person."""
    config = context.private(job, node.name) / "config"
    if row.purpose == ACCOUNT or not context.agents.resumable(row.session, config):
        reason = f"the {node.name} approves {job.lines_changed} changed lines and names nothing that it reviewed"
        if node.required:
            ending.end(context, job, JobState.HANDED_OVER, reason)
        else:
            _without_verdict(context, job, node, reason)
        return
    _open(context, job, node, ACCOUNT, prompts.ACCOUNT, resume=row.session)


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
        node=row.node,
    )
    event = ReviewFinished(
        head_sha=job.head_sha or "", overall=verdict.overall, findings=len(verdict.findings), node=row.node
    )
    context.tell(event, job, session=row.session)
    return review
