"""What each role is told: the brief's values from the store's rows.

Owns: gathering a brief's values, the data delimiters, the feedback of a revision round. Must not: hold prose that
belongs in a template.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping

from forge_loop.briefs import data_block, own_brief
from forge_loop.domain.hidden_text import visible
from forge_loop.domain.host_checks import HostCheck
from forge_loop.domain.issue import Issue
from forge_loop.domain.job import Approval, Attempt, Job
from forge_loop.domain.pipeline import Node
from forge_loop.domain.proposals import MOST_PROPOSALS
from forge_loop.domain.spec import missing_sections
from forge_loop.runner import host_look, node_runs, remarks
from forge_loop.runner.context import Context
from forge_loop.store import CheckRow, FindingRow, RemarkRow

DIFF_CHARACTERS = 200_000
ISSUE_CHARACTERS = 2_000
MOST_ISSUES = 100
REASON_CHARACTERS = 300
MEMORY = 5
MERGE_STEP = "merge with base"


def worker(context: Context, job: Job, notes: str) -> str:
    """The worker's brief for a new conversation."""
    values = {
        **_issue(context, job),
        "base_branch": context.base,
        "branch": job.branch,
        "checks": _listed(context.settings.checks) or "none configured",
        "earlier_attempts": _data("earlier-attempts", earlier_attempts(context, job) or "none"),
        "repository_notes": _data("repository-notes", notes or "none"),
    }
    return context.briefs.render("worker", values)


def critic(context: Context, job: Job, node: Node, diff: str, delta: str) -> str:
    """The critic's brief: what was asked, what was done, as a whole and since the last review, what the checks said."""
    findings = open_findings(context, job, node.name)
    values = {
        **_issue(context, job),
        "base_sha": job.base_sha or "",
        "head_sha": job.head_sha or "",
        "diff": _data("diff", _cut(diff)),
        "delta": _data("delta", _cut(delta) or "none"),
        "check_results": _data("checks", _check_lines(latest_checks(context, job)) or "no checks are configured"),
        "earlier_findings": _data("earlier-findings", finding_lines(findings) or "none"),
        "block_on": str(context.settings.critic.block_on),
        "node_outputs": _data("node-outputs", _output_lines(node_runs.outputs(context, job, node)) or "none"),
    }
    if node.brief:
        return own_brief(node.brief, node.name).render(values)
    return context.briefs.render("critic", values)


def _cut(diff: str) -> str:
    return diff if len(diff) <= DIFF_CHARACTERS else diff[:DIFF_CHARACTERS] + "\n[cut here; read the files]\n"


def po(context: Context, job: Job) -> str:
    """The spec expander's brief."""
    missing = missing_sections(snapshot(context, job).body)
    return context.briefs.render("po", {**_issue(context, job), "score_missing": ", ".join(missing) or "none"})


def maintenance(context: Context, issues: Iterable[Issue]) -> str:
    """The brief over the open issues, each its own block of data."""
    shown = [_data(f"issue-{issue.number}", _shown(issue)) for issue in sorted(issues, key=lambda each: each.number)]
    values = {"issues": "\n\n".join(shown[:MOST_ISSUES]), "max_proposals": str(MOST_PROPOSALS)}
    return context.briefs.render("maintenance", values)


def _shown(issue: Issue) -> str:
    labels = ", ".join(sorted(issue.labels)) or "none"
    return visible(f"#{issue.number} {issue.title}\nlabels: {labels}\n\n{issue.body[:ISSUE_CHARACTERS]}")[0]


