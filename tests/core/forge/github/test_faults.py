"""Whatever GitHub answers: a read is whole or unknown, a write is done once or said not to be, and nobody asks early.

Each call of the adapters meets each fault at the endpoint it stands on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import pytest

from forge_loop.domain.remarks import LineRemark
from forge_loop.errors import AuthenticationError, ForgeError, NoSuchIssueError, RefusedError, UnreadableError
from forge_loop.ports import Merged
from support.fake_github import FakeGitHub, Fault, FaultKind, serving
from support.fake_github.faults import DENIED, SECONDARY
from support.github_parts import READY, Parts, parts_of
from support.repositories import BASE

READ_SECONDS = 0.5
MANY = 50
NEEDS = {"X-Accepted-GitHub-Permissions": "issues=write"}
PERMISSION = {"status": 403, "body": DENIED, "headers": NEEDS}


@dataclass(kw_only=True)
class Scene:
    """One GitHub for all cases. Each case that writes gets an issue or a pull request that is as new."""

    hub: FakeGitHub
    issue: int
    pull: int
    branch: str
    serial: int = 0

    def new_issue(self, *labels: str) -> int:
        return self.hub.person_adds("An issue", "text", labels=labels)

    def new_pull(self, *, draft: bool = False) -> tuple[int, str, str]:
        """Number, branch and head of one that is open and has nothing said on it."""
        self.serial += 1
        branch = f"forge/{self.serial}-9"
        sha = self.hub.person_pushes(branch, {f"file{self.serial}": "1\n"})
        number = self.hub.person_opens_pull_request(branch)
        self.hub.pulled(number)[1].draft = draft
        return number, branch, sha

    def new_branch(self) -> tuple[str, str]:
        self.serial += 1
        branch = f"forge/{self.serial}-9"
        return branch, self.hub.person_pushes(branch, {f"file{self.serial}": "1\n"})

    @property
    def base_sha(self) -> str:
        return self.hub.repository.branches()[BASE]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with serving(tmp_path_factory.mktemp("faults")) as hub:
        issue = hub.person_adds("First", "text", labels=(READY,))
        hub.person_comments(issue, "a word")
        branch = "forge/1-1"
        sha = hub.person_pushes(branch, {"a": "1\n"})
        pull = hub.person_opens_pull_request(branch)
        hub.check_ends(sha, "test")
        hub.check_ends(sha, "legacy", app=None)
        hub.person_comments(pull, "/forge mend it")
        hub.person_reviews(pull, "COMMENTED", "fine", by="operator")
        yield Scene(hub=hub, issue=issue, pull=pull, branch=branch)


@pytest.fixture
def parts(scene: Scene) -> Iterator[Parts]:
    made = parts_of(scene.hub)
    yield made
    made.close()
    scene.hub.faults.clear()


@pytest.fixture
def impatient(scene: Scene) -> Iterator[Parts]:
    """For cases in which nothing comes: a silence of this length is the end of it."""
    made = parts_of(scene.hub, read_seconds=READ_SECONDS)
    yield made
    made.close()
    scene.hub.faults.clear()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A call that looks, the endpoint it stands on, and whether 404 is a word about an issue."""

    call: Callable[[Parts, Scene], object]
    path: str
    of_issue: bool = False
    absent: object = UnreadableError


