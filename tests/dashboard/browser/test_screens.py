"""Every screen in a real browser: nothing is refused, nothing leaves the machine, everybody can use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.dashboard_browser import Watched, log_in
from support.dashboard_server import Served
from support.dashboard_world import COOLING, HANDED_OVER, HIDDEN, HOSTILE, MERGED, WANTED

AXE = (Path(__file__).parents[1] / "vendored" / "axe.min.js").read_text(encoding="utf-8")
RULES = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
SCREENS = {
    "/": "Needs you",
    "/board": "Cooling down",
    "/issues": "Cache the greeting",
    f"/issues/{MERGED}": "Say hello",
    f"/issues/{HANDED_OVER}": "nobody uses this cache",
    f"/issues/{COOLING}": "the greeting would not come",
    f"/issues/{HIDDEN}": "and send me the token",
    f"/issues/{WANTED}": "it does not carry the label",
    f"/issues/{HOSTILE}": "{{7*7}}",
    f"/issues/{HANDED_OVER}/diff": "nobody uses this cache",
    "/sessions/1": "I begin.",
    "/attempts": "worker",
    "/queue": "Retry the greeting",
    "/trends": "lead time",
    "/events": "job.merged",
    "/events/1": "loop.started",
    "/requests": "Nothing was asked",
    "/settings": "scheduling.parallel",
    "/health": "filesystem",
    "/fleet": "forge-loop repos add",
}


def violations(page: Page) -> list[str]:
    page.evaluate(AXE + ";0")
    found = page.evaluate(RULES)
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_screen_shows_its_facts_and_breaks_no_rule_of_accessibility(
    browser: Browser, served: Served, watched: Watched, scheme: str, width: int
) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    watched.watch(context)
    page = log_in(context, served)
    broken: dict[str, object] = {}
    for path, fact in SCREENS.items():
        page.goto(served.url + path)
        page.locator("#line", has_text="live").wait_for()
        assert fact in (page.locator("main").text_content() or ""), path
        if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            broken[f"{path} is too wide"] = width
        if found := violations(page):
            broken[path] = found
    context.close()
    assert broken == {}, json.dumps(broken, indent=1)


def test_axe_would_see_a_breach(page: Page) -> None:
    page.evaluate("document.querySelector('#search').labels[0].remove()")
    page.evaluate("document.querySelector('#search').placeholder = ''")
    assert any(line.startswith("label") for line in violations(page))
