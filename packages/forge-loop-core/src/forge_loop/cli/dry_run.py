"""`forge-loop run --dry-run`: what a run would take in, and what it would not and why.

Owns: asking `explain` about every open issue. Must not: write anything anywhere.
"""

from __future__ import annotations

from forge_loop import bootstrap, status
from forge_loop.cli.explain import look_at
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.project import Project, now
from forge_loop.domain.explain import Explanation
from forge_loop.domain.job import JobState
from forge_loop.domain.reason import Reason

# What a run itself changes: these keep no issue from being worked on.
OF_THE_LOOP = frozenset({"loop_not_running", "eligible", "queued", "no_free_slot"})


def foresee(given: Invocation, project: Project) -> None:
    """Print, for every open issue, whether a run would work on it."""
    said = explained(project)
    if given.json:
        given.output.document({"issues": [status.explain_shape(each) | {"would_work": works(each)} for each in said]})
        return
    if not said:
        given.output.say("no open issues")
        return
    rows = [(f"#{each.issue}", "work" if works(each) else "leave", each.title, _why(each)) for each in said]
    given.output.table(("issue", "would", "title", "because"), rows)


def explained(project: Project) -> list[Explanation]:
    """Every open issue with all that holds of it."""
    tracker = bootstrap.tracker(project.directory, project.settings, project.environ)
    root, settings = project.layout.root, project.settings
    return [
        status.explain_issue(root, issue.number, look_at(tracker, issue, project), settings, now=now())
        for issue in tracker.open_issues()
    ]


def works(said: Explanation) -> bool:
    """Whether a run would work on it."""
    return not _against(said) and said.state is not JobState.MERGED


def _against(said: Explanation) -> list[Reason]:
    return [reason for reason in said.reasons if reason.code not in OF_THE_LOOP and reason.code != said.state]


def _why(said: Explanation) -> str:
    return "; ".join(reason.text for reason in _against(said) or said.reasons)
