"""Issue: everything about one, and what can be asked for it.

Owns: putting it together, and which requests make sense in which state. Must not: judge why it does not run (`explain`
does), or show another text than the one that was approved.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop import ForgeLoopError
from forge_loop.extension import Issue, Job, JobState, NodeState, Store, visible
from forge_loop.status import NodeStatus, Reading, explain_issue, read, read_nodes
from forge_loop.status.history import Wanted, newest_events
from forge_loop.status.ledger import entries
from forge_loop.status.requests import asked
from forge_loop.status.verdicts import verdicts
from forge_loop_dashboard.look import Facts, Look, View
from forge_loop_dashboard.views.cures import cure

EVENTS = 25
STORY = (
    *("issue", "job", "spec", "candidate", "check.finished", "pull_request", "review.finished", "finding", "node"),
    *("merge", "watchdog", "request", "session.limit_hit", "session.permission_denied", "deploy"),
)
"""The kinds that tell how an issue went; the rest is one link away."""


def facts(look: Look) -> Facts:
    desk, number = look.desk, look.path["number"]
    found = desk.issue(number)
    project = desk.project
    said = explain_issue(project.layout.root, number, found, project.settings, now=desk.now())
    with desk.store() as store:
        job = store.jobs.newest_by_number(number) if store is not None else None
        rows = _rows(store, job, look) if store is not None else _nothing()
    return {
        "heading": said.title,
        "number": number,
        "said": said,
        "reasons": [(reason, cure(reason.code, number)) for reason in said.reasons],
        "problem": found.problem,
        "issue": found.issue,
        "job": job,
        "hidden": visible(found.issue.text)[1] if found.issue is not None else (),
        **rows,
    }


def _rows(store: Store, job: Job | None, look: Look) -> Facts:
    number = look.path["number"]
    approval = store.approvals.get(job.approval) if job is not None else None
    return {
        "approval": approval,
        "approved_hidden": visible(f"{approval.title}\n{approval.body}")[1] if approval is not None else (),
        "attempts": entries(store, look.desk.project.layout, issue=number),
        "checks": _checks(store, job),
        "nodes": read_nodes(store, job) if job is not None else (),
        "verdicts": verdicts(store, job) if job is not None else [],
        "effects": store.effects.select("job = ?", job.id) if job is not None else [],
        "requests": asked(store, issue=number, limit=10),
        "events": newest_events(store, Wanted(issue=number, kinds=STORY), limit=EVENTS),
    }


def _checks(store: Store, job: Job | None) -> list[object]:
    """The checks of the newest candidate."""
    if job is None:
        return []
    newest = store.checks.last("job = ?", job.id)
    if newest is None:
        return []
    return list(
        store.checks.select("job = ? AND head_sha = ? AND base_sha = ?", job.id, newest.head_sha, newest.base_sha)
    )


def _nothing() -> Facts:
    lists: Facts = {name: [] for name in ("attempts", "checks", "nodes", "verdicts", "effects", "requests", "events")}
    return {**lists, "approval": None, "approved_hidden": ()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """A button: the request it makes, its words, what is asked before, and why it cannot be had now."""

    kind: str
    label: str
    confirm: str = ""
    unless: str = ""


def controls(look: Look) -> Facts:
    number = look.path["number"]
    try:
        found = look.desk.issue(number)
    except ForgeLoopError as error:
        found = Reading(issue=None, blockers={}, problem=str(error))
    asking: list[NodeStatus] = []
    with look.desk.store() as store:
        job = store.jobs.newest_by_number(number) if store is not None else None
        if store is not None and job is not None and not job.state.terminal:
            asking = [node for node in read_nodes(store, job) if node.state is NodeState.WAITING]
    state = read(look.desk.project.layout.root, now=look.desk.now()).loop.state
    issue = found.issue
    return {
        "number": number,
        "asking": asking,
        "sha": job.head_sha if job is not None else None,
        "resume": state if state in ("paused", "parked", "halted") else "",
        "approve": issue is not None and issue.open and _approves(issue, job, look),
        "sha256": issue.sha256 if issue is not None else "",
        "hidden": visible(issue.text)[1] if issue is not None else (),
        "controls": [control for control in _controls(number, job) if not control.unless],
        "not_now": [control for control in _controls(number, job) if control.unless],
    }


def _approves(issue: Issue, job: Job | None, look: Look) -> bool:
    """Whether an approval would start anything: not while a job of the same text goes on."""
    if job is None or job.state.terminal:
        return True
    return look.desk.project.settings.labels.ready not in issue.labels


def _controls(number: int, job: Job | None) -> list[Control]:
    state = job.state if job is not None else None
    waits = state in (JobState.COOLING, JobState.PARKED)
    live = state is not None and not state.terminal
    active = state is not None and state.active
    none = "it has no job" if state is None else f"it is {state.replace('_', ' ')}"
    return [
        Control(kind="retry", label="Retry now", unless="" if waits else f"{none}: it does not wait"),
        Control(
            kind="kill",
            label="Kill the session",
            confirm=f"End the session on #{number}? The attempt counts and is retried as any failed one.",
            unless="" if active else f"{none}: nothing of it runs",
        ),
        Control(
            kind="skip",
            label="Skip",
            confirm=f"Give #{number} up? A new approval starts it again.",
            unless="" if live else f"{none}: there is nothing to give up",
        ),
    ]


VIEW = View(name="issue", path="/issues/{number:int}", title="#{number}", facts=facts, controls=controls)
