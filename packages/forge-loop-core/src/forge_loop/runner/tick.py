"""One tick: the nine stages in their order, each behind its fence.

Owns: that order. Must not: wait, or know what a stage does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from forge_loop.domain.events import TickFinished
from forge_loop.errors import DatabaseFullError
from forge_loop.runner import advance, dispatch, intake, observe, reconcile, requests
from forge_loop.runner.base_check import BaseCheck
from forge_loop.runner.clock import passed
from forge_loop.runner.context import Context
from forge_loop.runner.effects import EffectPump
from forge_loop.runner.maintenance import Maintenance
from forge_loop.runner.relay import Relay
from forge_loop.runner.sessions import SessionDesk
from forge_loop.runner.storage import StorageWatch
from forge_loop.runner.watchdog import Watchdog


class Tick:
    """The stages and what they keep between ticks. `stop(now)` is called for an operator's stop."""

    def __init__(self, context: Context, stop: Callable[[bool], None]) -> None:
        self.context = context
        self.effects = EffectPump(context)
        self.relay = Relay(context)
        self.maintenance = Maintenance(context)
        self.sessions = SessionDesk(context)
        self._watchdog = Watchdog(context, self.sessions.in_tool)
        self._storage = StorageWatch(context)
        self._base_check = BaseCheck(context)
        self._stop = stop
        self._told_at: datetime | None = None
        self.draining = False
        self.intake_open = True

    def run(self) -> None:
        """One pass. A stage that fails never stops an earlier one, nor the next tick."""
        began, seq = self.context.clock.monotonic(), self.context.store.events.newest()
        self._fenced("storage", self._storage.look)
        for name, stage in (
            ("requests", self._requests),
            ("observe", lambda: observe.observe(self.context)),
            ("reconcile", self._reconcile),
            ("watchdog", self._watchdog.look),
            ("intake", self._intake),
            ("advance", self._advance),
            ("dispatch", self._dispatch),
            ("maintenance", self._maintenance),
            ("relay", self.relay.relay),
        ):
            self._fenced(name, stage)
        self._fenced("tick", lambda: self._finish(began, seq))

    def _fenced(self, name: str, stage: Callable[[], None]) -> None:
        try:
            stage()
        except DatabaseFullError as error:
            self._storage.full(f"stage {name}", error)
        except Exception as error:  # noqa: BLE001 - the stage fence: one stage's fault is reported, the others run
            self.context.on_fault(f"stage {name}", error)

    def _requests(self) -> None:
        requests.lift_what_is_over(self.context)
        requests.apply_all(self.context, self._stop)

    def _reconcile(self) -> None:
        self.sessions.hear()
        requests.lift_what_was_survived(self.context)
        self.context.errands.collect()
        reconcile.reconcile(self.context)
        if not self.draining:
            self._base_check.look()

    def _intake(self) -> None:
        if self.intake_open and not self.draining:
            intake.intake(self.context)

    def _advance(self) -> None:
        advance.advance(self.context)
        self.effects.pump()

    def _dispatch(self) -> None:
        if not self.draining:
            dispatch.dispatch(self.context)
            advance.advance(self.context)
            self.effects.pump()

    def _maintenance(self) -> None:
        if not self.draining:
            self.maintenance.tick()

    def _finish(self, began: float, seq: int) -> None:
        """Tell of the tick if something happened in it, or a minute has passed quietly."""
        context, now = self.context, self.context.now()
        context.store.update_loop(last_tick=now, slots=context.settings.scheduling.parallel)
        quiet = timedelta(seconds=context.timing.quiet_tick_event)
        happened = context.store.events.newest() > seq
        if not happened and not passed(self._told_at, now, quiet):
            return
        self._told_at = now
        seconds = round(context.clock.monotonic() - began, 3)
        with context.store.transaction():
            context.tell(TickFinished(seconds=seconds, in_hand=len(context.in_hand)))