READINGS = {
    "open_issues": Reading(call=lambda p, _s: list(p.tracker.open_issues()), path=r"/issues\?.*state=open"),
    "open_issues, what changed": Reading(call=lambda p, _s: list(p.tracker.open_issues()), path=r"/issues\?state=all"),
    "issue": Reading(call=lambda p, s: p.tracker.issue(s.issue), path=r"/issues/1$", absent=NoSuchIssueError),
    "labelled": Reading(
        call=lambda p, s: p.tracker.labelled(p.tracker.issue(s.issue), READY),
        path="/timeline",
        absent=NoSuchIssueError,
    ),
    "note": Reading(call=lambda p, s: p.tracker.note(s.issue, "k"), path="/issues/1/comments", absent=NoSuchIssueError),
    "who I am": Reading(call=lambda p, _s: p.repository.me(), path="/user$"),
    "base_sha": Reading(call=lambda p, _s: p.host.base_sha(BASE), path="/git/ref/"),
    "pull_request": Reading(call=lambda p, s: p.host.pull_request(s.pull), path=r"/pulls/\d+$"),
    "find_pull_request": Reading(call=lambda p, s: p.host.find_pull_request(s.branch), path=r"/pulls\?"),
    "open_pull_requests": Reading(call=lambda p, _s: list(p.host.open_pull_requests("forge/1-1")), path=r"/pulls\?"),
    "check runs": Reading(call=lambda p, s: p.host.checks(head_of(s)), path="/check-runs"),
    "statuses": Reading(call=lambda p, s: p.host.checks(head_of(s)), path="/status"),
    "rules": Reading(call=lambda p, s: p.host.checks(head_of(s)), path="/rules/"),
    "remarks": Reading(call=lambda p, s: list(p.host.conversation().remarks(s.pull)), path=r"/issues/\d+/comments"),
    "reviews": Reading(call=lambda p, s: p.host.conversation().review_posted(s.pull, "k"), path=r"/reviews"),
}


# Who the token's account is need not be asked twice.
ASKS_AGAIN = [reading for name, reading in READINGS.items() if name != "who I am"]


def head_of(scene: Scene) -> str:
    return scene.hub.pulled(scene.pull)[1].head_sha


def fault(
    path: str, kind: FaultKind = FaultKind.STATUS, *, method: str = "GET", times: int = MANY, **more: object
) -> Fault:
    return Fault(kind=kind, path=path, method=method, times=times, **more)  # type: ignore[arg-type]


# Answers from which nothing is known; asked again a few times.
NOTHING_KNOWN: dict[str, dict[str, object]] = {
    "500": {"status": 500},
    "502 as a page": {"status": 502, "body": "<html>"},
    "cut": {"kind": FaultKind.CUT},
    "a page of a hotel": {"kind": FaultKind.HTML},
    "half of the JSON": {"kind": FaultKind.TRUNCATED},
    "nothing": {"kind": FaultKind.EMPTY},
}


@pytest.mark.parametrize("what", NOTHING_KNOWN)
@pytest.mark.parametrize("name", READINGS)
def test_a_read_that_brings_nothing_readable_is_tried_again_and_then_unknown(
    name: str, what: str, scene: Scene, parts: Parts
) -> None:
    reading, mark = READINGS[name], len(scene.hub.writes())
    met = scene.hub.faults.add(fault(reading.path, **NOTHING_KNOWN[what]))  # type: ignore[arg-type]
    with pytest.raises(UnreadableError):
        reading.call(parts, scene)
    assert met.met == 3
    assert len(scene.hub.writes()) == mark


@pytest.mark.parametrize("name", ["issue", "open_issues"])
def test_a_read_that_waits_for_too_long_is_unknown(name: str, scene: Scene, impatient: Parts) -> None:
    met = scene.hub.faults.add(fault(READINGS[name].path, FaultKind.SLOW))
    with pytest.raises(UnreadableError, match="timed out"):
        READINGS[name].call(impatient, scene)
    assert met.met == 3


@pytest.mark.parametrize("name", READINGS)
def test_a_read_that_fails_once_is_whole_in_the_end(name: str, scene: Scene, parts: Parts) -> None:
    reading = READINGS[name]
    other = parts_of(scene.hub)
    expected = reading.call(other, scene)
    other.close()
    met = scene.hub.faults.add(fault(reading.path, status=502, times=1))
    assert reading.call(parts, scene) == expected
    assert met.met == 1


