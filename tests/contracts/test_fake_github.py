"""The fake GitHub against what GitHub documents: its description of the API, and its written rules.

`github_api.json` holds both, each with its page. Nothing of it was recorded from the live service.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from forge_loop.domain.remarks import LineRemark
from support.fake_github import FakeGitHub, Fault, FaultKind, serving
from support.fake_github.faults import DENIED, SECONDARY
from support.fake_github.routes import OF_REPOSITORY, OTHERS
from support.github_description import FILE, Description, Exchange, places
from support.github_parts import READY, parts_of
from support.github_walk import BRANCH, Asker, walk
from support.repositories import BASE, git

SAID = json.loads(FILE.read_text())
DESCRIPTION = Description.read()
CODES = {"missing", "missing_field", "invalid", "already_exists", "unprocessable", "custom"}
HERE = "/repos/octo/sample"
HELD: dict[str, str] = {}


def rule(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Says which of the written rules a test holds the fake to."""

    def remember(test: Callable[..., None]) -> Callable[..., None]:
        HELD[name] = test.__name__
        return test

    return remember


# --- the description ---


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    with serving(tmp_path_factory.mktemp("walk")) as hub:
        return list(walk(hub))


def test_nothing_in_the_file_claims_to_be_recorded() -> None:
    assert SAID["source"]["recorded"].startswith("nothing")
    assert SAID["source"]["package"] == "@octokit/openapi 23.0.2"
    pages = [entry["docs"] for entry in SAID["endpoints"].values()] + [
        entry["page"] for entry in SAID["rules"].values()
    ]
    assert [
        page for page in pages if not page.startswith(("https://docs.github.com/", "https://github.com/github/"))
    ] == []


def test_every_answer_of_the_fake_is_as_described(walked: list[Exchange]) -> None:
    assert [problem for exchange in walked for problem in DESCRIPTION.answer_problems(exchange)] == []


def test_every_request_of_the_walk_could_be_sent_to_github(walked: list[Exchange]) -> None:
    problems = [p for one in walked for p in DESCRIPTION.request_problems(one.method, one.path, one.body)]
    assert problems == []


def test_what_the_file_describes_is_what_the_fake_serves(walked: list[Exchange]) -> None:
    """A field that the fake no longer serves, or an answer that it no longer gives, is a drift as well."""
    served: dict[tuple[str, str], set[str]] = {}
    for exchange in walked:
        name = DESCRIPTION.endpoint(exchange.method, exchange.path)
        assert name is not None
        found = {at for at, _ in places(exchange.data) if at and not at.endswith("[]")}
        served.setdefault((name, str(exchange.status)), set()).update(found)
    described = {
        (name, status): set(fields)
        for name, entry in SAID["endpoints"].items()
        for status, fields in entry["answers"].items()
    }
    assert served == described


def test_every_route_of_the_fake_is_walked(walked: list[Exchange]) -> None:
    asked = [(exchange.method, exchange.path.partition("?")[0]) for exchange in walked if exchange.status < 400]
    unasked = []
    for route in OF_REPOSITORY + OTHERS:
        start = "" if route in OTHERS else HERE
        hits = [path for method, path in asked if method == route.method and path.startswith(start)]
        if not any(route.pattern.fullmatch(path.removeprefix(start)) for path in hits):
            unasked.append(f"{route.method} {route.pattern.pattern}")
    assert unasked == ["POST /graphql"]


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda data: data.pop("state"), "state is always there"),
        (lambda data: data.update(state_reason="ajar"), "state_reason = 'ajar'"),
        (lambda data: data.update(number="1"), "number = '1'"),
        (lambda data: data.update(made_up=1), "made_up = 1 is not described"),
        (lambda data: data["user"].update(id=None), "user.id = None"),
    ],
)
def test_a_drift_is_found(walked: list[Exchange], break_it: Callable[[Any], object], said: str) -> None:
    issue = next(one for one in walked if one.path == f"{HERE}/issues/1" and one.status == 200)
    assert DESCRIPTION.answer_problems(issue) == []
    data = json.loads(json.dumps(issue.data))
    break_it(data)
    (problem,) = DESCRIPTION.answer_problems(replace(issue, data=data))
    assert said in problem
    assert DESCRIPTION.answer_problems(replace(issue, status=418)) == [
        "GET /repos/{owner}/{repo}/issues/{issue_number} does not answer 418"
    ]


