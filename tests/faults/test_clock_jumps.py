"""F9: the clock is set back or forward, the machine sleeps, a reset time is nonsense: no busy loop, no early retry."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_loop.config.model import Scheduling
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.queue import queue_time
from forge_loop.runner import Until
from support.fake_agents import Script
from support.runner_world import SETTINGS, TestClock, World, approve, done, open_world, script

TICK = 0.25
LASTS = 1.5
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Jump:
    """What the wall clock does, and whether the boot clock counts it too, as it does a sleep of the machine."""

    by: timedelta
    asleep: bool = False


JUMPS = {
    "back a day": Jump(-DAY),
    "back an hour, as a clock set to local time": Jump(-timedelta(hours=1)),
    "forward a day": Jump(DAY),
    "forward ten years": Jump(3653 * DAY),
    "asleep for eight hours": Jump(timedelta(hours=8), asleep=True),
}


class JumpingClock(TestClock):
    """A wall clock that jumps beside a monotonic one that does not."""

    def monotonic(self) -> float:
        return time.monotonic()


def fails(order: SessionOrder) -> SessionEnded:
    return done(order, {"status": "done", "summary": "nothing is committed", "tests_run": [], "notes": ""})


def limited(resets_at: datetime | None) -> Callable[[SessionOrder], SessionEnded]:
    def end(order: SessionOrder) -> SessionEnded:
        return SessionEnded(
            session=order.id, outcome=SessionOutcome.LIMIT, at=datetime.now(UTC), resets_at=resets_at, detail="limit"
        )

    return end


def in_an_hour(order: SessionOrder) -> SessionEnded:
    return limited(datetime.now(UTC) + timedelta(hours=1))(order)


# Each state of a job while the clock jumps: its worker's script, how the job rests, what a jump forward may begin anew.
STATES: dict[str, tuple[Script | None, JobState | None, int]] = {
    "cooling": (script(fails), JobState.COOLING, 1),
    "parked": (script(in_an_hour), JobState.PARKED, 1),
    "working": (lambda _order: (), JobState.WORKING, 0),
    "no job": (None, None, 0),
}


def open_jumping(root: Path, worker: Script | None) -> World:
    settings = replace(SETTINGS, scheduling=Scheduling(tick_seconds=TICK))
    scripts = {} if worker is None else {Role.WORKER: worker}
    world = open_world(root, scripts, settings=settings, clock=JumpingClock())
    world.context.timing = replace(world.context.timing, watchdog_poll=0.1)
    if worker is not None:
        approve(world, "Say hello")
    return world


def ticks_of(world: World, seconds: float, *, until: Callable[[], bool] = lambda: False) -> int:
    """Run for so long, or until something holds after a tick; how many ticks that took."""
    count, run = 0, world.runner.tick.run

    def tick() -> None:
        nonlocal count
        count += 1
        run()
        if until():
            world.runner.stop("it is so")

    world.runner.tick.run = tick  # type: ignore[method-assign]
    world.runner._stopping = None
    timer = threading.Timer(seconds, world.runner.stop, ["the time is over"])
    timer.start()
    try:
        world.runner._loop(Until())
    finally:
        timer.cancel()
        world.runner.tick.run = run  # type: ignore[method-assign]
    return count


def begin(world: World, state: JobState | None) -> None:
    world.runner._start()

    def rested() -> bool:
        jobs = world.context.store.jobs.select()
        found = jobs[0].state if jobs else None
        started = state is not JobState.WORKING or bool(world.agents.orders)
        return found is state and started and world.context.errands.idle and not world.runner.tick.effects.open()

    ticks_of(world, 60, until=rested)
    assert rested()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_jumps_makes_no_busy_loop_and_costs_no_attempt(
    quick: Path, monkeypatch: pytest.MonkeyPatch, jump: str, state: str
) -> None:
    worker, rests, anew = STATES[state]
    world = open_jumping(quick, worker)
    begin(world, rests)
    sessions, faults = len(world.agents.orders), len(world.faults)
    charged = [job.attempts for job in world.context.store.jobs.select()]
    leap(world, JUMPS[jump], monkeypatch)
    seen = world.context.world
    ticks = ticks_of(world, LASTS)
    again = len(world.agents.orders) - sessions
    print(f"F9 {jump}, {state}: fired, {ticks} ticks, {again} sessions more")
    assert abs((datetime.now(UTC) - world.clock.now()).total_seconds()) > 3000, "the jump did not fire"
    # What a session that ends or an observation brings wakes the loop as well: a few ticks beside the interval's.
    assert ticks <= 4 * LASTS / TICK + 12 * anew
    assert again <= (anew if JUMPS[jump].by > timedelta(0) else 0)
    assert world.agents.ends == [], "the watchdog took the jump for silence"
    if not again:
        assert [job.attempts for job in world.context.store.jobs.select()] == charged
    assert world.context.world is not seen, "nothing was looked at any more"
    assert len(world.faults) == faults, world.faults
    world.runner._end()
    world.close()


def leap(world: World, jump: Jump, monkeypatch: pytest.MonkeyPatch) -> None:
    world.clock.ahead += jump.by
    if jump.asleep:
        boot_clock, slept = queue_time.boot_clock, jump.by // timedelta(microseconds=1)
        monkeypatch.setattr(queue_time, "boot_clock", lambda: boot_clock() + slept)


NOW = datetime.now(UTC)
RESETS: dict[str, datetime | None] = {
    "absent": None,
    "a day ago": NOW - DAY,
    "1970": datetime(1970, 1, 21, tzinfo=UTC),  # seconds taken for milliseconds
    "the year 9999": datetime(9999, 12, 31, tzinfo=UTC),  # milliseconds taken for seconds
    "now": NOW,
}


@pytest.mark.parametrize("resets", RESETS)
def test_a_reset_time_that_makes_no_sense_parks_for_minutes_or_days_and_never_spins(quick: Path, resets: str) -> None:
    world = open_jumping(quick, script(limited(RESETS[resets])))
    begin(world, JobState.PARKED)
    ticks = ticks_of(world, LASTS)
    until = world.context.store.loop().parked_until
    print(f"F9 reset {resets}: {ticks} ticks, parked until {until}")
    assert until is not None
    assert timedelta(minutes=4) < until - datetime.now(UTC) < timedelta(days=8, minutes=2)
    assert len(world.agents.orders) == 1
    assert world.job(1).attempts == 0
    assert ticks <= 4 * LASTS / TICK
    world.runner._end()
    world.close()
