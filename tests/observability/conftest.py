"""A project, and the state of a loop that merged one issue, for every test of observability."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.domain.session import Role
from support.command_line import Place, make_place
from support.runner_world import approve, approves, commits, open_world, script


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def merged_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in which one issue was merged; its state is in `state` below it. For reading only."""
    root = tmp_path_factory.mktemp("merged")
    worker = script(commits({"hello.txt": "Hello.\n"}))
    world = open_world(root, {Role.WORKER: worker, Role.CRITIC: script(approves)})
    approve(world, "Say hello")
    world.run()
    world.close()
    return root


@pytest.fixture
def merged(merged_root: Path) -> Path:
    """The state directory of that world."""
    return merged_root / "state"
