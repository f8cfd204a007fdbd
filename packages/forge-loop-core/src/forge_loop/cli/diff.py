"""`forge-loop diff ISSUE`: what the candidate changes.

Owns: choosing the two commits. Must not: run git where an agent can write.
"""

from __future__ import annotations

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import find_project, newest_job, reading
from forge_loop.errors import OperatorError
from forge_loop.git import ControlRepository

COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def command(given: Invocation, issue: int) -> None:
    """The unified diff of ISSUE's newest candidate from where it branched off base."""
    project = find_project(given)
    with reading(project) as store:
        job = newest_job(store, issue)
    if job.base_sha is None or job.head_sha is None:
        raise OperatorError(f"#{issue} has no candidate yet: it is {job.state}", hint=f"forge-loop logs {issue}")
    control = ControlRepository(project.layout.control, "")
    text = control.diff(base_sha=job.base_sha, head_sha=job.head_sha)
    if given.json:
        shape = {"issue": issue, "job": job.id, "base": job.base_sha, "head": job.head_sha, "diff": text}
        given.output.document(shape)
        return
    for line in text.rstrip("\n").split("\n"):
        if given.output.is_terminal:
            given.output.data(line, fg=COLOURS.get(line[:1]))
        else:
            given.output.line(line)
