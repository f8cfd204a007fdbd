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
    issue = bootstrap.tracker(project.directory, project.settings, project.environ).issue(number)
    _show_hidden(given, issue, whole=not accept_hidden)
    detail = label_ready(project, number, seen=issue.sha256, accept_hidden=accept_hidden)
    given.output.say(f"#{number} carries {project.settings.labels.ready}: {issue.title}")
    return ask(given, project, "approve", issue=number, detail=detail)


def label_ready(project: Project, number: int, *, seen: str, accept_hidden: bool) -> dict[str, object]:
    """Give an issue the ready label if its text is still the one that was seen, by its SHA-256.

    Returns the detail of the request that binds the approval to that text. Raises OperatorError where it must not be
    approved.
    """
    tracker = bootstrap.tracker(project.directory, project.settings, project.environ)
    issue = tracker.issue(number)
    _require_approvable(issue, seen=seen, accept_hidden=accept_hidden)
    labels = project.settings.labels
    for label in (labels.blocked, labels.needs_human):
        if label in issue.labels:
            tracker.remove_label(number, label)
    tracker.approve(number)
    return {"sha256": issue.sha256, "accept_hidden": accept_hidden}


def _require_approvable(issue: Issue, *, seen: str, accept_hidden: bool) -> None:
    number = issue.number
    if issue.problem is not None:
        raise OperatorError(f"#{number} cannot be approved: {issue.problem}", hint="mend it in the tracker")
    if not issue.open:
        raise OperatorError(f"#{number} is closed", hint="open it again in the tracker")
    if issue.sha256 != seen:
        raise OperatorError(f"#{number} was edited while you looked at it", hint="read it again, then approve it")
    if visible(issue.text)[1] and not accept_hidden:
        raise OperatorError(
            f"#{number} holds hidden text", hint=f"read it, then: forge-loop issue approve {number} --accept-hidden"
        )


def _show_hidden(given: Invocation, issue: Issue, *, whole: bool) -> None:
    shown, hidden = visible(issue.text)
    if not hidden or issue.problem is not None or not issue.open:
        return
    given.output.say(f"#{issue.number} holds text that a reader of the page does not see:")
    for found in hidden:
        given.output.say(f"  {found}")
    if whole:
        given.output.say("the whole text, with what is hidden between \u27e6 and \u27e7:")
        given.output.say(shown)
