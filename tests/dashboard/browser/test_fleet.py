"""Several repositories: each page at a port of its own, one login, one list of all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from support.dashboard_browser import log_in
from support.dashboard_server import Served, serve
from support.runner_world import make_project

expect.set_options(timeout=15_000)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two projects of one fleet, and one of it that is gone."""
    for name in ("shop", "blog"):
        (tmp_path / name).mkdir()
        make_project(tmp_path / name)
    config = tmp_path / "home/.config/forge-loop"
    config.mkdir(parents=True)
    places = "".join(f"  {name}: {{path: {tmp_path / name / 'project'}}}\n" for name in ("shop", "blog"))
    (config / "repos.yaml").write_text(f"slots: 2\nrepos:\n{places}  gone: {{path: {tmp_path / 'gone'}}}\n")
    return tmp_path


def shop(root: Path) -> Path:
    return root / "shop" / "project"


def test_a_repository_is_chosen_from_the_page_and_stays_chosen(root: Path, context: BrowserContext) -> None:
    with serve(shop(root), root / "state") as served:
        page = log_in(context, served)
        page.goto(f"{served.url}/queue")
        page.locator(".where summary").click()
        page.locator(".where").get_by_role("link", name="blog").click()
        page.wait_for_url(re.compile(r"/queue$"))
        assert not page.url.startswith(served.url)
        expect(page.locator("#line")).to_have_text("live")
        expect(page.locator(".where summary")).to_have_text("Repository: blog")
        page.locator(".side").get_by_role("link", name="Fleet").click()
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(3)
        expect(rows.nth(2)).to_contain_text("never ran")
        expect(rows.nth(2).get_by_role("link")).to_have_count(0)
        rows.nth(0).get_by_role("link", name="shop").click()
        page.wait_for_url(served.url + "/")


def test_a_form_of_one_repository_is_refused_by_the_other(root: Path) -> None:
    with serve(shop(root), root / "state") as served:
        cookies = served.cookie()
        assert cookies.count("=") == 2
        other = Served(url=served.others["blog"], login="", token="", process=served.process)
        for page in (served, other):
            assert page.ask("GET", "/", {"Cookie": cookies}).status == 200
        body = served.ask("GET", "/", {"Cookie": cookies}).body
        token = body.partition('name="token" value="')[2].partition('"')[0]
        headers = {"Cookie": cookies, "Origin": other.url, "Content-Type": FORM}
        assert other.ask("POST", "/requests", headers, f"kind=pause&token={token}").status == 403
        assert (
            other.ask("POST", "/requests", {**headers, "Origin": served.url}, f"kind=pause&token={token}").status == 403
        )


def test_without_a_fleet_there_is_nothing_to_choose(served: Served, context: BrowserContext) -> None:
    page = log_in(context, served)
    expect(page.locator(".where")).to_have_count(0)
    expect(page.locator(".side").get_by_role("link", name="Fleet")).to_have_count(0)
    page.goto(f"{served.url}/fleet")
    expect(page.locator("main")).to_contain_text("forge-loop repos add PATH")
