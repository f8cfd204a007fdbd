"""F7: the disk runs full while the loop works: it says so once, charges nothing, and goes on when there is room."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_loop.domain.job import FailureKind, JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder
from forge_loop.errors import DatabaseFullError
from forge_loop.runner import Until, effect_kinds, effects
from forge_loop.runner.effect_kinds import EffectKind
from support.fault_patience import run_to_the_end
from support.fault_place import CannotMount, fill, make_room, small_disk
from support.kill_points import SCENARIOS, lay_out, open_scenario, violations
from support.runner_world import World, approve, approves, commits, done, open_world, script

MEGABYTES = 160
TICKS_WHILE_FULL = 12
SCENARIO = SCENARIOS["merged"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    try:
        with small_disk(tmp_path / "disk", MEGABYTES) as place:
            yield place
    except CannotMount as problem:
        pytest.skip(f"a filesystem cannot be mounted here: {problem}")


class FillingDisk:
    """Fills the disk just before or just after the nth effect is carried out, once."""

    def __init__(self, place: Path, nth: int, phase: str) -> None:
        self.fired = False
        self.count = 0
        self._place, self._nth, self._phase = place, nth, phase

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kinds = {name: self._wrap(kind) for name, kind in effect_kinds.KINDS.items()}
        monkeypatch.setattr(effects, "KINDS", kinds)

    def _wrap(self, kind: EffectKind) -> EffectKind:
        def act(context: Any, detail: Any) -> Any:
            self.count += 1
            mine = self.count == self._nth
            if mine and self._phase == "before":
                self._fill()
            result = kind.act(context, detail)
            if mine and self._phase == "after":
                self._fill()
            return result

        return EffectKind(look=kind.look, act=act, tells=kind.tells)

    def _fill(self) -> None:
        if not self.fired:
            self.fired = True
            fill(self._place)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["in the same life", pytest.param("in the next life", marks=pytest.mark.long)])
def test_a_disk_that_fills_at_any_effect_costs_nothing_but_time(disk: Path, when: str) -> None:
    fired, bad = 0, []
    points = [(nth, phase) for nth in range(1, 8) for phase in ("before", "after")]
    for nth, phase in points:
        root = disk / "life"
        root.mkdir()
        lay_out(SCENARIO, root / "world")
        with pytest.MonkeyPatch.context() as patched:
            filling = FillingDisk(disk, nth, phase)
            filling.install(patched)
            go_on = same_life if when == "in the same life" else next_life
            found = go_on(open_scenario(SCENARIO, root / "world"), disk, filling)
        fired += filling.fired
        bad += [f"{phase} effect {nth}: {text}" for text in found]
        make_room(disk)  # a life whose last effect met the full disk may end before its room came
        shutil.rmtree(root)
    print(f"F7: the disk was filled at {fired} of {len(points)} points of the loop's effects, with room {when}")
    assert bad == []
    assert fired == len(points)


def same_life(world: World, disk: Path, filling: FillingDisk) -> list[str]:
    """Room comes after some ticks on the full disk; the loop does not end, and goes on."""
    after_ticks_when_full(world, filling, lambda: make_room(disk))
    run_to_the_end(world)
    return judged_and_closed(world)


def next_life(world: World, disk: Path, filling: FillingDisk) -> list[str]:
    """The loop is stopped on the full disk, where it cannot even write that it ends; the next one finds room."""
    after_ticks_when_full(world, filling, lambda: world.runner.stop("the disk is full"))
    with contextlib.suppress(DatabaseFullError):
        world.run(60.0)
    root = world.project.parent
    make_room(disk)
    world.context.queue.close()  # as the end of its process does
    world.close()
    again = open_scenario(SCENARIO, root)
    run_to_the_end(again)
    return judged_and_closed(again)


def after_ticks_when_full(world: World, filling: FillingDisk, then: Callable[[], None]) -> None:
    left, run = TICKS_WHILE_FULL, world.runner.tick.run

    def tick() -> None:
        nonlocal left
        run()
        if filling.fired and left >= 0:
            left -= 1
            if left == 0:
                then()
            world.context.errands._wake()  # on a full disk nothing else may move

    world.runner.tick.run = tick  # type: ignore[method-assign]


def judged_and_closed(world: World) -> list[str]:
    """What is held open of a life that is over would keep its room on the disk from the lives after it."""
    found = judged(world)
    world.context.queue.close()
    world.close()
    return found


def judged(world: World) -> list[str]:
    world.database.check()
    found = list(violations(SCENARIO, world, faulty=True))
    stages = [place for place, _ in world.faults if place.startswith("stage ")]
    found += [f"it was said {len(stages)} times: {world.faults}"] if len(stages) > 1 else []
    world.close()
    return found


def test_room_that_runs_low_is_told_once_and_work_waits_for_room(disk: Path) -> None:
    world = open_world(disk, {Role.WORKER: script(commits({"a": "a\n"})), Role.CRITIC: script(approves)})
    approve(world, "Say hello")
    fill(disk, but=32 * 1024 * 1024)
    world.run(30.0)
    assert world.job(1).state is JobState.QUEUED
    assert world.agents.orders == []
    told = [event for event in world.events() if event.kind == "storage.low"]
    assert len(told) == 1
    assert 0 < told[0].data["free_bytes"] < 64 * 1024 * 1024
    assert json.loads(world.layout.events.read_text().splitlines()[told[0].seq - 1])["kind"] == "storage.low"
    make_room(disk)
    world.close()
    again = open_world(disk, {Role.WORKER: script(commits({"a": "a\n"})), Role.CRITIC: script(approves)})
    again.run(60.0)
    assert again.state(1) is JobState.MERGED
    assert again.job(1).attempts == 0
    again.close()


def test_a_worker_that_fails_on_a_full_disk_is_not_blamed_for_it(disk: Path) -> None:
    def fails(order: SessionOrder) -> SessionEnded:
        fill(disk, but=16 * 1024 * 1024)
        return done(order, {"status": "done", "summary": "could not write", "tests_run": [], "notes": ""})

    world = open_world(disk, {Role.WORKER: script(fails)})
    approve(world, "Say hello")
    world.runner.run(Until(idle=True))
    job = world.job(1)
    assert (job.state, job.attempts, job.failure_kind) == (JobState.PARKED, 0, FailureKind.INTERRUPTED)
    assert "the disk was nearly full" in (job.reason or "")
    world.close()
