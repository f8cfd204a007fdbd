"""F11: what git can be found in: locks of a git that was ended, branches moved or deleted, nothing to merge."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from forge_loop.domain.job import JobState
from forge_loop.domain.session import SessionEnded, SessionOrder
from support.fault_patience import run_to_the_end
from support.kill_points import SCENARIOS, Scenario, open_scenario, violations
from support.repositories import git
from support.runner_world import World, commits, done

MERGED = SCENARIOS["merged"]
BRANCH = "forge/1-1"
LOCKS = ["HEAD.lock", "packed-refs.lock", "config.lock", "refs/heads/main.lock", f"refs/heads/{BRANCH}.lock"]
OLD = 3600.0


def plant(lock: Path) -> None:
    """A lock that an ended git left an hour ago."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    os.utime(lock, (time.time() - OLD, time.time() - OLD))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_left_by_an_ended_git_does_not_hold_the_loop_up(quick: Path, lock: str) -> None:
    world = open_scenario(MERGED, quick)
    world.context.workspaces.fetch()
    planted = [repository / lock for repository in (world.layout.origin, world.layout.control)]
    for path in planted:
        plant(path)
    run_to_the_end(world)
    print(f"F11 locks: {len(planted)} left as {lock}")
    assert list(violations(MERGED, world)) == []
    world.close()


Act = Callable[[World], None]


def delete_head(world: World) -> None:
    git(world.layout.origin, "update-ref", "-d", f"refs/heads/{BRANCH}")


def move_head(world: World) -> None:
    """Somebody else pushes to the branch."""
    tree = git(world.layout.origin, "rev-parse", f"{BRANCH}^{{tree}}")
    words = ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit-tree", tree, "-p", BRANCH, "-m", "mine")
    git(world.layout.origin, "update-ref", f"refs/heads/{BRANCH}", git(world.layout.origin, *words))


def empty_head(world: World) -> None:
    """The branch is put where base is: there is nothing to merge any more."""
    git(world.layout.origin, "update-ref", f"refs/heads/{BRANCH}", git(world.layout.origin, "rev-parse", "main"))


def rewrite_base(world: World) -> None:
    """Base is forced to a history of its own."""
    tree = git(world.layout.origin, "rev-parse", "main^{tree}")
    words = ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit-tree", tree, "-m", "another beginning")
    git(world.layout.origin, "update-ref", "refs/heads/main", git(world.layout.origin, *words))


def delete_base(world: World) -> None:
    git(world.layout.origin, "update-ref", "-d", "refs/heads/main")


def act_of_critic(act: Act, reached: list[World]) -> Scenario:
    """The merged scenario; while the critic reads, somebody acts on the code host's repository."""

    def critic(order: SessionOrder) -> SessionEnded:
        act(reached[0])
        reached.append(reached[0])
        return MERGED.critic(order)

    return replace(MERGED, critic=critic)


@pytest.mark.parametrize("act", [delete_head, move_head, empty_head])
def test_a_branch_that_somebody_took_over_is_left_to_them(quick: Path, act: Act) -> None:
    worlds: list[World] = []
    world = open_scenario(act_of_critic(act, worlds), quick)
    worlds.append(world)
    before = git(world.layout.origin, "rev-parse", "main")
    run_to_the_end(world)
    (job,) = world.context.store.jobs.select()
    print(f"F11 branches: {len(worlds) - 1} acts, {act.__name__}: {job.state}: {job.reason}")
    assert len(worlds) == 2
    assert job.state in (JobState.YIELDED, JobState.CANCELLED, JobState.HANDED_OVER)
    assert job.reason
    assert git(world.layout.origin, "rev-parse", "main") == before
    world.close()


@pytest.mark.parametrize("act", [rewrite_base, delete_base])
def test_a_base_that_was_taken_away_stops_the_merge_and_says_so(quick: Path, act: Act) -> None:
    worlds: list[World] = []
    world = open_scenario(act_of_critic(act, worlds), quick)
    worlds.append(world)
    world.run(20.0)
    (job,) = world.context.store.jobs.select()
    loop = world.context.store.loop()
    print(f"F11 base: {len(worlds) - 1} acts, {act.__name__}: {job.state}: {job.reason}; {loop.base_problem}")
    assert len(worlds) == 2
    assert job.state is not JobState.MERGED
    assert job.attempts == 0
    assert loop.base_problem or job.reason
    world.close()


def undoes(order: SessionOrder) -> SessionEnded:
    """Two commits that come to nothing."""
    commits({"hello.txt": "Hello.\n"})(order)
    git(order.workspace, "rm", "-q", "hello.txt")
    git(order.workspace, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "undo")
    return done(order, {"status": "done", "summary": "nothing", "tests_run": [], "notes": ""})


def test_commits_that_come_to_nothing_are_a_failed_attempt_and_never_a_merge(quick: Path) -> None:
    world = open_scenario(replace(MERGED, worker=undoes), quick)
    before = git(world.layout.origin, "rev-parse", "main")
    run_to_the_end(world)
    (job,) = world.context.store.jobs.select()
    print(f"F11 nothing: {job.attempts} attempts, {job.state}: {job.reason}")
    assert (job.state, job.attempts) == (JobState.GIVEN_UP, 3)
    assert git(world.layout.origin, "rev-parse", "main") == before
    world.close()
