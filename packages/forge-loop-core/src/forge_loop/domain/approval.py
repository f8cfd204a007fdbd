"""Intake: who may start work, and on which text.

Owns: whether an issue is eligible and every reason why it is not. Must not: look anything up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from forge_loop.domain.hidden_text import visible
from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.domain.job import Approval, Job
from forge_loop.domain.reason import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelNames:
    ready: str
    blocked: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IntakeFacts:
    """What is known of one issue. `approval` is the newest one not released, `job` the newest job of this approval.

    `blockers` maps the numbers in `issue.blocked_by` to True (closed), False (open) or None (not known to the tracker).
    `hidden_accepted` holds the SHA-256 of texts whose hidden parts the operator has accepted.
    """

    issue: Issue
    label: LabelEvent | None
    approval: Approval | None
    job: Job | None
    blockers: dict[int, bool | None]
    hidden_accepted: frozenset[str] = frozenset()


def refusals(facts: IntakeFacts, names: LabelNames) -> tuple[Reason, ...]:
    """Every reason why the issue must not become a job now; empty means eligible."""
    issue = facts.issue
    reasons: list[Reason] = []
    if issue.problem is not None:
        reasons.append(Reason(code="unreadable", text=f"the tracker could not read it: {issue.problem}"))
    if not issue.open:
        reasons.append(Reason(code="closed", text="the issue is closed"))
    reasons.extend(_label_refusals(facts, names))
    reasons.extend(_text_refusals(facts))
    reasons.extend(_blocker_refusals(facts))
    return tuple(reasons)


def _label_refusals(facts: IntakeFacts, names: LabelNames) -> list[Reason]:
    reasons = []
    if names.ready not in facts.issue.labels:
        reasons.append(Reason(code="not_approved", text=f"it does not carry the label {names.ready}"))
    elif facts.label is None:
        reasons.append(Reason(code="approver_unknown", text=f"who applied {names.ready} is not known"))
    elif not facts.label.trusted:
        reasons.append(
            Reason(code="approver_not_trusted", text=f"{facts.label.actor} applied {names.ready} and is no approver")
        )
    if names.blocked in facts.issue.labels:
        reasons.append(Reason(code="blocked_label", text=f"it carries the label {names.blocked}"))
    return reasons


def _text_refusals(facts: IntakeFacts) -> list[Reason]:
    issue, approval = facts.issue, facts.approval
    reasons = []
    changed = approval is not None and approval.sha256 != issue.sha256
    if changed or _edited_at_or_after(issue, facts.label):
        reasons.append(Reason(code="edited", text="edited after approval, apply the label again"))
    hidden = visible(issue.text)[1]
    if hidden and issue.sha256 not in facts.hidden_accepted:
        what = ", ".join(hidden[:3])
        reasons.append(
            Reason(code="hidden_text", text=f"it holds hidden text ({what}); accept it with --accept-hidden")
        )
    return reasons


def _edited_at_or_after(issue: Issue, label: LabelEvent | None) -> bool:
    """Trackers keep whole seconds: an edit within the label's second counts as after it."""
    if label is None or label.at is None or issue.edited_at is None:
        return False
    return issue.edited_at.replace(microsecond=0) >= label.at.replace(microsecond=0)


def _blocker_refusals(facts: IntakeFacts) -> list[Reason]:
    reasons = []
    for number in facts.issue.blocked_by:
        closed = facts.blockers.get(number)
        if closed is None:
            reasons.append(Reason(code="blocker_unknown", text=f"it is blocked by #{number}, which is not known"))
        elif not closed:
            reasons.append(Reason(code="blocked_by", text=f"it is blocked by #{number}, which is open"))
    return reasons


def withdrawn(issue: Issue, ready: str, *, approved: str | None = None) -> str | None:
    """Why a person no longer wants the loop at this issue, or None.

    `approved` is the SHA-256 of the text that must still stand, where it must.
    """
    if not issue.open:
        return "the issue was closed"
    if ready not in issue.labels:
        return f"the label {ready} was removed"
    if approved is not None and issue.sha256 != approved:
        return "edited after approval, apply the label again"
    return None


def given_again(label: LabelEvent | None, since: datetime) -> bool:
    """Whether the ready label was given in a later second than that. Not known where the tracker keeps no times."""
    return label is not None and label.at is not None and label.at.replace(microsecond=0) > since


CAPPED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caps:
    max_open_pull_requests: int
    max_jobs_per_hour: int


def cap_reasons(
    *, open_pull_requests: int, jobs_started: tuple[datetime, ...], caps: Caps, now: datetime
) -> tuple[Reason, ...]:
    """Why nothing new is taken in at the moment, whatever the issue. `jobs_started` are the times of recent jobs."""
    reasons = []
    if open_pull_requests >= caps.max_open_pull_requests:
        text = f"{open_pull_requests} pull requests of the loop's are open, the cap is {caps.max_open_pull_requests}"
        reasons.append(Reason(code="open_pull_requests", text=text))
    recent = sorted(moment for moment in jobs_started if moment > now - CAPPED_WITHIN)
    if len(recent) >= caps.max_jobs_per_hour:
        until = recent[-caps.max_jobs_per_hour] + CAPPED_WITHIN
        text = f"{len(recent)} jobs were taken in within an hour, the cap is {caps.max_jobs_per_hour}"
        reasons.append(Reason(code="jobs_per_hour", text=text, until=until))
    return tuple(reasons)


def selection_order(issue: Issue) -> tuple[int, datetime, int]:
    """The order in which ready issues are taken: priority, then age, then number."""
    return (issue.priority, issue.created_at, issue.number)
