"""What a start does before anything else."""

from __future__ import annotations

from pathlib import Path

from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role
from support.runner_world import approve, approves, commits, open_world, script


def test_what_an_earlier_loop_left_running_is_reaped_before_anything_begins(tmp_path: Path) -> None:
    world = open_world(tmp_path, {Role.WORKER: script(commits({"a": "a\n"})), Role.CRITIC: script(approves)})
    number = approve(world, "One")
    found: list[tuple[int, list[str], list[Path]]] = []

    def reap() -> int:
        found.append((len(world.agents.orders), world.kinds(), [*world.layout.workspaces.glob("*")]))
        return 3

    world.agents.reap = reap  # type: ignore[method-assign]
    world.run()
    assert found == [(0, [], [])]
    assert world.state(number) is JobState.MERGED
