"""Samples of the domain's values, whole and unremarkable, for tests that care about one field of them.

Owns: those builders. Must not: make anything look special; a test says what is special about its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.domain.job import Approval, Job, JobState

NOW = datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=UTC)

_ISSUE = Issue(
    number=42,
    key="i42",
    title="Add a greeting",
    body="It should greet.",
    labels=frozenset({"loop:ready"}),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
_LABEL = LabelEvent(actor="me", trusted=True, at=datetime(2026, 1, 30, 9, 0, 0, tzinfo=UTC))
_JOB = Job(
    id=7,
    issue=42,
    issue_key="i42",
    approval=3,
    title="Add a greeting",
    state=JobState.QUEUED,
    branch="forge/42-7",
    created_at=NOW,
    updated_at=NOW,
)


def issue(**changes: Any) -> Issue:
    """An open issue that carries the ready label."""
    return replace(_ISSUE, **changes)


def label(**changes: Any) -> LabelEvent:
    """The ready label, put on by an approver."""
    return replace(_LABEL, **changes)


def approval(of: Issue = _ISSUE, **changes: Any) -> Approval:
    """The approval of an issue's text as it stands."""
    whole = Approval(
        id=3, issue=of.number, issue_key=of.key, actor="me", at=NOW, sha256=of.sha256, title=of.title, body=of.body
    )
    return replace(whole, **changes)


def job(**changes: Any) -> Job:
    """A queued job."""
    return replace(_JOB, **changes)
