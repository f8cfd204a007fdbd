"""The intake stage over many issues: what it costs, and what makes it look again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from forge_loop.config.model import Scheduling
from forge_loop.domain import approval
from forge_loop.domain.job import JobState
from forge_loop.runner import Until, intake
from support.runner_world import SETTINGS, World, approve, open_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Looks at the tracker once, takes in two issues an hour, and starts none."""
    scheduling = Scheduling(tick_seconds=3600, parallel=1, max_jobs_per_hour=2)
    world = open_world(tmp_path, {}, settings=replace(SETTINGS, scheduling=scheduling))
    for number in range(6):
        approve(world, f"Task {number}")
    world.tracker.add(title="Not approved", body="text", labels=("loop:ready", "loop:blocked"))
    world.context.store.update_loop(paused=True)
    return world


def test_an_observation_is_gone_through_once_and_again_when_something_has_happened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    inner = approval.refusals

    def counted(*given: object) -> object:
        seen.append(1)
        return inner(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "refusals", counted)
    with world.runner.started():
        for _ in range(4):
            world.runner.step(Until())
        quiet = len(seen)
        assert quiet % 7 == 0
        world.runner.step(Until())
        assert len(seen) == quiet
        with world.context.store.transaction():
            world.context.store.requests.insert(
                kind="resume", issue=None, detail={}, requested_at=world.context.now(), state="requested"
            )
        world.runner.step(Until())
        assert len(seen) == quiet + 7


def test_what_is_said_of_all_that_are_seen_for_the_first_time_is_one_commit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    writer = world.database._writer
    inner = writer._commit

    def commit() -> None:
        commits.append(1)
        inner()

    monkeypatch.setattr(writer, "_commit", commit)
    world.runner.tick.intake_open = False
    with world.runner.started():
        while world.context.world is None:
            world.runner.step(Until())
        commits.clear()
        intake.intake(world.context)
        assert len(commits) == 1 + 2  # what is said of seven, and two that are taken in
        world.context.gone_through = None
        intake.intake(world.context)
        assert len(commits) == 3
    assert world.context.store.jobs.counts() == {JobState.QUEUED: 2}
    assert len(world.context.store.observations.refused(limit=9)) == 1
