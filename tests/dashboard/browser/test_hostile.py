"""Text from outside stays text: in titles, bodies, findings, transcripts, and whatever gets into the stream."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from support.dashboard_browser import Watched
from support.dashboard_server import Served
from support.dashboard_world import HANDED_OVER, HOSTILE, HOSTILE_FILE, HOSTILE_TITLE, STRANGE

PATHS = [
    *("/", "/board", "/issues", f"/issues/{HOSTILE}", f"/issues/{STRANGE}", "/sessions/4", "/events"),
    *(f"/issues/{HANDED_OVER}/diff", f"/issues/{HOSTILE}/diff"),
]
MADE = "main img, main script, main b[hx-get], main [data-hx-get], main [onerror], main a[href^='javascript']"


def test_what_strangers_wrote_is_shown_and_does_nothing(page: Page, served: Served) -> None:
    for path in PATHS:
        page.goto(served.url + path)
        page.locator("#line", has_text="live").wait_for()
        assert page.locator(MADE).count() == 0, path
        assert page.title() not in ("1", "taken"), path
        shown = page.locator("body").text_content() or ""
        assert not {"\u202e", "\u202c", "\u200b"} & set(shown), path
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), path
    page.goto(f"{served.url}/issues/{HOSTILE}")
    expect(page.locator("h1")).to_contain_text(HOSTILE_TITLE)


def test_a_diff_shows_what_a_reader_would_not_see(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/issues/{HOSTILE}/diff")
    expect(page.locator(".file h2")).to_contain_text(HOSTILE_FILE)
    expect(page.locator(".diff")).to_contain_text("<script>document.title='taken'</script>")
    expect(page.locator(".diff")).to_contain_text("⟦U+202E⟧")


def test_markdown_of_an_approved_text_keeps_no_link_that_acts_and_no_image(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/issues/{HOSTILE}")
    prose = page.locator(".prose").first
    expect(prose).to_contain_text('<script>document.title="taken"</script>')
    links = prose.locator("a").evaluate_all("all => all.map(a => [a.getAttribute('href'), a.rel])")
    assert links == [["http://192.0.2.1/i.png", "noreferrer"]]
    assert prose.locator("h2").count() >= 5


@pytest.mark.parametrize("attribute", ["hx-get", "data-hx-get"])
@pytest.mark.parametrize("nonce", ["", 'hx-nonce="guessed"'])
def test_an_element_without_the_nonce_of_the_page_asks_nothing(
    page: Page, watched: Watched, attribute: str, nonce: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(
        """([attribute, nonce]) => htmx.swap({
            target: document.querySelector('#said'), swap: 'innerHTML', sourceElement: document.body,
            text: `<b id="planted" ${attribute}="/taken" hx-trigger="load" ${nonce}>planted</b>`})""",
        [attribute, nonce],
    )
    page.locator("#planted").wait_for()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert [url for url in asked if "taken" in url] == []
    assert page.locator(f"[{attribute}='/taken']").count() == 0
    watched.forgive("[hx-csp] blocked <b#planted>")
