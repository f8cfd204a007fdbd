"""The maintenance stage: the deterministic pass over what the loop has left behind.

Owns: pruning workspaces, refs, transcripts and salvaged work. Must not: touch anything of a live job.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from forge_loop.domain.events import MaintenanceFinished, MaintenanceStarted
from forge_loop.runner.backlog import Backlog
from forge_loop.runner.clock import passed
from forge_loop.runner.context import Context

KEY = "maintenance"
AT_MOST_EVERY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruned:
    workspaces: int
    transcripts: int
    refs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The prefixes of the workspaces of jobs that have ended, and the refs of attempts that have."""

    workspaces: tuple[str, ...]
    refs: frozenset[str]


@dataclass(slots=True)
class Maintenance:
    context: Context
    backlog: Backlog = field(init=False)
    _idle_ticks: int = 0
    _last: datetime | None = None

    def __post_init__(self) -> None:
        self.backlog = Backlog(self.context)

    def tick(self) -> None:
        """Count idle ticks; when enough have passed, and an hour since the last pass, run one."""
        self.backlog.look()
        if self.context.maintain and not self.context.errands.busy(KEY):
            self.context.maintain = False
            self.start()
            return
        every = self.context.settings.maintenance.every_ticks
        self._idle_ticks = 0 if self.context.in_hand else self._idle_ticks + 1
        if every == 0 or self._idle_ticks < every or self.context.errands.busy(KEY):
            return
        if passed(self._last, self.context.now(), AT_MOST_EVERY):
            self.start()

    def start(self) -> None:
        context = self.context
        self._idle_ticks, self._last = 0, context.now()
        with context.store.transaction():
            context.tell(MaintenanceStarted())
        ended, now = self._ended(), context.now()
        context.errands.start(
            KEY,
            lambda: _prune(context, ended, now),
            then=self._finished,
            failed=lambda error: context.on_fault("maintenance", error),
        )

    def _ended(self) -> Ended:
        """What has ended by now and is cleared away; not a job that begins while the errand is under way."""
        clearing = {row.job for row in self.context.store.effects.select("state IN ('intended', 'acting')")}
        jobs = [job for job in self.context.store.jobs.select() if job.state.terminal and job.id not in clearing]
        open_attempts = {job.attempt for job in self.context.store.jobs.live()}
        attempts = [row for row in self.context.store.attempts.select() if row.id not in open_attempts]
        return Ended(
            workspaces=tuple(f"{job.issue}-{job.id}-" for job in jobs),
            refs=frozenset(f"{row.issue}/{row.id}" for row in attempts),
        )

    def _finished(self, pruned: Pruned) -> None:
        with self.context.store.transaction():
            self.context.tell(
                MaintenanceFinished(workspaces=pruned.workspaces, transcripts=pruned.transcripts, refs=pruned.refs)
            )
        loop = self.context.store.loop()
        if not loop.paused and loop.parked_until is None and loop.halt_reason is None:
            self.backlog.start()


def _prune(context: Context, ended: Ended, now: datetime) -> Pruned:
    stale = [path for path in context.workspaces.existing() if path.name.startswith(ended.workspaces)]
    for path in stale:
        context.workspaces.remove(path)
    retention = context.settings.retention
    oldest = (now - timedelta(seconds=retention.transcripts)).timestamp()
    kept = prune_files((context.layout.transcripts, context.layout.salvaged), oldest=oldest, size=retention.size)
    refs = context.workspaces.prune(lambda ref: ref not in ended.refs)
    return Pruned(workspaces=len(stale), transcripts=kept, refs=refs)


def prune_files(roots: tuple[Path, ...], *, oldest: float, size: int) -> int:
    """Remove files last changed before `oldest` (unix seconds), then the oldest until all fit in `size` bytes."""
    files = [(path.lstat(), path) for root in roots for path in root.rglob("*") if path.is_file()]
    files.sort(key=lambda pair: pair[0].st_mtime, reverse=True)
    total = removed = 0
    for stat, path in files:
        total += stat.st_size
        if stat.st_mtime < oldest or total > size:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
