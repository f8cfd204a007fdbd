"""The critic's stage: what a later round is shown, and how long an approval holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_loop.briefs import Briefs
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder
from support.runner_world import World, approve, approves, commits, done, git, open_world, script

FINDING = {"severity": "sev2", "category": "correctness", "file": "hello.txt", "line": 1, "message": "mend it"}


def asks_for_changes(order: SessionOrder) -> SessionEnded:
    return done(order, {"overall": "request_changes", "findings": [FINDING], "reviewed": ["hello.txt"]})


def block(prompt: str, name: str) -> str:
    """The data of this name in a brief."""
    lines = rf"^----- begin data {name} (\w+) -----\n(.*?)\n----- end data {name} \1 -----$"
    found = re.search(lines, prompt, re.MULTILINE | re.DOTALL)
    assert found is not None, prompt
    return found[2]


def until_merging(world: World, number: int) -> None:
    def merging() -> bool:
        return world.state(number) is JobState.MERGING

    step(world, lambda: world.context.store.jobs.newest_by_number(number) is not None and merging())


def step(world: World, reached: Callable[[], bool]) -> None:
    for _ in range(400):
        world.runner.tick.run()
        if reached():
            return
        for job in world.context.store.jobs.live():
            world.context.errands.wait(f"job:{job.id}", 5.0)
    pytest.fail(f"it was never so: {world.kinds()}")


def test_a_later_round_is_shown_what_is_new_and_the_whole_and_the_findings_with_their_ids(tmp_path: Path) -> None:
    world = open_world(
        tmp_path,
        {
            Role.WORKER: script(
                commits({"hello.txt": "Helo.\n", "other.txt": "x\n"}), commits({"hello.txt": "Hello.\n"})
            ),
            Role.CRITIC: script(asks_for_changes, approves),
        },
    )
    number = approve(world, "Say hello")
    world.run()
    assert world.state(number) is JobState.MERGED
    first, second = (order.prompt for order in world.agents.orders if order.role is Role.CRITIC)
    assert block(first, "delta") == "none"
    delta = block(second, "delta")
    assert "-Helo." in delta
    assert "+Hello." in delta
    assert "other.txt" not in delta
    assert "other.txt" in block(second, "diff")
    assert block(second, "earlier-findings") == "[1] sev2 correctness hello.txt:1: mend it"


def test_an_approval_given_under_another_brief_is_asked_for_again(tmp_path: Path) -> None:
    world = open_world(
        tmp_path, {Role.WORKER: script(commits({"hello.txt": "Hello.\n"})), Role.CRITIC: script(approves)}
    )
    number = approve(world, "Say hello")
    until_merging(world, number)
    own = tmp_path / "briefs"
    own.mkdir()
    (own / "critic.md.tmpl").write_text(Briefs().source("critic") + "\nBe strict.\n")
    world.context.briefs = Briefs(own)
    step(world, lambda: world.state(number).terminal)
    assert world.state(number) is JobState.MERGED
    reviews = world.context.store.reviews.select()
    assert len({row.brief_sha256 for row in reviews}) == len(reviews) == 2
    critics = [order.prompt for order in world.agents.orders if order.role is Role.CRITIC]
    assert ["Be strict." in prompt for prompt in critics] == [False, True]


def test_an_approval_does_not_hold_for_a_change_that_a_rewound_base_makes_larger(tmp_path: Path) -> None:
    world = open_world(
        tmp_path, {Role.WORKER: script(commits({"hello.txt": "Hello.\n"})), Role.CRITIC: script(approves)}
    )
    (world.project / "regretted.txt").write_text("x\n")
    git(world.project, "add", "-A")
    git(world.project, "commit", "-q", "-m", "regretted")
    number = approve(world, "Say hello")
    until_merging(world, number)
    for place in (world.project, world.layout.origin):
        git(place, "update-ref", "refs/heads/main", git(place, "rev-parse", "main~1"))
    step(world, lambda: world.state(number).terminal)
    assert world.state(number) is JobState.YIELDED, "whoever rewrites base is a person at work"
    assert "was rewritten" in (world.job(number).reason or "")
    assert world.main_log() == ["first"]
