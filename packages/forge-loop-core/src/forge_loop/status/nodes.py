"""Where the nodes of a job's pipeline stand, as a dashboard and metrics show them.

Owns: putting rows and the job's pipeline together for that. Must not: hold a rule of its own, or read the pipeline's
file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from forge_loop.domain.job import Job
from forge_loop.domain.pipeline import CRITIC_ALONE, Change, Node, NodeKind, NodeState, Standing, stand
from forge_loop.store import Store, node_states


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeStatus:
    """One node, for the job's present candidate. `reason` says why it is skipped or blocked, or how it ended.

    `session` is that of a review's conversation, `output` what a command printed, shortened. `tries` is 0 for a node
    that has not begun.
    """

    name: str
    kind: NodeKind
    needs: tuple[str, ...]
    required: bool
    state: NodeState
    reason: str
    tries: int
    output: str
    session: str | None
    started: datetime | None
    ended: datetime | None


def read_nodes(store: Store, job: Job, labels: Collection[str] | None = None) -> tuple[NodeStatus, ...]:
    """Every node of the pipeline that the job's attempt is bound to, in the file's order; none before it has begun.

    `labels` are those that the issue carries now; None: those that it carried when the job was made.
    """
    if job.attempt is None:
        return ()
    pipeline = store.pipelines.of(job.attempt) or CRITIC_ALONE
    found = {node.name: node_states.state_of(store, job, node, None) for node in pipeline.nodes}
    carried = frozenset(_labels_when_made(store, job) if labels is None else labels)
    change = Change(labels=carried, paths=job.paths, lines=job.lines_changed)
    standing = stand(pipeline, {name: state for name, state in found.items() if state is not None}, change)
    return tuple(_status(store, job, node, standing) for node in pipeline.nodes)


def _status(store: Store, job: Job, node: Node, standing: Standing) -> NodeStatus:
    run, verdict = node_states.run_of(store, job, node), node_states.verdict_of(store, job, node)
    session = node_states.session_of(store, job, node, None) if node.kind is NodeKind.REVIEW else None
    begun = session.started_at if session is not None else run.at if run is not None else None
    answered = verdict.at if verdict is not None else run.ended_at if run is not None else None
    said = f"its verdict is {verdict.overall}" if verdict is not None else run.detail if run is not None else ""
    return NodeStatus(
        name=node.name,
        kind=node.kind,
        needs=node.needs,
        required=node.required,
        state=standing.states[node.name],
        reason=standing.reasons.get(node.name) or said,
        tries=run.tries if run is not None else int(session is not None or verdict is not None),
        output=run.output if run is not None else "",
        session=verdict.session if verdict is not None else session.session if session is not None else None,
        started=begun,
        ended=answered,
    )


def _labels_when_made(store: Store, job: Job) -> list[str]:
    made = store.events.select("issue = ? AND job = ? AND kind = 'job.queued'", job.issue, job.id, limit=1)
    return [str(label) for label in made[0].data.get("labels", ())] if made else []
