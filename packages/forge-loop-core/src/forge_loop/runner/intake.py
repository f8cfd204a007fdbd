"""The intake stage: newly approved issues become jobs, and every refusal is told once.

Owns: recording approvals and their release, creating and queueing jobs. Must not: set the ready label; no code of the
loop does.
"""

from __future__ import annotations

from collections.abc import Collection

from forge_loop.domain.approval import Caps, IntakeFacts, LabelNames, given_again, refusals, selection_order
from forge_loop.domain.events import IssueApproved, IssueRefused, IssueReleased
from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.domain.job import Approval, Job
from forge_loop.domain.reason import Reason
from forge_loop.runner import refusals as refusals_told
from forge_loop.runner.context import Context, World
from forge_loop.store import memory


def intake(context: Context) -> None:
    """Look at every open issue; one that is not eligible never holds up those behind it.

    A project has many issues and a tick must be short: they are gone through once for each observation, and again when
    something has happened since. What time alone changes - a cap - waits for the next observation.
    """
    world = context.world
    if world is None or world.issues is None:
        return
    if not _gone_through(context, world):
        _go_through(context, world, world.issues.values())
        context.gone_through = (world, context.store.events.newest())
    refusals_told.tell(context)


def _gone_through(context: Context, world: World) -> bool:
    """Whether this very observation was gone through, and nothing was told of since."""
    last = context.gone_through
    return last is not None and last[0] is world and last[1] == context.store.events.newest()


def _go_through(context: Context, world: World, issues: Collection[Issue]) -> None:
    """What is said of them is written at once: a thousand issues that are seen for the first time are one commit."""
    remembered = memory.Remembered(context.store)
    ready: list[tuple[Issue, IntakeFacts, tuple[Reason, ...]]] = []
    for issue in sorted(issues, key=selection_order):
        label = world.labels.get(issue.number)
        _release(context, remembered, issue, label)
        if context.settings.labels.ready in issue.labels:
            facts = remembered.facts(issue, label, world.blockers)
            ready.append((issue, facts, refusals(facts, names(context))))
    new = [each for each in ready if context.store.observations.differs(each[0], _codes(each[2]))]
    if new:
        with context.store.transaction():
            for issue, facts, reasons in new:
                _tell_refusal(context, issue, facts, reasons)
    for issue, facts, reasons in ready:
        if not reasons and facts.job is None:
            if caps(context):
                return
            _take_in(context, world, issue, facts.approval)


def names(context: Context) -> LabelNames:
    return LabelNames(ready=context.settings.labels.ready, blocked=context.settings.labels.blocked)


def _release(context: Context, remembered: memory.Remembered, issue: Issue, label: LabelEvent | None) -> None:
    """The label is gone, or was given again once its job was over: when it stands, that is a new approval."""
    gone = context.settings.labels.ready not in issue.labels
    for approval in remembered.approvals(issue):
        if not gone and not (given_again(label, approval.at) and _is_over(context, approval)):
            continue
        with context.store.transaction():
            context.store.approvals.update(approval.id, released_at=context.now())
            context.tell(IssueReleased(approval=approval.id), issue=issue.number)
        remembered.forget(approval)


def _is_over(context: Context, approval: Approval) -> bool:
    """Whether the approval's job has ended, and nothing is left to do of it outside."""
    job = context.store.jobs.last("approval = ?", approval.id)
    if job is None or not job.state.terminal:
        return False
    return not context.store.effects.select("job = ? AND state IN ('intended', 'acting')", job.id, limit=1)


def _tell_refusal(context: Context, issue: Issue, facts: IntakeFacts, reasons: tuple[Reason, ...]) -> None:
    """As an event, whenever they change; on the issue where no job's note says it."""
    if context.store.observations.record(issue, _codes(reasons), at=context.now()) and reasons:
        context.tell(IssueRefused(reasons=tuple(reason.text for reason in reasons)), issue=issue.number)
        if facts.job is None:
            refusals_told.keep(context, issue, facts.label, reasons)


def _codes(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    return tuple(f"{reason.code}: {reason.text}" for reason in reasons)


def _take_in(context: Context, world: World, issue: Issue, approval: Approval | None) -> None:
    with context.store.transaction():
        approval = approval or _approve(context, world, issue)
        job = context.store.jobs.create(issue, approval, at=context.now())
        push(context, job)
    context.moved_at = context.now()


def caps(context: Context) -> tuple[Reason, ...]:
    """Why nothing new is taken in at the moment."""
    scheduling = context.settings.scheduling
    limits = Caps(
        max_open_pull_requests=scheduling.max_open_pull_requests, max_jobs_per_hour=scheduling.max_jobs_per_hour
    )
    return memory.cap_reasons_of(context.store, limits, context.now())


def _approve(context: Context, world: World, issue: Issue) -> Approval:
    label = world.labels[issue.number]
    assert label is not None
    approval = context.store.approvals.insert(
        issue=issue.number,
        issue_key=issue.key,
        actor=label.actor,
        at=label.at or context.now(),
        sha256=issue.sha256,
        title=issue.title,
        body=issue.spec,
        hidden_accepted=issue.sha256 in memory.hidden_accepted(context.store, issue),
    )
    event = IssueApproved(approval=approval.id, actor=label.actor, sha256=approval.sha256)
    context.tell(event, issue=issue.number)
    return approval


def push(context: Context, job: Job) -> None:
    """Index a job in the queue; if it stands there already nothing changes."""
    context.queue.push({"job": job.id}, key=queue_key(job), priority=job.priority, not_before=job.not_before)


def queue_key(job: Job) -> str:
    return f"job:{job.id}"