def test_the_adapters_send_nothing_that_is_not_described(tmp_path: Path) -> None:
    with serving(tmp_path) as hub:
        hub.add_account("mona", role="write")
        parts = parts_of(hub, approvers=("me", "mona", "role:write"))
        tracker, host = parts.tracker, parts.host
        other = hub.person_adds("Second", "text")
        issue = hub.person_adds("First", "text", blocked_by=(other,), labels=(READY,))
        (found,) = [each for each in tracker.open_issues() if each.number == issue]
        tracker.labelled(found, READY)
        tracker.post_note(issue, "job-1", "first")
        tracker.post_note(issue, "job-1", "second")
        tracker.add_label(issue, "loop:blocked")
        tracker.remove_label(issue, "loop:blocked")
        tracker.approve(other)
        sha = hub.person_pushes(BRANCH, {"a": "1\n"})
        pull = host.open_pull_request(branch=BRANCH, base=BASE, title="Do it", body="For it.", draft=True)
        host.find_pull_request(BRANCH)
        hub.check_ends(sha, "test", "failure", log="red")
        host.checks(sha)
        talk = host.conversation()
        talk.describe(pull.number, body="anew")
        talk.mark_ready(pull.number)
        line = LineRemark(file="a", line=1, text="here")
        talk.post_review(pull.number, key="k", sha=sha, text="One thing.", lines=[line])
        hub.person_reviews(pull.number, "CHANGES_REQUESTED", "mend it", by="mona", lines=(("a", 1, "this"),))
        talk.remarks(pull.number)
        host.merge(pull.number, head_sha=sha, base_sha=host.base_sha(BASE), message="Do it\n\nFor it.")
        host.delete_branch(BRANCH, sha=sha)
        spare = hub.person_pushes("forge/2-2", {"b": "1\n"})
        host.close_pull_request(host.open_pull_request(branch="forge/2-2", base=BASE, title="B", body="b").number)
        tracker.close(issue, "done")
        parts.close()
        hub.grant(
            "mona", "github_pat_m", frozenset({"metadata:read", "actions:read", "statuses:read", "contents:read"})
        )
        hub.state.private = True
        fine = parts_of(hub, token="github_pat_m")
        hub.check_ends(spare, "test", "success")
        fine.host.checks(spare)
        fine.close()
        asked = [(seen.method, seen.path.removeprefix("/api/v3"), seen.body) for seen in hub.requests if not seen.git]
        rest = [one for one in asked if not one[1].endswith("/graphql") and "/stored-logs/" not in one[1]]
        assert {method for method, _, _ in rest} == {"GET", "POST", "PUT", "PATCH", "DELETE"}
        assert [problem for one in rest for problem in DESCRIPTION.request_problems(*one)] == []
        assert all(
            seen.headers["x-github-api-version"] == "2022-11-28" for seen in hub.requests if "/repos/" in seen.path
        )


# --- the written rules ---


class Time:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def hub(tmp_path: Path, time: Time) -> Iterator[FakeGitHub]:
    with serving(tmp_path, now=lambda: time.now) as made:
        made.add_account("mona", role="write")
        made.add_account("reader", role="read")
        yield made


@pytest.fixture
def ask(hub: FakeGitHub) -> Asker:
    return Asker(hub=hub, token=hub.token)


def asker(hub: FakeGitHub, login: str, *permissions: str) -> Asker:
    secret = f"{'github_pat' if permissions else 'ghp'}_{login}"
    return Asker(hub=hub, token=hub.grant(login, secret, frozenset(permissions) if permissions else None))


def opened(hub: FakeGitHub, branch: str = BRANCH, **files: str) -> tuple[int, str]:
    sha = hub.person_pushes(branch, files or {"a": "1\n"})
    return hub.person_opens_pull_request(branch), sha