@pytest.mark.parametrize("status", [400, 409, 422, 451])
@pytest.mark.parametrize("name", READINGS)
def test_a_read_that_is_refused_is_unknown_and_not_tried_again(
    name: str, status: int, scene: Scene, parts: Parts
) -> None:
    met = scene.hub.faults.add(fault(READINGS[name].path, status=status))
    with pytest.raises(UnreadableError, match=f"{status}"):
        READINGS[name].call(parts, scene)
    assert met.met == 1


@pytest.mark.parametrize("name", [name for name in READINGS if name != "check runs"])
def test_a_read_that_the_token_may_not_names_the_permission(name: str, scene: Scene, parts: Parts) -> None:
    scene.hub.faults.add(fault(READINGS[name].path, **PERMISSION))  # type: ignore[arg-type]
    with pytest.raises(UnreadableError, match="the token needs the permission issues=write"):
        READINGS[name].call(parts, scene)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("name", READINGS)
def test_not_found_is_never_an_empty_answer(name: str, status: int, scene: Scene, parts: Parts) -> None:
    """Of an issue it is said, where the repository itself can be seen, that it is not there."""
    reading = READINGS[name]
    scene.hub.faults.add(fault(reading.path, status=status))
    if reading.absent is NoSuchIssueError and name == "labelled":
        # The issue itself was read: what has no history is not usable, and nobody gave the label.
        with pytest.raises(NoSuchIssueError):
            reading.call(parts, scene)
        return
    with pytest.raises((UnreadableError, NoSuchIssueError)) as caught:
        reading.call(parts, scene)
    assert type(caught.value) is reading.absent


@pytest.mark.parametrize("name", READINGS)
def test_a_token_that_is_not_accepted_stops_everything_for_a_while(name: str, scene: Scene, parts: Parts) -> None:
    scene.hub.faults.add(fault(READINGS[name].path, status=401, body={"message": "Bad credentials"}))
    with pytest.raises(AuthenticationError, match="does not accept the token"):
        READINGS[name].call(parts, scene)
    mark = len(scene.hub.requests)
    for again in ASKS_AGAIN:
        with pytest.raises(AuthenticationError):
            again.call(parts, scene)
    assert len(scene.hub.requests) == mark


@pytest.mark.parametrize("name", READINGS)
def test_a_way_to_another_place_is_not_followed_with_the_token(name: str, scene: Scene, parts: Parts) -> None:
    scene.hub.faults.add(fault(READINGS[name].path, status=301, headers={"Location": "http://127.0.0.1:9/elsewhere"}))
    with pytest.raises(UnreadableError, match="elsewhere"):
        READINGS[name].call(parts, scene)


LIMITS: dict[str, tuple[dict[str, object], float]] = {
    "secondary, with a time": ({"status": 403, "body": SECONDARY, "headers": {"Retry-After": "90"}}, 90),
    "secondary, without": ({"status": 403, "body": SECONDARY}, 60),
    "429 with a time": ({"status": 429, "headers": {"Retry-After": "30"}}, 30),
    "429 without": ({"status": 429}, 60),
    "503 with a time": ({"status": 503, "headers": {"Retry-After": "45"}}, 45),
}


@pytest.mark.parametrize("what", LIMITS)
@pytest.mark.parametrize("name", READINGS)
def test_nothing_is_asked_before_the_time_that_github_gave(name: str, what: str, scene: Scene, parts: Parts) -> None:
    told, seconds = LIMITS[what]
    scene.hub.faults.add(fault(READINGS[name].path, **told))  # type: ignore[arg-type]
    with pytest.raises(UnreadableError, match="GitHub is not asked before"):
        READINGS[name].call(parts, scene)
    mark = len(scene.hub.requests)
    parts.clock.advance(seconds - 8)
    for again in ASKS_AGAIN:
        with pytest.raises(UnreadableError, match="GitHub is not asked before"):
            again.call(parts, scene)
    with pytest.raises(UnreadableError):
        parts.tracker.add_label(scene.issue, "risk:high")
    assert len(scene.hub.requests) == mark
    scene.hub.faults.clear()
    parts.clock.advance(10)
    READINGS[name].call(parts, scene)


