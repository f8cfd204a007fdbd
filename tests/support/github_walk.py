"""Every endpoint of the fake GitHub, asked once for each answer it has: plain requests, as anybody could send them.

Owns: the requests and the scene they need. Must not: use the product, or judge an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from support.fake_github import FakeGitHub
from support.github_description import Exchange

BRANCH, SPARE = "forge/1-1", "topic/spare"
FILE = "hello.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Asks as whoever holds `token`."""

    hub: FakeGitHub
    token: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Exchange:
        own = {"Authorization": f"Bearer {self.token}", "User-Agent": "a-test", "Accept": "application/vnd.github+json"}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else f"{self.hub.url}/api/v3{path}"
        answer = httpx2.request(method, url, json=body, headers={**own, **more}, follow_redirects=False, timeout=20)
        data = answer.json() if answer.content and "json" in answer.headers["content-type"] else None
        shown = url.removeprefix(f"{self.hub.url}/api/v3")
        return Exchange(
            method=method, path=shown, body=body, status=answer.status_code, headers=dict(answer.headers), data=data
        )

    def text(self, path: str) -> str:
        answer = httpx2.get(path, timeout=20)
        assert answer.status_code == 200
        return answer.text


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What stands at the fake before it is asked: numbers, and the head of the pull request."""

    here: str
    issue: int
    blocked: int
    deleted: int
    moved: int
    pull: int
    forked: int
    head: str
    labelled: str


def scene(hub: FakeGitHub) -> Scene:
    hub.add_account("mona", role="write")
    hub.add_account("helper", role="triage")
    issue = hub.person_adds("First", "text")
    hub.person_labels(issue, "loop:ready")
    hub.person_labels(issue, "p1", app=True)
    hub.person_labels(issue, "p2", intent=True)
    hub.person_unlabels(issue, "p2")
    hub.person_edits(issue, title="First, anew")
    hub.person_comments(issue, "a word")
    hub.person_comments(issue, "by an App", app=True)
    blocked = hub.person_adds("Second", "", blocked_by=(issue,))
    hub.person_blocks(blocked, "other/repo", 5)
    deleted, moved = hub.person_adds("Third", "text"), hub.person_adds("Fourth", "text")
    hub.person_deletes_issue(deleted)
    hub.person_transfers(moved)
    head = hub.person_pushes(BRANCH, {FILE: "one\ntwo\n"})
    hub.person_pushes(SPARE, {"spare.txt": "1\n"})
    pull = hub.person_opens_pull_request(BRANCH)
    hub.person_reviews(pull, "CHANGES_REQUESTED", "mend it", by="mona", lines=((FILE, 1, "this line"),))
    forked = hub.person_opens_pull_request("main", by="mona", fork="mona", sha=head)
    hub.check_ends(head, "build", "failure", log="no greeting\n")
    hub.check_ends(head, "lint", None)
    hub.check_ends(head, "other", app=77, log="said by another App")
    hub.check_ends(head, "legacy", app=None, log="passed")
    hub.requires("build")
    return Scene(
        here=f"/repos/{hub.full_name}",
        issue=issue,
        blocked=blocked,
        deleted=deleted,
        moved=moved,
        pull=pull,
        forked=forked,
        head=head,
        labelled="loop%3Aready",
    )


def walk(hub: FakeGitHub) -> Iterator[Exchange]:
    """Reads first, then what is refused, then what is done."""
    at, ask = scene(hub), Asker(hub=hub, token=hub.token)
    here = at.here
    for path in _readings(at):
        yield ask("GET", path)
    hub.state.classic_protection = True
    yield ask("GET", f"{here}/branches/main")
    first = ask("GET", f"{here}/issues/{at.issue}")
    yield ask("GET", f"{here}/issues/{at.issue}", if_none_match=first.headers["etag"])
    yield from _runs(ask, at)
    for method, path, body in _refused(at):
        yield ask(method, path, body)
    hub.state.required.clear()
    for method, path, body in _done(at):
        yield ask(method, path, body)
    yield from _merges(hub, ask, here)


def _readings(at: Scene) -> list[str]:
    here, pull = at.here, f"{at.here}/pulls/{at.pull}"
    return [
        "/user",
        "/users/mona",
        "/users/nobody",
        "/rate_limit",
        here,
        "/repos/octo/elsewhere",
        f"{here}/issues?state=all&sort=updated&direction=desc&per_page=100",
        f"{here}/issues/{at.issue}",
        f"{here}/issues/{at.blocked}",
        f"{here}/issues/99",
        f"{here}/issues/{at.deleted}",
        f"{here}/issues/{at.moved}",
        f"{here}/issues/{at.issue}/timeline?per_page=100",
        f"{here}/issues/{at.deleted}/timeline",
        f"{here}/issues/99/timeline",
        f"{here}/issues/{at.issue}/comments?per_page=100",
        f"{here}/issues/99/comments",
        f"{here}/issues/{at.deleted}/comments",
        f"{here}/issues/{at.blocked}/dependencies/blocked_by",
        f"{here}/issues/{at.deleted}/dependencies/blocked_by",
        f"{here}/labels",
        f"{here}/collaborators/mona/permission",
        f"{here}/collaborators/nobody/permission",
        f"{here}/git/ref/heads/{BRANCH}",
        f"{here}/git/ref/heads/none",
        f"{here}/pulls?state=open&sort=created&direction=asc&head=octo:{BRANCH}&base=main",
        pull,
        pull,
        f"{here}/pulls/99",
        f"{pull}/files?per_page=100",
        f"{pull}/reviews",
        f"{pull}/comments",
        f"{here}/commits/{at.head}/check-runs?filter=latest",
        f"{here}/commits/{at.head}/status",
        f"{here}/actions/runs?head_sha={at.head}&per_page=1",
        f"{here}/rules/branches/main",
        f"{here}/branches/main",
        f"{here}/branches/none",
    ]


def _runs(ask: Asker, at: Scene) -> Iterator[Exchange]:
    """A workflow's jobs, and the log of one, which lies elsewhere."""
    runs = ask("GET", f"{at.here}/actions/runs?head_sha={at.head}").data["workflow_runs"]
    jobs = ask("GET", f"{at.here}/actions/runs/{runs[0]['id']}/jobs?filter=latest")
    yield jobs
    yield ask("GET", f"{at.here}/actions/jobs/{jobs.data['jobs'][0]['id']}/logs")


