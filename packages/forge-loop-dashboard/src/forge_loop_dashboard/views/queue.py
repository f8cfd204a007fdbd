"""Queue: what is ready, waits, is leased or dead, and the proposals of the last maintenance pass.

Owns: putting entries and their jobs together. Must not: change an entry.
"""

from __future__ import annotations

from forge_loop.extension import QueuedJob, open_read_only, read_jobs
from forge_loop.status import read
from forge_loop_dashboard.desk import Desk
from forge_loop_dashboard.look import Facts, Look, View

MOST = 300


def facts(look: Look) -> Facts:
    desk = look.desk
    found = entries(desk)
    ids = [_job(entry) for entry in found[:MOST]]
    with desk.store() as store:
        marks = ", ".join("?" for _ in ids)
        shown = store.jobs.select(f"id IN ({marks})", *ids) if store is not None else []
        jobs = {job.id: job for job in shown if not job.state.terminal}
        proposals = store.proposals.select("state IN ('open', 'accepted')") if store is not None else []
    return {
        "depth": read(desk.project.layout.root, now=desk.now()).queue,
        "entries": [(entry, jobs.get(_job(entry))) for entry in found[:MOST]],
        "left_out": max(0, len(found) - MOST),
        "proposals": proposals,
    }


def entries(desk: Desk) -> list[QueuedJob]:
    """Every entry, in the order in which it was pushed."""
    path = desk.project.layout.database
    if not path.exists():
        return []
    database = open_read_only(path)
    try:
        return read_jobs(database)
    finally:
        database.close()


def controls(look: Look) -> Facts:
    """Only what something on the screen could be chosen for."""
    depth = read(look.desk.project.layout.root, now=look.desk.now()).queue
    with look.desk.store() as store:
        proposed = store is not None and bool(store.proposals.select("state = 'open'", limit=1))
    return {
        "any_job": depth.ready + depth.delayed + depth.leased > 0,
        "any_dead": depth.dead > 0,
        "any_proposal": proposed,
    }


def _job(entry: QueuedJob) -> int:
    number = entry.payload.get("job")
    return number if isinstance(number, int) else 0


VIEW = View(name="queue", path="/queue", title="Queue", facts=facts, controls=controls, key="q")
