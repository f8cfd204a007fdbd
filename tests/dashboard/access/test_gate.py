"""The gate, asked with raw requests: hosts, origins, types and tokens, each combination with its answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from forge_loop.database import Database
from forge_loop.store import open_store
from forge_loop_dashboard.access.keys import FILE_NAME, Keys
from forge_loop_dashboard.access.rules import Head, Passed, Policy, Refusal, judge
from support.dashboard_server import Answer, Served, serve
from support.samples import NOW

FORM = "application/x-www-form-urlencoded"
LOCAL = Policy(names=frozenset({"localhost", "127.0.0.1", "::1"}))
OURS, FOREIGN, REBOUND = "ours", "http://evil.example", "evil.example"
MISSING = None


class Row(NamedTuple):
    """A POST of `pause` and what comes of it. Fields are as they are sent; "ours" is filled in."""

    host: str | None
    origin: str | None
    site: str | None
    kind: str | None
    cookie: str | None
    token: str | None
    status: int


GOOD = Row(host=OURS, origin=OURS, site="same-origin", kind=FORM, cookie=OURS, token=OURS, status=200)
TABLE = [
    GOOD,
    GOOD._replace(site=MISSING),
    GOOD._replace(origin=MISSING),
    GOOD._replace(kind=f"{FORM}; charset=utf-8"),
    GOOD._replace(host="localhost", origin="http://localhost"),
    # Hosts that are not ours: a name that was bound anew, a port alone, two names in one.
    GOOD._replace(host=REBOUND, status=400),
    GOOD._replace(host=REBOUND, origin=f"http://{REBOUND}", status=400),
    GOOD._replace(host="127.0.0.1.evil.example", status=400),
    GOOD._replace(host="evil.example@127.0.0.1", status=400),
    GOOD._replace(host="127.0.0.1:99999999", status=400),
    GOOD._replace(host="", status=400),
    GOOD._replace(host="192.0.2.7", origin="http://192.0.2.7", status=400),
    # Somebody else's page.
    GOOD._replace(origin=FOREIGN, status=403),
    GOOD._replace(origin=FOREIGN, site="cross-site", status=403),
    GOOD._replace(origin=FOREIGN, site=MISSING, status=403),
    GOOD._replace(origin="null", status=403),
    GOOD._replace(origin="null", site=MISSING, status=403),
    GOOD._replace(site="cross-site", status=403),
    GOOD._replace(site="same-site", status=403),
    GOOD._replace(site="none", status=403),
    GOOD._replace(origin=MISSING, site=MISSING, status=403),
    GOOD._replace(origin="http://127.0.0.1:1", site=MISSING, status=403),
    GOOD._replace(origin="http://localhost", site=MISSING, status=403),
    # Bodies that a form of another site can send without asking, or that no form sends.
    GOOD._replace(kind="text/plain", status=415),
    GOOD._replace(kind="application/json", status=415),
    GOOD._replace(kind="multipart/form-data; boundary=x", status=415),
    GOOD._replace(kind=MISSING, status=415),
    # Who asks.
    GOOD._replace(cookie=MISSING, status=401),
    GOOD._replace(cookie="forged", status=401),
    GOOD._replace(cookie=MISSING, token=MISSING, status=401),
    GOOD._replace(token=MISSING, status=403),
    GOOD._replace(token="0" * 64, status=403),
    GOOD._replace(token="another login's", status=403),
]


def form_token(served: Served, cookie: str) -> str:
    page = served.ask("GET", "/", {"Cookie": cookie}).body
    return page.partition('name="token" value="')[2].partition('"')[0]


@pytest.fixture(scope="module")
def guarded(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A dashboard of its own: its requests are counted."""
    state = tmp_path_factory.mktemp("guarded") / "state"
    with serve(played / "project", state) as served:
        yield served, state


def requests(state: Path) -> int:
    if not (state / "state.db").exists():
        return 0
    database = Database(state / "state.db")
    try:
        return len(open_store(database).requests.select())
    finally:
        database.close()


def send(served: Served, row: Row) -> Answer:
    cookie = served.cookie()
    name = cookie.partition("=")[0]
    tokens = {OURS: form_token(served, cookie), "another login's": form_token(served, served.cookie())}
    headers = {
        "Host": served.host if row.host == OURS else row.host,
        "Origin": served.url if row.origin == OURS else row.origin,
        "Sec-Fetch-Site": row.site,
        "Content-Type": row.kind,
        "Cookie": cookie if row.cookie == OURS else f"{name}=a.b.c" if row.cookie else None,
        "HX-Request": "true",
    }
    token = f"&token={tokens.get(row.token, row.token)}" if row.token is not None else ""
    given = {name: value for name, value in headers.items() if value is not None}
    return served.ask("POST", "/requests", given, f"kind=pause{token}")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: " ".join(str(part)[:22] for part in row))