def test_every_rule_is_held_and_every_test_of_one_names_it() -> None:
    assert set(HELD) == set(SAID["rules"])


@rule("conditional")
def test_what_did_not_change_is_304_and_costs_nothing(hub: FakeGitHub, ask: Asker) -> None:
    number = hub.person_adds("First", "text")
    first = ask("GET", f"{HERE}/issues/{number}")
    used = int(first.headers["x-ratelimit-used"])
    again = ask("GET", f"{HERE}/issues/{number}", if_none_match=first.headers["etag"])
    assert (again.status, again.data, again.headers["etag"]) == (304, None, first.headers["etag"])
    assert int(again.headers["x-ratelimit-used"]) == used
    hub.person_comments(number, "a word")
    changed = ask("GET", f"{HERE}/issues/{number}", if_none_match=first.headers["etag"])
    assert (changed.status, int(changed.headers["x-ratelimit-used"])) == (200, used + 1)


@rule("etag_of_a_token")
def test_another_token_has_another_etag(hub: FakeGitHub, ask: Asker) -> None:
    mine, other = ask("GET", f"{HERE}/issues"), asker(hub, "mona")("GET", f"{HERE}/issues")
    assert mine.headers["etag"] != other.headers["etag"]
    assert mine.headers["etag"].startswith('W/"')


@rule("pages")
def test_a_listing_is_cut_into_pages_that_lead_to_each_other(hub: FakeGitHub, ask: Asker) -> None:
    for number in range(61):
        hub.person_adds(f"Issue {number}", "text")
    first = ask("GET", f"{HERE}/issues")
    assert len(first.data) == 30
    links = _links(first)
    assert set(links) == {"next", "last"}
    second = ask("GET", links["next"])
    assert set(_links(second)) == {"prev", "first", "next", "last"}
    third = ask("GET", _links(second)["next"])
    assert (len(third.data), set(_links(third))) == (1, {"prev", "first"})
    assert len({entry["number"] for one in (first, second, third) for entry in one.data}) == 61
    whole = ask("GET", f"{HERE}/issues?per_page=500")
    assert (len(whole.data), "link" in whole.headers) == (61, False)
    for _ in range(40):
        hub.person_adds("More", "text")
    assert len(ask("GET", f"{HERE}/issues?per_page=500").data) == 100


def _links(exchange: Exchange) -> dict[str, str]:
    found = httpx2.Response(200, headers={"link": exchange.headers["link"]}).links
    return {str(name): entry["url"] for name, entry in found.items()}


@rule("budget")
def test_the_hour_is_counted_and_ends_with_403(hub: FakeGitHub, ask: Asker, time: Time) -> None:
    left = [int(ask("GET", "/user").headers["x-ratelimit-remaining"]) for _ in range(2)]
    assert left[0] - left[1] == 1
    hub.limits.used = hub.limits.limit
    over = ask("GET", "/user")
    assert (over.status, over.headers["x-ratelimit-remaining"]) == (403, "0")
    assert "API rate limit exceeded" in over.data["message"]
    assert int(over.headers["x-ratelimit-reset"]) == int(time.now.timestamp()) + hub.limits.resets_in
    assert asker(hub, "mona")("GET", "/user").status == 200


@rule("secondary_limit")
@pytest.mark.parametrize(("status", "headers"), [(403, {"Retry-After": "90"}), (429, {})])
def test_a_secondary_limit_says_so(hub: FakeGitHub, ask: Asker, status: int, headers: dict[str, str]) -> None:
    hub.faults.add(Fault(kind=FaultKind.STATUS, status=status, body=SECONDARY, headers=headers))
    answer = ask("GET", "/user")
    assert (answer.status, "secondary rate limit" in answer.data["message"]) == (status, True)
    assert answer.headers.get("retry-after") == headers.get("Retry-After")


@rule("token_refused")
def test_an_unknown_token_is_401(hub: FakeGitHub) -> None:
    answer = Asker(hub=hub, token="ghp_old")("GET", "/user")
    assert (answer.status, answer.data["message"]) == (401, "Bad credentials")


