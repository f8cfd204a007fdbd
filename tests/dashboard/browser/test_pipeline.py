"""A pipeline's nodes on the page, and a person's word given there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from forge_loop.domain.job import JobState
from forge_loop.domain.pipeline import CRITIC_ALONE, Node, NodeKind, Pipeline
from forge_loop.domain.session import Role
from forge_loop.runner import Until
from support.dashboard_browser import log_in
from support.dashboard_server import Served, serve
from support.runner_world import World, approve, approves, commits, open_world, script

expect.set_options(timeout=15_000)
BENCH = Node(name="bench", kind=NodeKind.COMMAND, needs=("critic",), command="echo '<b>7 ms</b>'")
OWNER = Node(name="owner", kind=NodeKind.HUMAN, needs=("bench",))


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[Served, World, int]]:
    """A job that waits for the owner's word, and the loop alive."""
    scripts = {Role.WORKER: script(commits({"a.txt": "a\n"})), Role.CRITIC: script(approves)}
    world = open_world(tmp_path, scripts)
    world.context.pipeline = Pipeline(nodes=(CRITIC_ALONE.nodes[0], BENCH, OWNER))
    number = approve(world, "Say hello")
    thread = Thread(target=world.runner.run, args=(Until(),), name="loop")
    with serve(world.project, tmp_path / "state") as served:
        thread.start()
        try:
            yield served, world, number
        finally:
            world.runner.stop("the test is over")
            thread.join(20)
            world.close()
            assert not thread.is_alive()


def issue_page(context: BrowserContext, served: Served, number: int) -> Page:
    page = log_in(context, served)
    inbox = page.locator("section[aria-labelledby=needs-you]")
    expect(inbox).to_contain_text("owner wants your word")
    inbox.get_by_role("link", name="Say hello").click()
    nodes = page.locator(".nodes li")
    expect(nodes).to_have_count(3)
    expect(nodes.nth(0)).to_contain_text("passed")
    expect(nodes.nth(2)).to_contain_text("waiting")
    nodes.nth(1).get_by_text("what it printed").click()
    expect(nodes.nth(1)).to_contain_text("<b>7 ms</b>")
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def test_a_person_agrees_on_the_page_and_it_is_merged(
    asked: tuple[Served, World, int], context: BrowserContext
) -> None:
    served, _, number = asked
    page = issue_page(context, served, number)
    page.get_by_label("Reason for owner").fill("fast enough")
    page.get_by_role("button", name="Agree").click()
    expect(page.locator("#said")).to_contain_text(f"asked: pipeline.approve #{number}")
    expect(page.locator(".explain")).to_contain_text("How it ended")
    expect(page.locator(".nodes li").nth(2)).to_contain_text("fast enough")
    expect(page.get_by_role("button", name="Agree")).to_have_count(0)


def test_a_person_refuses_on_the_page_and_it_is_handed_over(
    asked: tuple[Served, World, int], context: BrowserContext
) -> None:
    served, world, number = asked
    page = issue_page(context, served, number)
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator(".explain")).to_contain_text("owner did not agree")
    expect(page.locator(".explain")).to_contain_text(JobState.HANDED_OVER.replace("_", " "))
    assert world.state(number) is JobState.HANDED_OVER
