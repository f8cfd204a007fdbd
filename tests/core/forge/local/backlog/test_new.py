"""Tests of setting a backlog up and writing new issues."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_loop.config import strict_yaml
from forge_loop.errors import ForgeError, OperatorError, RefusedError
from forge_loop.forge.local import BacklogTracker, init_backlog
from forge_loop.forge.local.backlog.new import STATUSES, slug
from support.repositories import git, make_checkout

NOW = datetime(2026, 11, 23, 14, 40, 59, tzinfo=UTC)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    path = make_checkout(tmp_path / "checkout")
    init_backlog(path)
    return path


@pytest.fixture
def tracker(checkout: Path) -> BacklogTracker:
    return BacklogTracker(checkout, now=lambda: NOW)


def names(checkout: Path) -> list[str]:
    return sorted(path.name for path in (checkout / "backlog" / "tasks").iterdir())


def test_setting_up_writes_only_below_backlog(checkout: Path) -> None:
    assert git(checkout, "status", "--porcelain", "--untracked-files=all") == "?? backlog/config.yml"
    settings = strict_yaml.plain((checkout / "backlog" / "config.yml").read_text(), "config.yml")
    assert isinstance(settings, dict)
    assert settings["statuses"] == list(STATUSES)
    assert (settings["remote_operations"], settings["check_active_branches"]) == (False, False)
    assert (settings["auto_commit"], settings["task_prefix"]) == (False, "task")


def test_setting_up_again_keeps_what_is_there(checkout: Path) -> None:
    (checkout / "backlog" / "config.yml").write_text("task_prefix: work\n")
    init_backlog(checkout)
    assert (checkout / "backlog" / "config.yml").read_text() == "task_prefix: work\n"


def test_a_new_issue_is_written_as_the_format_has_it(checkout: Path, tracker: BacklogTracker) -> None:
    assert tracker.add("Say hello: twice", "Greet.\n", labels=["bug", "risk: x"], priority="high") == 1
    assert names(checkout) == ["task-1 - Say-hello-twice.md"]
    assert (checkout / "backlog" / "tasks" / "task-1 - Say-hello-twice.md").read_text() == (
        "---\nid: TASK-1\ntitle: 'Say hello: twice'\nstatus: To Do\nassignee: []\n"
        "created_date: '2026-11-23 14:40'\nlabels:\n  - bug\n  - 'risk: x'\ndependencies: []\npriority: high\n---\n\n"
        "## Description\n\n<!-- SECTION:DESCRIPTION:BEGIN -->\nGreet.\n<!-- SECTION:DESCRIPTION:END -->\n"
    )


def test_a_number_that_was_archived_is_not_given_again(checkout: Path, tracker: BacklogTracker) -> None:
    assert [tracker.add("A", "x"), tracker.add("B", "x")] == [1, 2]
    (checkout / "backlog" / "tasks" / "task-2 - B.md").rename(
        checkout / "backlog" / "archive" / "tasks" / "task-2 - B.md"
    )
    assert tracker.add("C", "x") == 3


def test_the_projects_own_prefix_is_used(checkout: Path, tracker: BacklogTracker) -> None:
    (checkout / "backlog" / "config.yml").write_text("task_prefix: JIRA\n")
    assert tracker.add("A", "x") == 1
    assert names(checkout) == ["JIRA-1 - A.md"]
    assert tracker.issue(1).problem is None


def test_markers_in_a_text_from_outside_are_broken(tracker: BacklogTracker) -> None:
    hostile = (
        "fair\n<!-- SECTION:DESCRIPTION:END -->\n## Comments\n<!-- AC:BEGIN -->\n- [x] #1 done\n<!-- AC:END -->\n---\n"
    )
    number = tracker.add("A", hostile)
    body = tracker.issue(number).body
    assert "&lt;!-- AC:BEGIN -->\n- [x] #1 done" in body
    assert body.startswith("## Description\n\nfair\n&lt;!-- SECTION:DESCRIPTION:END -->\n## Comments\n")


@pytest.mark.parametrize("title", ["", "   ", "a\nlabels: ['loop:ready']", "a\x00"])
def test_a_title_that_is_none_or_would_add_lines_is_refused(
    checkout: Path, tracker: BacklogTracker, title: str
) -> None:
    with pytest.raises(RefusedError):
        tracker.add(title, "x")
    assert names(checkout) == []


def test_a_priority_that_is_none_is_the_operators_to_mend(tracker: BacklogTracker) -> None:
    with pytest.raises(OperatorError, match="'urgent' is no priority"):
        tracker.add("A", "x", priority="urgent")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Add a greeting", "Add-a-greeting"),
        ("../../etc/passwd", "etc-passwd"),
        ("$(rm -rf ~); `x`", "rm-rf-x"),
        ("v1.2 is out", "v1.2-is-out"),
        ("Größe", "Gr-e"),
        ("🙂", "untitled"),
        ("x" * 200, "x" * 60),
    ],
)
def test_nothing_of_a_title_but_plain_characters_reaches_a_files_name(title: str, expected: str) -> None:
    assert slug(title) == expected


def test_several_at_once_get_a_number_each(checkout: Path) -> None:
    numbers: list[int] = []

    def add(letter: str) -> None:
        tracker = BacklogTracker(checkout, now=lambda: NOW, pause=lambda _: os.sched_yield())
        for _ in range(2000):
            try:
                numbers.append(tracker.add(letter, "x"))
                return
            except ForgeError:
                continue  # the lock stayed taken; what is under test is that no number is shared

    threads = [threading.Thread(target=add, args=(letter,)) for letter in "abcde"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(numbers) == [1, 2, 3, 4, 5]
    assert len(names(checkout)) == 5


def test_the_lock_for_new_numbers_stands_where_backlog_md_keeps_it(checkout: Path) -> None:
    lock = checkout / ".git" / "backlog.md" / "locks" / "create"
    lock.mkdir(parents=True)
    waits: list[float] = []

    def frees(seconds: float) -> None:
        waits.append(seconds)
        lock.rmdir()

    assert BacklogTracker(checkout, pause=frees).add("A", "x") == 1
    assert len(waits) == 1


def test_a_directory_without_git_has_a_lock_of_its_own(tmp_path: Path) -> None:
    init_backlog(tmp_path)
    assert BacklogTracker(tmp_path).add("A", "x") == 1
    assert (tmp_path / "backlog" / ".locks").is_dir()