@dataclass(frozen=True, kw_only=True, slots=True)
class Writing:
    """A call that writes to an issue or a pull request that is as new, and how often it is there afterwards."""

    prepare: Callable[[Scene], tuple[int, str, str]]
    call: Callable[[Parts, tuple[int, str, str], Scene], object]
    count: Callable[[Scene, tuple[int, str, str]], int]
    method: str
    path: str
    absent: type[Exception] | None = RefusedError


def issue_of(*labels: str) -> Callable[[Scene], tuple[int, str, str]]:
    return lambda scene: (scene.new_issue(*labels), "", "")


def _events(scene: Scene, number: int, kind: str) -> int:
    return sum(event["event"] == kind for event in scene.hub.ticket(number).timeline)


def _merge(parts: Parts, made: tuple[int, str, str], scene: Scene) -> object:
    return parts.host.merge(made[0], head_sha=made[2], base_sha=scene.base_sha, message="Do it\n\nFor #1.")


LINES = [LineRemark(file="README.md", line=99, text="not there")]

WRITINGS = {
    "add_label": Writing(
        prepare=issue_of(),
        call=lambda p, made, _s: p.tracker.add_label(made[0], "risk:high"),
        count=lambda s, made: _events(s, made[0], "labeled"),
        method="POST",
        path="/labels",
        absent=NoSuchIssueError,
    ),
    "remove_label": Writing(
        prepare=issue_of("risk:high"),
        call=lambda p, made, _s: p.tracker.remove_label(made[0], "risk:high"),
        count=lambda s, made: _events(s, made[0], "unlabeled"),
        method="DELETE",
        path="/labels/",
    ),
    "post_note": Writing(
        prepare=issue_of(),
        call=lambda p, made, _s: p.tracker.post_note(made[0], "job-1", "done"),
        count=lambda s, made: len(s.hub.comments(made[0])),
        method="POST",
        path="/comments",
        absent=NoSuchIssueError,
    ),
    "close": Writing(
        prepare=issue_of(),
        call=lambda p, made, _s: p.tracker.close(made[0], "merged"),
        count=lambda s, made: _events(s, made[0], "closed"),
        method="PATCH",
        path="/issues/",
    ),
    "open_pull_request": Writing(
        prepare=lambda s: (0, *s.new_branch()),
        call=lambda p, made, _s: p.host.open_pull_request(branch=made[1], base=BASE, title="t", body="b"),
        count=lambda s, made: sum(
            ticket.pull is not None and ticket.pull.branch == made[1] for ticket in s.hub.state.tickets.values()
        ),
        method="POST",
        path="/pulls$",
    ),
    "describe": Writing(
        prepare=lambda s: s.new_pull(),
        call=lambda p, made, _s: p.host.conversation().describe(made[0], body="anew"),
        count=lambda s, made: int(s.hub.ticket(made[0]).body == "anew"),
        method="PATCH",
        path="/pulls/",
    ),
    "mark_ready": Writing(
        prepare=lambda s: s.new_pull(draft=True),
        call=lambda p, made, _s: p.host.conversation().mark_ready(made[0]),
        count=lambda s, made: int(not s.hub.pulled(made[0])[1].draft),
        method="POST",
        path="/graphql",
    ),
    "post_review": Writing(
        prepare=lambda s: s.new_pull(),
        call=lambda p, made, _s: p.host.conversation().post_review(
            made[0], key="k", sha=made[2], text="Two things.", lines=LINES
        ),
        count=lambda s, made: len(s.hub.pulled(made[0])[1].reviews),
        method="POST",
        path="/reviews",
    ),
    "close_pull_request": Writing(
        prepare=lambda s: s.new_pull(),
        call=lambda p, made, _s: p.host.close_pull_request(made[0]),
        count=lambda s, made: _events(s, made[0], "closed"),
        method="PATCH",
        path="/pulls/",
    ),
    "delete_branch": Writing(
        prepare=lambda s: s.new_pull(),
        call=lambda p, made, _s: p.host.delete_branch(made[1], sha=made[2]),
        count=lambda s, made: int(made[1] not in s.hub.repository.branches()),
        method="DELETE",
        path="/git/refs/",
    ),
    "merge": Writing(
        prepare=lambda s: s.new_pull(),
        call=_merge,
        count=lambda s, made: int(s.hub.pulled(made[0])[1].merged_sha is not None),
        method="PUT",
        path="/merge",
    ),
}