def revision(context: Context, job: Job) -> str:
    """What a worker's next round must mend: the last failing checks, a conflict, the open findings."""
    failing = [row for row in latest_checks(context, job) if not row.passed]
    # A check of the code host is named by whoever set it up: one line of it, nothing hidden, and not much.
    why = visible(" ".join((job.reason or "").split()))[0][:REASON_CHARACTERS]
    parts = [f"Round {job.round}: {why}. Mend it, commit on the same branch, and report again."]
    if any(row.command == MERGE_STEP for row in failing):
        parts.append(
            f"Your commit conflicts with the newest {context.base}, which is the local branch `base`. Merge `base` "
            "into your branch, resolve the conflicts, and commit the merge."
        )
    if failing:
        parts.append("Failing checks, as data:\n" + _data("checks", _check_lines(failing)))
    failed = host_look.failed(context, job)
    if failed:
        parts.append("Failing checks of the code host, as data:\n" + _data("host-checks", _host_lines(failed)))
    asked = remarks.of_round(context, job)
    if asked:
        parts.append("What people ask for on the pull request, as data:\n" + _data("remarks", _remark_lines(asked)))
    findings = open_findings(context, job)
    if findings:
        parts.append("Open findings of the reviewers, as data:\n" + _data("findings", finding_lines(findings)))
    printed = node_runs.failed_outputs(context, job)
    if printed:
        parts.append("What failing commands printed, as data:\n" + _data("commands", visible(printed)[0]))
    return "\n\n".join(parts)


RESUME = "The loop was interrupted and has started again. Go on where you stopped, and report when you are done."
ACCOUNT = (
    "You approved a large change without a finding and named nothing that you reviewed. Say what you read and checked, "
    "an entry each, and report again; change your verdict if it should change."
)
FINISH = "There are changes that are not committed. Commit everything that belongs to this work, then report again."


def snapshot(context: Context, job: Job) -> Approval:
    """The approved text: the only text of the issue that anyone is shown."""
    return context.store.approvals.get(job.approval)


def latest_checks(context: Context, job: Job) -> list[CheckRow]:
    """The results on the newest base for the job's candidate, in the order they ran."""
    last = context.store.checks.last("job = ? AND head_sha = ?", job.id, job.head_sha)
    if last is None:
        return []
    where = "job = ? AND head_sha = ? AND base_sha = ?"
    return context.store.checks.select(where, job.id, job.head_sha, last.base_sha)


def open_findings(context: Context, job: Job, node: str | None = None) -> list[FindingRow]:
    """The findings that stand, of one node of the pipeline or of all."""
    standing = context.store.findings.select("job = ? AND closed_at IS NULL", job.id)
    return [row for row in standing if node in (None, row.node)]


def earlier_attempts(context: Context, job: Job) -> str:
    """The last five attempts at this issue, a line each, also those under an earlier approval."""
    jobs = {row.id for row in context.store.jobs.select("issue_key = ?", job.issue_key)}
    rows = context.store.attempts.select("issue = ? AND ended_at IS NOT NULL", job.issue)
    latest = [row for row in rows if row.job in jobs][-MEMORY:]
    return "\n".join(_attempt_line(row, job) for row in latest)


def _attempt_line(row: Attempt, job: Job) -> str:
    earlier = "" if row.job == job.id else " under an earlier approval"
    return f"attempt {row.number}{earlier}: {row.outcome}; {row.note}"


def finding_lines(findings: list[FindingRow]) -> str:
    return "\n".join(
        f"[{row.id}] {row.severity} {row.category} {row.file or '-'}:{row.line or '-'}: {row.message}"
        for row in findings
    )


def _issue(context: Context, job: Job) -> Mapping[str, str]:
    approval = snapshot(context, job)
    text = visible(job.spec or approval.body)[0]
    return {
        "issue_number": str(job.issue),
        "issue_title": _data("title", visible(approval.title)[0]),
        "issue_text": _data("issue", text),
    }


def _data(name: str, text: str) -> str:
    return data_block(name, text, secrets.token_hex(8))


def _listed(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- `{line}`" for line in lines)


def _check_lines(rows: list[CheckRow]) -> str:
    return "\n\n".join(
        f"$ {row.command}\n{row.output}\n[{'passed' if row.passed else 'failed'}, status {row.status}]" for row in rows
    )


def _host_lines(checks: list[HostCheck]) -> str:
    return visible("\n\n".join(f"{check.name}\n{check.output}\n[failed]" for check in checks))[0]


def _remark_lines(rows: list[RemarkRow]) -> str:
    return visible("\n\n".join(f"{row.author} on {row.file or '-'}:{row.line or '-'}:\n{row.text}" for row in rows))[0]


def _output_lines(outputs: Mapping[str, Mapping[str, object]]) -> str:
    return visible("\n\n".join(f"{name}: {json.dumps(said, indent=1)}" for name, said in outputs.items()))[0]
