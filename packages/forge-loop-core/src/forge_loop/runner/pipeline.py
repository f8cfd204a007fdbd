"""The review stage: every node of the pipeline begins when it may, and what they say together decides.

Owns: what a job in REVIEWING does next, and whether its candidate has every yes it needs. Must not: know how a node of
a kind is run (`critique`, `command_node`, `human_node` do), or grant a merge: it can only withhold one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from forge_loop.domain.job import FailureKind, Job, JobState
from forge_loop.domain.pipeline import (
    Change,
    Node,
    NodeKind,
    NodeState,
    Standing,
    approves,
    failed,
    stand,
)
from forge_loop.domain.remarks import Remark
from forge_loop.domain.review import Overall
from forge_loop.runner import command_node, critique, ending, human_node, remarks, revise, talk, waits
from forge_loop.runner.bound import pipeline_of
from forge_loop.runner.context import Context, errand_key
from forge_loop.store import ReviewRow


class Driver(Protocol):
    """How nodes of one kind are run. All of it happens on the runner's thread and does not wait."""

    def state(self, context: Context, job: Job, node: Node) -> NodeState | None:
        """Where the node stands for the job's present candidate; None if it has not begun."""

    def begin(self, context: Context, job: Job, node: Node) -> None: ...

    def follow(self, context: Context, job: Job, node: Node) -> None:
        """Look after one that runs or waits: take what it brought, or begin it again where it was cut off."""


DRIVERS: Mapping[NodeKind, Driver] = {
    NodeKind.REVIEW: critique.Reviews(),
    NodeKind.COMMAND: command_node.Commands(),
    NodeKind.HUMAN: human_node.Humans(),
}


def advance(context: Context, job: Job) -> None:
    """Begin and follow what there is, until nothing moves; then wait, or act on what all of them said."""
    bound, before = pipeline_of(context, job), None
    while (standing := standing_of(context, job)) is not None and standing != before:
        before = standing
        asked = talk.asked(context, job)
        if _concluded(context, job, standing, asked):
            return
        for node in bound.nodes:
            if standing.states[node.name] in (NodeState.RUNNING, NodeState.WAITING):
                DRIVERS[node.kind].follow(context, job, node)
            elif node in standing.ready and not asked and not context.errands.busy(errand_key(job)):
                DRIVERS[node.kind].begin(context, job, node)
            if not _still_here(context, job):
                return
    if standing is not None:
        human_node.rest(context, job, standing)


def standing_of(context: Context, job: Job, labels: frozenset[str] | None = None) -> Standing | None:
    """Where every node stands; None while the labels that some of them depend on are not known."""
    change = _change(context, job, labels)
    if change is None:
        return None
    bound = pipeline_of(context, job)
    found = {node.name: DRIVERS[node.kind].state(context, job, node) for node in bound.nodes}
    return stand(bound, {name: state for name, state in found.items() if state is not None}, change)


def approved(context: Context, job: Job, labels: frozenset[str]) -> bool:
    """Whether every node that this candidate needs has said yes to it, under the labels that the issue carries now."""
    standing = standing_of(context, job, labels)
    return standing is not None and approves(pipeline_of(context, job), standing)


def verdicts(context: Context, job: Job) -> list[ReviewRow]:
    """The approvals of this very candidate, one of each reviewer that has given one."""
    reviews = [node for node in pipeline_of(context, job).nodes if node.kind is NodeKind.REVIEW]
    passed = [node for node in reviews if DRIVERS[node.kind].state(context, job, node) is NodeState.PASSED]
    return [row for node in passed if (row := critique.newest(context, job, node)) is not None]


def agreed_by_person(context: Context, job: Job) -> bool:
    """Whether a person was asked about this very candidate, and agreed."""
    humans = [node for node in pipeline_of(context, job).nodes if node.kind is NodeKind.HUMAN]
    return any(DRIVERS[node.kind].state(context, job, node) is NodeState.PASSED for node in humans)


def _change(context: Context, job: Job, labels: frozenset[str] | None) -> Change | None:
    """Labels are looked up only where a node asks for them: the critic alone needs no observation."""
    if labels is None and any(node.when.labels for node in pipeline_of(context, job).nodes):
        issue = (context.world.issues or {}).get(job.issue) if context.world is not None else None
        if issue is None:
            return None
        labels = issue.labels
    return Change(labels=labels or frozenset(), paths=job.paths, lines=job.lines_changed)


def _concluded(context: Context, job: Job, standing: Standing, asked: list[Remark]) -> bool:
    """Act on what the nodes and people said together, once nothing that runs could add to it."""
    bound = pipeline_of(context, job)
    bad = failed(bound, standing)
    if NodeState.RUNNING in standing.states.values() or not (bad or asked or standing.settled):
        return False
    if not waits.rejoin(context, job):
        return True
    if bad or asked:
        _send_back(context, job, bad, asked)
    elif approves(bound, standing):
        context.store.jobs.move(job, JobState.MERGING, at=context.now())
    else:
        reason = "no node of the pipeline applies to this change, so nobody has reviewed it"
        ending.end(context, job, JobState.HANDED_OVER, reason)
    context.moved_at = context.now()
    return True


def _send_back(context: Context, job: Job, bad: tuple[str, ...], asked: list[Remark]) -> None:
    """What a person refused or a reviewer blocks is for a person; the rest goes back to the worker in one round."""
    bound = pipeline_of(context, job)
    nodes = [bound.node(name) for name in bad]
    for node in nodes:
        if node.kind is NodeKind.HUMAN:
            ending.end(context, job, JobState.HANDED_OVER, human_node.refusal(context, job, node))
            return
        last = critique.newest(context, job, node) if node.kind is NodeKind.REVIEW else None
        if last is not None and last.overall is Overall.BLOCK:
            ending.end(context, job, JobState.HANDED_OVER, critique.block(context, job, node))
            return
    words = [critique.asks(context, job, n) if n.kind is NodeKind.REVIEW else f"{n.name} failed" for n in nodes]
    words += [remarks.ask(asked)] if asked else []
    only_commands = not asked and all(node.kind is NodeKind.COMMAND for node in nodes)
    kind = FailureKind.CHECKS_RED if only_commands else FailureKind.WORKER_FAILED
    with context.store.transaction():
        remarks.record(context, job, asked)
        revise.again(context, job, kind, "; ".join(words))


def _still_here(context: Context, job: Job) -> bool:
    return job.id in context.in_hand and context.store.jobs.get(job.id).state is JobState.REVIEWING