NOT_DONE: dict[str, dict[str, object]] = {
    "500": {"status": 500},
    "502": {"status": 502},
    "cut": {"kind": FaultKind.CUT},
    "a page of a hotel": {"kind": FaultKind.HTML},
}
DONE: dict[str, dict[str, object]] = {
    "502 after it was done": {"kind": FaultKind.DONE_THEN_STATUS, "status": 502},
    "lost reply": {"kind": FaultKind.LOST_REPLY},
    "half of the JSON": {"kind": FaultKind.TRUNCATED},
    "nothing": {"kind": FaultKind.EMPTY},
}


def planned(scene: Scene, writing: Writing, **how: object) -> Fault:
    return scene.hub.faults.add(fault(writing.path, method=writing.method, **how))  # type: ignore[arg-type]


@pytest.mark.parametrize("what", NOT_DONE)
@pytest.mark.parametrize("name", WRITINGS)
def test_a_write_without_an_answer_is_sent_once_and_never_taken_for_refused(
    name: str, what: str, scene: Scene, parts: Parts
) -> None:
    writing = WRITINGS[name]
    made = writing.prepare(scene)
    met = planned(scene, writing, **NOT_DONE[what])
    with pytest.raises(ForgeError) as caught:
        writing.call(parts, made, scene)
    assert not isinstance(caught.value, RefusedError)
    assert "may have been done" in str(caught.value)
    assert (met.met, writing.count(scene, made)) == (1, 0)
    scene.hub.faults.clear()
    writing.call(parts, made, scene)
    assert writing.count(scene, made) == 1


@pytest.mark.parametrize("name", ["add_label", "merge"])
def test_a_write_that_waits_for_too_long_may_have_been_done(name: str, scene: Scene, impatient: Parts) -> None:
    writing = WRITINGS[name]
    made = writing.prepare(scene)
    met = planned(scene, writing, kind=FaultKind.SLOW)
    with pytest.raises(ForgeError, match="may have been done"):
        writing.call(impatient, made, scene)
    assert (met.met, writing.count(scene, made)) == (1, 0)


@pytest.mark.parametrize("what", DONE)
@pytest.mark.parametrize("name", WRITINGS)
def test_a_write_that_was_done_is_not_done_again(name: str, what: str, scene: Scene, parts: Parts) -> None:
    """The reply is lost; whoever asks for the same again finds it there. A merge looks by itself."""
    writing = WRITINGS[name]
    made = writing.prepare(scene)
    met = planned(scene, writing, times=1, **DONE[what])
    base = scene.base_sha
    if name == "merge":
        answer = parts.host.merge(made[0], head_sha=made[2], base_sha=base, message="m")
        assert answer == Merged(sha=scene.base_sha)
        assert parts.host.merge(made[0], head_sha=made[2], base_sha=base, message="m") == answer
    else:
        # The answer to a deletion has no body that could be lost.
        loses = what != "half of the JSON" or name != "delete_branch"
        with pytest.raises(ForgeError) if loses else nullcontext() as caught:
            writing.call(parts, made, scene)
        assert caught is None or not isinstance(caught.value, RefusedError)
        for _ in range(2):
            writing.call(parts, made, scene)
    assert (met.met, writing.count(scene, made)) == (1, 1)


