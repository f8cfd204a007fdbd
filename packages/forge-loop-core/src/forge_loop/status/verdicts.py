"""What the critic said of a job: each verdict with its findings.

Owns: putting them together and their contract shape. Must not: judge.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.domain.job import Job
from forge_loop.domain.recorded import rfc3339
from forge_loop.store import FindingRow, ReviewRow, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    review: ReviewRow
    findings: tuple[FindingRow, ...]


def verdicts(store: Store, job: Job) -> list[Reviewed]:
    """Every verdict on a job, oldest first."""
    findings = store.findings.select("job = ?", job.id)
    return [
        Reviewed(review=review, findings=tuple(each for each in findings if each.review == review.id))
        for review in store.reviews.select("job = ?", job.id)
    ]


def verdict_shape(reviewed: Reviewed) -> dict[str, object]:
    """One entry of `critic --json`."""
    review = reviewed.review
    return {
        "round": review.round,
        "overall": str(review.overall),
        "approves": review.approves,
        "head": review.head_sha,
        "base": review.base_sha,
        "at": rfc3339(review.at),
        "reviewed": list(review.reviewed),
        "findings": [finding_shape(each) for each in reviewed.findings],
    }


def finding_shape(finding: FindingRow) -> dict[str, object]:
    return {
        "id": finding.id,
        "severity": str(finding.severity),
        "category": str(finding.category),
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
        "closed_at": rfc3339(finding.closed_at) if finding.closed_at is not None else None,
    }
