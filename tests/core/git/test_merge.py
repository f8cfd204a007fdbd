"""Tests of merging two commits without a work tree."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_loop.errors import GitError
from forge_loop.git.command import Git
from forge_loop.git.merge import MergeConflict, later_date, squash
from support.repositories import commit, git, head, make_checkout


class Fork:
    """Two commits, `ours` and `theirs`, that left the same one."""

    def __init__(self, directory: Path) -> None:
        self.place = make_checkout(directory / "repository")
        self.plumbing = Git(self.place / ".git")
        self.start = head(self.place)

    def side(self, files: dict[str, str | None]) -> str:
        git(self.place, "checkout", "--quiet", "--detach", self.start)
        return commit(self.place, files)

    def squashed(self, ours: str, theirs: str, message: str = "m") -> str | MergeConflict:
        return squash(self.plumbing, base_sha=ours, head_sha=theirs, message=message)


@pytest.fixture
def fork(tmp_path: Path) -> Fork:
    return Fork(tmp_path)


def test_a_squash_has_one_parent_and_both_sides(fork: Fork) -> None:
    ours, theirs = fork.side({"a": "1"}), fork.side({"b": "1"})
    sha = fork.squashed(ours, theirs)
    assert isinstance(sha, str)
    assert git(fork.place, "show", "-s", "--format=%P", sha) == ours
    assert set(git(fork.place, "ls-tree", "--name-only", sha).split()) >= {"a", "b", "README.md"}


def test_the_same_squash_is_the_same_commit(fork: Fork) -> None:
    ours, theirs = fork.side({"a": "1"}), fork.side({"b": "1"})
    assert fork.squashed(ours, theirs) == fork.squashed(ours, theirs)
    assert fork.squashed(ours, theirs) != fork.squashed(ours, theirs, "another message")


def test_conflicts_are_listed_by_path_and_once(fork: Fork) -> None:
    ours = fork.side({"README.md": "ours\n", "src/app.py": None, "new": "1\n"})
    theirs = fork.side({"README.md": "theirs\n", "src/app.py": "changed\n", "new": "2\n"})
    assert fork.squashed(ours, theirs) == MergeConflict(paths=("README.md", "new", "src/app.py"))


def test_what_is_no_commit_is_an_error_and_not_a_conflict(fork: Fork) -> None:
    for absent in ("1" * 40, head(fork.place, "HEAD^{tree}")):
        with pytest.raises(GitError):
            fork.squashed(fork.start, absent)


def test_histories_without_a_common_commit_are_an_error(fork: Fork) -> None:
    git(fork.place, "checkout", "--quiet", "--orphan", "other")
    other = commit(fork.place, {"a": "1"})
    with pytest.raises(GitError, match="unrelated histories"):
        fork.squashed(fork.start, other)


def test_no_branch_moves_and_no_file_changes(fork: Fork) -> None:
    ours, theirs = fork.side({"a": "1"}), fork.side({"b": "1"})
    before = (git(fork.place, "for-each-ref"), git(fork.place, "status", "--porcelain"), head(fork.place))
    fork.squashed(ours, theirs)
    assert (git(fork.place, "for-each-ref"), git(fork.place, "status", "--porcelain"), head(fork.place)) == before


def test_a_message_may_hold_anything(fork: Fork) -> None:
    ours, theirs = fork.side({"a": "1"}), fork.side({"b": "1"})
    sha = fork.squashed(ours, theirs, "  Größe\0 # not a comment\n\n-m \ud800 --amend\n\n")
    assert isinstance(sha, str)
    assert git(fork.place, "show", "-s", "--format=%B", sha) == "Größe # not a comment\n\n-m ? --amend"


def test_a_forged_date_counts_as_the_beginning(fork: Fork) -> None:
    tree = head(fork.place, "HEAD^{tree}")
    raw = f"tree {tree}\nauthor A <a@b> 99999999999999 +0000\ncommitter A <a@b> 99999999999999 +0000\n\nx\n"
    forged = git(fork.place, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw)
    assert later_date(fork.plumbing, forged) == datetime(1970, 1, 1, tzinfo=UTC)
    assert later_date(fork.plumbing, forged, fork.start) > datetime(2020, 1, 1, tzinfo=UTC)
