"""Tests of what the contract of workspaces does not show: crashes, parallel use, hostile content."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from forge_loop.errors import ForgeLoopError
from forge_loop.git import ControlRepository, LocalWorkspaces
from support.repositories import Upstream, git, head, make_upstream


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "workspaces"


@pytest.fixture
def workspaces(tmp_path: Path, root: Path, upstream: Upstream) -> LocalWorkspaces:
    made = LocalWorkspaces(root, ControlRepository(tmp_path / "control.git", str(upstream.bare)))
    made.fetch()
    return made


def create(workspaces: LocalWorkspaces, path: Path, upstream: Upstream) -> None:
    workspaces.create(path, sha=upstream.base_sha, branch="forge/1-1", base_sha=upstream.base_sha)


@pytest.mark.parametrize("left", [".1-work.new", ".1-work.old"])
def test_a_creation_that_was_ended_halfway_is_listed_removed_and_repeated(
    workspaces: LocalWorkspaces, root: Path, upstream: Upstream, left: str
) -> None:
    (root / left / ".git").mkdir(parents=True)
    assert list(workspaces.existing()) == [root / "1-work"]
    create(workspaces, root / "1-work", upstream)
    assert sorted(entry.name for entry in root.iterdir()) == ["1-work"]
    (root / left).mkdir()
    workspaces.remove(root / "1-work")
    assert list(root.iterdir()) == []


def test_a_link_in_the_place_of_a_workspace_is_replaced_and_not_followed(
    workspaces: LocalWorkspaces, root: Path, upstream: Upstream, tmp_path: Path
) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    root.mkdir()
    (root / "1-work").symlink_to(tmp_path / "precious")
    assert list(workspaces.existing()) == [root / "1-work"]
    create(workspaces, root / "1-work", upstream)
    assert not (root / "1-work").is_symlink()
    workspaces.remove(root / "1-work")
    assert (tmp_path / "precious" / "file").exists()


def test_workspaces_can_be_made_side_by_side(workspaces: LocalWorkspaces, root: Path, upstream: Upstream) -> None:
    failures: list[ForgeLoopError] = []

    def make(name: str) -> None:
        try:
            create(workspaces, root / name, upstream)
        except ForgeLoopError as error:
            failures.append(error)

    names = [f"{number}-work" for number in range(6)]
    threads = [threading.Thread(target=make, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert [head(path) for path in workspaces.existing()] == [upstream.base_sha] * len(names)


def test_other_work_is_not_visible_in_a_workspace(workspaces: LocalWorkspaces, root: Path, upstream: Upstream) -> None:
    git(upstream.bare, "branch", "forge/9-9", upstream.base_sha)
    git(upstream.bare, "tag", "v1", upstream.base_sha)
    workspaces.fetch()
    create(workspaces, root / "1-work", upstream)
    refs = git(root / "1-work", "for-each-ref", "--format=%(refname)").splitlines()
    assert refs == ["refs/heads/base", "refs/heads/forge/1-1"]


def test_a_base_branch_called_base_does_not_get_in_the_way(
    workspaces: LocalWorkspaces, root: Path, upstream: Upstream
) -> None:
    git(upstream.bare, "branch", "-m", "main", "base")
    git(upstream.bare, "symbolic-ref", "HEAD", "refs/heads/base")
    workspaces.fetch()
    sha = head(upstream.bare, "refs/heads/base")
    workspaces.create(root / "1-work", sha=sha, branch="forge/1-1", base_sha=sha)
    assert git(root / "1-work", "rev-parse", "--abbrev-ref", "HEAD") == "forge/1-1"
    assert head(root / "1-work", "base") == sha


def test_filters_named_in_the_tree_do_not_change_what_is_checked_out(
    workspaces: LocalWorkspaces, root: Path, upstream: Upstream
) -> None:
    upstream.land({".gitattributes": "* filter=lfs diff=lfs merge=lfs\n", "data": "as it is\n"})
    workspaces.fetch()
    create(workspaces, root / "1-work", upstream)
    assert (root / "1-work" / "data").read_text() == "as it is\n"
