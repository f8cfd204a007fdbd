"""`forge-loop explain ISSUE`: every reason at once, and what happens next.

Owns: reading the issue now, and the lines for people. Must not: hold a reason of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from forge_loop import status
from forge_loop.bootstrap import tracker as open_tracker
from forge_loop.cli.ages import moment
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import Project, find_project, now, reading
from forge_loop.domain.explain import Explanation
from forge_loop.domain.issue import Issue
from forge_loop.errors import ForgeLoopError, NoSuchIssueError

if TYPE_CHECKING:
    from forge_loop.ports import Tracker


@click.command()
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def command(given: Invocation, issue: int) -> None:
    """Every reason why ISSUE is or is not being worked on, and what happens next."""
    project = find_project(given)
    found = read_issue(project, issue)
    if found.problem is not None:
        given.output.say(f"the tracker could not be read: {found.problem}")
    said = status.explain_issue(project.layout.root, issue, found, project.settings, now=now())
    if given.json:
        given.output.document(status.explain_shape(said))
        return
    for line in lines(said):
        given.output.data(line)


def lines(said: Explanation) -> list[str]:
    state = f"{said.state}" if said.state is not None else "not a job"
    told = [f"#{said.issue} {said.title}".rstrip(), f"{state}, {'running' if said.running else 'not running'}"]
    for reason in said.reasons:
        until = f" (until {moment(reason.until)})" if reason.until is not None else ""
        told.append(f"  - {reason.text}{until}")
    return [*told, f"next: {said.next}"]


def read_issue(project: Project, number: int) -> status.Reading:
    """An issue as the tracker shows it now. Raises NoSuchIssueError for one that neither it nor the loop knows."""
    tracker = open_tracker(project.directory, project.settings, project.environ)
    try:
        return look_at(tracker, tracker.issue(number), project)
    except NoSuchIssueError:
        if not _known(project, number):
            raise
        return status.Reading(issue=None, blockers={}, problem=f"it has no issue #{number} any more")
    except (ForgeLoopError, OSError) as error:
        return status.Reading(issue=None, blockers={}, problem=str(error))


def look_at(tracker: Tracker, issue: Issue, project: Project) -> status.Reading:
    """What matters of an issue beside itself: who approved it, and what it waits for."""
    ready = project.settings.labels.ready
    label = tracker.labelled(issue, ready) if ready in issue.labels else None
    blockers = {blocker: _closed(tracker, blocker) for blocker in issue.blocked_by}
    return status.Reading(issue=issue, label=label, blockers=blockers)


def _closed(tracker: Tracker, number: int) -> bool | None:
    try:
        return not tracker.issue(number).open
    except NoSuchIssueError:
        return None


def _known(project: Project, number: int) -> bool:
    with reading(project) as store:
        return store is not None and store.jobs.newest_by_number(number) is not None
