"""The JSON API: the same facts, documented, and never a failure of its own."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.core.result import Ok

from forge_loop.database import Database
from forge_loop.domain.events import LoopResumed
from forge_loop.store import open_store
from forge_loop_dashboard.api import CAP, _cell
from support.command_line import run
from support.dashboard_server import Served, serve
from support.dashboard_world import COOLING, HANDED_OVER, MERGED, going_on
from support.runner_world import approve
from support.samples import NOW
from support.tree import ROOT


@pytest.fixture
def own(copy: Path) -> Iterator[Served]:
    with serve(copy / "project", copy / "state") as served:
        yield served


def follow(served: Served, last: str | None) -> AbstractContextManager[Iterator[str]]:
    headers = {"Authorization": f"Bearer {served.token}"}
    return served.stream("/api/v1/events/stream", headers if last is None else {**headers, "Last-Event-ID": last})


def document(served: Served, path: str) -> Any:
    answer = served.api(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json"), answer
    found = json.loads(answer.body)
    assert found["schema_version"] == 1
    return found


@pytest.mark.parametrize(
    ("path", "words"),
    [("/state", ["status"]), (f"/issues/{COOLING}", ["explain", str(COOLING)])],
)
def test_it_says_what_the_command_line_says(served: Served, played: Path, path: str, words: list[str]) -> None:
    place = ("-C", str(played / "project"), "--state-dir", str(played / "state"))
    said = run(*words, "--json", *place).document
    found = document(served, path)
    assert {name: found[name] for name in said} == said


def test_issues_come_page_by_page_and_by_search(served: Served) -> None:
    first = document(served, "/issues?limit=2")
    second = document(served, f"/issues?limit=9&before={first['after']}")
    numbers = [each["issue"] for each in first["issues"] + second["issues"]]
    assert sorted(numbers) == [1, 2, 3, 6]
    assert second["after"] is None
    found = document(served, "/issues?q=state:needs-you")
    assert [each["issue"] for each in found["issues"]] == [HANDED_OVER]
    assert served.api("/issues?q=state:nonsense").status == 422


def test_an_issue_comes_with_its_attempts_verdicts_and_diff(served: Served) -> None:
    found = document(served, f"/issues/{HANDED_OVER}")
    assert found["job"]["state"] == "handed_over"
    assert [each["severity"] for each in found["reviews"][0]["findings"]] == ["sev1", "sev3"]
    assert found["attempts"][0]["outcome"] == "handed_over"
    answer = served.api(f"/issues/{HANDED_OVER}/diff")
    assert "+++ b/cache.py" in answer.body
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_list_comes_as_csv_in_which_no_cell_is_a_formula(served: Served) -> None:
    rows = list(csv.DictReader(io.StringIO(served.api("/issues.csv").body)))
    assert {row["issue"] for row in rows} == {"1", "2", "3", "6"}
    assert [_cell(text) for text in ("=1+1", "+1", "-1", "@x", "plain", None)] == [
        "'=1+1",
        "'+1",
        "'-1",
        "'@x",
        "plain",
        "",
    ]


def test_events_are_the_lines_of_the_event_log(served: Served, played: Path) -> None:
    lines = [json.loads(line) for line in (played / "state" / "events.jsonl").read_text().splitlines()]
    found: list[Any] = []
    while page := document(served, f"/events?after={len(found)}&limit=50")["events"]:
        found.extend(page)
    assert found == lines
    newest = document(served, f"/events?kind=job.merged&issue={MERGED}")["events"]
    assert [event["kind"] for event in newest] == ["job.merged"]


def test_a_transcript_comes_page_by_page(served: Served) -> None:
    last = document(served, "/sessions/1/transcript?limit=1")
    assert len(last["lines"]) == 1
    before = document(served, f"/sessions/1/transcript?before={last['start']}")
    assert before["lines"][0]["content"][0]["text"] == "I begin."
    assert served.api("/sessions/999/transcript").status == 404


@pytest.mark.parametrize(
    "path", ["/issues/77", "/issues/77/diff", "/requests/77", "/nothing", "/sessions/77/transcript"]
)
def test_what_is_not_there_is_a_problem_in_the_same_shape(served: Served, path: str) -> None:
    answer = served.api(path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["status"] == 404


def test_a_request_is_a_row_that_the_loop_answers(own: Served, copy: Path) -> None:
    answer = own.api("/requests", "POST", {"kind": "pause", "reason": "lunch", "duration": "1h"})
    assert answer.status == 202
    made = json.loads(answer.body)
    assert made["loop_running"] is False
    number = made["requests"][0]["request"]
    assert document(own, f"/requests/{number}")["progress"] == "requested"
    with going_on(copy) as world, follow(own, str(world.context.store.events.newest() - 1)) as lines:
        assert any("request.applied" in line for line in lines)
    found = document(own, f"/requests/{number}")
    assert (found["progress"], found["by"]) == ("done", "the dashboard's API")
    assert found["detail"]["reason"] == "lunch"


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "sleep"},
        {"kind": "pause", "extra": 1},
        {"kind": "kill", "issues": [0]},
        {"kind": "pause", "reason": "x" * 201},
        [],
        "pause",
    ],
)
def test_a_request_that_is_not_one_is_refused_and_leaves_no_row(own: Served, given: object) -> None:
    assert own.api("/requests", "POST", given).status == 422
    assert document(own, "/requests")["requests"] == []


def test_a_request_that_makes_no_sense_says_why(own: Served) -> None:
    for given, says in (
        ({"kind": "kill"}, "choose an issue first"),
        ({"kind": "pause", "duration": "soon"}, "soon"),
        ({"kind": "stop"}, "no loop is running"),
        ({"kind": "approve", "issues": [5], "sha256": "0" * 64}, "was edited while you looked at it"),
    ):
        answer = own.api("/requests", "POST", given)
        assert answer.status == 409
        assert says in json.loads(answer.body)["title"]
    assert document(own, "/requests")["requests"] == []


def test_read_only_takes_no_request_by_either_way(copy: Path) -> None:
    with serve(copy / "project", copy / "state", "--read-only") as served:
        assert served.api("/requests", "POST", {"kind": "pause"}).status == 403
        cookie = served.cookie()
        page = served.ask("GET", "/issues/3", {"Cookie": cookie}).body
        assert "read-only" in page
        assert 'value="kill"' not in page
        token = page.partition('name="token" value="')[2].partition('"')[0]
        headers = {"Cookie": cookie, "Origin": served.url, "Content-Type": "application/x-www-form-urlencoded"}
        assert served.ask("POST", "/requests", headers, f"kind=pause&token={token}").status == 403
        assert document(served, "/requests")["requests"] == []


def test_the_event_stream_goes_on_after_the_last_event_that_was_seen(own: Served, copy: Path) -> None:
    def ids(last: str | None, count: int) -> list[str]:
        with follow(own, last) as lines:
            return list(itertools.islice((line for line in lines if line.startswith("id:")), count))

    assert ids("3", 3) == ["id: 4", "id: 5", "id: 6"]
    with going_on(copy) as world:
        approve(world, "Say hello again and again")
        newest = int(ids(None, 1)[0].removeprefix("id: "))
        assert newest > 10
    assert ids(str(newest), 1) == [f"id: {newest + 1}"]


def test_what_is_too_far_back_is_told_as_a_gap(own: Served, copy: Path) -> None:
    database = Database(copy / "state" / "state.db")
    store = open_store(database)
    with store.transaction():
        for _ in range(CAP + 50):
            store.events.append(LoopResumed(reason="x"), at=NOW)
    newest = store.events.newest()
    database.close()
    with follow(own, "1") as lines:
        said = list(itertools.islice(lines, 8))
    assert "event: gap" in said
    assert f'data: {{"after": {newest - CAP}}}' in said
    assert f"id: {newest - CAP + 1}" in said


def test_the_document_of_the_api_names_every_address(served: Served) -> None:
    answer = served.api("/openapi.json")
    paths = set(json.loads(answer.body)["paths"])
    assert {"/state", "/issues", "/issues/{number}", "/events", "/events/stream", "/requests"} <= paths


def test_the_documentation_names_every_address_too(served: Served) -> None:
    paths = set(json.loads(served.api("/openapi.json").body)["paths"])
    table = (ROOT / "docs" / "dashboard.md").read_text().partition("## The API")[2]
    spoken = {re.sub(r"\{[a-z]+\}", "N", path) for path in paths}
    assert {path for path in spoken if f"{path}`" not in table and f"{path}?" not in table} == set()


def _fuzz(served: Served, examples: int) -> None:
    schema = schemathesis.openapi.from_dict(json.loads(served.api("/openapi.json").body))

    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.path == "/events/stream":
            continue
        _drive(operation, served, examples)


def _drive(operation: Any, served: Served, examples: int) -> None:
    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def never_fails(case: Any) -> None:
        headers = {"Authorization": f"Bearer {served.token}"}
        answer = case.call(base_url=f"{served.url}/api/v1", headers=headers, timeout=20)
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)

    never_fails()


def test_no_request_that_fits_the_document_breaks_it(own: Served) -> None:
    _fuzz(own, 6)


@pytest.mark.long
def test_no_request_that_fits_the_document_breaks_it_however_many_there_are(own: Served) -> None:
    _fuzz(own, 150)