def _refused(at: Scene) -> list[tuple[str, str, Any]]:
    here, pull = at.here, f"{at.here}/pulls/{at.pull}"
    opened = {"title": "Again", "head": BRANCH, "base": "main"}
    line = {"path": FILE, "line": 99, "side": "RIGHT", "body": "nowhere"}
    return [
        ("POST", f"{here}/issues", {}),
        ("POST", f"{here}/issues/{at.issue}/comments", {}),
        ("POST", f"{here}/issues/{at.issue}/comments", {"body": "x" * 65_537}),
        ("POST", f"{here}/issues/99/comments", {"body": "to nobody"}),
        ("POST", f"{here}/issues/{at.deleted}/comments", {"body": "to nobody"}),
        ("PATCH", f"{here}/issues/99", {"state": "closed"}),
        ("POST", f"{here}/issues/99/labels", {"labels": ["p1"]}),
        ("DELETE", f"{here}/issues/{at.issue}/labels/none", None),
        ("DELETE", f"{here}/issues/{at.deleted}/labels/p1", None),
        ("POST", f"{here}/labels", {"name": "P1", "color": "ededed"}),
        ("POST", f"{here}/labels", {}),
        ("POST", f"{here}/git/refs", {}),
        ("DELETE", f"{here}/git/refs/heads/none", None),
        ("DELETE", f"{here}/git/refs/heads/main", None),
        ("POST", f"{here}/pulls", {}),
        ("POST", f"{here}/pulls", opened),
        ("POST", f"{here}/pulls", {**opened, "head": "none"}),
        ("POST", f"{here}/pulls", {**opened, "base": "none"}),
        ("POST", f"{here}/pulls", {**opened, "head": "main"}),
        ("POST", f"{pull}/reviews", {"event": "REQUEST_CHANGES", "body": "mine"}),
        ("POST", f"{pull}/reviews", {"event": "COMMENT", "body": "see", "comments": [line]}),
        ("POST", f"{pull}/reviews", {"event": "COMMENT"}),
        ("PUT", f"{pull}/merge", {"sha": "0" * 40, "merge_method": "squash"}),
        ("PUT", f"{pull}/merge", {"sha": at.head, "merge_method": "rebase"}),
        ("PUT", f"{pull}/merge", {"sha": at.head, "merge_method": "squash"}),
        ("PUT", f"{here}/pulls/99/merge", {}),
    ]


def _done(at: Scene) -> list[tuple[str, str, Any]]:
    here, pull = at.here, f"{at.here}/pulls/{at.pull}"
    line = {"path": FILE, "line": 2, "side": "RIGHT", "body": "here"}
    return [
        ("POST", f"{here}/issues", {"title": "New", "body": "text"}),
        ("POST", f"{here}/issues/{at.issue}/comments", {"body": "said"}),
        ("POST", f"{here}/issues/{at.issue}/labels", {"labels": ["loop:blocked"]}),
        ("DELETE", f"{here}/issues/{at.issue}/labels/{at.labelled}", None),
        ("POST", f"{here}/labels", {"name": "new", "color": "d4c5f9", "description": "a label"}),
        ("POST", f"{here}/git/refs", {"ref": "refs/heads/topic/ref", "sha": at.head}),
        ("DELETE", f"{here}/git/refs/heads/topic/ref", None),
        ("POST", f"{pull}/reviews", {"commit_id": at.head, "event": "COMMENT", "body": "see", "comments": [line]}),
        ("PATCH", pull, {"body": "a new text"}),
        ("PATCH", f"{here}/issues/{at.issue}", {"state": "closed", "state_reason": "completed"}),
        ("PATCH", f"{here}/pulls/{at.forked}", {"state": "closed"}),
    ]


def _merges(hub: FakeGitHub, ask: Asker, here: str) -> Iterator[Exchange]:
    comment = next(iter(hub.ticket(1).comments)).id
    yield ask("PATCH", f"{here}/issues/comments/{comment}", {"body": "edited"})
    draft = ask("POST", f"{here}/pulls", {"title": "New", "head": SPARE, "base": "main", "body": "text", "draft": True})
    yield draft
    merge = f"{here}/pulls/{draft.data['number']}/merge"
    wanted = {"sha": draft.data["head"]["sha"], "merge_method": "squash"}
    yield ask("PUT", merge, wanted)
    hub.pulled(draft.data["number"])[1].draft = False
    yield ask("PUT", merge, {**wanted, "commit_title": "New (#1)", "commit_message": "by the walk"})
    yield ask("PUT", merge, wanted)
    yield ask("GET", f"{here}/pulls/{draft.data['number']}")
