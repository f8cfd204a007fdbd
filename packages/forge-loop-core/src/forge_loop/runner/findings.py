"""Findings over rounds: each keeps its id while it stands, and is closed when a later review no longer names it.

Owns: matching a verdict's findings with the open ones, and their rows. Must not: judge what a finding means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forge_loop.domain.events import FindingClosed, FindingOpened
from forge_loop.domain.job import Job
from forge_loop.domain.review import Finding, Verdict
from forge_loop.runner import prompts
from forge_loop.runner.context import Context
from forge_loop.store import FindingRow, ReviewRow


def carry_over(standing: Sequence[FindingRow], verdict: Verdict) -> Verdict:
    """The verdict with every finding that stood before at least as grave as it was: a round never demotes."""
    graver = {_mark(row): row.severity for row in standing}
    held = (
        replace(finding, severity=min(finding.severity, graver.get(_mark(finding), finding.severity)))
        for finding in verdict.findings
    )
    return replace(verdict, findings=tuple(held))


def record(context: Context, job: Job, review: ReviewRow, verdict: Verdict) -> None:
    """Keep what is named again, close what is not, open what is new."""
    standing = {_mark(row): row for row in prompts.open_findings(context, job, review.node)}
    for finding in verdict.findings:
        row = standing.pop(_mark(finding), None)
        if row is None:
            _open(context, job, review, finding)
    for row in standing.values():
        context.store.findings.update(row.id, closed_at=context.now())
        context.tell(FindingClosed(finding=row.id), job)


def _mark(finding: Finding | FindingRow) -> tuple[str, str | None, str]:
    """What makes two findings the same. The critic is told to repeat an open one in the same words; lines move."""
    return (str(finding.category), finding.file, " ".join(finding.message.split()).lower())


def _open(context: Context, job: Job, review: ReviewRow, finding: Finding) -> None:
    stored = context.store.findings.insert(
        job=job.id,
        review=review.id,
        severity=finding.severity,
        category=finding.category,
        file=finding.file,
        line=finding.line,
        message=finding.message,
        node=review.node,
    )
    opened = FindingOpened(
        finding=stored.id,
        severity=finding.severity,
        category=finding.category,
        file=finding.file,
        line=finding.line,
        message=finding.message,
    )
    context.tell(opened, job)
