"""`forge-loop critic ISSUE`: verdicts and findings.

Owns: their lines. Must not: judge.
"""

from __future__ import annotations

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import find_project, newest_job, reading
from forge_loop.domain.events import rfc3339
from forge_loop.store import FindingRow, ReviewRow


@click.command()
@click.argument("issue", type=issue_number)
@as_json
@shared
@click.pass_obj
def command(given: Invocation, issue: int) -> None:
    """Every verdict on ISSUE's newest job, with its findings."""
    with reading(find_project(given)) as store:
        job = newest_job(store, issue)
        assert store is not None
        reviews = store.reviews.select("job = ?", job.id)
        findings = store.findings.select("job = ?", job.id)
    if given.json:
        given.output.document(
            {"issue": issue, "job": job.id, "reviews": [_shape(review, findings) for review in reviews]}
        )
        return
    if not reviews:
        given.output.say(f"#{issue} has no verdict yet: it is {job.state}")
    for review in reviews:
        passes = "approves" if review.approves else "does not approve"
        given.output.data(
            f"round {review.round}: {review.overall} of {review.head_sha[:12]}, which {passes} it", bold=True
        )
        for finding in _of(review, findings):
            given.output.data("  " + _line(finding))
        if review.reviewed:
            given.output.data("  read: " + ", ".join(review.reviewed))


def _of(review: ReviewRow, findings: list[FindingRow]) -> list[FindingRow]:
    return [finding for finding in findings if finding.review == review.id]


def _line(finding: FindingRow) -> str:
    place = f" {finding.file}:{finding.line}" if finding.line else f" {finding.file}" if finding.file else ""
    closed = "" if finding.closed_at is None else " (closed)"
    return f"[{finding.id}] {finding.severity} {finding.category}{place}: {finding.message}{closed}"


def _shape(review: ReviewRow, findings: list[FindingRow]) -> dict[str, object]:
    return {
        "round": review.round,
        "overall": str(review.overall),
        "approves": review.approves,
        "head": review.head_sha,
        "base": review.base_sha,
        "at": rfc3339(review.at),
        "reviewed": list(review.reviewed),
        "findings": [
            {
                "id": finding.id,
                "severity": str(finding.severity),
                "category": str(finding.category),
                "file": finding.file,
                "line": finding.line,
                "message": finding.message,
                "closed_at": rfc3339(finding.closed_at) if finding.closed_at is not None else None,
            }
            for finding in _of(review, findings)
        ],
    }
