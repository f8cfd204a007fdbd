"""Tests of the local forge's bare repository and how it follows the operator's checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.errors import OperatorError
from forge_loop.forge.local.origin import contains, create_origin, follow, git_of, move_branch
from forge_loop.git.command import Git
from support.repositories import BASE, commit, git, head, make_checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "checkout")


@pytest.fixture
def origin(tmp_path: Path, checkout: Path) -> Path:
    path = tmp_path / "state" / "origin.git"
    create_origin(path, checkout, BASE)
    return path


def followed(origin: Path, checkout: Path) -> str | None:
    return follow(Git(origin), checkout, BASE)


def land(origin: Path, checkout: Path) -> str:
    """Something lands on the origin's base that the checkout does not have."""
    tree, parent = head(origin, f"{BASE}^{{tree}}"), head(origin, BASE)
    sha = git(origin, "commit-tree", tree, "-p", parent, "-m", "landed")
    git(origin, "update-ref", f"refs/heads/{BASE}", sha)
    return sha


def test_the_origin_is_made_from_the_base_branch_alone(origin: Path, checkout: Path) -> None:
    assert head(origin) == head(checkout)
    assert git(origin, "for-each-ref", "--format=%(refname)") == f"refs/heads/{BASE}"
    assert git(checkout, "remote", "get-url", "forge") == str(origin)


def test_making_it_again_changes_nothing(origin: Path, checkout: Path) -> None:
    sha = land(origin, checkout)
    create_origin(origin, checkout, BASE)
    assert head(origin, BASE) == sha


def test_a_remote_that_is_called_forge_already_is_left_alone(tmp_path: Path, checkout: Path) -> None:
    git(checkout, "remote", "add", "forge", "https://example.invalid/x.git")
    create_origin(tmp_path / "origin.git", checkout, BASE)
    assert git(checkout, "remote", "get-url", "forge") == "https://example.invalid/x.git"


def test_nothing_else_of_the_checkout_moves(tmp_path: Path, checkout: Path) -> None:
    (checkout / "README.md").write_text("an edit\n")
    git(checkout, "add", "README.md")
    index = (checkout / ".git" / "index").read_bytes()
    before = git(checkout, "for-each-ref")
    create_origin(tmp_path / "origin.git", checkout, BASE)
    followed(tmp_path / "origin.git", checkout)
    assert (checkout / ".git" / "index").read_bytes() == index
    assert git(checkout, "for-each-ref") == before
    assert not (checkout / ".git" / "FETCH_HEAD").exists()


def test_a_checkout_without_a_commit_is_the_operators_to_mend(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "--quiet", f"--initial-branch={BASE}")
    with pytest.raises(OperatorError, match="has no commit on the branch 'main'"):
        create_origin(tmp_path / "origin.git", tmp_path / "empty", BASE)
    assert not (tmp_path / "origin.git").exists()


def test_a_linked_worktree_is_a_checkout_too(tmp_path: Path, checkout: Path) -> None:
    git(checkout, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    create_origin(tmp_path / "origin.git", tmp_path / "side", "side")
    sha = commit(tmp_path / "side", {"a": "1"})
    assert follow(Git(tmp_path / "origin.git"), tmp_path / "side", "side") is None
    assert head(tmp_path / "origin.git", "side") == sha


def test_a_fast_forward_of_the_checkout_is_followed(origin: Path, checkout: Path) -> None:
    sha = commit(checkout, {"a": "1"})
    assert followed(origin, checkout) is None
    assert head(origin, BASE) == sha


def test_a_checkout_that_is_behind_is_no_problem(origin: Path, checkout: Path) -> None:
    sha = land(origin, checkout)
    assert followed(origin, checkout) is None
    assert head(origin, BASE) == sha


def test_a_divergence_is_a_sentence_with_the_command_to_type(origin: Path, checkout: Path) -> None:
    sha = land(origin, checkout)
    commit(checkout, {"a": "1"})
    problem = followed(origin, checkout)
    assert problem is not None
    assert "git pull forge main" in problem
    assert head(origin, BASE) == sha
    git(checkout, "pull", "--quiet", "--no-rebase", "--no-edit", "forge", BASE)
    assert followed(origin, checkout) is None
    assert head(origin, BASE) == head(checkout)


def test_a_base_that_the_checkout_does_not_have_is_a_sentence(origin: Path, checkout: Path) -> None:
    git(checkout, "branch", "-m", BASE, "other")
    assert followed(origin, checkout) == "the checkout has no branch 'main'"


def test_a_branch_moves_only_from_where_it_was_expected(origin: Path, checkout: Path) -> None:
    before, after = head(origin, BASE), land(origin, checkout)
    git(origin, "update-ref", f"refs/heads/{BASE}", before)
    plumbing = Git(origin)
    assert not move_branch(plumbing, BASE, after=after, before=after)
    assert head(origin, BASE) == before
    assert move_branch(plumbing, BASE, after=after, before=before)
    assert head(origin, BASE) == after


def test_a_commit_that_is_not_there_is_contained_in_nothing(origin: Path) -> None:
    assert not contains(Git(origin), head(origin, BASE), "1" * 40)


def test_git_works_on_a_bare_repository_as_well(origin: Path) -> None:
    assert git_of(origin).text("rev-parse", "--is-bare-repository") == "true"
