"""The pipeline: what must say yes to a candidate between its checks and its merge, as a graph of nodes.

Owns: nodes, when one applies, what each stands at, and what follows from all of them. Must not: run a node, or know
where a pipeline is written. Without a file the pipeline is the critic alone; there is no second way to a merge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from forge_loop.domain.path_patterns import matching

CRITIC = "critic"


class NodeKind(StrEnum):
    REVIEW = "review"
    COMMAND = "command"
    HUMAN = "human"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """The candidate as `when` sees it. `labels` are those of the issue, `lines` those that it changes."""

    labels: frozenset[str]
    paths: tuple[str, ...]
    lines: int


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """A node applies if every condition that is given holds: one of the labels, one of the path patterns, the size."""

    labels: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    min_lines: int | None = None
    max_lines: int | None = None

    def against(self, change: Change) -> str:
        """Why a node does not apply to this change, or nothing."""
        if self.labels and not change.labels.intersection(self.labels):
            return f"the issue has none of the labels {', '.join(self.labels)}"
        if self.paths and not matching(change.paths, self.paths):
            return f"it changes nothing of {', '.join(self.paths)}"
        if self.min_lines is not None and change.lines < self.min_lines:
            return f"it changes {change.lines} lines, fewer than {self.min_lines}"
        if self.max_lines is not None and change.lines > self.max_lines:
            return f"it changes {change.lines} lines, more than {self.max_lines}"
        return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One node. `needs` are nodes that must have passed or been skipped before it begins.

    A REVIEW is a session with the critic's report; `brief` is its template (empty: the critic's own), the rest of its
    settings are the critic's where they are None. A COMMAND runs in a clean clone of the candidate, at most
    `1 + retries` times. A HUMAN waits for the operator's word. `timeout` is in seconds; None: the kind's own default.
    What is not `required` may fail without holding up the merge.
    """

    name: str
    kind: NodeKind
    needs: tuple[str, ...] = ()
    when: When = field(default_factory=When)
    required: bool = True
    timeout: float | None = None
    retries: int = 0
    command: str = ""
    brief: str = ""
    model: str | None = None
    max_turns: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipeline:
    """Nodes in the order they are written. Names are unique, needs name nodes, and there is no cycle."""

    nodes: tuple[Node, ...]

    def node(self, name: str) -> Node:
        """Raises KeyError."""
        return {node.name: node for node in self.nodes}[name]


CRITIC_ALONE = Pipeline(nodes=(Node(name=CRITIC, kind=NodeKind.REVIEW),))


class NodeState(StrEnum):
    """Where a node stands for one candidate. PASSED, FAILED, RUNNING and WAITING come from its records."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"  # for a person
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    BLOCKED = "blocked"  # something that it needs did not pass

    @property
    def settled(self) -> bool:
        return self in (NodeState.PASSED, NodeState.FAILED, NodeState.SKIPPED, NodeState.BLOCKED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Every node's state, and why it is skipped or blocked. `ready` are the nodes to begin now."""

    states: Mapping[str, NodeState]
    reasons: Mapping[str, str]
    ready: tuple[Node, ...]

    @property
    def settled(self) -> bool:
        """Nothing runs, waits or can begin any more."""
        return all(state.settled for state in self.states.values())


def stand(pipeline: Pipeline, records: Mapping[str, NodeState], change: Change) -> Standing:
    """Where everything stands. `records` holds the nodes that have begun; the rest follows from them."""
    states: dict[str, NodeState] = {}
    reasons: dict[str, str] = {}
    for node in _in_order(pipeline):
        states[node.name], reason = _state(node, states, records, change)
        if reason:
            reasons[node.name] = reason
    ready = tuple(node for node in pipeline.nodes if states[node.name] is NodeState.PENDING and _free(node, states))
    return Standing(states=states, reasons=reasons, ready=ready)


def approves(pipeline: Pipeline, standing: Standing) -> bool:
    """Whether every required node has passed or does not apply, and at least one has passed."""
    required = [standing.states[node.name] for node in pipeline.nodes if node.required]
    good = all(state in (NodeState.PASSED, NodeState.SKIPPED) for state in required)
    return good and NodeState.PASSED in required


def failed(pipeline: Pipeline, standing: Standing) -> tuple[str, ...]:
    """The required nodes that did not pass, in their order; those that are only blocked behind one are not named."""
    return tuple(
        node.name for node in pipeline.nodes if node.required and standing.states[node.name] is NodeState.FAILED
    )


def problems(nodes: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    """What is wrong with the needs of nodes, by the node's name: unknown ones, and cycles."""
    found: dict[str, str] = {}
    for name, needs in nodes.items():
        unknown = [need for need in needs if need not in nodes]
        if unknown:
            found[name] = f"{name} needs {', '.join(unknown)}, which is no node"
    for name in nodes:
        cycle = _cycle(name, nodes)
        if cycle and not any(each in found for each in cycle):
            found[name] = f"a cycle: {' -> '.join(cycle)}"
    return found


def _cycle(start: str, nodes: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A way along needs from a node back to it, or nothing."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for need in nodes.get(way[-1], ()):
            if need == start:
                return [*way, start]
            if need not in seen:
                seen.add(need)
                ways.append([*way, need])
    return []


def _in_order(pipeline: Pipeline) -> list[Node]:
    """Every node after those that it needs."""
    waiting, done, ordered = list(pipeline.nodes), set[str](), list[Node]()
    while waiting:
        free = [node for node in waiting if done.issuperset(node.needs)]
        assert free, "a pipeline has no cycle and names only nodes"
        ordered.extend(free)
        done.update(node.name for node in free)
        waiting = [node for node in waiting if node.name not in done]
    return ordered


def _state(
    node: Node, states: Mapping[str, NodeState], records: Mapping[str, NodeState], change: Change
) -> tuple[NodeState, str]:
    if node.name in records:
        return records[node.name], ""
    bad = [need for need in node.needs if states[need] in (NodeState.FAILED, NodeState.BLOCKED)]
    if bad:
        return NodeState.BLOCKED, f"{', '.join(bad)} did not pass"
    against = node.when.against(change)
    if against:
        return NodeState.SKIPPED, against
    return NodeState.PENDING, ""


def _free(node: Node, states: Mapping[str, NodeState]) -> bool:
    return all(states[need] in (NodeState.PASSED, NodeState.SKIPPED) for need in node.needs)
