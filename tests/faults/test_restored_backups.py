"""An older backup in the place of the database, after everything had been done: nothing is done a second time.

The loop remembers the past then; the repository, its branches and the issues are of the present. What was an effect
is found by looking; what a person seems to have done meanwhile is left to the person.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from forge_loop.domain.job import JobState
from forge_loop.runner import effects
from support.kill_points import SCENARIOS, Scenario, open_scenario
from support.runner_world import World


def played_with_backups(scenario: Scenario, root: Path, backups: Path) -> list[Path]:
    """Play the scenario to its end; a backup from before and after the record of each of its effects."""
    world = open_scenario(scenario, root)
    taken: list[Path] = []
    original = effects.EffectPump._done

    def back_up() -> None:
        taken.append(backups / f"{len(taken):03}.db")
        world.database.backup(taken[-1])

    def backed_up(pump: effects.EffectPump, *arguments: Any) -> None:
        back_up()
        original(pump, *arguments)
        back_up()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effects.EffectPump, "_done", backed_up)
        world.run(60.0)
    assert [job.state for job in world.context.store.jobs.select()] == list(scenario.ends.values())
    ended(world)
    return taken


def ended(world: World) -> None:
    world.context.queue.close()
    world.close()
    world.layout.database.with_name("state.db-wake").unlink()  # a pipe, which cannot be copied


def merged(world: World) -> list[str]:
    return sorted(world.main_log()[:-1])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["merged", "handed over", "conflict"])
def test_a_backup_of_any_moment_does_nothing_again_that_was_done_since(name: str, quick: Path) -> None:
    scenario, root, done = SCENARIOS[name], quick / "life", quick / "done"
    root.mkdir()
    backups = played_with_backups(scenario, root, quick)
    shutil.copytree(root, done, symlinks=True)
    for backup in backups:
        shutil.rmtree(root)
        shutil.copytree(done, root, symlinks=True)
        shutil.copy(backup, root / "state" / "state.db")
        world = open_scenario(scenario, root)
        before = merged(world)
        world.run(60.0)
        jobs = world.context.store.jobs.select()
        assert merged(world) == before
        assert len(world.database.query("SELECT * FROM pulls")) <= len(scenario.titles)
        assert all(job.state in (scenario.ends[job.title], JobState.YIELDED) and job.reason for job in jobs), jobs
        assert [(job.attempts, job.title) for job in jobs] == [(0, title) for title in scenario.titles]
        assert world.faults == []
        assert len(list(world.layout.root.glob("events.until-*.jsonl"))) == 1
        ended(world)
    print(f"restored, {name}: {len(backups)} backups, nothing done again")
    assert len(backups) >= 14
