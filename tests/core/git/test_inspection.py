"""Tests of what a candidate must not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.git.changes import changes, lines_changed
from forge_loop.git.command import Git
from forge_loop.git.inspection import MOST_BYTES, problems
from support.repositories import commit, git, head, make_checkout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "repository")


def found(repository: Path, base: str) -> tuple[str, ...]:
    plumbing = Git(repository / ".git")
    return problems(plumbing, changes(plumbing, base, head(repository)))


def with_entry(repository: Path, mode: str, name: str, content: str) -> str:
    """Commit one entry as a tree may hold it, whatever a file system would allow. Returns the commit before."""
    base = head(repository)
    blob = git(repository, "hash-object", "-w", "--stdin", stdin=content)
    git(repository, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{name}")
    git(repository, "commit", "--quiet", "-m", "entry")
    return base


@pytest.mark.parametrize(
    ("name", "target"),
    [("link", "README.md"), ("src/link", "../README.md"), ("a/b/link", "../../src"), ("link", "./src/app.py")],
)
def test_a_link_within_the_tree_is_fine(repository: Path, name: str, target: str) -> None:
    assert found(repository, with_entry(repository, "120000", name, target)) == ()


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("link", "/etc/passwd"),
        ("link", ".."),
        ("link", "../secret"),
        ("src/link", "../../secret"),
        ("src/link", "../src/../../secret"),
        ("src/link", "other/../../../secret"),
        ("link", ".git/config"),
        ("src/link", "../.GIT/hooks"),
        ("link", "..\\secret"),
        ("link", ""),
        ("link", "x" * 5000),
    ],
)
def test_a_link_that_could_leave_the_tree_is_a_problem(repository: Path, name: str, target: str) -> None:
    assert found(repository, with_entry(repository, "120000", name, target)) == (f"the link {name!r} leaves the tree",)


def test_a_link_through_another_link_cannot_climb(repository: Path) -> None:
    """`deep/up -> ..` stays inside, but `deep/up/../..` would not: the name before `..` is a link itself."""
    base = with_entry(repository, "120000", "deep/up", "..")
    with_entry(repository, "120000", "out", "deep/up/../../secret")
    assert found(repository, base) == ("the link 'out' leaves the tree",)


def test_a_gitlink_is_a_problem(repository: Path) -> None:
    base = head(repository)
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{base},inner")
    git(repository, "commit", "--quiet", "-m", "gitlink")
    assert found(repository, base) == ("'inner' is a gitlink (a submodule)",)


def test_a_file_over_the_limit_is_a_problem_and_one_at_the_limit_is_not(repository: Path) -> None:
    base = commit(repository, {"fits": "x" * MOST_BYTES})
    assert found(repository, head(repository, "HEAD^")) == ()
    commit(repository, {"large": "x" * (MOST_BYTES + 1)})
    (problem,) = found(repository, base)
    assert problem.startswith("'large' is ")


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "a\x7fb"])
def test_a_name_with_control_characters_is_a_problem(repository: Path, name: str) -> None:
    (problem,) = found(repository, commit_named(repository, name.encode()))
    assert "control characters" in problem


def test_a_name_that_is_not_text_is_a_problem_and_can_still_be_shown(repository: Path) -> None:
    (problem,) = found(repository, commit_named(repository, b"\xff\xfe"))
    assert problem == r"the name '\\xff\\xfe' is not UTF-8"


@pytest.mark.parametrize("part", [".GIT", ".git ", ".git.", "git~1", ".g\u200cit", ".git::$INDEX_ALLOCATION"])
def test_a_name_that_some_file_system_takes_for_git_is_a_problem(repository: Path, part: str) -> None:
    (problem,) = found(repository, commit_named(repository, part.encode()))
    assert "stands inside a git directory" in problem


def commit_named(repository: Path, name: bytes) -> str:
    """Commit an entry of any name, which an index would refuse. Returns the commit before."""
    base = head(repository)
    blob = head(repository, "HEAD:README.md")
    plumbing = Git(repository / ".git")
    entries = plumbing.run("ls-tree", "-z", base).stdout + f"100644 blob {blob}\t".encode() + name + b"\0"
    tree = plumbing.run("mktree", "-z", stdin=entries).text
    git(repository, "update-ref", "HEAD", git(repository, "commit-tree", tree, "-p", base, "-m", "named"))
    return base


def test_a_mode_that_is_neither_file_nor_link_is_a_problem(repository: Path) -> None:
    base, blob = head(repository), head(repository, "HEAD:README.md")
    plumbing = Git(repository / ".git")
    raw = b"060000 odd\0" + bytes.fromhex(blob)
    tree = plumbing.run("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw).text
    git(repository, "update-ref", "HEAD", git(repository, "commit-tree", tree, "-p", base, "-m", "odd"))
    assert found(repository, base) == ("'odd' is a gitlink (a submodule)",)


def test_what_is_deleted_is_no_problem(repository: Path) -> None:
    with_entry(repository, "120000", "link", "/etc/passwd")
    base = head(repository)
    git(repository, "rm", "--quiet", "--cached", "link")
    git(repository, "commit", "--quiet", "-m", "mend")
    assert found(repository, base) == ()


def test_lines_are_counted_on_both_sides_and_binary_files_count_nothing(repository: Path) -> None:
    base = head(repository)
    commit(repository, {"README.md": "# Other\n", "new": "1\n2\n3\n", "binary": "\x00\x01\n"})
    assert lines_changed(Git(repository / ".git"), base, head(repository)) == 5
