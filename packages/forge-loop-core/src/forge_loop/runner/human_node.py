"""Nodes that are people: the job waits, without a slot, for a word about this very candidate: the operator's command,
or a trusted person's approval in a review.

Owns: the waiting, and what an answer does. Must not: take silence for a yes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from forge_loop.domain.events import NodeFinished, NodeStarted
from forge_loop.domain.host_checks import Wait
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.pipeline import Node, NodeKind, NodeState, Standing
from forge_loop.errors import RefusedError
from forge_loop.runner import node_runs, talk, waits
from forge_loop.runner.bound import pipeline_of
from forge_loop.runner.context import Context
from forge_loop.store import node_states

PATIENCE_SECONDS = 7 * 24 * 3600.0


class Humans:
    def state(self, context: Context, job: Job, node: Node) -> NodeState | None:
        return node_states.state_of(context.store, job, node, None)

    def begin(self, context: Context, job: Job, node: Node) -> None:
        with context.store.transaction():
            node_runs.insert(context, job, node, NodeState.WAITING)
            context.tell(NodeStarted(node=node.name, node_kind=node.kind, head_sha=job.head_sha or ""), job)

    def follow(self, context: Context, job: Job, node: Node) -> None:
        """Nobody answered in time: that is a no. A review that asks for changes is a round of revision instead."""
        agreed = talk.agreed(context, job)
        if agreed and _waiting(context, job) == [node]:
            _answer(context, job, node, NodeState.PASSED, f"{agreed[0]} approved it in a review")
        elif context.now() >= _until(context, job, node):
            _answer(context, job, node, NodeState.FAILED, "nobody answered in time")


def rest(context: Context, job: Job, standing: Standing) -> None:
    """Where only people are waited for, the job leaves its slot to others meanwhile."""
    waiting = [node for node in pipeline_of(context, job).nodes if standing.states[node.name] is NodeState.WAITING]
    if not waiting or NodeState.RUNNING in standing.states.values():
        return
    names = ", ".join(node.name for node in waiting)
    until = min(_until(context, job, node) for node in waiting)
    review = ", or an approving review" if len(waiting) == 1 and context.code_host.conversation() is not None else ""
    reason = f"a person: forge-loop pipeline approve {job.issue} (or refuse){review}, asked by {names}"
    waits.wait(context, job, Wait(until=until, reason=reason))


def answer(context: Context, job: Job, name: str | None, *, yes: bool, why: str, about: str | None = None) -> str:
    """Take the operator's word; `about` is the commit that they were shown, if that is known. Raises RefusedError where
    nobody is waited for, or where another commit stands there by now."""
    if about is not None and about != job.head_sha:
        raise RefusedError(f"#{job.issue} is at another commit than {about[:12]} by now: look again")
    if job.state is not JobState.REVIEWING:
        raise RefusedError(f"#{job.issue} is {job.state}: it waits for nobody")
    waiting = _waiting(context, job)
    chosen = [node for node in waiting if name is None or node.name == name]
    if len(chosen) != 1:
        names = ", ".join(node.name for node in waiting) or "nobody"
        raise RefusedError(f"#{job.issue} waits for {names}" + (f", not for {name}" if name is not None else ""))
    state = NodeState.PASSED if yes else NodeState.FAILED
    _answer(context, job, chosen[0], state, why or ("a person agreed" if yes else "a person refused"))
    context.waits[job.id] = context.clock.monotonic()
    return f"#{job.issue}: {chosen[0].name} {'approves' if yes else 'refuses'} {(job.head_sha or '')[:12]}"


def refusal(context: Context, job: Job, node: Node) -> str:
    row = node_runs.of(context, job, node)
    return f"{node.name} did not agree: {row.detail if row is not None else 'it is not known why'}"


def _waiting(context: Context, job: Job) -> list[Node]:
    """Who is asked now. Where there are several, a word must name whose it is, and a review cannot."""
    humans = [node for node in pipeline_of(context, job).nodes if node.kind is NodeKind.HUMAN]
    return [node for node in humans if Humans().state(context, job, node) is NodeState.WAITING]


def _until(context: Context, job: Job, node: Node) -> datetime:
    """When a node that waits has waited long enough."""
    row = node_runs.of(context, job, node)
    assert row is not None
    return row.at + timedelta(seconds=node.timeout or PATIENCE_SECONDS)


def _answer(context: Context, job: Job, node: Node, state: NodeState, detail: str) -> None:
    row = node_runs.of(context, job, node)
    assert row is not None
    with context.store.transaction():
        context.store.node_runs.update(row.id, state=state, detail=detail, ended_at=context.now())
        seconds = round(max(0.0, (context.now() - row.at).total_seconds()), 3)
        finished = NodeFinished(
            node=node.name, node_kind=node.kind, state=state, detail=detail, seconds=seconds, head_sha=row.head_sha
        )
        context.tell(finished, job)
