"""`forge-loop issue`: the tracker from the command line.

Owns: list, add, show, approve. Must not: give the ready label anywhere but through `approving`.
"""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from pathlib import Path
from unicodedata import category

import click

from forge_loop import bootstrap
from forge_loop.cli.approving import approve as approve_issue
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import Project, find_project, reading
from forge_loop.config.model import ForgeKind
from forge_loop.domain.hidden_text import visible
from forge_loop.domain.issue import Issue
from forge_loop.domain.recorded import rfc3339
from forge_loop.errors import OperatorError

PRIORITIES = {0: "p0", 1: "high", 2: "medium", 3: "low", 4: "p4"}


@click.group()
@shared
def command() -> None:
    """List, add, show and approve issues."""


@command.command("list")
@as_json
@shared
@click.pass_obj
def list_(given: Invocation) -> None:
    """Every open issue, with the state of its job."""
    project = find_project(given)
    issues = bootstrap.tracker(project.directory, project.settings, project.environ).open_issues()
    states = _states(project)
    if given.json:
        given.output.document({"issues": [_shape(issue, states) for issue in issues]})
        return
    if not issues:
        given.output.say("no open issues; add one: forge-loop issue add 'TITLE'")
        return
    given.output.table(
        ("issue", "job", "priority", "labels", "title"),
        [
            (
                f"#{issue.number}",
                states.get(issue.number, "-"),
                PRIORITIES.get(issue.priority, issue.priority),
                ",".join(sorted(issue.labels)) or "-",
                issue.title,
            )
            for issue in issues
        ],
    )


@command.command()
@click.argument("title")
@click.option("--body", default="", metavar="TEXT", help="The text of the issue.")
@click.option("-F", "--body-file", metavar="FILE", help="Read the text from FILE; - is stdin.")
@click.option("--priority", type=click.Choice(["high", "medium", "low"]), help="What is taken first.")
@click.option("--approve", "approved", is_flag=True, help="Approve it at once.")
@as_json
@shared
@click.pass_obj
def add(given: Invocation, title: str, body: str, body_file: str | None, priority: str | None, approved: bool) -> int:
    """Write a new issue with this TITLE."""
    if body and body_file is not None:
        raise click.UsageError("--body and --body-file exclude each other")
    if not title.strip():
        raise click.UsageError("a title says something")
    if any(category(character) in ("Cc", "Zl", "Zp") for character in title):
        raise click.UsageError(f"a title is one line without control characters, not {title!r}")
    project = find_project(given)
    text = body if body_file is None else _read(body_file)
    if project.settings.forge is not ForgeKind.LOCAL:
        place = f"{project.settings.github.url}/{project.settings.repository}/issues/new"
        raise OperatorError("issues of GitHub are written there", hint=place)
    number = bootstrap.backlog(project.directory, project.settings).add(title, text, priority=priority)
    if approved:
        given.output.say(f"#{number} is written")
        return approve_issue(given, project, number)
    if given.json:
        given.output.document({"issue": number, "title": title.strip()})
        return 0
    given.output.data(f"#{number}")
    given.output.say(f"approve it: forge-loop issue approve {number}")
    return 0


@command.command()
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def show(given: Invocation, issue: int) -> None:
    """Show ISSUE as a session is shown it, hidden text as markers."""
    project = find_project(given)
    found = bootstrap.tracker(project.directory, project.settings, project.environ).issue(issue)
    states = _states(project)
    if given.json:
        given.output.document(_shape(found, states) | _words(found))
        return
    output = given.output
    output.data(f"#{found.number} {found.title}", bold=True)
    output.data(f"{'open' if found.open else 'closed'}, priority {PRIORITIES.get(found.priority, found.priority)}")
    output.data(f"labels: {', '.join(sorted(found.labels)) or 'none'}")
    if found.blocked_by:
        output.data("blocked by: " + ", ".join(f"#{number}" for number in found.blocked_by))
    if found.problem is not None:
        output.data(f"problem: {found.problem}", fg="red")
    output.data(f"job: {states.get(found.number, 'none')}")
    if found.spec.strip():
        output.data()
        output.data(visible(found.spec)[0].strip())


@command.command()
@click.argument("issue", type=issue_number)
@click.option("--accept-hidden", is_flag=True, help="Accept the hidden text that was shown.")
@as_json
@shared
@click.pass_obj
def approve(given: Invocation, issue: int, accept_hidden: bool) -> int:
    """Approve ISSUE's text as it stands now: the operator's hand, never the loop's."""
    return approve_issue(given, find_project(given), issue, accept_hidden=accept_hidden)


def _states(project: Project) -> dict[int, str]:
    """The state of each issue's newest job."""
    with reading(project) as store:
        return {} if store is None else {job.issue: str(job.state) for job in store.jobs.select()}


def _shape(issue: Issue, states: dict[int, str]) -> dict[str, object]:
    return {
        "issue": issue.number,
        "title": issue.title,
        "open": issue.open,
        "labels": sorted(issue.labels),
        "priority": issue.priority,
        "blocked_by": list(issue.blocked_by),
        "created_at": _time(issue.created_at),
        "problem": issue.problem,
        "job": states.get(issue.number),
    }


def _words(issue: Issue) -> dict[str, object]:
    """What an approval binds to, and what of it a reader of the page would not see."""
    comments = [{"author": each.author, "at": _time(each.at), "text": each.text} for each in issue.comments]
    return {"body": issue.body, "comments": comments, "hidden": list(visible(issue.text)[1])}


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment is not None else None


def _read(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{source!r} cannot be read: {error.strerror}", hint="-F - reads stdin") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{source!r} is not UTF-8", hint=f"iconv -t UTF-8 {shlex.quote(source)}") from None
