"""A pipeline as text and as Mermaid.

Owns: the two drawings. Must not: read a file.
"""

from __future__ import annotations

from collections.abc import Mapping

from forge_loop.extension import NodeState, Pipeline, PipelineNode

MARKS: Mapping[NodeState, str] = {
    NodeState.PENDING: "not begun",
    NodeState.RUNNING: "running",
    NodeState.WAITING: "waits for a person",
    NodeState.PASSED: "passed",
    NodeState.FAILED: "failed",
    NodeState.SKIPPED: "skipped",
    NodeState.BLOCKED: "blocked",
}


def lines(pipeline: Pipeline) -> list[str]:
    """A line a node, in the order in which they can begin, each with what it waits for and when it applies."""
    return [f"{'  ' * _depth(pipeline, node)}{node.name}  {_terms(node)}" for node in pipeline.nodes]


def mermaid(pipeline: Pipeline) -> list[str]:
    """A flowchart from the checks to the merge."""
    shapes = {"review": ("[", "]"), "command": ("[[", "]]"), "human": ("{{", "}}")}
    drawn = ["flowchart LR", "  checks([checks]) ", "  merge([merge])"]
    drawn[1] = drawn[1].rstrip()
    for node in pipeline.nodes:
        left, right = shapes[node.kind]
        drawn.append(f'  {node.name}{left}"{node.name}<br/>{node.kind}"{right}')
    for node in pipeline.nodes:
        arrow = "-->" if node.required else "-.->"
        drawn.extend(f"  {need} {arrow} {node.name}" for need in node.needs or ("checks",))
    needed = {need for node in pipeline.nodes for need in node.needs}
    drawn.extend(f"  {node.name} --> merge" for node in pipeline.nodes if node.name not in needed)
    return drawn


def _depth(pipeline: Pipeline, node: PipelineNode) -> int:
    return 1 + max((_depth(pipeline, pipeline.node(need)) for need in node.needs), default=-1)


def _terms(node: PipelineNode) -> str:
    when = node.when
    told = [str(node.kind)]
    if node.command:
        told.append(f"`{node.command}`")
    if node.needs:
        told.append(f"after {', '.join(node.needs)}")
    if when.labels:
        told.append(f"when labelled {' or '.join(when.labels)}")
    if when.paths:
        told.append(f"when it changes {' or '.join(when.paths)}")
    if when.min_lines is not None:
        told.append(f"from {when.min_lines} lines")
    if when.max_lines is not None:
        told.append(f"up to {when.max_lines} lines")
    if not node.required:
        told.append("not required")
    return ", ".join(told)