def test_a_post_is_answered_exactly_if_host_origin_type_and_token_are_right(
    guarded: tuple[Served, Path], row: Row
) -> None:
    served, state = guarded
    before = requests(state)
    assert send(served, row).status == row.status
    assert requests(state) == before + (row.status == 200)


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(TABLE) >= 24
    assert {row.status for row in TABLE} == {200, 400, 401, 403, 415}


OPEN = {"/healthz": 200, "/login": 200, "/static/page.css": 200}
CLOSED = [
    "/",
    "/board",
    "/issues/1",
    "/stream?view=/",
    "/controls?view=/issues",
    "/fresh",
    "/static/page.js",
    "/nothing",
]
CLOSED += [
    "/static/page.js",
    "/static/htmx.min.js",
    "/openapi.json",
    "/docs",
    "/issues/1/diff",
    "/sessions/1",
    "/events",
]


@pytest.mark.parametrize("path", CLOSED)
def test_without_a_login_nothing_is_shown(served: Served, path: str) -> None:
    answer = served.ask("GET", path)
    assert answer.status == 401
    assert "Say hello" not in answer.body


@pytest.mark.parametrize(("path", "status"), OPEN.items())
def test_what_is_open_holds_no_data(served: Served, path: str, status: int) -> None:
    answer = served.ask("GET", path)
    assert answer.status == status
    assert "Say hello" not in answer.body


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_not_understood(served: Served, method: str) -> None:
    assert served.ask(method, "/", {"Cookie": served.cookie()}).status == 405


PATHS = ["/static/../access/keys.py", "/static/..%2faccess%2fkeys.py", "/static/%2e%2e/desk.py", "/static//etc/passwd"]


@pytest.mark.parametrize("path", [*PATHS, "/static/page.css%00", f"/static/{FILE_NAME}"])
def test_no_path_leads_to_another_file(served: Served, path: str) -> None:
    assert served.ask("GET", path, {"Cookie": served.cookie()}).status == 404


def test_an_api_call_needs_the_token_and_takes_no_cookie(served: Served) -> None:
    assert served.api("/state").status == 200
    for headers in (
        {},
        {"Cookie": served.cookie()},
        {"Authorization": "Bearer x"},
        {"Authorization": f"Basic {served.token}"},
        {"Authorization": "Bearer "},
    ):
        answer = served.ask("GET", "/api/v1/state", headers)
        assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")


def test_an_api_call_that_a_browser_makes_for_another_site_is_refused(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token}", "Origin": FOREIGN}
    assert served.ask("GET", "/api/v1/state", headers).status == 403
    answer = served.ask("POST", "/api/v1/requests", {**headers, "Content-Type": "application/json"}, "{}")
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers


def test_an_api_call_takes_json_alone(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token}", "Content-Type": FORM}
    assert served.ask("POST", "/api/v1/requests", headers, "kind=pause").status == 415


def test_a_body_is_bounded_before_it_is_read(served: Served) -> None:
    headers = {"Origin": served.url, "Content-Type": FORM, "Content-Length": "70000"}
    assert served.ask("POST", "/login", headers, "").status == 413


def test_every_answer_says_what_a_browser_may_do_with_it(served: Served) -> None:
    seen = set()
    for path in ("/", "/healthz", "/nothing", "/api/v1/state", "/static/page.js"):
        headers = served.ask("GET", path, {"Cookie": served.cookie()}).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers
        seen.add(policy)
    assert len(seen) == 5  # a nonce is used once


def test_the_link_logs_in_once_and_says_so_the_second_time(played: Path, tmp_path: Path) -> None:
    with serve(played / "project", tmp_path / "state") as served:
        path = served.login.removeprefix(served.url)
        first = served.ask("GET", path)
        assert first.status == 200
        cookie = first.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
        assert served.ask("GET", "/", {"Cookie": cookie.partition(";")[0]}).status == 200
        second = served.ask("GET", path)
        assert second.status == 401
        assert "set-cookie" not in second.headers
        assert "used already" in second.body


def test_a_wrong_token_logs_nobody_in(served: Served) -> None:
    headers = {"Origin": served.url, "Content-Type": FORM}
    for token in ("", "x", served.token[:-1]):
        answer = served.ask("POST", "/login", headers, f"token={token}")
        assert answer.status == 401
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("host", "passes"), [("192.0.2.7:8765", True), ("[2001:db8::1]:8765", True), ("evil.example", False), ("box", True)]
)
def test_from_outside_an_address_is_a_name_but_no_other_name_is(host: str, passes: bool) -> None:
    policy = Policy(names=LOCAL.names | {"box"}, any_address=True)
    head = Head(method="GET", path="/healthz", headers={"host": (host,)})
    assert isinstance(judge(head, policy, Keys("t" * 40), NOW), Passed if passes else Refusal)


def test_two_hosts_are_no_host() -> None:
    head = Head(method="GET", path="/healthz", headers={"host": ("localhost", "localhost")})
    assert judge(head, LOCAL, Keys("t" * 40), NOW) == Refusal(
        status=400, says="this host name is not one the dashboard answers to"
    )
