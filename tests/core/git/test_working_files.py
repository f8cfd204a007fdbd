"""Tests of what counts as uncommitted."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.git.working_files import has_uncommitted
from support.repositories import Upstream, commit, git, head, make_upstream, write


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path, {"README.md": "# Sample\n", ".gitignore": "*.pyc\nbuild/\n", "run": "#!/bin/sh\n"})


def uncommitted(upstream: Upstream) -> bool:
    return has_uncommitted(upstream.bare, upstream.checkout, upstream.base_sha)


def test_a_fresh_checkout_holds_nothing_uncommitted(upstream: Upstream) -> None:
    assert not uncommitted(upstream)


def test_ignored_files_and_empty_directories_are_nothing(upstream: Upstream) -> None:
    write(upstream.checkout, {"a.pyc": "1", "build/out": "1"})
    (upstream.checkout / "empty").mkdir()
    assert not uncommitted(upstream)


@pytest.mark.parametrize(
    "files", [{"README.md": "changed\n"}, {"README.md": None}, {"new": "1"}, {"deep/er/new": "1"}], ids=str
)
def test_a_changed_deleted_or_new_file_is_uncommitted(upstream: Upstream, files: dict[str, str | None]) -> None:
    write(upstream.checkout, files)
    assert uncommitted(upstream)


def test_a_changed_mode_is_uncommitted(upstream: Upstream) -> None:
    (upstream.checkout / "run").chmod(0o755)
    assert uncommitted(upstream)


def test_what_the_index_of_the_workspace_says_does_not_matter(upstream: Upstream) -> None:
    write(upstream.checkout, {"README.md": "changed\n"})
    git(upstream.checkout, "update-index", "--assume-unchanged", "README.md")
    write(upstream.checkout, {"new": "1"})
    (upstream.checkout / ".git" / "info" / "exclude").write_text("*\n")
    assert git(upstream.checkout, "status", "--porcelain") == ""
    assert uncommitted(upstream)


def test_line_ends_that_git_converts_are_no_change(tmp_path: Path) -> None:
    upstream = make_upstream(tmp_path, {".gitattributes": "*.txt text eol=crlf\n"})
    upstream.land({"a.txt": "one\r\ntwo\r\n"})
    assert head(upstream.checkout) == upstream.base_sha
    assert not uncommitted(upstream)


def test_the_loops_repository_is_left_as_it_was(upstream: Upstream) -> None:
    write(upstream.checkout, {"new": "1"})
    before = sorted(entry.name for entry in upstream.bare.iterdir())
    uncommitted(upstream)
    assert sorted(entry.name for entry in upstream.bare.iterdir()) == before
    commit(upstream.checkout, {})
