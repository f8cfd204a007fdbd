"""A world without chance: everything goes well, except for what a test does between two ticks.

Owns: telling such a story and running it to its rest, under every invariant. Must not: draw anything that matters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

from forge_loop.config.model import Critic, Maintenance, Po, Retry, Scheduling, Settings
from forge_loop.domain.job import Job, JobState
from forge_loop.runner import Context
from forge_loop.store import Store
from simulation.acts import FULL
from simulation.errands import SeededErrands
from simulation.world import TICK_SECONDS, World

PLAIN = Settings(
    checks=("check",),
    scheduling=Scheduling(parallel=2, tick_seconds=TICK_SECONDS),
    critic=Critic(rounds=2),
    po=Po(enabled=False),
    maintenance=Maintenance(every_ticks=0),
    retry=Retry(attempts=3, cooldown=900.0),
)
Step = Callable[["Story"], bool]


class Story(World):
    """Each step is tried after every tick until it returns True; then comes the next one."""

    def __init__(self, root: Path, *steps: Step, issues: int = 1, maintenance: bool = False) -> None:
        super().__init__(0, root / "story")
        self.settings = replace(PLAIN, maintenance=Maintenance(every_ticks=int(maintenance)))
        self.host.talk = self.host.host_checks = None
        self.in_memory = False
        self.kind = self.sessions.kind_world = self.commands.kind_world = True
        self._steps = list(steps)
        self._issues = issues
        self.slow_stop = 0.0

    def _host_checks(self) -> None:
        """The host's checks are the story's to tell."""

    def before_act(self, step: Step) -> None:
        self._steps.insert(0, step)

    def after_act(self, step: Step) -> None:
        self._steps.append(step)

    def begin(self) -> None:
        for _ in range(self._issues):
            self.approve_issue()

    def approve_issue(self) -> int:
        number = self.tracker.person_adds("An issue", FULL)
        self.people._label(self.tracker.tickets[number])
        return number

    def between_ticks(self, seconds: float) -> None:
        if self._steps and self._steps[0](self):
            self._steps.pop(0)
        super().between_ticks(seconds)

    def _context(self, store: Store) -> Context:
        """With errands that take as long to stop as the story says."""
        context = super()._context(store)
        close = context.errands.close

        def slowly() -> None:
            self.clock.advance(self.slow_stop)
            close()

        context.errands.close = slowly  # type: ignore[method-assign]
        return context

    def _at_rest(self) -> bool:
        return not self._steps and super()._at_rest()

    @property
    def errands(self) -> SeededErrands:
        return cast(SeededErrands, self.context.errands)

    def job(self, issue: int = 1) -> Job:
        job = self.context.store.jobs.newest_by_number(issue)
        assert job is not None
        return job

    def is_(self, state: JobState, issue: int = 1) -> bool:
        job = self.context.store.jobs.newest_by_number(issue)
        return job is not None and job.state is state

    def about_to(self, effect: str) -> bool:
        """Whether an effect of this kind has been journalled and not been carried out."""
        return effect in self.invariants.about_to()

    def told(self, *kinds: str) -> list[tuple[str, datetime]]:
        """When events of these kinds were told, in order; once the story is over."""
        return [(row["kind"], self.moment(row["at"])) for row in self.history if row["kind"] in kinds]

    def labels(self, issue: int = 1) -> set[str]:
        return set(self.tracker.tickets[issue].labels)
