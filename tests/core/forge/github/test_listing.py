"""Looking at GitHub costs as little as what changed there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_loop.errors import UnreadableError
from support.fake_github import FakeGitHub, serving
from support.github_parts import READY, Parts, parts_of
from support.repositories import BASE

BACKLOG = 3000


class Clock:
    """GitHub's own time, which passes when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def passes(self, seconds: float = 10) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(tmp_path: Path, clock: Clock) -> Iterator[FakeGitHub]:
    with serving(tmp_path, now=clock.now) as made:
        yield made


@pytest.fixture
def parts(hub: FakeGitHub) -> Iterator[Parts]:
    made = parts_of(hub)
    yield made
    made.close()


def look(parts: Parts) -> dict[int, tuple[str, str | None]]:
    """What one look of the loop asks: base, open pull requests, issues, who labelled those that are ready."""
    parts.host.base_sha(BASE)
    parts.host.open_pull_requests("forge/")
    seen = {}
    for issue in parts.tracker.open_issues():
        event = parts.tracker.labelled(issue, READY) if READY in issue.labels else None
        seen[issue.number] = (issue.title, event.actor if event is not None else None)
    return seen


def test_a_backlog_of_thousands_is_read_in_pages_and_then_only_asked_whether_it_changed(
    hub: FakeGitHub, parts: Parts, clock: Clock
) -> None:
    for number in range(BACKLOG):
        hub.person_adds(f"Issue {number}", "text")
        clock.passes(1)
    for number in (5, 500, 2999):
        hub.person_labels(number, READY)
    clock.passes()
    seen = look(parts)
    assert len(seen) == BACKLOG
    assert [number for number, (_, actor) in seen.items() if actor == "operator"] == [5, 500, 2999]
    pages = [request for request in hub.requests if "state=open" in request.path and "/issues" in request.path]
    assert len(pages) == BACKLOG / 100
    for _ in range(3):
        mark = len(hub.requests)
        assert look(parts) == seen
        asked = hub.since(mark)
        assert len(asked) <= 3
        assert all(request.conditional and request.status == 304 for request in asked)
    assert hub.writes() == []
    clock.passes()
    hub.person_labels(7, READY)
    clock.passes()
    mark = len(hub.requests)
    assert look(parts)[7] == ("Issue 6", "operator")
    assert len(hub.since(mark)) <= 6


def test_what_comes_changes_and_goes_is_taken_in(hub: FakeGitHub, parts: Parts, clock: Clock) -> None:
    first, second = hub.person_adds("First", "text"), hub.person_adds("Second", "text")
    clock.passes()
    assert set(look(parts)) == {first, second}
    clock.passes()
    third = hub.person_adds("Third", "text")
    hub.person_edits(first, title="First, anew")
    hub.person_closes(second)
    assert look(parts) == {first: ("First, anew", None), third: ("Third", None)}
    clock.passes()
    hub.person_reopens(second)
    assert set(look(parts)) == {first, second, third}


def test_two_changes_within_one_second_are_both_seen(hub: FakeGitHub, parts: Parts) -> None:
    number = hub.person_adds("First", "text")
    hub.person_labels(number, READY)
    assert look(parts)[number] == ("First", "operator")
    hub.person_unlabels(number, READY)
    assert look(parts)[number] == ("First", None)
    hub.add_account("stranger", role="triage")
    hub.person_labels(number, READY, by="stranger")
    assert look(parts)[number] == ("First", "stranger")
    hub.person_closes(number)
    assert look(parts) == {}


def test_an_issue_that_was_deleted_is_noticed_within_the_hour(hub: FakeGitHub, parts: Parts, clock: Clock) -> None:
    first, second = hub.person_adds("First", "text"), hub.person_adds("Second", "text")
    look(parts)
    hub.person_deletes_issue(first)
    parts.clock.advance(3601)
    assert set(look(parts)) == {second}


def test_no_new_work_is_looked_for_when_little_of_the_hour_is_left(hub: FakeGitHub, parts: Parts) -> None:
    number = hub.person_adds("First", "text")
    hub.limits.used = 4200
    with pytest.raises(UnreadableError, match="kept for what is under way"):
        look(parts)
    assert parts.tracker.issue(number).title == "First"
