"""Jobs that are expected to change the same file are not begun side by side while others wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_loop import status
from forge_loop.config.model import Critic, Scheduling
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder
from support.runner_world import (
    FULL_BODY,
    SETTINGS,
    World,
    approve,
    approves,
    commits,
    open_world,
    script,
)

TWO_SLOTS = replace(SETTINGS, scheduling=Scheduling(tick_seconds=0.05, parallel=2))


def on(path: str) -> str:
    return FULL_BODY.replace("- hello.txt", f"- `{path}`")


def until_begun(world: World, count: int) -> list[str]:
    """The prompts of the first sessions, once so many have begun."""
    for _ in range(400):
        world.runner.tick.run()
        if len(world.agents.orders) >= count:
            return [order.prompt for order in world.agents.orders]
        for job in world.context.store.jobs.live():
            world.context.errands.wait(f"job:{job.id}", 5.0)
    pytest.fail(f"{len(world.agents.orders)} sessions began: {world.kinds()}")


def explained(world: World, issue: int) -> dict[str, str]:
    reading = status.Reading(issue=world.tracker.issue(issue), blockers={})
    said = status.explain_issue(world.layout.root, issue, reading, world.settings, now=datetime.now(UTC))
    return {reason.code: reason.text for reason in said.reasons}


def test_a_job_on_another_file_goes_before_one_on_the_same(tmp_path: Path) -> None:
    world = open_world(tmp_path, {}, settings=TWO_SLOTS)
    approve(world, "First", on("src/app.py"))
    same, other = approve(world, "Same", on("src/app.py")), approve(world, "Other", on("src/other.py"))
    began = until_begun(world, 2)
    assert [any(f"#{number}" in prompt.splitlines()[0] for prompt in began) for number in (same, other)] == [
        False,
        True,
    ]
    assert world.state(same) is JobState.QUEUED
    reason = explained(world, same)["overlap"]
    assert "src/app.py" in reason
    assert "#1" in reason


def test_a_job_on_the_same_file_uses_a_slot_that_nobody_else_wants(tmp_path: Path) -> None:
    world = open_world(tmp_path, {}, settings=TWO_SLOTS)
    approve(world, "First", on("src/app.py"))
    approve(world, "Same", on("src/app.py"))
    assert len(until_begun(world, 2)) == 2


def test_a_file_that_an_open_pull_request_changes_lets_others_go_first(tmp_path: Path) -> None:
    settings = replace(SETTINGS, critic=Critic(enabled=False), scheduling=Scheduling(tick_seconds=0.05, parallel=1))
    done: list[str] = []

    def work(order: SessionOrder) -> SessionEnded:
        name = next(word for word in ("First", "Same", "Other") if word in order.prompt)
        done.append(name)
        return commits({f"{'app' if name != 'Other' else 'other'}.py": f"{name}\n"})(order)

    scripts = {Role.WORKER: script(work), Role.CRITIC: script(approves)}
    world = open_world(tmp_path, scripts, settings=settings)
    first = approve(world, "First", on("other-than-it-says.py"))
    world.run()
    assert world.state(first) is JobState.HANDED_OVER  # its pull request stays open and changes app.py
    world.close()
    world = open_world(tmp_path, scripts, settings=settings)
    approve(world, "Same", on("app.py"))
    approve(world, "Other", on("other.py"))
    world.run()
    assert done == ["First", "Other", "Same"]


def test_a_pull_request_that_was_left_to_a_person_counts_for_the_cap(tmp_path: Path) -> None:
    settings = replace(
        SETTINGS, critic=Critic(enabled=False), scheduling=Scheduling(tick_seconds=0.05, max_open_pull_requests=1)
    )

    def opened() -> World:
        return open_world(tmp_path, {Role.WORKER: script(commits({"a.py": "a\n"}))}, settings=settings)

    world = opened()
    first = approve(world, "First")
    world.run()
    world.close()
    world = opened()
    second = approve(world, "Second")
    world.run()
    assert world.context.store.jobs.newest_by_number(second) is None
    assert "the cap is 1" in explained(world, second)["open_pull_requests"]
    number = world.job(first).pull_request
    assert number is not None
    world.context.code_host.close_pull_request(number)
    world.close()
    world = opened()
    world.run()
    assert world.state(second) is JobState.HANDED_OVER
