"""Board: the lifecycle as columns, each issue once, at its newest job.

Owns: which states make a column. Must not: show more of a column than a screen takes; the list shows the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.extension import Issue, Job, JobState
from forge_loop.status.jobs import counts, newest_jobs
from forge_loop_dashboard.look import Facts, Look, View

CARDS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    name: str
    states: tuple[JobState, ...]
    empty: str


COLUMNS = (
    Column(name="Ready", states=(JobState.QUEUED,), empty="nothing waits for a slot"),
    Column(name="Cooling down", states=(JobState.COOLING, JobState.PARKED), empty="nothing waits for a time"),
    Column(
        name="Running",
        states=(JobState.EXPANDING, JobState.WORKING, JobState.REVISING, JobState.CHECKING),
        empty="nobody works",
    ),
    Column(name="Review", states=(JobState.PUBLISHING, JobState.REVIEWING), empty="nothing is being reviewed"),
    Column(name="Merging", states=(JobState.MERGING,), empty="nothing is being merged"),
    Column(name="Needs you", states=(JobState.HANDED_OVER, JobState.GIVEN_UP), empty="nothing needs you"),
    Column(name="Done", states=(JobState.MERGED,), empty="nothing merged yet"),
    Column(name="Set aside", states=(JobState.YIELDED, JobState.CANCELLED), empty="nothing was set aside"),
)


def facts(look: Look) -> Facts:
    columns: list[tuple[Column, int, list[Job]]] = []
    with look.desk.store() as store:
        totals = counts(store) if store is not None else {}
        refused = store.observations.refused(limit=500) if store is not None else []
        for column in COLUMNS:
            total = sum(totals.get(state, 0) for state in column.states)
            jobs = newest_jobs(store, states=column.states, limit=CARDS) if store is not None and total else []
            columns.append((column, total, jobs))
        live = {job.issue for job in store.jobs.live()} if store is not None else set()
        ended = store.jobs.numbers() - live if store is not None else set()
    issues, problem = look.desk.open_issues()
    ready = look.desk.project.settings.labels.ready
    waiting = [
        issue for issue in issues if issue.number not in live and (issue.number not in ended or ready in issue.labels)
    ]
    return {
        "columns": columns,
        "backlog": waiting[:CARDS],
        "backlog_total": len(waiting),
        "why_not": {each.issue: each.reasons for each in refused},
        "ready_label": ready,
        "blocked_label": look.desk.project.settings.labels.blocked,
        "problem": problem,
        "said": _said,
    }


def _said(issue: Issue, why_not: dict[int, tuple[str, ...]], ready: str, blocked: str) -> list[str]:
    """Why an issue of the backlog is not a job, as far as a glance tells; its own page tells all."""
    if issue.problem is not None:
        return [issue.problem]
    if issue.number in why_not:
        return [reason.partition(": ")[2] for reason in why_not[issue.number]]
    if blocked in issue.labels:
        return [f"carries {blocked}"]
    return ["approved, not taken in yet"] if ready in issue.labels else ["not approved"]


VIEW = View(name="board", path="/board", title="Board", facts=facts, key="b")
