"""A project in which something of everything has happened, its dashboard, and a browser that forgives nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from support.dashboard_browser import Watched, launch, log_in
from support.dashboard_server import Served, serve
from support.dashboard_world import play


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All of these share one worker: what they stand on is made once."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.xdist_group("dashboard"))


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a project whose loop rests: `project` and `state` in it. Copied by whoever changes something."""
    root = tmp_path_factory.mktemp("played")
    play(root).close()
    return root


@pytest.fixture(scope="session")
def served(played: Path) -> Iterator[Served]:
    """A dashboard of that project for tests that change nothing."""
    with serve(played / "project", played / "state") as found:
        yield found


@pytest.fixture
def copy(played: Path, tmp_path: Path) -> Path:
    """The same project for a test of its own."""
    root = tmp_path / "copy"
    shutil.copytree(played, root, symlinks=True, ignore=shutil.ignore_patterns("*-wake"))
    return root


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    found = Watched()
    yield found
    assert found.complaints == []


@pytest.fixture
def context(browser: Browser, watched: Watched) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    watched.watch(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Page:
    """Now, of the dashboard that nothing changes."""
    return log_in(context, served)
