"""`forge-loop critic ISSUE`: verdicts and findings.

Owns: their lines. Must not: judge.
"""

from __future__ import annotations

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import find_project, newest_job, reading
from forge_loop.status.verdicts import verdict_shape, verdicts
from forge_loop.store import FindingRow


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
        found = verdicts(store, job)
    if given.json:
        given.output.document({"issue": issue, "job": job.id, "reviews": [verdict_shape(each) for each in found]})
        return
    if not found:
        given.output.say(f"#{issue} has no verdict yet: it is {job.state}")
    for each in found:
        review = each.review
        passes = "approves" if review.approves else "does not approve"
        given.output.data(
            f"round {review.round}: {review.overall} of {review.head_sha[:12]}, which {passes} it", bold=True
        )
        for finding in each.findings:
            given.output.data("  " + _line(finding))
        if review.reviewed:
            given.output.data("  read: " + ", ".join(review.reviewed))


def _line(finding: FindingRow) -> str:
    place = f" {finding.file}:{finding.line}" if finding.line else f" {finding.file}" if finding.file else ""
    closed = "" if finding.closed_at is None else " (closed)"
    return f"[{finding.id}] {finding.severity} {finding.category}{place}: {finding.message}{closed}"
