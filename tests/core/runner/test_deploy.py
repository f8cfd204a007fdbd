"""The operator's deploy command after merges, through the whole loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from forge_loop.config.model import Deploy, Scheduling
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder
from forge_loop.ports import CommandResult
from forge_loop.store import EffectState
from support.runner_world import SETTINGS, ShellCommands, World, approve, approves, commits, open_world, script


def own_file(order: SessionOrder) -> SessionEnded:
    return commits({order.workspace.name: "x\n"})(order)


def world_with(tmp_path: Path, command: str, commands: ShellCommands | None = None) -> World:
    settings = replace(SETTINGS, deploy=Deploy(command=command), scheduling=Scheduling(parallel=1, tick_seconds=0.05))
    scripts = {Role.WORKER: script(own_file), Role.CRITIC: script(approves)}
    return open_world(tmp_path, scripts, settings=settings, commands=commands)


def deploys(world: World) -> list[dict[str, Any]]:
    return [dict(event.data) for event in world.events() if event.kind == "deploy.finished"]


def test_a_merge_commit_is_deployed_once_from_a_clean_clone_of_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    told = "$(git rev-parse HEAD) $FORGE_LOOP_COMMIT $FORGE_LOOP_BASE $FORGE_LOOP_ISSUE $FORGE_LOOP_PULL_REQUEST"
    world = world_with(tmp_path, f'git status --porcelain >> {log} && echo "{told}" >> {log}; echo said')
    number = approve(world, "One")
    world.run()
    assert world.faults == []
    job = world.job(number)
    sha = job.merged_sha
    assert log.read_text() == f"{sha} {sha} main {number} {job.pull_request}\n"
    assert [(done["commit"], done["status"], done["output"]) for done in deploys(world)] == [
        (sha, "succeeded", "said\n")
    ]
    assert world.context.store.loop().halt_reason is None
    assert list(world.layout.workspaces.glob("*")) == []


def test_without_a_command_nothing_is_deployed(tmp_path: Path) -> None:
    world = world_with(tmp_path, "")
    approve(world, "One")
    world.run()
    assert deploys(world) == []


def test_three_failures_in_a_row_halt_dispatch_and_undo_no_merge(tmp_path: Path) -> None:
    world = world_with(tmp_path, "echo refused; exit 4")
    numbers = [approve(world, f"Issue {index}") for index in range(5)]
    world.run(40)
    states = [world.state(number) for number in numbers]
    assert states[:3] == [JobState.MERGED] * 3
    assert states[-1] is JobState.QUEUED
    assert deploys(world)[0]["exit_status"] == 4
    assert "3 deploys in a row failed" in (world.context.store.loop().halt_reason or "")


def test_a_deploy_that_was_interrupted_is_not_run_again_and_the_operator_is_asked(tmp_path: Path) -> None:
    log = tmp_path / "log"
    world = world_with(tmp_path, f"echo ran >> {log}")
    number = approve(world, "One")
    world.run()
    assert log.read_text() == "ran\n"
    row = world.context.store.effects.last("kind = 'deploy'")
    assert row is not None
    # What a crash between the command and the record of its end leaves behind.
    world.context.store.effects.update(row.id, state=EffectState.ACTING, result=None, ended_at=None)
    world.close()
    again = world_with(tmp_path, f"echo ran >> {log}")
    again.run()
    assert log.read_text() == "ran\n"
    assert deploys(again)[-1]["status"] == "unknown"
    sha = again.job(number).merged_sha
    reason = again.context.store.loop().halt_reason or ""
    assert f"FORGE_LOOP_COMMIT={sha}" in reason
    assert f"sh -c 'echo ran >> {log}'" in reason


def test_deploys_take_turns_in_the_order_of_the_merges(tmp_path: Path) -> None:
    running: list[str] = []
    seen: list[tuple[str, ...]] = []

    class Watched(ShellCommands):
        def run(self, command: str, *, directory: Path, timeout: float, **more: Any) -> CommandResult:
            if "FORGE_LOOP_COMMIT" not in command:
                return super().run(command, directory=directory, timeout=timeout, **more)
            running.append(directory.name)
            seen.append(tuple(running))
            result = super().run(command, directory=directory, timeout=timeout, **more)
            running.remove(directory.name)
            return result

    world = world_with(tmp_path, "true", Watched())
    for index in range(3):
        approve(world, f"Issue {index}")
    world.run(40)
    merged = [event.data["commit"] for event in world.events() if event.kind == "job.merged"]
    assert [len(at_once) for at_once in seen] == [1, 1, 1]
    assert [done["commit"] for done in deploys(world)] == merged


def test_a_deploy_is_given_the_variables_that_are_named_and_stays_confined_unless_told(tmp_path: Path) -> None:
    asked: list[tuple[tuple[str, ...], bool]] = []

    class Watched(ShellCommands):
        def run(self, command: str, *, directory: Path, timeout: float, **more: Any) -> CommandResult:
            asked.append((tuple(more.get("passing", ())), bool(more.get("confined", True))))
            return super().run(command, directory=directory, timeout=timeout)

    settings = replace(SETTINGS, deploy=Deploy(command="true", environment=("TOKEN",), confined=False))
    scripts = {Role.WORKER: script(own_file), Role.CRITIC: script(approves)}
    world = open_world(tmp_path, scripts, settings=settings, commands=Watched())
    approve(world, "One")
    world.run()
    assert [done["status"] for done in deploys(world)] == ["succeeded"]
    assert asked[-1] == (("TOKEN",), False)
    assert set(asked[:-1]) == {((), True)}
