"""Tests of what the contract of trackers does not show: files, owners, locks, edits by others."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_loop.errors import ForgeError, RefusedError, UnreadableError
from forge_loop.forge.local import BacklogTracker, init_backlog
from support.repositories import git, make_checkout

NOW = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)


class Place:
    def __init__(self, directory: Path) -> None:
        self.checkout = make_checkout(directory / "checkout")
        init_backlog(self.checkout)
        self.moment = NOW
        self.tracker = self.with_pause(lambda _: None)
        self.number = self.tracker.add("A greeting", "Greet people.")

    def with_pause(self, pause: Callable[[float], None]) -> BacklogTracker:
        return BacklogTracker(self.checkout, ready_label="loop:ready", now=lambda: self.moment, pause=pause)

    @property
    def path(self) -> Path:
        (found,) = (self.checkout / "backlog" / "tasks").glob("task-1 - *.md")
        return found

    @property
    def lock(self) -> Path:
        return self.checkout / "backlog" / ".locks" / "task-task-1"

    def rewrites(self, before: str, after: str) -> None:
        text = self.path.read_text()
        assert before in text
        self.path.write_text(text.replace(before, after))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_only_the_operator_can_give_the_ready_label(place: Place) -> None:
    with pytest.raises(RefusedError):
        place.tracker.add_label(1, "loop:ready")
    place.tracker.approve(1)
    event = place.tracker.labelled(place.tracker.issue(1), "loop:ready")
    assert event is not None
    assert (event.trusted, event.at) == (True, None)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_approves_nothing_and_is_never_taken_over(place: Place) -> None:
    place.tracker.approve(1)
    os.chown(place.path, 65534, -1)
    event = place.tracker.labelled(place.tracker.issue(1), "loop:ready")
    assert event is not None
    assert not event.trusted
    assert event.actor == "nobody"
    with pytest.raises(RefusedError, match="belongs to nobody"):
        place.tracker.post_note(1, "job 1", "x")
    assert place.path.stat().st_uid == 65534


def test_a_change_sets_the_date_and_no_change_sets_nothing(place: Place) -> None:
    place.moment = LATER
    raw = place.path.read_bytes()
    place.tracker.remove_label(1, "absent")
    assert place.path.read_bytes() == raw
    place.tracker.set_status(1, "Review")
    assert "status: Review" in place.path.read_text()
    assert "updated_date: '2026-11-24 09:05'" in place.path.read_text()
    assert "created_date: '2026-11-23 14:40'" in place.path.read_text()


def test_the_lock_of_an_issue_keeps_the_loop_from_writing(place: Place) -> None:
    place.lock.mkdir(parents=True)
    raw = place.path.read_bytes()
    with pytest.raises(ForgeError, match="being modified by another process"):
        place.tracker.set_status(1, "Review")
    assert place.path.read_bytes() == raw
    place.with_pause(lambda _: place.lock.rmdir()).set_status(1, "Review")
    assert not place.lock.exists()


def test_an_edit_by_a_person_while_the_loop_waits_is_kept(place: Place) -> None:
    place.lock.mkdir(parents=True)

    def edits(_: float) -> None:
        place.rewrites("Greet people.", "Greet everybody.")
        place.lock.rmdir()

    place.with_pause(edits).set_status(1, "Review")
    assert "Greet everybody." in place.tracker.issue(1).body
    assert "status: Review" in place.path.read_text()


def test_an_edit_between_reading_and_writing_is_read_and_built_upon(place: Place) -> None:
    edits = iter(["first", "second"])

    def now() -> datetime:
        """The clock is asked between reading and writing; a person is quicker twice."""
        if (word := next(edits, None)) is not None:
            place.path.write_text(place.path.read_text().rstrip("\n") + f"\n{word}\n")
        return LATER

    BacklogTracker(place.checkout, now=now).set_status(1, "Review")
    assert place.tracker.issue(1).body.endswith("first\nsecond\n")
    assert "status: Review" in place.path.read_text()


def test_a_file_that_never_rests_is_left_alone(place: Place) -> None:
    def now() -> datetime:
        place.path.write_text(place.path.read_text() + "more\n")
        return LATER

    with pytest.raises(ForgeError, match="keeps changing"):
        BacklogTracker(place.checkout, now=now).set_status(1, "Review")
    assert "status: To Do" in place.path.read_text()


def test_broken_and_doubled_files_are_shown_unreadable_and_never_written(place: Place) -> None:
    place.path.with_name("task-2 - Broken.md").write_text("---\nid: TASK-2\ntitle: [\n---\n")
    place.path.with_name("task-1 - Copy.md").write_bytes(place.path.read_bytes())
    first, second = place.tracker.open_issues()
    assert (first.number, first.labels, second.number) == (1, frozenset(), 2)
    assert "several files hold it: task-1 - A-greeting.md, task-1 - Copy.md" in (first.problem or "")
    assert "task-2 - Broken.md:" in (second.problem or "")
    for number in (1, 2):
        with pytest.raises(RefusedError, match=f"issue #{number} cannot be written"):
            place.tracker.add_label(number, "x")


def test_an_id_that_is_a_path_reaches_no_path(place: Place) -> None:
    place.rewrites("id: TASK-1", "id: TASK-1/../../../../x")
    assert "has the id" in (place.tracker.issue(1).problem or "")
    with pytest.raises(RefusedError, match="cannot be written"):
        place.tracker.add_label(1, "x")
    assert not (place.checkout / "backlog" / ".locks").exists()


def test_a_shell_command_in_a_file_is_a_problem(place: Place) -> None:
    place.rewrites("assignee: []", "assignee: []\nonStatusChange: touch /tmp/x")
    assert "onStatusChange" in (place.tracker.issue(1).problem or "")


def test_an_issue_in_the_archive_is_closed_and_its_reused_number_is_another_issue(place: Place) -> None:
    key = place.tracker.issue(1).key
    place.path.rename(place.checkout / "backlog" / "archive" / "tasks" / place.path.name)
    assert not place.tracker.issue(1).open
    assert place.tracker.open_issues() == []
    text = "---\nid: TASK-1\ntitle: Another\ncreated_date: '2026-12-01 08:00'\n---\n"
    (place.checkout / "backlog" / "tasks" / "task-1 - Another.md").write_text(text)
    assert place.tracker.issue(1).open
    assert place.tracker.issue(1).key != key


def test_a_persons_word_that_it_is_done_is_not_written_over(place: Place) -> None:
    place.rewrites("status: To Do", "status: Done")
    raw = place.path.read_bytes()
    place.tracker.close(1, "merged")
    assert place.path.read_bytes() == raw


def test_closing_writes_the_summary_for_people(place: Place) -> None:
    place.tracker.close(1, "Merged as abc in 3 minutes.")
    text = place.path.read_text()
    assert "status: Done" in text
    assert "<!-- SECTION:FINAL_SUMMARY:BEGIN -->\nMerged as abc in 3 minutes.\n<!--" in text


def test_ignored_files_are_told(place: Place) -> None:
    place.path.with_name("task-1.1 - Part.md").write_text("x")
    assert [line.split(" is ")[0] for line in place.tracker.ignored()] == ["task-1.1 - Part.md"]


def test_a_backlog_that_is_gone_is_unknown_and_not_empty(place: Place) -> None:
    (place.checkout / "backlog").rename(place.checkout / "away")
    for ask in (place.tracker.open_issues, lambda: place.tracker.issue(1)):
        with pytest.raises(UnreadableError):
            ask()


def test_nothing_is_ever_committed_or_staged(place: Place) -> None:
    before = (git(place.checkout, "rev-parse", "HEAD"), git(place.checkout, "diff", "--cached"))
    place.tracker.approve(1)
    place.tracker.post_note(1, "job 1", "x")
    place.tracker.close(1, "y")
    assert (git(place.checkout, "rev-parse", "HEAD"), git(place.checkout, "diff", "--cached")) == before
    assert not (place.checkout / "AGENTS.md").exists()
