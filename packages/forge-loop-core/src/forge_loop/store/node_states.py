"""Where a node of a pipeline stands for a job's present candidate, as far as its rows tell.

Owns: which rows those are, and what they mean together. Must not: know what a node that has no row waits for
(`domain.pipeline.stand` does).
"""

from __future__ import annotations

from forge_loop.domain.job import Job, SessionRow
from forge_loop.domain.pipeline import Node, NodeKind, NodeState
from forge_loop.domain.review import Binding
from forge_loop.domain.session import Role
from forge_loop.store.open import Store
from forge_loop.store.records import NodeRunRow, ReviewRow


def state_of(store: Store, job: Job, node: Node, binding: Binding | None) -> NodeState | None:
    """The node's state; None if it has not begun. A verdict counts if it was given for `binding`, or None for any."""
    run = run_of(store, job, node)
    if node.kind is not NodeKind.REVIEW:
        return run.state if run is not None else None
    verdict = verdict_of(store, job, node)
    if verdict is not None and binding in (None, given_for(verdict)):
        return NodeState.PASSED if verdict.approves else NodeState.FAILED
    if run is not None:
        return run.state
    session = session_of(store, job, node, binding.brief_sha256 if binding is not None else None)
    return NodeState.RUNNING if session is not None and not session.acted_on else None


def run_of(store: Store, job: Job, node: Node) -> NodeRunRow | None:
    """The run of a node that is no review, or of a review that came to no verdict."""
    return store.node_runs.last("job = ? AND head_sha = ? AND node = ?", job.id, job.head_sha, node.name)


def verdict_of(store: Store, job: Job, node: Node) -> ReviewRow | None:
    """The last verdict of a review."""
    return store.reviews.last("job = ? AND head_sha = ? AND node = ?", job.id, job.head_sha, node.name)


def session_of(store: Store, job: Job, node: Node, brief_sha256: str | None) -> SessionRow | None:
    """The newest session of a review in the job's current round; with `brief_sha256`, of one that was given this
    brief."""
    brief, values = ("AND brief_sha256 = ?", (brief_sha256,)) if brief_sha256 is not None else ("", ())
    return store.sessions.last(
        f"attempt = ? AND role = ? AND round = ? AND head_sha = ? AND node = ? {brief}",
        job.attempt or 0,
        Role.CRITIC,
        job.round,
        job.head_sha,
        node.name,
        *values,
    )


def given_for(verdict: ReviewRow) -> Binding:
    """What a verdict is bound to."""
    return Binding(
        head_sha=verdict.head_sha, brief_sha256=verdict.brief_sha256, snapshot_sha256=verdict.snapshot_sha256
    )
