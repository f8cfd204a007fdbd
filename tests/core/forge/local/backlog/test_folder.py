"""Tests of which files are issues, and of replacing one."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from forge_loop.errors import UnreadableError
from forge_loop.forge.local.backlog import folder
from forge_loop.forge.local.backlog.folder import Folder, Found, replace_file

ISSUE = "---\nid: TASK-{}\ntitle: T\ncreated_date: 2026-11-23\n---\ntext\n"


class Place:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tasks").mkdir(parents=True)
        self.folder = Folder(root)

    def puts(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def live(self) -> dict[int, Found]:
        return {entry.number: entry for entry in self.folder.live()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "backlog")


def test_issues_are_found_by_their_names(place: Place) -> None:
    place.puts("tasks/task-7 - Add a greeting.md", ISSUE.format(7))
    place.puts("tasks/TASK-8.md", ISSUE.format(8))
    place.puts("tasks/notes.txt", "no issue")
    place.puts("drafts/draft-9 - Later.md", ISSUE.format(9))
    assert sorted(place.live()) == [7, 8]
    assert all(entry.problem is None for entry in place.live().values())
    assert place.folder.ignored() == []


def test_a_name_that_says_nothing_is_found_by_its_id(place: Place) -> None:
    place.puts("tasks/greeting.md", ISSUE.format(7))
    assert place.live()[7].path.name == "greeting.md"
    assert place.folder.holding(7)[0][0].path.name == "greeting.md"


def test_a_broken_file_is_shown_with_its_problem_and_never_left_out(place: Place) -> None:
    place.puts("tasks/task-7 - Broken.md", "---\nid: TASK-7\ntitle: a: b\n---\n")
    found = place.live()[7]
    assert found.file is None
    assert found.problem is not None
    assert "task-7 - Broken.md:3" in found.problem


def test_sub_issues_and_files_without_an_id_are_named_with_the_reason(place: Place) -> None:
    place.puts("tasks/task-7.1 - Part.md", ISSUE.format("7.1"))
    place.puts("tasks/readme.md", "# About\n")
    place.puts("tasks/odd.md", "---\ntitle: T\n---\n")
    assert place.live() == {}
    assert place.folder.ignored() == [
        "odd.md has no id",
        "readme.md has no frontmatter",
        "task-7.1 - Part.md is a sub-task; the loop works on whole issues only",
    ]


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
def test_what_is_no_plain_file_is_not_opened(place: Place, kind: str) -> None:
    path = place.root / "tasks" / "task-7 - X.md"
    if kind == "link":
        path.symlink_to(place.puts("elsewhere.md", ISSUE.format(7)))
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    found = place.live()[7]
    assert found.file is None
    assert "plain file" in (found.problem or "")


def test_two_files_of_one_number_are_both_found(place: Place) -> None:
    place.puts("tasks/task-7 - A.md", ISSUE.format(7))
    place.puts("tasks/task-7 - B.md", ISSUE.format(7))
    found, live = place.folder.holding(7)
    assert [entry.path.name for entry in found] == ["task-7 - A.md", "task-7 - B.md"]
    assert live


def test_an_ended_issue_is_found_where_it_was_moved_and_the_live_one_comes_first(place: Place) -> None:
    place.puts("archive/tasks/task-7 - Old.md", ISSUE.format(7))
    assert [(entry.path.name, live) for found, live in [place.folder.holding(7)] for entry in found] == [
        ("task-7 - Old.md", False)
    ]
    place.puts("completed/task-7 - Done.md", ISSUE.format(7))
    assert place.folder.holding(7)[0][0].path.name == "task-7 - Done.md"
    place.puts("tasks/task-7 - New.md", ISSUE.format(7))
    assert place.folder.holding(7)[0][0].path.name == "task-7 - New.md"
    assert place.folder.holding(8) == ([], False)


def test_the_highest_number_counts_every_folder_and_every_id(place: Place) -> None:
    assert place.folder.highest() == 0
    for highest, name in enumerate(
        ["tasks/task-1.md", "drafts/draft-2 - D.md", "completed/task-3 - C.md", "archive/tasks/task-4 - A.md"], 1
    ):
        place.puts(name, ISSUE.format(highest))
        assert place.folder.highest() == highest
    place.puts("tasks/odd.md", ISSUE.format(9))
    assert place.folder.highest() == 9


def test_a_number_that_no_row_could_hold_is_no_number(place: Place) -> None:
    place.puts(f"tasks/task-{'9' * 30}.md", ISSUE.format("9" * 5000))
    assert place.live() == {}
    assert len(place.folder.ignored()) == 1


def test_a_missing_folder_is_unreadable_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as caught:
        Folder(tmp_path / "backlog").live()
    assert caught.value.hint == "forge-loop init"


def test_a_replaced_file_keeps_its_mode_and_leaves_nothing_beside_it(place: Place) -> None:
    path = place.puts("tasks/task-7 - A.md", "before")
    path.chmod(0o640)
    replace_file(path, b"after")
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_an_edit_is_seen_however_soon_it_comes_and_however_alike_it_is(place: Place) -> None:
    path = place.puts("tasks/task-7.md", ISSUE.format(7))
    for letter in "abcdefghijklmnopqrstuvwxyz":
        path.write_text(ISSUE.format(7).replace("text", letter * 4))
        file = place.live()[7].file
        assert file is not None
        assert file.raw == path.read_bytes()


def test_a_file_that_stays_is_read_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place.puts("tasks/task-7.md", ISSUE.format(7))
    monkeypatch.setattr(folder, "SETTLED_NS", -1)
    first = place.live()[7]
    assert place.live()[7] is first
    path.chmod(0o600)
    again = place.live()[7]
    assert again is not first
    assert again == first
    path.unlink()
    assert place.live() == {}


def test_a_file_that_was_written_just_now_is_read_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place.puts("tasks/task-7.md", ISSUE.format(7))
    written = path.stat().st_ctime_ns
    monkeypatch.setattr(time, "time_ns", lambda: written + 50_000_000)
    assert place.live()[7] is not place.live()[7]
    monkeypatch.setattr(time, "time_ns", lambda: written + 200_000_000)
    assert place.live()[7] is place.live()[7]
