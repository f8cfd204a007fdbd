"""A state directory that is taken from under a running loop: it ends, and changes nothing more anywhere."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_loop.agents.processes import find
from forge_loop.config.layout import StateLayout
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder
from forge_loop.errors import LoopRunningError, OperatorError
from forge_loop.runner.foothold import Foothold
from support.runner_world import approve, approves, commits, git, open_world, script


def removed(name: str) -> Callable[[StateLayout], None]:
    return lambda layout: (layout.root / name).unlink()


def replaced(layout: StateLayout) -> None:
    """As with `mv`: another file under the same name."""
    other = layout.root / "other.db"
    shutil.copy(layout.database, other)
    other.replace(layout.database)


def moved_away(layout: StateLayout) -> None:
    layout.root.rename(layout.root.with_name("elsewhere"))


@pytest.mark.parametrize(
    "take",
    [removed("loop.lock"), removed("state.db"), replaced, moved_away],
    ids=["lock removed", "database removed", "database replaced", "directory moved"],
)
def test_a_loop_whose_state_is_taken_ends_and_pushes_nothing(
    take: Callable[[StateLayout], None], tmp_path: Path
) -> None:
    before = tmp_path / "before.git"

    def work(order: SessionOrder) -> SessionEnded:
        ended = commits({"a": "a\n"})(order)
        shutil.copytree(world.layout.origin, before)
        take(world.layout)
        return ended

    world = open_world(tmp_path, {Role.WORKER: script(work), Role.CRITIC: script(approves)})
    approve(world, "One")
    with pytest.raises(OperatorError, match="removed or replaced under the loop"):
        world.run()
    origin = next(path for path in tmp_path.rglob("origin.git"))
    assert refs(origin) == refs(before)


def test_the_next_loop_finishes_what_one_left_whose_lock_was_removed(tmp_path: Path) -> None:
    def work(order: SessionOrder) -> SessionEnded:
        world.layout.lock.unlink(missing_ok=True)
        return commits({"a": "a\n"})(order)

    world = open_world(tmp_path, {Role.WORKER: script(work), Role.CRITIC: script(approves)})
    number = approve(world, "One")
    with pytest.raises(OperatorError):
        world.run()
    world.close()
    again = open_world(tmp_path, {Role.WORKER: script(commits({"a": "a\n"})), Role.CRITIC: script(approves)})
    again.run()
    assert again.state(number) is JobState.MERGED
    assert again.job(number).attempts == 0
    assert again.main_log()[:-1] == ["One (#1)"]


def refs(repository: Path) -> str:
    return git(repository, "for-each-ref")


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_loop_that_lives_without_its_lock_keeps_the_next_one_out(
    stranger: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    world = open_world(tmp_path, {})
    other = find(stranger.pid)
    assert other is not None
    world.context.store.update_loop(pid=other.pid, start_ticks=other.started)
    with pytest.raises(LoopRunningError, match=f"pid {other.pid}"):
        world.run()
    assert world.events() == []
    stranger.kill()
    stranger.wait(10)
    world.run()


def test_a_process_that_was_given_the_pid_of_a_loop_that_is_gone_keeps_nobody_out(
    stranger: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    world = open_world(tmp_path, {})
    world.context.store.update_loop(pid=stranger.pid, start_ticks=1)
    world.run()


def test_a_file_that_is_written_or_renamed_back_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("one")
    foothold = Foothold((path,))
    path.write_text("two")
    path.rename(tmp_path / "other")
    assert not foothold.is_firm()
    (tmp_path / "other").rename(path)
    foothold.check()


def test_what_was_not_there_is_nothing_to_stand_on(tmp_path: Path) -> None:
    with pytest.raises(OperatorError):
        Foothold((tmp_path / "state.db",)).check()
