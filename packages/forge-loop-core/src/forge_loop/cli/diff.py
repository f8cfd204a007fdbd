"""`forge-loop diff ISSUE`: what the candidate changes.

Owns: its colours. Must not: choose the commits.
"""

from __future__ import annotations

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import find_project, newest_job, reading
from forge_loop.status.candidate import candidate_diff

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
    text = candidate_diff(project.layout, job)
    if given.json:
        shape = {"issue": issue, "job": job.id, "base": job.base_sha, "head": job.head_sha, "diff": text}
        given.output.document(shape)
        return
    for line in text.rstrip("\n").split("\n"):
        if given.output.is_terminal:
            given.output.data(line, fg=COLOURS.get(line[:1]))
        else:
            given.output.line(line)
