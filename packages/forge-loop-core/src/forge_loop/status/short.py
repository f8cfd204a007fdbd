"""The loop in one line, for a prompt that shows it again and again.

Owns: that line, and reading the few columns it is made of. Must not: say anything else than `status.read` would, or
load the classes of the loop's rows, which cost more than all the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from sqlite3 import Row
from typing import NamedTuple

from forge_loop.agents.processes import find
from forge_loop.config.layout import StateLayout
from forge_loop.database import ReadOnlyDatabase, open_read_only
from forge_loop.database.place import free_bytes
from forge_loop.domain.dispatch import DispatchFacts, closed_because
from forge_loop.domain.job_state import JobState
from forge_loop.queue import read_depth
from forge_loop.status.version import is_readable

# What each reason for closed dispatch makes of the loop's state, in the words of the contract.
STATES = {"paused": "paused", "parked": "parked", "halted": "halted", "base_red": "halted", "storage_low": "parked"}


class Glance(NamedTuple):
    """`slots` are (used, total), `waiting` what the queue holds, `jobs` counts jobs by state."""

    state: str
    slots: tuple[int, int]
    waiting: int
    jobs: Mapping[str, int]

    def line(self) -> str:
        """One line: state, slots, what waits, what ended."""
        used, total = self.slots
        counts = [f"{used}/{total} slots", f"{self.waiting} waiting", f"{self.jobs.get('merged', 0)} merged"]
        stuck = self.jobs.get("handed_over", 0) + self.jobs.get("given_up", 0)
        return ", ".join([self.state, *counts, *([f"{stuck} need you"] if stuck else [])])


NOTHING_YET = Glance("stopped", (0, 0), 0, {})


def glance(state_dir: Path, *, now: datetime) -> Glance:
    """What the loop of a state directory does at `now` (aware). Raises DatabaseError if it cannot be read."""
    path = StateLayout(state_dir).database
    if not path.exists():
        return NOTHING_YET
    database = open_read_only(path)
    try:
        if not is_readable(database):
            return NOTHING_YET
        (loop,) = database.query("SELECT * FROM loop")
        rows = database.query("SELECT state, count(*) AS jobs FROM jobs GROUP BY state")
        jobs = {row["state"]: row["jobs"] for row in rows}
        depth = read_depth(database)
        state = _state(database, loop, now) if _is_running(loop) else "stopped"
    finally:
        database.close()
    used = 0 if state == "stopped" else sum(count for name, count in jobs.items() if JobState(name).active)
    return Glance(state, (used, loop["slots"]), depth.ready + depth.delayed, jobs)


def _is_running(loop: Row) -> bool:
    process = find(loop["pid"]) if loop["pid"] is not None else None
    return process is not None and process.started == loop["start_ticks"]


def _state(database: ReadOnlyDatabase, loop: Row, now: datetime) -> str:
    checks = database.query(
        "SELECT command, passed FROM base_checks WHERE base_sha = ? ORDER BY id", (loop["base_sha"],)
    )
    newest = {row["command"]: row["passed"] for row in checks}
    facts = DispatchFacts(
        paused=bool(loop["paused"]),
        paused_until=_moment(loop["paused_until"]),
        pause_reason=None,
        parked_until=_moment(loop["parked_until"]),
        park_reason=None,
        halt_reason=loop["halt_reason"],
        base_known=loop["base_sha"] is not None,
        base_red=None if all(newest.values()) else "red",
        free_bytes=free_bytes(database.path.parent),
    )
    known = [reason.code for reason in closed_because(facts, now) if reason.code in STATES]
    return STATES[known[-1]] if known else "running"


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
