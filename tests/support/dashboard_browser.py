"""A real Chromium on the dashboard, and everything it complains about.

Owns: starting it, logging in, collecting complaints. Must not: forgive one by itself.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from support.dashboard_server import Served

CHROMIUM = "/usr/bin/chromium"


def launch(playwright: Playwright) -> Browser:
    path = os.environ.get("FORGE_LOOP_CHROMIUM", CHROMIUM)
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])


class Watched:
    """What a page complained about; a test that ends with anything here fails."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("requestfailed", self._failed)
        context.on("response", lambda answer: self._status(answer.status, answer.url))
        context.on("request", self._request)

    def forgive(self, part: str) -> None:
        """Take out what a test provoked on purpose."""
        self.complaints = [line for line in self.complaints if part not in line]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # Leaving a page ends its stream; that is no failure.
        if "/stream" not in request.url:
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def _status(self, status: int, url: str) -> None:
        if status >= 400:
            self.complaints.append(f"status {status}: {url}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.hostname != "127.0.0.1":
            self.complaints.append(f"left the machine: {request.url}")


def log_in(context: BrowserContext, served: Served) -> Page:
    """A page of the dashboard, logged in by a cookie of its own."""
    for each in served.cookie().split("; "):
        name, _, value = each.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": served.url, "httpOnly": True, "sameSite": "Strict"}])
    page = context.new_page()
    page.goto(served.url)
    page.wait_for_selector("#line:text-is('live')")
    return page
