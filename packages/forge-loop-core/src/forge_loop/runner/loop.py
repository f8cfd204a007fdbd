"""The loop: start, tick, sleep, stop.

Owns: what happens once at start and once at the end, and how long to sleep between ticks. Must not: decide about jobs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from forge_loop.agents.processes import find
from forge_loop.config.model import Settings
from forge_loop.domain.events import ConfigRejected, ConfigReloaded, LoopStarted, LoopStopped
from forge_loop.domain.job import Job, JobState
from forge_loop.domain.pipeline import Pipeline
from forge_loop.errors import ConfigError, LeaseLost, LoopRunningError
from forge_loop.runner.context import Context
from forge_loop.runner.dispatch import closed_because
from forge_loop.runner.foothold import Foothold
from forge_loop.runner.lock import LoopLock
from forge_loop.runner.tick import Tick
from forge_loop.runner.waker import Waker


@dataclass(frozen=True, kw_only=True, slots=True)
class Until:
    """When `run` ends by itself: after so many ticks, when every job rests, or when one tick's intake rests."""

    ticks: int | None = None
    idle: bool = False
    one_intake: bool = False


class Runner:
    """Drives the ticks of one state directory.

    `reload` returns new settings and `reload_pipeline` a new pipeline, or None while their files are the same.
    """

    def __init__(
        self,
        context: Context,
        waker: Waker,
        *,
        version: str,
        reload: Callable[[], Settings | None],
        reload_pipeline: Callable[[], Pipeline | None] = lambda: None,
    ) -> None:
        self.context = context
        self._waker = waker
        self._version = version
        self._reload = reload
        self._reload_pipeline = reload_pipeline
        self._stopping: str | None = None
        self._foothold = Foothold(())
        self._ticks = 0
        self.tick = Tick(context, self._stop_requested)

    def stop(self, reason: str) -> None:
        """Ask the loop to end after the present tick. Safe from a signal handler."""
        self._stopping = reason
        self._waker.wake()

    def run(self, until: Until) -> None:
        """Tick until stopped or until `until` says so. Raises LoopRunningError if another loop is at work here."""
        with self.started():
            self._loop(until)

    def _loop(self, until: Until) -> None:
        while self.step(until):
            self._waker.wait(self.nap())

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """Hold the state directory for the block: begin the loop before it, end it after. Raises LoopRunningError."""
        layout = self.context.layout
        with LoopLock(layout.lock):
            self._refuse_another()
            self._foothold = Foothold((layout.lock, layout.database))
            self._start()
            try:
                yield
            finally:
                self._end()

    def step(self, until: Until) -> bool:
        """One tick. Whether the loop goes on after it. Raises OperatorError where the state was taken from under it."""
        self._foothold.check()
        self._take_settings()
        self._take_pipeline()
        self.tick.run()
        self._ticks += 1
        return not self._over(until, self._ticks)

    def _over(self, until: Until, ticks: int) -> bool:
        if until.one_intake and self.context.world is not None:
            self.tick.intake_open = False
        if self._stopping is not None or (until.ticks is not None and ticks >= until.ticks):
            return True
        if self.tick.draining and self.idle():
            return True
        return (until.idle or until.one_intake) and self.idle()

    def idle(self) -> bool:
        """Nothing is in hand, under way, or waiting for anything but time or a person."""
        context = self.context
        world = context.world
        # Who waits for a person rests; who waits for the code host does not, unless the loop is to end.
        patient = self.tick.draining or all(job.state is JobState.REVIEWING for job in self._waiting())
        in_hand = context.slots_used() if patient else len(context.in_hand)
        if world is None or in_hand or not context.errands.idle or context.agents.running():
            return False
        if context.store.requests.select("state = 'requested'", limit=1) or self._effects_due():
            return False
        if self.tick.draining:
            return True
        if context.moved_since(world.started_at):
            return False
        return bool(closed_because(context)) or not self._due()

    def _waiting(self) -> list[Job]:
        return [self.context.store.jobs.get(job_id) for job_id in self.context.in_hand if job_id in self.context.waits]

    def _due(self) -> bool:
        """Whether a live job waits only for a slot. Rows decide: after a crash its queue entry is still leased."""
        now = self.context.now()
        return any(
            job.not_before is None or job.not_before <= now
            for job in self.context.store.jobs.live()
            if job.id not in self.context.waits
        )

    def _effects_due(self) -> bool:
        waiting = self.tick.effects.next_due()
        return bool(self.tick.effects.open()) and (waiting is None or waiting <= self.context.now())

    def nap(self) -> float:
        """Seconds to sleep before the next step, unless woken.

        Until the earliest of the tick interval, a job or an effect that comes due, the end of a pause or parking.
        """
        context, now = self.context, self.context.now()
        loop = context.store.loop()
        jobs = [job.not_before for job in context.store.jobs.live() if job.id not in context.in_hand]
        moments: list[datetime | None] = [*jobs, loop.parked_until, loop.paused_until, self.tick.effects.next_due()]
        waits = [(moment - now).total_seconds() for moment in moments if moment is not None and moment > now]
        looks = [look - context.clock.monotonic() for look in context.waits.values()]
        return min([context.settings.scheduling.tick_seconds, *waits, *(look for look in looks if look > 0)])

    def _refuse_another(self) -> None:
        """A loop whose lock was removed still lives, and the database names it."""
        loop = self.context.store.loop()
        other = find(loop.pid) if loop.pid not in (None, os.getpid()) else None
        if other is not None and other.started == loop.start_ticks:
            raise LoopRunningError(
                f"another loop works in {self.context.layout.root}, pid {other.pid}, though its lock is gone",
                hint=f"kill -TERM {other.pid}; then: forge-loop run",
            )

    def _start(self) -> None:
        """Strays first, then what they left open, then the loop's own row. A halt stands until the operator resumes."""
        context = self.context
        context.agents.reap()
        self.tick.relay.open()
        with context.store.transaction():
            now, pid = context.now(), os.getpid()
            own = find(pid)
            context.store.update_loop(
                repo=context.code_host.repository(),
                pid=pid,
                start_ticks=own.started if own is not None else None,
                since=now,
            )
            context.tell(LoopStarted(pid=pid, version=self._version, pays=context.pays))
            self.tick.sessions.lose_all()

    def _end(self) -> None:
        context = self.context
        context.commands.close()
        context.agents.close()
        context.errands.close()
        if not self._foothold.is_firm():
            context.queue.close()  # what was in hand is due again for whoever comes next
            self.tick.relay.close()
            return
        with context.store.transaction():
            for delivery in context.in_hand.values():
                with contextlib.suppress(LeaseLost):
                    context.queue.release(delivery)
            context.in_hand.clear()
            context.store.update_loop(pid=None, start_ticks=None, since=context.now())
            context.tell(LoopStopped(reason=self._stopping or "nothing is left to do"))
        self.tick.relay.relay()
        self.tick.relay.close()

    def _stop_requested(self, now: bool) -> None:
        if now:
            self.stop("asked for, at once")
        else:
            self.tick.draining = True

    def _take_settings(self) -> None:
        context = self.context
        try:
            settings = self._reload()
        except ConfigError as error:
            self._reject(error)
            return
        if settings is not None and settings != context.settings:
            changed = tuple(
                name
                for name in Settings.__dataclass_fields__
                if getattr(settings, name) != getattr(context.settings, name)
            )
            context.settings = settings
            with context.store.transaction():
                context.tell(ConfigReloaded(changed=changed))

    def _take_pipeline(self) -> None:
        """A new pipeline is for attempts that begin from now on: those under way keep theirs."""
        try:
            pipeline = self._reload_pipeline()
        except ConfigError as error:
            self._reject(error)
            return
        if pipeline is not None and pipeline != self.context.pipeline:
            self.context.pipeline = pipeline
            with self.context.store.transaction():
                self.context.tell(ConfigReloaded(changed=("pipeline",)))

    def _reject(self, error: ConfigError) -> None:
        with self.context.store.transaction():
            self.context.tell(ConfigRejected(problems=error.problems))
