"""A read-only view of a state directory: what the loop does, and why an issue does or does not move.

Owns: the shapes that `status`, `explain`, a dashboard and metrics read. Must not: write, or need a running loop. A
state directory in which no loop ever ran reads as a stopped loop without jobs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from forge_loop.agents.processes import find
from forge_loop.config.layout import StateLayout
from forge_loop.config.model import Settings
from forge_loop.database import ReadOnlyDatabase, open_read_only
from forge_loop.domain.approval import Caps, LabelNames, refusals
from forge_loop.domain.dispatch import closed_because
from forge_loop.domain.events import rfc3339
from forge_loop.domain.explain import ExplainFacts, Explanation, explain
from forge_loop.domain.issue import Issue, LabelEvent
from forge_loop.domain.job import Job
from forge_loop.domain.reason import Reason
from forge_loop.queue import QueueDepth, read_depth
from forge_loop.store import Access, LoopRow, Store, memory

# What each reason for closed dispatch makes of the loop's state, in the words of the contract.
STATES = {"paused": "paused", "parked": "parked", "halted": "halted", "base_red": "halted", "storage_low": "parked"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopStatus:
    """`state` is running, paused, parked, halted or stopped."""

    state: str
    pid: int | None
    since: datetime | None
    parked_until: datetime | None
    reason: str | None
    last_tick: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionStatus:
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


@contextmanager
def open_store_read_only(state_dir: Path) -> Iterator[tuple[Store, ReadOnlyDatabase] | None]:
    """The store of a state directory for reading, or None where no loop has been yet."""
    path = StateLayout(state_dir).database
    if not path.exists():
        yield None
        return
    database = open_read_only(path)
    try:
        yield Store(Access(database)), database
    finally:
        database.close()


def read(state_dir: Path, *, now: datetime) -> Status:
    """What the loop of a state directory does at `now` (aware). Raises DatabaseError if it cannot be read."""
    with open_store_read_only(state_dir) as opened:
        if opened is None:
            return _nothing_yet()
        store, database = opened
        loop = store.loop()
        jobs = store.jobs.select()
        running = is_running(loop)
        return Status(
            loop=_loop_status(loop, running, _closed(store, loop, now), now),
            slots=(sum(job.state.active for job in jobs) if running else 0, loop.slots),
            sessions=_sessions(store, {job.id: job for job in jobs}) if running else (),
            queue=read_depth(database),
            jobs=Counter(str(job.state) for job in jobs),
        )


def is_running(loop: LoopRow) -> bool:
    """Whether the loop that wrote this row is alive: its pid, and that process and no later one of the same pid."""
    process = find(loop.pid) if loop.pid is not None else None
    return process is not None and process.started == loop.start_ticks


def _nothing_yet() -> Status:
    stopped = LoopStatus(state="stopped", pid=None, since=None, parked_until=None, reason=None, last_tick=None)
    empty = QueueDepth(ready=0, delayed=0, leased=0, dead=0)
    return Status(loop=stopped, slots=(0, 0), sessions=(), queue=empty, jobs={})


def _closed(store: Store, loop: LoopRow, now: datetime) -> tuple[Reason, ...]:
    """Why dispatch is closed, as far as rows tell: the settings are not known here, the checks that ran are."""
    ran = tuple(row.command for row in store.base_checks.select("base_sha = ?", loop.base_sha))
    facts = memory.dispatch_facts(store, ran, base_sha=loop.base_sha)
    return tuple(reason for reason in closed_because(facts, now) if reason.code in STATES)


def _loop_status(loop: LoopRow, running: bool, closed: tuple[Reason, ...], now: datetime) -> LoopStatus:
    state, reason = "stopped", None
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


def _sessions(store: Store, jobs: Mapping[int, Job]) -> tuple[SessionStatus, ...]:
    return tuple(
        SessionStatus(
            job=row.job,
            issue=jobs[row.job].issue if row.job is not None else None,
            role=str(row.role),
            started=row.started_at,
            last_activity=row.last_activity_at,
            last_tool=row.last_tool,
        )
        for row in store.sessions.select("ended_at IS NULL")
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """An issue as the tracker shows it now, or `problem` where it could not be read."""

    issue: Issue | None
    label: LabelEvent | None = None
    blockers: Mapping[int, bool | None]
    problem: str | None = None


def explain_issue(state_dir: Path, number: int, reading: Reading, settings: Settings, *, now: datetime) -> Explanation:
    """Every reason why an issue is or is not being worked on. Raises DatabaseError if the state cannot be read."""
    with open_store_read_only(state_dir) as opened:
        if opened is None:
            return explain(_facts_without_store(number, reading, settings))
        return explain(_facts(opened[0], number, reading, settings, now))


def _facts(store: Store, number: int, reading: Reading, settings: Settings, now: datetime) -> ExplainFacts:
    loop = store.loop()
    running = is_running(loop)
    job = store.jobs.newest(reading.issue.key) if reading.issue else store.jobs.newest_by_number(number)
    session = store.sessions.last("job = ? AND ended_at IS NULL", job.id) if job is not None and running else None
    approval = store.approvals.get(job.approval) if job is not None else None
    scheduling = settings.scheduling
    caps = Caps(
        max_open_pull_requests=scheduling.max_open_pull_requests, max_jobs_per_hour=scheduling.max_jobs_per_hour
    )
    return ExplainFacts(
        issue=number,
        title=reading.issue.title if reading.issue else job.title if job else "",
        job=job,
        approval_live=approval is not None and approval.released_at is None,
        intake=_intake(reading, settings, store),
        caps=memory.cap_reasons_of(store, caps, now),
        dispatch=_dispatch(store, settings, loop, now),
        loop_running=running,
        slots_used=sum(live.state.active for live in store.jobs.live()),
        slots_total=settings.scheduling.parallel,
        role=str(session.role) if session is not None else None,
        base_problem=loop.base_problem,
    )


def _dispatch(store: Store, settings: Settings, loop: LoopRow, now: datetime) -> tuple[Reason, ...]:
    """Before a loop has looked, that base is not known yet is no news."""
    facts = memory.dispatch_facts(store, settings.checks, base_sha=loop.base_sha)
    return closed_because(replace(facts, base_known=True), now)


def _facts_without_store(number: int, reading: Reading, settings: Settings) -> ExplainFacts:
    return ExplainFacts(
        issue=number,
        title=reading.issue.title if reading.issue else "",
        job=None,
        approval_live=False,
        intake=_intake(reading, settings, None),
        caps=(),
        dispatch=(),
        loop_running=False,
        slots_used=0,
        slots_total=settings.scheduling.parallel,
        role=None,
        base_problem=None,
    )


def _intake(reading: Reading, settings: Settings, store: Store | None) -> tuple[Reason, ...] | None:
    if reading.issue is None:
        return None
    names = LabelNames(ready=settings.labels.ready, blocked=settings.labels.blocked)
    return refusals(memory.intake_facts(store, reading.issue, reading.label, dict(reading.blockers)), names)


def status_shape(status: Status) -> dict[str, object]:
    """The contract shape of `status --json`, times as RFC 3339 UTC."""
    loop = status.loop
    return {
        "schema_version": 1,
        "loop": {
            "state": loop.state,
            "pid": loop.pid,
            "since": _moment(loop.since),
            "parked_until": _moment(loop.parked_until),
            "reason": loop.reason,
            "last_tick": _moment(loop.last_tick),
        },
        "slots": {"used": status.slots[0], "total": status.slots[1]},
        "sessions": [
            {
                "job": session.job,
                "issue": session.issue,
                "role": session.role,
                "started": _moment(session.started),
                "last_activity": _moment(session.last_activity),
                "last_tool": session.last_tool,
            }
            for session in status.sessions
        ],
        "queue": {
            "ready": status.queue.ready,
            "delayed": status.queue.delayed,
            "leased": status.queue.leased,
            "dead": status.queue.dead,
        },
        "jobs": dict(status.jobs),
    }


def explain_shape(explanation: Explanation) -> dict[str, object]:
    """The contract shape of `explain --json`."""
    return {
        "schema_version": 1,
        "issue": explanation.issue,
        "title": explanation.title,
        "state": str(explanation.state) if explanation.state is not None else None,
        "running": explanation.running,
        "reasons": [
            {"code": reason.code, "text": reason.text, "until": _moment(reason.until)} for reason in explanation.reasons
        ],
        "next": explanation.next,
    }


def _moment(value: datetime | None) -> str | None:
    return rfc3339(value) if value is not None else None