@rule("hidden")
def test_who_has_no_access_finds_nothing(hub: FakeGitHub) -> None:
    hub.add_account("outsider", role="none")
    number = hub.person_adds("First", "text")
    outside = asker(hub, "outsider")
    assert [outside("GET", path).status for path in (HERE, f"{HERE}/issues/{number}")] == [404, 404]
    assert outside("POST", f"{HERE}/issues/{number}/comments", {"body": "x"}).status == 404


@rule("permission_named")
def test_the_permission_that_lacks_is_named(hub: FakeGitHub) -> None:
    number = hub.person_adds("First", "text")
    answer = asker(hub, "mona", "issues:read", "metadata:read")(
        "POST", f"{HERE}/issues/{number}/labels", {"labels": ["p1"]}
    )
    assert (answer.status, answer.data["message"]) == (403, DENIED["message"])
    assert answer.headers["x-accepted-github-permissions"] == "issues=write"
    assert hub.ticket(number).labels == []


@rule("user_agent")
def test_who_does_not_say_who_it_is_is_refused(ask: Asker) -> None:
    assert ask("GET", "/user", User_Agent="").status == 403


@rule("version")
def test_an_unknown_version_is_refused(ask: Asker) -> None:
    assert ask("GET", "/user", X_GitHub_Api_Version="2026-03-10").status == 200
    assert ask("GET", "/user", X_GitHub_Api_Version="1999-01-01").status == 400


@rule("broken_json")
def test_a_body_that_is_no_json_is_refused(hub: FakeGitHub) -> None:
    answer = httpx2.post(
        f"{hub.url}/api/v3{HERE}/issues", content=b"{", headers={"Authorization": f"Bearer {hub.token}"}
    )
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")


@rule("validation")
def test_what_is_invalid_is_told_by_code(walked: list[Exchange]) -> None:
    refused = [one.data for one in walked if one.status == 422 and "errors" in one.data]
    told = [error for data in refused for error in data["errors"]]
    codes = {error["code"] for error in told if isinstance(error, dict)}
    assert {"missing_field", "invalid", "already_exists", "custom"} <= codes <= CODES
    assert all(error.get("message") for error in told if isinstance(error, dict) and error["code"] == "custom")


@rule("renamed")
def test_a_renamed_repository_leads_to_its_number(hub: FakeGitHub, ask: Asker) -> None:
    hub.state.renamed_from, hub.state.name = hub.full_name, "renamed"
    answer = ask("GET", HERE)
    assert (answer.status, answer.headers["location"]) == (
        301,
        f"{hub.url}/api/v3/repositories/{hub.state.repository_id}",
    )
    assert ask("GET", answer.headers["location"]).data["full_name"] == "octo/renamed"


@rule("pull_requests_are_issues")
def test_a_pull_request_is_an_issue_too(hub: FakeGitHub, ask: Asker) -> None:
    issue = hub.person_adds("First", "text")
    pull, _ = opened(hub)
    assert pull == issue + 1
    assert {each["number"]: "pull_request" in each for each in ask("GET", f"{HERE}/issues").data} == {
        issue: False,
        pull: True,
    }
    assert ask("POST", f"{HERE}/issues/{pull}/comments", {"body": "a word"}).status == 201


@rule("labels_all")
def test_labels_are_all_wanted(hub: FakeGitHub, ask: Asker) -> None:
    both = hub.person_adds("Both", "text", labels=("a", "b"))
    hub.person_adds("One", "text", labels=("a",))
    assert [each["number"] for each in ask("GET", f"{HERE}/issues?labels=a,b").data] == [both]


