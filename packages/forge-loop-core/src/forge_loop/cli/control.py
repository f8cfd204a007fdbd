"""`forge-loop pause, resume, stop, kill, skip`: what an operator asks of the loop.

Owns: their words. Must not: apply them; each is a row that the loop answers.
"""

from __future__ import annotations

from datetime import timedelta

import click

from forge_loop.cli.asking import ask
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, seconds, shared
from forge_loop.cli.project import Project, find_project, newest_job, now, reading
from forge_loop.domain.recorded import rfc3339
from forge_loop.errors import OperatorError
from forge_loop.status import is_running


@click.command()
@click.option("--reason", default="", metavar="TEXT", help="Shown by status and explain.")
@click.option("--for", "duration", type=seconds, metavar="TIME", help="End by itself after so long: 30m, 2h.")
@as_json
@shared
@click.pass_obj
def pause(given: Invocation, reason: str, duration: float | None) -> int:
    """Start no new job. Sessions under way go on."""
    until = rfc3339(now() + timedelta(seconds=duration)) if duration is not None else None
    return ask(given, find_project(given), "pause", detail={"reason": reason, "until": until})


@click.command()
@as_json
@shared
@click.pass_obj
def resume(given: Invocation) -> int:
    """Lift a pause, a parking and a halt."""
    return ask(given, find_project(given), "resume")


@click.command()
@click.option(
    "--now", "at_once", is_flag=True, help="End the sessions under way too; they are resumed at the next start."
)
@as_json
@shared
@click.pass_obj
def stop(given: Invocation, at_once: bool) -> int:
    """End the loop when what is in hand rests, or at once. Where no loop runs there is nothing to stop."""
    project = find_project(given)
    if not _runs(project):
        # A stop kept for later would end the next loop as it starts.
        if given.json:
            given.output.document({"kind": "stop", "state": "not_needed", "answer": None, "loop_running": False})
        else:
            given.output.data("no loop is running: there is nothing to stop")
        return 0
    return ask(given, project, "stop", detail={"now": at_once})


@click.command()
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def kill(given: Invocation, issue: int) -> int:
    """End the session on ISSUE. The attempt counts, and is retried as any failed one."""
    return _ask_of_job(given, "kill", issue)


@click.command()
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def skip(given: Invocation, issue: int) -> int:
    """Give ISSUE up. A new approval starts it again."""
    return _ask_of_job(given, "skip", issue)


def _ask_of_job(given: Invocation, kind: str, issue: int) -> int:
    """Where nothing can come of it, that is said at once and nothing is kept for a later loop."""
    project = find_project(given)
    with reading(project) as store:
        job = newest_job(store, issue)
    if job.state.terminal:
        raise OperatorError(f"#{issue} is {job.state} already", hint=f"forge-loop explain {issue}")
    return ask(given, project, kind, issue=issue)


def _runs(project: Project) -> bool:
    with reading(project) as store:
        return store is not None and is_running(store.loop())
