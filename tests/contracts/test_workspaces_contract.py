"""What every kind of workspaces must do.

Owns nothing but the contract; what a fooled agent leaves behind is tried in tests/core/git.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_loop.errors import RefusedError
from forge_loop.git import ControlRepository, LocalWorkspaces
from forge_loop.ports import Workspaces
from support.repositories import Upstream, commit, git, head, make_upstream, write

BRANCH = "forge/1-1"

KINDS: dict[str, Callable[[Path, Upstream], Workspaces]] = {
    "local": lambda state, upstream: LocalWorkspaces(
        state / "workspaces", ControlRepository(state / "control.git", str(upstream.bare))
    )
}


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path)


@pytest.fixture(params=sorted(KINDS))
def workspaces(request: pytest.FixtureRequest, tmp_path: Path, upstream: Upstream) -> Workspaces:
    (tmp_path / "state").mkdir()
    made = KINDS[request.param](tmp_path / "state", upstream)
    made.fetch()
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "workspaces" / "1-work"


def created(workspaces: Workspaces, path: Path, upstream: Upstream, sha: str | None = None) -> Path:
    workspaces.create(path, sha=sha or upstream.base_sha, branch=BRANCH, base_sha=upstream.base_sha)
    return path


def harvested(workspaces: Workspaces, path: Path, upstream: Upstream) -> str:
    harvest = workspaces.harvest(path, ref="1/1", base_sha=upstream.base_sha, protected=())
    assert harvest.problems == ()
    assert harvest.commit is not None
    return harvest.commit


def test_a_fetch_brings_new_commits(workspaces: Workspaces, upstream: Upstream) -> None:
    sha = upstream.land({"new": "1"})
    assert not workspaces.commit_exists(sha)
    workspaces.fetch()
    assert workspaces.commit_exists(sha)
    assert not workspaces.commit_exists("0" * 40)
    assert not workspaces.commit_exists("--all")


def test_a_workspace_stands_on_its_branch_beside_base(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    created(workspaces, path, upstream)
    assert git(path, "rev-parse", "--abbrev-ref", "HEAD") == BRANCH
    assert head(path) == head(path, "base") == upstream.base_sha
    assert sorted(git(path, "for-each-ref", "--format=%(refname:short)").split()) == ["base", BRANCH]
    assert git(path, "status", "--porcelain") == ""
    assert (path / "README.md").read_text() == "# Sample\n"


def test_a_workspace_knows_no_remote_and_shares_no_file(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    created(workspaces, path, upstream)
    assert git(path, "remote") == ""
    assert {entry.stat().st_nlink for entry in (path / ".git" / "objects").rglob("*") if entry.is_file()} == {1}
    assert not (path / ".git" / "objects" / "info" / "alternates").exists()


def test_a_commit_can_be_made_in_a_workspace_without_any_configuration(
    workspaces: Workspaces, path: Path, upstream: Upstream
) -> None:
    created(workspaces, path, upstream)
    assert git(path, "config", "user.name")
    assert git(path, "config", "user.email")


def test_creating_again_replaces_what_stood_there(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    write(created(workspaces, path, upstream), {"scratch": "1"})
    created(workspaces, path, upstream)
    assert not (path / "scratch").exists()
    assert git(path, "status", "--porcelain") == ""


def test_nothing_is_created_from_a_commit_that_is_not_known(
    workspaces: Workspaces, path: Path, upstream: Upstream
) -> None:
    with pytest.raises(RefusedError):
        created(workspaces, path, upstream, "0" * 40)
    assert not path.exists()


def test_workspaces_are_listed_until_they_are_removed(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    assert list(workspaces.existing()) == []
    created(workspaces, path, upstream)
    assert list(workspaces.existing()) == [path]
    for _ in range(2):
        workspaces.remove(path)
    assert list(workspaces.existing()) == []


def test_a_path_outside_is_refused(workspaces: Workspaces, tmp_path: Path, upstream: Upstream) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    for path in (outside, tmp_path / "state" / "workspaces" / ".." / "precious"):
        with pytest.raises(RefusedError):
            workspaces.remove(path)
        with pytest.raises(RefusedError):
            created(workspaces, path, upstream)
    assert outside.is_dir()


def test_a_harvest_takes_the_commit_and_tells_what_it_changes(
    workspaces: Workspaces, path: Path, upstream: Upstream
) -> None:
    sha = commit(created(workspaces, path, upstream), {"new.txt": "1\n2\n", "README.md": "# Other\n"})
    harvest = workspaces.harvest(path, ref="1/1", base_sha=upstream.base_sha, protected=())
    assert (harvest.commit, harvest.paths, harvest.lines_changed) == (sha, ("README.md", "new.txt"), 4)
    assert (harvest.problems, harvest.protected, harvest.weakened, harvest.uncommitted) == ((), (), (), False)
    assert workspaces.commit_exists(sha)


def test_a_workspace_without_a_commit_yields_none(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    created(workspaces, path, upstream)
    harvest = workspaces.harvest(path, ref="1/1", base_sha=upstream.base_sha, protected=())
    assert (harvest.commit, harvest.uncommitted, harvest.problems) == (None, False, ())
    commit(path, {}, "nothing")
    assert workspaces.harvest(path, ref="1/1", base_sha=upstream.base_sha, protected=()).commit is None


def test_the_merge_result_holds_both_sides_and_is_the_same_commit_each_time(
    workspaces: Workspaces, path: Path, upstream: Upstream
) -> None:
    commit(created(workspaces, path, upstream), {"mine": "1"})
    sha = harvested(workspaces, path, upstream)
    base = upstream.land({"theirs": "1"})
    workspaces.fetch()
    merged = workspaces.merge_result(base_sha=base, head_sha=sha)
    assert merged.commit is not None
    assert merged == workspaces.merge_result(base_sha=base, head_sha=sha)
    workspaces.create(path, sha=merged.commit, branch=BRANCH, base_sha=base)
    assert (path / "mine").exists()
    assert (path / "theirs").exists()
    assert head(path, "HEAD^") == base


def test_a_conflict_names_its_paths(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    commit(created(workspaces, path, upstream), {"README.md": "mine\n", "other": "1"})
    sha = harvested(workspaces, path, upstream)
    base = upstream.land({"README.md": "theirs\n"})
    workspaces.fetch()
    merged = workspaces.merge_result(base_sha=base, head_sha=sha)
    assert (merged.commit, merged.conflicts) == (None, ("README.md",))


def test_the_diff_starts_where_the_candidate_left_base(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    commit(created(workspaces, path, upstream), {"mine": "hello\n"})
    sha = harvested(workspaces, path, upstream)
    base = upstream.land({"theirs": "1"})
    workspaces.fetch()
    diff = workspaces.diff(base_sha=base, head_sha=sha)
    assert "+hello" in diff
    assert "theirs" not in diff


def test_a_push_goes_only_where_it_was_expected(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    first = commit(created(workspaces, path, upstream), {"mine": "1"})
    harvested(workspaces, path, upstream)
    second = commit(path, {"mine": "2"})
    harvested(workspaces, path, upstream)
    for _ in range(2):
        workspaces.push(sha=first, branch=BRANCH, expected=None)
    with pytest.raises(RefusedError):
        workspaces.push(sha=second, branch=BRANCH, expected=None)
    with pytest.raises(RefusedError):
        workspaces.push(sha=second, branch=BRANCH, expected=upstream.base_sha)
    assert head(upstream.bare, f"refs/heads/{BRANCH}") == first
    workspaces.push(sha=second, branch=BRANCH, expected=first)
    assert head(upstream.bare, f"refs/heads/{BRANCH}") == second


def test_a_file_is_read_at_a_commit(workspaces: Workspaces, upstream: Upstream) -> None:
    before = upstream.base_sha
    upstream.land({"README.md": "changed\n", "*": "starred\n"})
    workspaces.fetch()
    assert workspaces.read_file(sha=before, path="README.md") == "# Sample\n"
    assert workspaces.read_file(sha=upstream.base_sha, path="README.md") == "changed\n"
    assert workspaces.read_file(sha=upstream.base_sha, path="*") == "starred\n"
    for absent in ("missing", "src", "src/", "REA*"):
        assert workspaces.read_file(sha=before, path=absent) is None


def test_what_a_workspace_holds_is_saved_without_gits_own_directory(
    workspaces: Workspaces, path: Path, upstream: Upstream, tmp_path: Path
) -> None:
    write(created(workspaces, path, upstream), {"scratch/notes": "keep me"})
    archive = tmp_path / "saved.tar.gz"
    assert workspaces.salvage(path, archive)
    with tarfile.open(archive) as tar:
        assert sorted(tar.getnames()) == ["README.md", "scratch/notes", "src/app.py"]
        notes = tar.extractfile("scratch/notes")
        assert notes is not None
        assert notes.read() == b"keep me"


def test_nothing_is_saved_where_there_is_nothing(workspaces: Workspaces, path: Path, tmp_path: Path) -> None:
    assert not workspaces.salvage(path, tmp_path / "saved.tar.gz")
    assert not (tmp_path / "saved.tar.gz").exists()


def test_pruning_drops_the_harvests_that_are_not_kept(workspaces: Workspaces, path: Path, upstream: Upstream) -> None:
    commit(created(workspaces, path, upstream), {"mine": "1"})
    for ref in ("1/1", "1/2", "2/3"):
        workspaces.harvest(path, ref=ref, base_sha=upstream.base_sha, protected=())
    assert workspaces.prune(lambda name: name.startswith("1/")) == 1
    assert workspaces.prune(lambda name: name == "1/1") == 1
    assert workspaces.prune(lambda _: True) == 0