@rule("label_events")
def test_a_label_is_an_event_with_who_and_when(hub: FakeGitHub, ask: Asker, time: Time) -> None:
    number = hub.person_adds("First", "text")
    mona = asker(hub, "mona")
    for _ in range(2):
        mona("POST", f"{HERE}/issues/{number}/labels", {"labels": ["p1"]})
    time.passes(5.7)
    ask("DELETE", f"{HERE}/issues/{number}/labels/p1")
    told = ask("GET", f"{HERE}/issues/{number}/timeline").data
    assert [(event["event"], event["actor"]["login"], event["created_at"]) for event in told] == [
        ("labeled", "mona", "2026-01-31T12:00:00Z"),
        ("unlabeled", "operator", "2026-01-31T12:00:05Z"),
    ]
    assert told[0]["id"] < told[1]["id"]


EDITS = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { %s } }"


@rule("edits")
def test_an_edit_has_a_time_and_a_new_title_is_an_event(hub: FakeGitHub, ask: Asker, time: Time) -> None:
    number = hub.person_adds("First", "text")
    text = EDITS % f"a: issue(number: {number}) {{ lastEditedAt title }}"
    wanted = {"query": text, "variables": {"owner": "octo", "name": "sample"}}

    def edited() -> Any:
        return ask("POST", f"{hub.url}/api/graphql", wanted).data["data"]["repository"]["a"]["lastEditedAt"]

    hub.person_comments(number, "a word")
    assert edited() is None
    time.passes(5)
    hub.person_edits(number, title="Other")
    assert edited() is None
    hub.person_edits(number, body="other")
    assert edited() == "2026-01-31T12:00:05Z"
    said, event = ask("GET", f"{HERE}/issues/{number}/timeline").data
    assert (said["event"], said["body"]) == ("commented", "a word")
    assert (event["event"], event["rename"]) == ("renamed", {"from": "First", "to": "Other"})


@rule("roles")
@pytest.mark.parametrize(("role", "shown"), [("admin", "admin"), ("maintain", "write"), ("triage", "read")])
def test_a_role_is_shown_coarsely_and_by_name(hub: FakeGitHub, ask: Asker, role: str, shown: str) -> None:
    hub.add_account("someone", role=role)
    found = ask("GET", f"{HERE}/collaborators/someone/permission").data
    assert (found["permission"], found["role_name"], found["user"]["login"]) == (shown, role, "someone")


@rule("may_write")
def test_who_may_only_read_can_comment_and_nothing_else(hub: FakeGitHub) -> None:
    number = hub.person_adds("First", "text")
    pull, sha = opened(hub)
    reader = asker(hub, "reader")
    assert reader("POST", f"{HERE}/issues/{number}/comments", {"body": "a word"}).status == 201
    for method, path, body in (
        ("POST", f"{HERE}/issues/{number}/labels", {"labels": ["p1"]}),
        ("POST", f"{HERE}/pulls", {"title": "t", "head": BRANCH, "base": BASE}),
        ("PUT", f"{HERE}/pulls/{pull}/merge", {"sha": sha}),
        ("DELETE", f"{HERE}/git/refs/heads/{BRANCH}", None),
    ):
        assert reader(method, path, body).status == 403, path
    assert hub.pulled(pull)[1].merged_sha is None


@rule("head_filter")
def test_a_forks_branch_of_the_same_name_is_told_from_it(hub: FakeGitHub, ask: Asker) -> None:
    own, sha = opened(hub)
    fork = hub.person_opens_pull_request(BRANCH, by="mona", fork="mona", sha=sha)

    def found(head: str) -> list[int]:
        return sorted(each["number"] for each in ask("GET", f"{HERE}/pulls?head={head}").data)

    assert found(f"octo:{BRANCH}") == [own]
    assert found(f"mona:{BRANCH}") == [fork]
    assert found(BRANCH) == [own, fork]
    sources = {each["number"]: each["head"]["repo"]["full_name"] for each in ask("GET", f"{HERE}/pulls").data}
    assert sources == {own: "octo/sample", fork: "mona/sample"}