@pytest.mark.parametrize("status", [409, 422])
@pytest.mark.parametrize("name", WRITINGS)
def test_a_write_that_is_refused_is_the_hosts_no(name: str, status: int, scene: Scene, parts: Parts) -> None:
    writing = WRITINGS[name]
    made = writing.prepare(scene)
    planned(scene, writing, status=status, body={"message": "Validation Failed"})
    with pytest.raises(RefusedError):
        writing.call(parts, made, scene)
    assert writing.count(scene, made) == 0


@pytest.mark.parametrize("name", WRITINGS)
def test_a_write_that_the_token_may_not_names_the_permission(name: str, scene: Scene, parts: Parts) -> None:
    writing = WRITINGS[name]
    made = writing.prepare(scene)
    met = planned(scene, writing, **PERMISSION)
    with pytest.raises(RefusedError, match="the token needs the permission issues=write"):
        writing.call(parts, made, scene)
    assert (met.met, writing.count(scene, made)) == (1, 0)


@pytest.mark.parametrize("name", WRITINGS)
def test_a_write_to_what_is_not_there_is_not_taken_for_done(name: str, scene: Scene, parts: Parts) -> None:
    writing = WRITINGS[name]
    made = writing.prepare(scene)
    planned(scene, writing, status=404, body={"message": "Not Found"})
    with pytest.raises((RefusedError, NoSuchIssueError)) as caught:
        writing.call(parts, made, scene)
    assert type(caught.value) is writing.absent
    assert writing.count(scene, made) == 0


@pytest.mark.parametrize("what", LIMITS)
@pytest.mark.parametrize("name", WRITINGS)
def test_a_write_is_not_tried_before_the_time_that_github_gave(
    name: str, what: str, scene: Scene, parts: Parts
) -> None:
    writing, (told, seconds) = WRITINGS[name], LIMITS[what]
    made = writing.prepare(scene)
    met = planned(scene, writing, **told)
    for _ in range(3):
        with pytest.raises(ForgeError) as caught:
            writing.call(parts, made, scene)
        assert not isinstance(caught.value, RefusedError)
    assert (met.met, writing.count(scene, made)) == (1, 0)
    scene.hub.faults.clear()
    parts.clock.advance(seconds + 1)
    writing.call(parts, made, scene)
    assert writing.count(scene, made) == 1


@pytest.mark.parametrize("name", WRITINGS)
def test_a_write_stops_at_a_token_that_is_not_accepted(name: str, scene: Scene, parts: Parts) -> None:
    writing = WRITINGS[name]
    made = writing.prepare(scene)
    met = planned(scene, writing, status=401)
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            writing.call(parts, made, scene)
    assert (met.met, writing.count(scene, made)) == (1, 0)


@pytest.mark.parametrize("name", [name for name in WRITINGS if name != "mark_ready"])
def test_a_write_does_not_follow_a_repository_that_moved(name: str, scene: Scene, parts: Parts) -> None:
    writing = WRITINGS[name]
    made = writing.prepare(scene)
    place = f"{scene.hub.url}/api/v3/repositories/1/x"
    met = planned(scene, writing, status=307, headers={"Location": place})
    with pytest.raises(ForgeError, match="has moved"):
        writing.call(parts, made, scene)
    assert (met.met, writing.count(scene, made)) == (1, 0)


def test_a_second_page_that_fails_makes_the_listing_unknown(scene: Scene, parts: Parts) -> None:
    for _ in range(101):
        scene.new_issue()
    whole = {issue.number for issue in parts.tracker.open_issues()}
    other = parts_of(scene.hub)
    met = scene.hub.faults.add(fault(r"/issues\?.*page=2", status=502))
    with pytest.raises(UnreadableError):
        other.tracker.open_issues()
    assert met.met == 3
    scene.hub.faults.clear()
    assert {issue.number for issue in other.tracker.open_issues()} == whole
    other.close()


def test_an_empty_page_in_place_of_the_issues_is_noticed(scene: Scene, parts: Parts) -> None:
    scene.hub.faults.add(fault(r"/issues\?.*state=open", status=200, body=[]))
    with pytest.raises(UnreadableError, match="lacks"):
        parts.tracker.open_issues()
