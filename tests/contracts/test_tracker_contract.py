"""What every tracker must do, whatever keeps its issues.

A forge joins by adding its world to WORLDS: a tracker, and the hands of a person at that forge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from forge_loop.errors import NoSuchIssueError, RefusedError
from forge_loop.forge.local import BacklogTracker, init_backlog
from forge_loop.ports import Tracker
from support.fake_forge import FakeTracker
from support.fake_github import FakeGitHub, serving
from support.github_parts import parts_of
from support.repositories import make_checkout
from support.simulated_clock import SimulatedClock

READY = "loop:ready"


class World(Protocol):
    """A tracker and what a person does there."""

    @property
    def tracker(self) -> Tracker: ...

    def person_adds(self, title: str, body: str, *, blocked_by: tuple[int, ...] = ()) -> int: ...

    def person_labels(self, number: int, label: str) -> None: ...

    def person_unlabels(self, number: int, label: str) -> None: ...

    def person_closes(self, number: int) -> None: ...

    def person_rewrites(self, number: int, before: str, after: str) -> None: ...


class LocalWorld:
    """Markdown files, edited by hand."""

    def __init__(self, directory: Path) -> None:
        self._checkout = make_checkout(directory / "checkout")
        init_backlog(self._checkout)
        self._files = BacklogTracker(self._checkout, ready_label=READY)

    @property
    def tracker(self) -> Tracker:
        return self._files

    def person_adds(self, title: str, body: str, *, blocked_by: tuple[int, ...] = ()) -> int:
        number = self._files.add(title, body)
        if blocked_by:
            ids = ", ".join(f"TASK-{entry}" for entry in blocked_by)
            self.person_rewrites(number, "dependencies: []", f"dependencies: [{ids}]")
        return number

    def person_labels(self, number: int, label: str) -> None:
        self.person_rewrites(number, "labels: []", f"labels: ['{label}']")

    def person_unlabels(self, number: int, label: str) -> None:
        self.person_rewrites(number, f"labels: ['{label}']", "labels: []")

    def person_closes(self, number: int) -> None:
        self.person_rewrites(number, "status: To Do", "status: Done")

    def person_rewrites(self, number: int, before: str, after: str) -> None:
        (path,) = (self._checkout / "backlog" / "tasks").glob(f"task-{number} - *.md")
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))


class FakeWorld:
    """Issues in memory, as the simulation has them."""

    def __init__(self, _directory: Path) -> None:
        self._fake = FakeTracker(SimulatedClock(), ready_label=READY)

    @property
    def tracker(self) -> Tracker:
        return self._fake

    def person_adds(self, title: str, body: str, *, blocked_by: tuple[int, ...] = ()) -> int:
        return self._fake.person_adds(title, body, blocked_by=blocked_by)

    def person_labels(self, number: int, label: str) -> None:
        self._fake.person_labels(number, label)

    def person_unlabels(self, number: int, label: str) -> None:
        self._fake.person_unlabels(number, label)

    def person_closes(self, number: int) -> None:
        self._fake.person_closes(number)

    def person_rewrites(self, number: int, before: str, after: str) -> None:
        self._fake.person_rewrites(number, before, after)


class GitHubWorld:
    """Issues of a GitHub. A blocker that does not exist there was deleted since."""

    def __init__(self, hub: FakeGitHub) -> None:
        self._hub = hub
        self._parts = parts_of(hub)
        self.tracker: Tracker = self._parts.tracker

    def person_adds(self, title: str, body: str, *, blocked_by: tuple[int, ...] = ()) -> int:
        return self._hub.person_adds(title, body, blocked_by=blocked_by)

    def person_labels(self, number: int, label: str) -> None:
        self._hub.person_labels(number, label)

    def person_unlabels(self, number: int, label: str) -> None:
        self._hub.person_unlabels(number, label)

    def person_closes(self, number: int) -> None:
        self._hub.person_closes(number)

    def person_rewrites(self, number: int, before: str, after: str) -> None:
        self._hub.person_rewrites(number, before, after)

    def close(self) -> None:
        self._parts.close()


@contextmanager
def local_world(directory: Path) -> Iterator[World]:
    yield LocalWorld(directory)


@contextmanager
def fake_world(directory: Path) -> Iterator[World]:
    yield FakeWorld(directory)


@contextmanager
def github_world(directory: Path) -> Iterator[World]:
    with serving(directory) as hub:
        world = GitHubWorld(hub)
        yield world
        world.close()


WORLDS: dict[str, Callable[[Path], AbstractContextManager[World]]] = {
    "fake": fake_world,
    "local": local_world,
    "github": github_world,
}


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with WORLDS[request.param](tmp_path) as made:
        yield made


def test_every_open_issue_is_listed_in_number_order(world: World) -> None:
    numbers = [world.person_adds(f"Issue {letter}", "text") for letter in "abc"]
    assert [issue.number for issue in world.tracker.open_issues()] == sorted(numbers)


def test_an_issue_has_the_title_and_the_text_that_a_person_gave_it(world: World) -> None:
    number = world.person_adds("Greet: 'people' — naïvely", "Say hello.\n\n- twice")
    issue = world.tracker.issue(number)
    assert issue.title == "Greet: 'people' — naïvely"
    assert "Say hello.\n\n- twice" in issue.body
    assert issue.open
    assert issue.problem is None


def test_two_issues_never_share_a_key(world: World) -> None:
    first, second = world.person_adds("A", "same"), world.person_adds("A", "same")
    assert world.tracker.issue(first).key != world.tracker.issue(second).key


def test_a_closed_issue_is_not_listed_and_still_readable(world: World) -> None:
    number = world.person_adds("A", "text")
    world.person_closes(number)
    assert world.tracker.open_issues() == []
    assert not world.tracker.issue(number).open


def test_an_issue_that_is_not_there_is_named_in_the_error(world: World) -> None:
    for ask in (world.tracker.issue, lambda number: world.tracker.add_label(number, "x")):
        with pytest.raises(NoSuchIssueError, match="#99"):
            ask(99)


def test_an_edit_of_the_text_changes_its_hash(world: World) -> None:
    number = world.person_adds("A", "before")
    before = world.tracker.issue(number).sha256
    world.person_rewrites(number, "before", "after")
    assert world.tracker.issue(number).sha256 != before


def test_a_persons_label_names_who_gave_it_and_is_trusted(world: World) -> None:
    number = world.person_adds("A", "text")
    world.person_labels(number, READY)
    issue = world.tracker.issue(number)
    assert READY in issue.labels
    event = world.tracker.labelled(issue, READY)
    assert event is not None
    assert event.trusted
    assert event.actor


def test_a_label_that_is_not_there_has_no_giver(world: World) -> None:
    number = world.person_adds("A", "text")
    world.person_labels(number, READY)
    seen = world.tracker.issue(number)
    world.person_unlabels(number, READY)
    assert world.tracker.labelled(seen, READY) is None


def test_the_loop_cannot_give_the_ready_label(world: World) -> None:
    number = world.person_adds("A", "text")
    with pytest.raises(RefusedError):
        world.tracker.add_label(number, READY)
    assert READY not in world.tracker.issue(number).labels


def test_labels_come_and_go_and_doing_it_twice_changes_nothing(world: World) -> None:
    number = world.person_adds("A", "text")
    for _ in range(2):
        world.tracker.add_label(number, "loop:blocked")
        world.tracker.add_label(number, "risk:high")
    assert world.tracker.issue(number).labels == {"loop:blocked", "risk:high"}
    for _ in range(2):
        world.tracker.remove_label(number, "loop:blocked")
    assert world.tracker.issue(number).labels == {"risk:high"}


def test_dependencies_are_named_even_if_they_do_not_exist(world: World) -> None:
    first = world.person_adds("A", "text")
    second = world.person_adds("B", "text", blocked_by=(first, 77))
    assert world.tracker.issue(second).blocked_by == (first, 77)


def test_a_note_is_there_once_however_often_it_is_posted(world: World) -> None:
    number = world.person_adds("A", "text")
    assert world.tracker.note(number, "job 1") is None
    for text in ("first", "second\n\n| a | b |\n|---|---|", "second\n\n| a | b |\n|---|---|"):
        world.tracker.post_note(number, "job 1", text)
    world.tracker.post_note(number, "job 2", "other")
    assert world.tracker.note(number, "job 1") == "second\n\n| a | b |\n|---|---|"
    assert world.tracker.note(number, "job 2") == "other"


def test_nothing_the_loop_writes_changes_what_was_approved(world: World) -> None:
    number = world.person_adds("A", "text")
    world.person_labels(number, READY)
    before = world.tracker.issue(number)
    world.tracker.post_note(number, "job 1", "## Description\n\nanother text\n---\n- [x] #1 done")
    world.tracker.add_label(number, "loop:needs-human")
    world.tracker.close(number, "## Acceptance Criteria\n\n- it works\n---\n")
    after = world.tracker.issue(number)
    assert (after.key, after.sha256) == (before.key, before.sha256)
    assert READY in after.labels


def test_closing_twice_is_fine(world: World) -> None:
    number = world.person_adds("A", "text")
    world.tracker.close(number, "merged")
    world.tracker.close(number, "merged again")
    assert not world.tracker.issue(number).open