@rule("mergeable")
def test_whether_it_can_be_merged_is_computed_first(hub: FakeGitHub, ask: Asker) -> None:
    pull, _ = opened(hub, README="# Other\n")
    seen = [ask("GET", f"{HERE}/pulls/{pull}").data["mergeable"] for _ in range(2)]
    assert seen == [None, True]
    hub.person_pushes(BRANCH, {"README.md": "# One\n"})
    hub.person_pushes(BASE, {"README.md": "# Two\n"})
    shown = [ask("GET", f"{HERE}/pulls/{pull}").data for _ in range(2)]
    assert [each["mergeable"] for each in shown] == [None, False]
    assert shown[1]["merge_commit_sha"] != shown[1]["head"]["sha"]
    assert not shown[1]["merged"]


@rule("one_pull_request")
def test_there_is_one_pull_request_of_a_branch_and_it_has_commits(hub: FakeGitHub, ask: Asker) -> None:
    opened(hub)
    wanted = {"title": "t", "head": BRANCH, "base": BASE}
    again = ask("POST", f"{HERE}/pulls", wanted)
    assert (again.status, again.data["errors"][0]["code"]) == (422, "custom")
    assert f"A pull request already exists for octo:{BRANCH}." in again.data["errors"][0]["message"]
    hub.person_pushes("same", {})
    git(hub.state.bare, "update-ref", "refs/heads/same", BASE)
    assert "No commits between" in ask("POST", f"{HERE}/pulls", {**wanted, "head": "same"}).data["errors"][0]["message"]


@rule("merge_answers")
def test_a_merge_names_its_commit_and_is_refused_in_two_ways(hub: FakeGitHub, ask: Asker) -> None:
    pull, sha = opened(hub)
    path = f"{HERE}/pulls/{pull}/merge"
    assert ask("PUT", path, {"sha": "0" * 40}).status == 409
    hub.requires("build")
    assert ask("PUT", path, {"sha": sha}).status == 405
    hub.check_ends(sha, "build")
    done = ask("PUT", path, {"sha": sha, "merge_method": "squash", "commit_title": "Do it", "commit_message": "why"})
    assert (done.status, done.data["merged"]) == (200, True)
    assert git(hub.state.bare, "show", "-s", "--format=%B", done.data["sha"]).strip() == "Do it\n\nwhy"
    assert hub.repository.branches()[BASE] == done.data["sha"]
    assert ask("PUT", path, {"sha": sha}).status == 405


@rule("closing_words")
def test_closing_words_act_on_the_default_branch_only(hub: FakeGitHub, ask: Asker) -> None:
    first, second = hub.person_adds("First", "text"), hub.person_adds("Second", "text")
    hub.person_pushes("release", {"r": "1\n"})
    for base, number, branch in (("release", first, "topic/a"), (BASE, second, "topic/b")):
        sha = hub.person_pushes(branch, {branch: "1\n"}, onto=hub.repository.branches()[base])
        wanted = {"title": "t", "head": branch, "base": base, "body": f"Fixes #{number}"}
        pull = ask("POST", f"{HERE}/pulls", wanted).data["number"]
        assert ask("PUT", f"{HERE}/pulls/{pull}/merge", {"sha": sha}).status == 200
    assert [hub.ticket(number).open for number in (first, second)] == [True, False]


@rule("own_pull_request")
@pytest.mark.parametrize("event", ["APPROVE", "REQUEST_CHANGES"])
def test_nobody_judges_their_own_pull_request(hub: FakeGitHub, ask: Asker, event: str) -> None:
    pull, sha = opened(hub)
    path, wanted = f"{HERE}/pulls/{pull}/reviews", {"event": event, "body": "a word", "commit_id": sha}
    assert ask("POST", path, wanted).status == 422
    theirs = asker(hub, "mona")("POST", path, wanted)
    assert (theirs.status, theirs.data["state"], theirs.data["commit_id"]) == (200, f"{STATES[event]}", sha)


STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED"}


