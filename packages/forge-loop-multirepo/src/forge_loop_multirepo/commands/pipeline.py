"""`forge-loop pipeline`: what must say yes before a merge.

Owns: its words. Must not: decide where a node stands (core's own decision functions do).
"""

from __future__ import annotations

import click

from forge_loop.extension import (
    FileNow,
    Invocation,
    as_json,
    ask,
    find_project,
    issue_number,
    node_standing,
    project_directory,
    rfc3339,
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
    count = "1 node" if len(found.nodes) == 1 else f"{len(found.nodes)} nodes"
    given.output.data(f"{count}: {', '.join(node.name for node in found.nodes)}")


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
    """Where every node stands for the candidate of ISSUE, and why, in the pipeline that its attempt began with."""
    project = find_project(given)
    said = node_standing(project, issue)
    states, reasons = said.standing.states, said.standing.reasons
    if given.json:
        nodes = [
            {"name": node.name, "state": str(states[node.name]), "reason": reasons.get(node.name)}
            for node in said.pipeline.nodes
        ]
        begun = {"number": said.attempt.number, "began": rfc3339(said.attempt.started_at)} if said.attempt else None
        given.output.document({"issue": issue, "attempt": begun, "file": str(said.file), "nodes": nodes})
        return
    if said.attempt is not None and said.file is not FileNow.SAME:
        by_now = "differs by now and is for the next attempt" if said.file is FileNow.DIFFERS else "cannot be used now"
        given.output.say(
            f"attempt {said.attempt.number} keeps the pipeline that it began with, {rfc3339(said.attempt.started_at)}; "
            f"the file {by_now}"
        )
    for node in said.pipeline.nodes:
        reason = reasons.get(node.name)
        given.output.data(f"{node.name:<20} {MARKS[states[node.name]]}{f': {reason}' if reason else ''}")


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
