"""The rows of nodes that are no reviews, and what the nodes before one have said.

Owns: finding and making those rows, the outputs that later nodes read. Must not: run a node.
"""

from __future__ import annotations

from forge_loop.domain.job import Job
from forge_loop.domain.pipeline import Node, NodeKind, NodeState
from forge_loop.runner.bound import pipeline_of
from forge_loop.runner.context import Context
from forge_loop.store import NodeRunRow, node_states


def of(context: Context, job: Job, node: Node) -> NodeRunRow | None:
    """The run of a node for the job's present candidate."""
    return node_states.run_of(context.store, job, node)


def insert(context: Context, job: Job, node: Node, state: NodeState) -> NodeRunRow:
    return context.store.node_runs.insert(
        job=job.id, head_sha=job.head_sha, node=node.name, state=state, at=context.now()
    )


def errand_key(job: Job, node: Node) -> str:
    """Nodes of one job run side by side."""
    return f"node:{job.id}:{node.name}"


def failed_outputs(context: Context, job: Job) -> str:
    """What the failing commands among the nodes printed, for the worker."""
    rows = context.store.node_runs.select("job = ? AND head_sha = ? AND state = 'failed'", job.id, job.head_sha)
    return "\n\n".join(f"{row.node}: {row.detail}\n{row.output}" for row in rows)


def outputs(context: Context, job: Job, node: Node) -> dict[str, dict[str, object]]:
    """What each node that `node` needs has said about the job's present candidate."""
    bound = pipeline_of(context, job)
    return {name: _output(context, job, bound.node(name)) for name in node.needs}


def _output(context: Context, job: Job, node: Node) -> dict[str, object]:
    if node.kind is not NodeKind.REVIEW:
        row = of(context, job, node)
        return {"state": str(row.state), "output": row.output, "detail": row.detail} if row is not None else {}
    review = node_states.verdict_of(context.store, job, node)
    if review is None:
        return {}
    findings = context.store.findings.select("job = ? AND node = ? AND closed_at IS NULL", job.id, node.name)
    return {
        "overall": str(review.overall),
        "reviewed": list(review.reviewed),
        "findings": [f"{each.severity} {each.category} {each.file or '-'}: {each.message}" for each in findings],
    }