@rule("lines_of_a_review")
def test_a_line_outside_the_difference_refuses_all_of_the_review(hub: FakeGitHub, ask: Asker) -> None:
    pull, sha = opened(hub)
    lines = [{"path": "a", "line": line, "side": "RIGHT", "body": "here"} for line in (1, 9)]
    wanted = {"event": "COMMENT", "body": "two", "commit_id": sha}
    path = f"{HERE}/pulls/{pull}/reviews"
    assert ask("POST", path, {**wanted, "comments": lines}).status == 422
    assert ask("GET", path).data == []
    made = ask("POST", path, {**wanted, "comments": lines[:1]})
    (line,) = ask("GET", f"{HERE}/pulls/{pull}/comments").data
    assert (line["pull_request_review_id"], line["path"], line["line"]) == (made.data["id"], "a", 1)


@rule("no_statuses")
def test_no_status_at_all_is_pending(hub: FakeGitHub, ask: Asker) -> None:
    _, sha = opened(hub)

    def state() -> tuple[str, int]:
        found = ask("GET", f"{HERE}/commits/{sha}/status").data
        return found["state"], found["total_count"]

    assert state() == ("pending", 0)
    hub.check_ends(sha, "legacy", app=None)
    assert state() == ("success", 1)


@rule("hidden_check_runs")
def test_a_fine_grained_token_does_not_see_check_runs_of_a_private_repository(hub: FakeGitHub, ask: Asker) -> None:
    _, sha = opened(hub)
    hub.check_ends(sha, "build")
    fine = asker(hub, "mona", "metadata:read", "actions:read", "contents:read")
    path = f"{HERE}/commits/{sha}/check-runs"
    assert [fine("GET", path).status, ask("GET", path).status] == [200, 200]
    hub.state.private = True
    assert [fine("GET", path).status, ask("GET", path).status] == [403, 200]
    (run,) = fine("GET", f"{HERE}/actions/runs?head_sha={sha}").data["workflow_runs"]
    assert run["conclusion"] == "success"


@rule("logs")
def test_a_log_is_fetched_elsewhere_without_a_token(hub: FakeGitHub, ask: Asker) -> None:
    _, sha = opened(hub)
    hub.check_ends(sha, "build", "failure", log="no greeting")
    (run,) = ask("GET", f"{HERE}/commits/{sha}/check-runs").data["check_runs"]
    answer = ask("GET", f"{HERE}/actions/jobs/{run['id']}/logs")
    assert answer.status == 302
    assert ask.text(answer.headers["location"]).endswith("no greeting\n")


@rule("git_password")
def test_git_is_asked_for_the_token_and_pushes_with_the_right_to_write(hub: FakeGitHub, tmp_path: Path) -> None:
    asked = httpx2.get(f"{hub.url}/octo/sample.git/info/refs?service=git-upload-pack")
    assert (asked.status_code, asked.headers["www-authenticate"]) == (401, 'Basic realm="GitHub"')
    hub.person_pushes("topic", {"t": "1"})

    def pushes(secret: str) -> int:
        url = f"{hub.url.replace('://', f'://x-access-token:{secret}@')}/octo/sample.git"
        words = ["git", "-C", str(hub.clone), "push", "--quiet", url, "origin/main:refs/heads/by-token"]
        environment = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}
        return subprocess.run(words, env=environment, capture_output=True, timeout=60, check=False).returncode

    assert pushes("ghp_old") != 0
    assert pushes(asker(hub, "reader").token) != 0
    assert pushes(asker(hub, "mona", "contents:read").token) != 0
    assert "by-token" not in hub.repository.branches()
    assert pushes(asker(hub, "mona", "contents:write").token) == 0
    assert "by-token" in hub.repository.branches()


@rule("push_moves")
def test_a_push_moves_the_head_and_a_deleted_branch_closes_it(hub: FakeGitHub, ask: Asker) -> None:
    pull, sha = opened(hub)
    newer = hub.person_pushes(BRANCH, {"a": "2\n"}, onto=sha)
    assert ask("GET", f"{HERE}/pulls/{pull}").data["head"]["sha"] == newer
    assert git(hub.state.bare, "rev-parse", f"refs/pull/{pull}/head") == newer
    assert ask("DELETE", f"{HERE}/git/refs/heads/{BRANCH}").status == 204
    shown = ask("GET", f"{HERE}/pulls/{pull}").data
    assert (shown["state"], shown["merged"]) == ("closed", False)
