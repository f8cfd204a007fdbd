"""`forge-loop pipeline`: what must say yes before a merge.

Owns: its words. Must not: decide where a node stands (core's own decision functions do).
"""

from __future__ import annotations

import click

from forge_loop.extension import (
    Invocation,
    as_json,
    ask,
    find_project,
    issue_number,
    node_standing,
    project_directory,
    shared,
    usable_pipeline,
)
from forge_loop_multirepo.drawing import MARKS, lines, mermaid


@click.group()
@shared
def pipeline() -> None:
    """The nodes between checks and merge: reviews, commands, people."""


@pipeline.command()
@as_json
@shared
@click.pass_obj
def check(given: Invocation) -> None:
    """Read the pipeline's file and its briefs. Exits 2 with every problem."""
    found = usable_pipeline(project_directory(given.directory))
    if given.json:
        given.output.document({"ok": True, "nodes": [node.name for node in found.nodes]})
        return
    given.output.data(f"{len(found.nodes)} nodes: {', '.join(node.name for node in found.nodes)}")


@pipeline.command()
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Draw it as a Mermaid flowchart.")
@as_json
@shared
@click.pass_obj
def show(given: Invocation, as_mermaid: bool) -> None:
    """Draw the pipeline. Without a file it is the critic alone."""
    found = usable_pipeline(project_directory(given.directory))
    if given.json:
        nodes = [
            {"name": node.name, "kind": str(node.kind), "needs": list(node.needs), "required": node.required}
            for node in found.nodes
        ]
        given.output.document({"nodes": nodes})
        return
    for line in mermaid(found) if as_mermaid else lines(found):
        given.output.data(line)


@pipeline.command()
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def explain(given: Invocation, issue: int) -> None:
    """Where every node stands for the candidate of ISSUE, and why."""
    project = find_project(given)
    found = usable_pipeline(project.directory)
    said = node_standing(project, found, issue)
    if given.json:
        nodes = [
            {"name": node.name, "state": str(said.states[node.name]), "reason": said.reasons.get(node.name)}
            for node in found.nodes
        ]
        given.output.document({"issue": issue, "nodes": nodes})
        return
    for node in found.nodes:
        reason = said.reasons.get(node.name)
        given.output.data(f"{node.name:<20} {MARKS[said.states[node.name]]}{f': {reason}' if reason else ''}")


@pipeline.command()
@click.argument("issue", type=issue_number)
@click.argument("node", required=False)
@click.option("--reason", default="", metavar="TEXT", help="Kept with the answer.")
@as_json
@shared
@click.pass_obj
def approve(given: Invocation, issue: int, node: str | None, reason: str) -> int:
    """Agree to the candidate of ISSUE, where NODE (or the only one that asks) waits for a person."""
    return ask(given, find_project(given), "pipeline.approve", issue=issue, detail={"node": node, "reason": reason})


@pipeline.command()
@click.argument("issue", type=issue_number)
@click.argument("node", required=False)
@click.option("--reason", default="", metavar="TEXT", help="Kept with the answer.")
@as_json
@shared
@click.pass_obj
def refuse(given: Invocation, issue: int, node: str | None, reason: str) -> int:
    """Refuse the candidate of ISSUE: it is handed over, and the pull request stays."""
    return ask(given, find_project(given), "pipeline.refuse", issue=issue, detail={"node": node, "reason": reason})
