"""Time for a loop that waits: whenever it rests with something still to come, the clock goes to just past it.

Owns: that jump, and running a world until every job has ended. Must not: touch rows or stages.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from forge_loop.runner import Until
from forge_loop.runner.dispatch import closed_because
from forge_loop.runner.waker import Waker
from support.runner_world import World

ENDED = "every job has ended"
QUIET_TICKS = 3  # so many ticks without anything under way: now only time can bring something
STEP = timedelta(hours=2)  # longer than any delay of the loop's own


class PatientWaker:
    """Stands in the runner's waker: it waits while something is under way, and moves the clock where nothing is."""

    def __init__(self, world: World, waker: Waker, *, most_jumps: int) -> None:
        self._world = world
        self._waker = waker
        self._most = most_jumps
        self._quiet = 0
        self.jumps = 0

    def wake(self) -> None:
        self._waker.wake()

    def wait(self, seconds: float) -> None:
        context, runner = self._world.context, self._world.runner
        if not context.errands.idle or context.agents.running():
            self._quiet = 0
            self._waker.wait(seconds)
        elif not context.store.jobs.live() and not runner.tick.effects.open() and runner.idle():
            runner.stop(ENDED)
        elif self._quiet < QUIET_TICKS:
            self._quiet += 1
            self._waker.wait(0.01)
        elif self.jumps >= self._most:
            runner.stop("it never came to an end")
        else:
            self._quiet = 0
            self.jumps += 1
            self._world.clock.ahead += STEP


def run_to_the_end(world: World, *, seconds: float = 60.0, most_jumps: int = 20) -> int:
    """Run until every job has ended and no effect is open; how often the clock had to be moved for it."""
    patient = PatientWaker(world, world.runner._waker, most_jumps=most_jumps)
    world.runner._waker = patient  # type: ignore[assignment]
    timer = threading.Timer(seconds, world.runner.stop, ["the test ran out of time"])
    timer.start()
    try:
        world.runner.run(Until())
    finally:
        timer.cancel()
    reason = world.events()[-1].data["reason"]
    jobs = [(job.state, job.reason) for job in world.context.store.jobs.select()]
    assert reason == ENDED, f"{reason}: {jobs}, faults {world.faults[-3:]}, {_why_not(world)}"
    return patient.jumps


def _why_not(world: World) -> str:
    """What keeps the work back, and what was done last."""
    closed = [reason.text for reason in closed_because(world.context)]
    told = [event.kind for event in world.events()][-20:]
    return f"effects {world.runner.tick.effects.open()}, dispatch closed by {closed}, told {told}"
