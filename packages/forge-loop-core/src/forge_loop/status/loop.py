"""What the loop of a state directory does now.

Owns: the shapes that `status`, a dashboard and metrics read. Must not: write, or need a running loop. A state directory
in which no loop ever ran reads as a stopped loop without jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forge_loop.domain.dispatch import closed_because
from forge_loop.domain.reason import Reason
from forge_loop.queue import QueueDepth, read_depth
from forge_loop.status.opening import is_running, open_store_read_only
from forge_loop.status.short import STATES
from forge_loop.store import LoopRow, Store
from forge_loop.store.dispatch import dispatch_facts


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopStatus:
    """`state` is running, paused, parked, halted or stopped. A stopped loop's `reason` is a halt that its next start
    will find."""

    state: str
    pid: int | None
    since: datetime | None
    parked_until: datetime | None
    reason: str | None
    last_tick: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionStatus:
    """`number` is that of the session's row, `session` the id of its conversation."""

    number: int
    session: str
    job: int | None
    issue: int | None
    role: str
    started: datetime
    last_activity: datetime | None
    last_tool: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """`slots` are (used, total), `jobs` counts jobs by state."""

    loop: LoopStatus
    slots: tuple[int, int]
    sessions: tuple[SessionStatus, ...]
    queue: QueueDepth
    jobs: Mapping[str, int]


def read(state_dir: Path, *, now: datetime) -> Status:
    """What the loop of a state directory does at `now` (aware). Raises DatabaseError if it cannot be read."""
    with open_store_read_only(state_dir) as opened:
        if opened is None:
            return _nothing_yet()
        store, database = opened
        loop = store.loop()
        running = is_running(loop)
        return Status(
            loop=_loop_status(loop, running, closed_now(store, loop, now), now),
            slots=(store.jobs.slots_held() if running else 0, loop.slots),
            sessions=_sessions(store) if running else (),
            queue=read_depth(database),
            jobs={str(state): count for state, count in store.jobs.counts().items()},
        )


def _nothing_yet() -> Status:
    stopped = LoopStatus(state="stopped", pid=None, since=None, parked_until=None, reason=None, last_tick=None)
    empty = QueueDepth(ready=0, delayed=0, leased=0, dead=0)
    return Status(loop=stopped, slots=(0, 0), sessions=(), queue=empty, jobs={})


def closed_now(store: Store, loop: LoopRow, now: datetime) -> tuple[Reason, ...]:
    """Why dispatch is closed, as far as rows tell: the settings are not known here, the checks that ran are."""
    ran = tuple(row.command for row in store.base_checks.select("base_sha = ?", loop.base_sha))
    facts = dispatch_facts(store, ran, base_sha=loop.base_sha)
    return tuple(reason for reason in closed_because(facts, now) if reason.code in STATES)


def _loop_status(loop: LoopRow, running: bool, closed: tuple[Reason, ...], now: datetime) -> LoopStatus:
    state, reason = "stopped", next((each.text for each in closed if each.code == "halted"), None)
    if running:
        state, reason = (STATES[closed[-1].code], closed[-1].text) if closed else ("running", None)
    return LoopStatus(
        state=state,
        pid=loop.pid if running else None,
        since=loop.since,
        parked_until=loop.parked_until if loop.parked_until is not None and loop.parked_until > now else None,
        reason=reason,
        last_tick=loop.last_tick,
    )


def _sessions(store: Store) -> tuple[SessionStatus, ...]:
    return tuple(
        SessionStatus(
            number=row.id,
            session=row.session,
            job=row.job,
            issue=store.jobs.get(row.job).issue if row.job is not None else None,
            role=str(row.role),
            started=row.started_at,
            last_activity=row.last_activity_at,
            last_tool=row.last_tool,
        )
        for row in store.sessions.select("ended_at IS NULL")
    )
