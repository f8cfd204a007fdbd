"""Nodes that are commands: each runs in a clean clone of the candidate, in the same sandbox as the checks.

Owns: their runs and rows. Must not: let the worker's tree say which command that is.

What the nodes before it said stands in the file that `$FORGE_LOOP_OUTPUTS` names, as JSON.
"""

from __future__ import annotations

import json
import shlex

from forge_loop.domain.events import NodeFinished, NodeStarted
from forge_loop.domain.job import Job
from forge_loop.domain.pipeline import Node, NodeState
from forge_loop.ports import CommandResult
from forge_loop.runner import node_runs
from forge_loop.runner.context import Context
from forge_loop.runner.errand_failure import fail_errand, stands
from forge_loop.store import node_states

OUTPUTS = ".git/forge-loop-outputs.json"
SHOWN_CHARACTERS = 8000


class Commands:
    def state(self, context: Context, job: Job, node: Node) -> NodeState | None:
        return node_states.state_of(context.store, job, node, None)

    def begin(self, context: Context, job: Job, node: Node) -> None:
        with context.store.transaction():
            node_runs.insert(context, job, node, NodeState.RUNNING)
            context.tell(NodeStarted(node=node.name, node_kind=node.kind, head_sha=job.head_sha or ""), job)
        _start(context, job, node)

    def follow(self, context: Context, job: Job, node: Node) -> None:
        """One that a crash cut off runs again: a command may repeat, its effects are its own clone's."""
        if not context.errands.busy(node_runs.errand_key(job, node)):
            _start(context, job, node)


def _start(context: Context, job: Job, node: Node) -> None:
    told = json.dumps(node_runs.outputs(context, job, node))
    context.errands.start(
        node_runs.errand_key(job, node),
        lambda: _run(context, job, node, told),
        then=lambda result: _ended(context, job, node, result),
        failed=lambda error: fail_errand(context, job, error),
    )


def _run(context: Context, job: Job, node: Node, told: str) -> CommandResult:
    """In a thread."""
    path, head = context.workspace(job, f"node-{node.name}"), job.head_sha or ""
    context.workspaces.create(path, sha=head, branch=job.branch, base_sha=job.base_sha or head)
    if (path / ".git").is_dir():
        (path / OUTPUTS).write_text(told, encoding="utf-8")
    command = f"export FORGE_LOOP_OUTPUTS={shlex.quote(OUTPUTS)}\n{node.command}"
    timeout = node.timeout or context.settings.check_timeout
    result = context.commands.run(command, directory=path, timeout=timeout)
    context.workspaces.remove(path)
    return result


def _ended(context: Context, job: Job, node: Node, result: CommandResult) -> None:
    row = node_runs.of(context, job, node)
    if row is None or not stands(context, job):
        return
    context.moved_at = context.now()
    if not result.passed and row.tries <= node.retries:
        context.store.node_runs.update(row.id, tries=row.tries + 1)
        _start(context, job, node)
        return
    state = NodeState.PASSED if result.passed else NodeState.FAILED
    detail = "its time ran out" if result.status is None else f"it ended with {result.status}"
    with context.store.transaction():
        output = result.output[-SHOWN_CHARACTERS:]
        context.store.node_runs.update(row.id, state=state, output=output, detail=detail, ended_at=context.now())
        seconds = round(result.seconds, 3)
        finished = NodeFinished(
            node=node.name, node_kind=node.kind, state=state, detail=detail, seconds=seconds, head_sha=row.head_sha
        )
        context.tell(finished, job)
