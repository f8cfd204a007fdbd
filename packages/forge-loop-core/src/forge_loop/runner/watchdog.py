"""The watchdog stage: sessions that must end.

Owns: gathering signs of life and ending what the rules say. Must not: hold the rules (`domain.stall`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forge_loop.domain.events import SessionStalled, WatchdogEndedSession
from forge_loop.domain.job import Job, SessionRow
from forge_loop.domain.session import Role
from forge_loop.domain.stall import Signs, Watch, WatchRules, watch
from forge_loop.git.walking import walk
from forge_loop.runner.bound import pipeline_of
from forge_loop.runner.clock import passed
from forge_loop.runner.context import Context

LARGEST_DRIFT = timedelta(seconds=60)  # between the wall clock and the monotonic one, from one poll to the next
# A session's host keeps its wall clock and says that its time ran out. The watchdog is for a host that does not.
HOST_FIRST = timedelta(seconds=30)

REASONS = {
    Watch.STOP_SILENT: "no sign of life",
    Watch.STOP_NO_PROGRESS: "no file has changed",
    Watch.STOP_TIMED_OUT: "the time of its role ran out",
}


@dataclass(slots=True)
class Watchdog:
    """`in_tool` says of a session whether a tool call of it is under way."""

    context: Context
    in_tool: Callable[[str], bool]
    _polled_at: datetime | None = None
    _polled_monotonic: float = 0.0
    _not_before: datetime | None = None
    _warned: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)
    _changed: dict[str, datetime] = field(default_factory=dict)

    def look(self) -> None:
        """Judge every running session, at most once a poll interval."""
        now = self.context.now()
        poll = timedelta(seconds=self.context.timing.watchdog_poll)
        if not passed(self._polled_at, now, poll):
            return
        self._notice_jump(now)
        self._polled_at = now
        for row in self.context.store.sessions.select("ended_at IS NULL"):
            self._judge(row, now)

    def _notice_jump(self, now: datetime) -> None:
        """A clock that was set, or a machine that slept, has counted time that no session was given."""
        monotonic = self.context.clock.monotonic()
        if self._polled_at is not None:
            gone = timedelta(seconds=monotonic - self._polled_monotonic)
            if abs(now - self._polled_at - gone) > LARGEST_DRIFT:
                self._not_before = now
        self._polled_monotonic = monotonic

    def _steady(self, moment: datetime, now: datetime) -> datetime:
        """A moment as it counts: none before the last jump, and none that a clock set back has put ahead."""
        if self._not_before is None:
            return moment
        return moment if self._not_before <= moment <= now else self._not_before

    def _judge(self, row: SessionRow, now: datetime) -> None:
        job = self.context.store.jobs.get(row.job) if row.job is not None else None
        rules, spawned_at = self._rules(row), self._steady(row.started_at, now)
        signs = Signs(
            spawned_at=spawned_at,
            heard_at=self._steady(row.last_activity_at, now) if row.last_activity_at else None,
            changed_at=self._changed_at(job, row, now, spawned_at=spawned_at, enough=rules.no_progress),
            in_tool=self.in_tool(row.session),
        )
        verdict = watch(signs, rules, now)
        if verdict is Watch.WARN and row.session not in self._warned:
            silent = (now - (row.last_activity_at or row.started_at)).total_seconds()
            with self.context.store.transaction():
                self.context.tell(SessionStalled(role=row.role, silent_seconds=silent), job, session=row.session)
            self._warned.add(row.session)
        elif verdict in REASONS and row.session not in self._ended:
            self._end(job, row, REASONS[verdict])

    def _end(self, job: Job | None, row: SessionRow, reason: str) -> None:
        with self.context.store.transaction():
            self.context.tell(WatchdogEndedSession(role=row.role, reason=reason), job, session=row.session)
        self.context.agents.end(row.session, reason=f"ended by the watchdog: {reason}")
        self._ended.add(row.session)

    def _changed_at(
        self, job: Job | None, row: SessionRow, now: datetime, *, spawned_at: datetime, enough: timedelta
    ) -> datetime | None:
        """When a worker's files last changed. They are walked only once what is known of them would end the session."""
        if job is None or row.role is not Role.WORKER:
            return None
        known = max(spawned_at, self._changed.get(row.session, spawned_at))
        if now - known >= enough:
            known = newest_change(self.context.workspace(job, "work")) or known
            self._changed[row.session] = known
        return known

    def _rules(self, row: SessionRow) -> WatchRules:
        settings = self.context.settings
        timeouts = {
            Role.WORKER: settings.worker.timeout,
            Role.CRITIC: settings.critic.timeout,
            Role.PO: settings.po.timeout,
            Role.MAINTENANCE: settings.maintenance.timeout,
        }
        return WatchRules(
            warn=timedelta(seconds=settings.watchdog.warn),
            stop=timedelta(seconds=settings.watchdog.stop),
            tool=timedelta(seconds=settings.watchdog.tool),
            no_progress=timedelta(seconds=settings.watchdog.no_progress),
            timeout=timedelta(seconds=self._own_timeout(row) or timeouts[row.role]) + HOST_FIRST,
        )

    def _own_timeout(self, row: SessionRow) -> float | None:
        """What a reviewer's node gives it, where it says so."""
        if row.job is None:
            return None
        bound = pipeline_of(self.context, self.context.store.jobs.get(row.job))
        nodes = {node.name: node for node in bound.nodes}
        return nodes[row.node].timeout if row.node in nodes else None


def newest_change(root: Path) -> datetime | None:
    """When anything below a directory last changed, by a walk that follows no link and runs no git.

    The time is the kernel's (ctime): a file's own can be set to anything by whoever is watched.
    """
    newest = 0.0
    for directory, _, names in walk(root):
        for name in (directory, *(os.path.join(directory, name) for name in names)):  # noqa: PTH118 - hot loop
            try:
                newest = max(newest, os.lstat(name).st_ctime)
            except OSError:
                continue
    return datetime.fromtimestamp(newest, UTC) if newest else None
