"""The operator's hooks around a worker, through the whole loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forge_loop.config.model import Hooks
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.runner.requests import resume
from support.runner_world import (
    REPORT,
    SETTINGS,
    World,
    approve,
    approves,
    commits,
    done,
    ended,
    open_world,
    script,
)


def world_with(tmp_path: Path, hooks: Hooks, *steps: object) -> World:
    workers = steps or (commits({"a": "a\n"}),)
    scripts = {Role.WORKER: script(*workers), Role.CRITIC: script(approves)}  # type: ignore[arg-type]
    return open_world(tmp_path, scripts, settings=replace(SETTINGS, hooks=hooks))


def note(log: Path, word: str) -> str:
    return f"echo {word} >> {log}"


def test_hooks_run_in_the_workers_clone_around_its_session(tmp_path: Path) -> None:
    log = tmp_path / "log"
    hooks = Hooks(after_create=f"pwd >> {log}", before_run=note(log, "before"), after_run=note(log, "after"))
    world = world_with(tmp_path, hooks)
    number = approve(world, "One")
    world.run()
    assert world.faults == []
    assert world.state(number) is JobState.MERGED
    assert log.read_text().splitlines() == [str(world.agents.orders[0].workspace), "before", "after"]


def test_before_and_after_run_once_for_each_session_and_after_create_once_for_the_clone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    hooks = Hooks(after_create=note(log, "made"), before_run=note(log, "before"), after_run=note(log, "after"))

    def leaves_it_uncommitted(order: SessionOrder) -> SessionEnded:
        (order.workspace / "b").write_text("b\n")
        return done(order, REPORT)

    def is_cut_off(order: SessionOrder) -> SessionEnded:
        return ended(order, SessionOutcome.LOST)

    world = world_with(tmp_path, hooks, is_cut_off, leaves_it_uncommitted, commits({"a": "a\n"}))
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.PARKED
    resume(world.context, "the test goes on")
    world.close()
    again = world_with(tmp_path, hooks, leaves_it_uncommitted, commits({"a": "a\n"}))
    again.run()
    assert again.state(number) is JobState.MERGED
    assert log.read_text().split() == ["made", *["before", "after"] * 3]


def test_a_failing_after_create_halts_the_loop_with_its_output_and_charges_nothing(tmp_path: Path) -> None:
    world = world_with(tmp_path, Hooks(after_create="touch half; echo no compiler; exit 3"))
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.PARKED
    assert world.job(number).attempts == 0
    assert world.agents.orders == []
    reason = world.context.store.loop().halt_reason or ""
    assert reason.startswith("hooks.after_create `touch half; echo no compiler; exit 3` ended with status 3")
    assert "no compiler" in reason
    assert "workspace.created" not in world.kinds()


def test_a_mended_after_create_gets_a_clone_that_nothing_has_touched(tmp_path: Path) -> None:
    world = world_with(tmp_path, Hooks(after_create="touch half; exit 3"))
    number = approve(world, "One")
    world.run()
    resume(world.context, "mended")
    world.close()
    again = world_with(tmp_path, Hooks(after_create="test ! -e half"))
    again.run()
    assert again.state(number) is JobState.MERGED
    assert again.job(number).attempts == 0


def test_a_failing_before_run_halts_the_loop_and_the_job_goes_on_when_it_is_mended(tmp_path: Path) -> None:
    world = world_with(tmp_path, Hooks(before_run="echo no licence; exit 1"))
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.PARKED
    assert "no licence" in (world.context.store.loop().halt_reason or "")
    resume(world.context, "mended")
    world.close()
    again = world_with(tmp_path, Hooks())
    again.run()
    assert again.state(number) is JobState.MERGED
    assert again.job(number).attempts == 0


def test_a_failing_after_run_is_told_and_changes_nothing(tmp_path: Path) -> None:
    world = world_with(tmp_path, Hooks(after_run="echo no room; exit 1"))
    number = approve(world, "One")
    world.run()
    assert world.state(number) is JobState.MERGED
    told = [event for event in world.events() if event.kind == "hook.failed"]
    assert [(event.issue, event.data["hook"]) for event in told] == [(number, "after_run")]
    assert "no room" in told[0].data["reason"]
