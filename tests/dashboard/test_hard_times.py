"""What goes wrong around the page: states that cannot be read, clients that never finish, too many of them."""

from __future__ import annotations

import http.client
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import takewhile
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from forge_loop_dashboard.stream import MOST_STREAMS
from support.dashboard_browser import Watched, log_in
from support.dashboard_server import Served, serve

PATHS = ("/", "/board", "/issues/1", "/queue", "/trends", "/events")


@pytest.fixture
def own(copy: Path) -> Iterator[Served]:
    with serve(copy / "project", copy / "state") as served:
        yield served


def versions(copy: Path, change: str) -> None:
    with closing(sqlite3.connect(copy / "state" / "state.db")) as connection:
        connection.execute(f"UPDATE schema_versions SET version = version {change} WHERE component = 'loop'")
        connection.commit()


def spoil(copy: Path) -> bytes:
    """Put something else where the database stood; what it was."""
    path = copy / "state" / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    for name in ("state.db-wal", "state.db-shm"):
        (path.parent / name).unlink(missing_ok=True)
    path.write_bytes(b"no database " * 2000)
    return whole


@pytest.mark.parametrize("change", ["+ 1", "- 1"])
def test_a_state_of_another_version_is_named_and_the_page_comes_back(own: Served, copy: Path, change: str) -> None:
    cookie = {"Cookie": own.cookie()}
    versions(copy, change)
    for path in PATHS:
        answer = own.ask("GET", path, cookie)
        assert answer.status == 503
        assert "and this program " in answer.body
        assert 'http-equiv="refresh"' in answer.body
    assert own.api("/state").status == 503
    assert own.ask("GET", "/healthz").status == 200
    versions(copy, "- 1" if change == "+ 1" else "+ 1")
    assert {own.ask("GET", path, cookie).status for path in PATHS} == {200}


def test_what_is_no_database_is_named_with_what_to_do(own: Served, copy: Path) -> None:
    cookie = {"Cookie": own.cookie()}
    spoil(copy)
    for path in PATHS:
        answer = own.ask("GET", path, cookie)
        assert answer.status == 503
        assert "is not a sound database" in answer.body
        assert "put a backup in its place" in answer.body


def test_an_open_page_says_that_the_state_cannot_be_read_and_goes_on_when_it_can(
    copy: Path, context: BrowserContext, watched: Watched
) -> None:
    with serve(copy / "project", copy / "state") as served:
        page = log_in(context, served)
        versions(copy, "+ 1")
        expect(page.locator("#loop")).to_contain_text("and this program ", timeout=15_000)
        expect(page.locator("#live")).to_contain_text("Needs you")
        versions(copy, "- 1")
        expect(page.locator("#loop")).to_contain_text("stopped", timeout=15_000)
        watched.forgive("/fresh")
        watched.forgive("503")


def test_a_stream_that_cannot_read_at_first_says_so_and_sends_the_page_later(own: Served, copy: Path) -> None:
    headers = {"Cookie": own.cookie()}
    versions(copy, "+ 1")
    with own.stream("/stream?view=/&seen=what-a-page-had", headers) as lines:
        assert "and this program " in "".join(takewhile(bool, lines))
        versions(copy, "- 1")
        sent = "".join(takewhile(bool, lines))
    assert 'hx-target="#loop"' in sent
    assert 'hx-target="#live"' in sent


def test_whoever_never_ends_a_request_keeps_nobody_else_waiting(served: Served) -> None:
    beginnings = (
        b"GET / HTTP/1.1\r\nHost: ",
        b"POST /login HTTP/1.1\r\nHost: "
        + served.host.encode()
        + b"\r\nOrigin: "
        + served.url.encode()
        + b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\ntoken=",
    )
    with ExitStack() as stack:
        for number in range(100):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=10))
            sock.sendall(beginnings[number % 2])
        assert served.ask("GET", "/healthz").status == 200
        assert served.ask("GET", "/", {"Cookie": served.cookie()}).status == 200


def test_a_head_that_has_no_end_is_cut_off(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: " + served.host.encode() + b"\r\nX: " + b"x" * 200_000)
        assert sock.recv(12) == b"HTTP/1.1 400"


def test_streams_are_so_many_and_no_more_and_a_page_that_closes_makes_room(own: Served) -> None:
    headers = {"Cookie": own.cookie()}
    with ExitStack() as stack:
        held = [stack.enter_context(own.stream("/stream?view=/", headers)) for _ in range(MOST_STREAMS)]
        for lines in held:
            assert next(lines).startswith(("data:", "event:", ":"))
        refused = own.ask("GET", "/stream?view=/", headers)
        assert refused.status == 503
        assert "too many pages are open" in refused.body
        assert own.ask("GET", "/", headers).status == 200
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", own.port, timeout=10)
        connection.request("GET", "/stream?view=/", headers=headers)
        status = connection.getresponse().status
        connection.close()
        if status == 200:
            return
    pytest.fail("no room was made")


def test_no_secret_gets_into_an_answer_or_the_log(copy: Path) -> None:
    with serve(copy / "project", copy / "state") as served:
        code = served.login.partition("code=")[2]
        answer = served.ask("GET", f"/login?code={code}")
        headers = {"Cookie": answer.cookies[0]}
        bodies = [served.ask("GET", path, headers).body for path in (*PATHS, "/settings", "/health", "/requests")]
        assert served.token not in "".join(bodies)
        assert code not in "".join([*bodies, answer.body])
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        served.process.terminate()
        _, said = served.process.communicate(timeout=20)
        assert served.token not in said
        assert code not in said


def test_a_state_directory_that_is_gone_reads_as_one_in_which_nothing_ran(copy: Path) -> None:
    with serve(copy / "project", copy / "state") as served:
        cookie = {"Cookie": served.cookie()}
        shutil.rmtree(copy / "state")
        answers = {path: served.ask("GET", path, cookie) for path in ("/", "/board", "/queue")}
        assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(answers, 200)
        assert "No loop has run here yet" in answers["/"].body
