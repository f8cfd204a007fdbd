"""The operator's approval, by hand: the one place from which the ready label is given.

Owns: what is shown and refused before it, which labels go, the request that binds it to the text. Must not: be reached
from the loop.
"""

from __future__ import annotations

from forge_loop import bootstrap
from forge_loop.cli.asking import ask
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.project import Project
from forge_loop.domain.hidden_text import visible
from forge_loop.domain.issue import Issue
from forge_loop.errors import OperatorError


def approve(given: Invocation, project: Project, number: int, *, accept_hidden: bool = False) -> int:
    """Approve an issue's text as it stands now; the exit code. Raises OperatorError where it must not be approved."""
    tracker = bootstrap.tracker(project.directory, project.settings)
    issue = tracker.issue(number)
    _check(given, issue, accept_hidden)
    labels = project.settings.labels
    for label in (labels.blocked, labels.needs_human):
        if label in issue.labels:
            tracker.remove_label(number, label)
    if labels.ready not in issue.labels:
        tracker.approve(number)
    given.output.say(f"#{number} carries {labels.ready}: {issue.title}")
    detail = {"sha256": issue.sha256, "accept_hidden": accept_hidden}
    return ask(given, project, "approve", issue=number, detail=detail)


def _check(given: Invocation, issue: Issue, accept_hidden: bool) -> None:
    number = issue.number
    if issue.problem is not None:
        raise OperatorError(f"#{number} cannot be approved: {issue.problem}")
    if not issue.open:
        raise OperatorError(f"#{number} is closed", hint="open it again in the tracker")
    shown, hidden = visible(issue.text)
    if not hidden:
        return
    given.output.say(f"#{number} holds text that a reader of the page does not see:")
    for found in hidden:
        given.output.say(f"  {found}")
    if not accept_hidden:
        given.output.say("the whole text, with what is hidden between \u27e6 and \u27e7:")
        given.output.say(shown)
        raise OperatorError(
            f"#{number} holds hidden text", hint=f"read it, then: forge-loop issue approve {number} --accept-hidden"
        )
