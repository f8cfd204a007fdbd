"""`forge-loop retry ISSUE`: end a job's wait, or start an issue whose job has ended again.

Owns: which of the two it is. Must not: retry by itself; the first is a request, the second a new approval.
"""

from __future__ import annotations

import click

from forge_loop.cli.approving import approve
from forge_loop.cli.asking import ask
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import find_project, newest_job, reading
from forge_loop.domain.job import JobState
from forge_loop.errors import OperatorError


@click.command()
@click.argument("issue", type=issue_number)
@click.option("--accept-hidden", is_flag=True, help="Accept the hidden text that was shown.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, issue: int, accept_hidden: bool) -> int:
    """Retry ISSUE now if it waits; if its job has ended without a merge, approve it again."""
    project = find_project(given)
    with reading(project) as store:
        job = newest_job(store, issue)
    if job.state is JobState.MERGED:
        raise OperatorError(
            f"#{issue} is merged already", hint=f"open it again in the tracker, then: forge-loop issue approve {issue}"
        )
    if job.state.terminal:
        return approve(given, project, issue, accept_hidden=accept_hidden)
    return ask(given, project, "retry", issue=issue)
