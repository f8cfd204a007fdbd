"""Now: what runs, what needs you, what comes next.

Owns: choosing what stands on the first screen. Must not: judge what needs a person; states and reasons say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from forge_loop.extension import Job, JobState, NodeState, Store
from forge_loop.status import NodeStatus, SessionStatus, Status, read, read_nodes
from forge_loop.status.history import Wanted, newest_events
from forge_loop.status.jobs import NEEDS_YOU, counts, newest_jobs
from forge_loop_dashboard.look import Facts, Look, View

MOST = 12
QUIET = ("issue", "job", "pull_request", "finding", "review", "loop", "request", "watchdog", "deploy", "maintenance")


def facts(look: Look) -> Facts:
    desk = look.desk
    found = read(desk.project.layout.root, now=desk.now())
    with desk.store() as store:
        rows = _nothing() if store is None else _rows(store)
    jobs = rows["jobs"]
    assert isinstance(jobs, dict)
    return {
        "status": found,
        "never": found.loop.since is None and not found.jobs,
        "at_work": _at_work(found, jobs),
        "failed": sum(found.jobs.get(str(state), 0) for state in NEEDS_YOU),
        **rows,
    }


def _at_work(found: Status, jobs: Mapping[int, Job]) -> list[tuple[Job | None, SessionStatus | None]]:
    """Every job that moves with its session, and sessions that belong to none. Checks and merges need no session."""
    if found.loop.state == "stopped":
        return []
    sessions = {session.job: session for session in found.sessions if session.job is not None}
    loose = [(None, session) for session in found.sessions if session.job not in jobs]
    return [*((job, sessions.get(job.id)) for job in jobs.values() if job.state.active), *loose]


def _rows(store: Store) -> Facts:
    loop = store.loop()
    waiting = store.jobs.select("state IN ('queued', 'cooling', 'parked')", order="priority, id", limit=MOST)
    return {
        "jobs": {job.id: job for job in _active(store)},
        "needs_you": newest_jobs(store, states=NEEDS_YOU, limit=MOST),
        "refused": store.observations.refused(limit=MOST),
        "asking": _asking(store),
        "proposals": store.proposals.select("state = 'open'", limit=MOST),
        "base_problem": loop.base_problem,
        "waiting": waiting,
        "next_due": _next_due(waiting),
        "merged": newest_jobs(store, states=(JobState.MERGED,), limit=5),
        "counts": counts(store),
        "events": newest_events(store, Wanted(kinds=QUIET), limit=8),
    }


def _active(store: Store) -> list[Job]:
    states = [state for state in JobState if state.active]
    return store.jobs.select(f"state IN ({', '.join('?' for _ in states)})", *states)


def _asking(store: Store) -> list[tuple[Job, NodeStatus]]:
    """Nodes of pipelines that wait for a person's word."""
    rows = store.node_runs.select("state = 'waiting'", order="id", limit=MOST)
    jobs = [store.jobs.get(number) for number in dict.fromkeys(row.job for row in rows)]
    live = [job for job in jobs if not job.state.terminal]
    return [(job, node) for job in live for node in read_nodes(store, job) if node.state is NodeState.WAITING]


def _next_due(waiting: list[Job]) -> datetime | None:
    return min((job.not_before for job in waiting if job.not_before is not None), default=None)


def _nothing() -> Facts:
    lists: Facts = {name: [] for name in ("needs_you", "asking", "refused", "proposals", "waiting", "merged", "events")}
    return {**lists, "jobs": {}, "base_problem": None, "next_due": None, "counts": {}}


VIEW = View(name="now", path="/", title="Now", facts=facts, key="n")
