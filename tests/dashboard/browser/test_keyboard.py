"""The whole page by keys alone."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from forge_loop_dashboard.views import MENU
from support.dashboard_browser import log_in
from support.dashboard_server import Served

# What has the focus, and whether one sees that it has.
# Without a fleet its screen is in no menu.
SCREENS = [view for view in MENU if view.name != "fleet"]
WORKING = """() => {
  const chip = document.createElement('span'), sign = document.createElement('span');
  chip.className = 'chip works'; sign.textContent = '▶';
  chip.append(sign); document.querySelector('#live').append(chip);
}"""
FOCUSED = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return [at.textContent.trim(), shown || at === document.body];
}"""


def test_g_and_a_letter_go_to_a_screen(page: Page, served: Served) -> None:
    for view in SCREENS:
        with page.expect_navigation(url=served.url + view.path):
            page.keyboard.press("g")
            page.keyboard.press(view.key)


def test_the_list_of_keys_opens_and_closes_and_names_every_screen(page: Page) -> None:
    page.keyboard.press("?")
    dialog = page.locator("#help")
    expect(dialog).to_be_visible()
    for view in SCREENS:
        expect(dialog).to_contain_text(view.title)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_slash_searches_and_the_address_can_be_shared(page: Page, served: Served) -> None:
    page.keyboard.press("/")
    page.keyboard.type("state:needs-you cache")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/issues?q=state%3Aneeds-you+cache")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/issues/2")


def test_j_and_k_walk_over_the_rows(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/issues")
    for key, expected in (("j", "/issues/6"), ("j", "/issues/3"), ("k", "/issues/6"), ("k", "/issues/6")):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.getAttribute('href')") == expected


def test_a_letter_that_is_typed_is_no_command(page: Page, served: Served) -> None:
    page.keyboard.press("/")
    page.keyboard.type("g b ? j")
    assert page.url == served.url + "/"
    assert page.input_value("#search") == "g b ? j"


def test_r_looks_again(page: Page) -> None:
    page.evaluate("window.before = true")
    with page.expect_navigation():
        page.keyboard.press("r")
    assert page.evaluate("window.before") is None


def test_every_control_of_the_page_is_reached_with_tab(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/issues/3")
    page.locator("details.menu > summary").first.press("Enter")
    reached: set[str] = set()
    unseen: set[str] = set()
    for _ in range(150):
        page.keyboard.press("Tab")
        text, outline = page.evaluate(FOCUSED)
        reached.add(text)
        unseen |= set() if outline else {text}
    assert unseen == set()
    wanted = {"Pause", "Resume", "Stop when at rest", "Stop at once", "Retry now", "Skip", "Log out"}
    assert wanted - reached == set()


def test_nothing_moves_for_whoever_wants_it_still(browser: Browser, served: Served) -> None:
    moving: dict[str, int] = {}
    for motion in ("reduce", "no-preference"):
        context = browser.new_context(reduced_motion="reduce" if motion == "reduce" else "no-preference")
        page = log_in(context, served)
        page.evaluate(WORKING)
        moving[motion] = page.evaluate("document.getAnimations().length")
        context.close()
    assert moving["reduce"] == 0
    assert moving["no-preference"] > 0


def test_a_pause_needs_no_mouse(page: Page) -> None:
    page.locator("details.menu > summary").first.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "reason"
