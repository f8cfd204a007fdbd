"""What every kind of workspaces must do.

Owns nothing but the contract; what a fooled agent leaves behind is tried in tests/core/git.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from forge_loop.errors import RefusedError
from forge_loop.git import ControlRepository, LocalWorkspaces
from forge_loop.ports import Workspaces
from support.fake_repository import FakeRepository
from support.fake_workspaces import FakeWorkspaces
from support.repositories import BASE, FILES, commit, git, head, make_upstream, write
from support.simulated_clock import SimulatedClock

BRANCH = "forge/1-1"


class World(Protocol):
    """Workspaces, the code host they push to, and what sessions and people do in both."""

    @property
    def workspaces(self) -> Workspaces: ...

    @property
    def base_sha(self) -> str: ...

    def lands(self, files: Mapping[str, str | None]) -> str:
        """A commit that a person brings to the host's base."""

    def host_branch(self, branch: str) -> str | None: ...

    def writes(self, path: Path, files: Mapping[str, str | None]) -> None: ...

    def commits(self, path: Path, files: Mapping[str, str | None]) -> str: ...

    def stands(self, path: Path) -> tuple[str, str, str]:
        """The workspace's branch, its HEAD and its `base`."""

    def parent(self, path: Path) -> str: ...

    def clean(self, path: Path) -> bool:
        """Whether everything in the workspace is committed."""

    def read(self, path: Path, name: str) -> str | None: ...


class LocalWorld:
    """Real git."""

    def __init__(self, directory: Path) -> None:
        self._upstream = make_upstream(directory)
        control = ControlRepository(directory / "state" / "control.git", str(self._upstream.bare))
        self.workspaces: Workspaces = LocalWorkspaces(directory / "state" / "workspaces", control)

    @property
    def base_sha(self) -> str:
        return self._upstream.base_sha

    def lands(self, files: Mapping[str, str | None]) -> str:
        return self._upstream.land(files)

    def host_branch(self, branch: str) -> str | None:
        return git(self._upstream.bare, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}") or None

    def writes(self, path: Path, files: Mapping[str, str | None]) -> None:
        write(path, files)

    def commits(self, path: Path, files: Mapping[str, str | None]) -> str:
        return commit(path, files)

    def stands(self, path: Path) -> tuple[str, str, str]:
        return git(path, "rev-parse", "--abbrev-ref", "HEAD"), head(path), head(path, "base")

    def parent(self, path: Path) -> str:
        return head(path, "HEAD^")

    def clean(self, path: Path) -> bool:
        return git(path, "status", "--porcelain") == ""

    def read(self, path: Path, name: str) -> str | None:
        return (path / name).read_text() if (path / name).exists() else None


class FakeWorld:
    """Commits as dictionaries, as the simulation has them."""

    def __init__(self, directory: Path) -> None:
        self._repository = FakeRepository(FILES)
        self._fake = FakeWorkspaces(directory / "state" / "workspaces", self._repository, SimulatedClock())

    @property
    def workspaces(self) -> Workspaces:
        return self._fake

    @property
    def base_sha(self) -> str:
        return self._repository.branches[BASE]

    def lands(self, files: Mapping[str, str | None]) -> str:
        after = {**self._repository.files(self.base_sha), **files}
        kept = {path: text for path, text in after.items() if text is not None}
        self._repository.branches[BASE] = self._repository.commit(kept, parents=(self.base_sha,), message="Land it")
        return self.base_sha

    def host_branch(self, branch: str) -> str | None:
        return self._repository.branches.get(branch)

    def writes(self, path: Path, files: Mapping[str, str | None]) -> None:
        self._fake.writes(path, files)

    def commits(self, path: Path, files: Mapping[str, str | None]) -> str:
        return self._fake.commits(path, files)

    def stands(self, path: Path) -> tuple[str, str, str]:
        clone = self._fake.clones[path]
        return clone.branch, clone.head, clone.base

    def parent(self, path: Path) -> str:
        return self._repository.commits[self._fake.clones[path].head].parents[0]

    def clean(self, path: Path) -> bool:
        clone = self._fake.clones[path]
        return clone.files == self._repository.files(clone.head)

    def read(self, path: Path, name: str) -> str | None:
        return self._fake.clones[path].files.get(name)


WORLDS: dict[str, Callable[[Path], World]] = {"fake": FakeWorld, "local": LocalWorld}


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    (tmp_path / "state").mkdir()
    made = WORLDS[request.param](tmp_path)
    made.workspaces.fetch()
    return made


@pytest.fixture
def workspaces(world: World) -> Workspaces:
    return world.workspaces


@pytest.fixture
def real(tmp_path: Path) -> World:
    """The world of real git, for what only git has."""
    (tmp_path / "state").mkdir()
    made = LocalWorld(tmp_path)
    made.workspaces.fetch()
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "workspaces" / "1-work"


def created(world: World, path: Path, sha: str | None = None) -> Path:
    world.workspaces.create(path, sha=sha or world.base_sha, branch=BRANCH, base_sha=world.base_sha)
    return path


def harvested(world: World, path: Path) -> str:
    harvest = world.workspaces.harvest(path, ref="1/1", base_sha=world.base_sha, protected=())
    assert harvest.problems == ()
    assert harvest.commit is not None
    return harvest.commit


def test_a_fetch_brings_new_commits(world: World, workspaces: Workspaces) -> None:
    sha = world.lands({"new": "1"})
    assert not workspaces.commit_exists(sha)
    workspaces.fetch()
    assert workspaces.commit_exists(sha)
    assert not workspaces.commit_exists("0" * 40)
    assert not workspaces.commit_exists("--all")


def test_a_workspace_stands_on_its_branch_beside_base(world: World, workspaces: Workspaces, path: Path) -> None:
    created(world, path)
    assert world.stands(path) == (BRANCH, world.base_sha, world.base_sha)
    assert world.clean(path)
    assert world.read(path, "README.md") == "# Sample\n"


def test_a_workspace_knows_no_remote_and_shares_no_file(real: World, path: Path) -> None:
    created(real, path)
    assert git(path, "remote") == ""
    assert sorted(git(path, "for-each-ref", "--format=%(refname:short)").split()) == ["base", BRANCH]
    assert {entry.stat().st_nlink for entry in (path / ".git" / "objects").rglob("*") if entry.is_file()} == {1}
    assert not (path / ".git" / "objects" / "info" / "alternates").exists()


def test_a_commit_can_be_made_in_a_workspace_without_any_configuration(real: World, path: Path) -> None:
    created(real, path)
    assert git(path, "config", "user.name")
    assert git(path, "config", "user.email")


def test_creating_again_replaces_what_stood_there(world: World, workspaces: Workspaces, path: Path) -> None:
    world.writes(created(world, path), {"scratch": "1"})
    created(world, path)
    assert world.read(path, "scratch") is None
    assert world.clean(path)


def test_nothing_is_created_from_a_commit_that_is_not_known(world: World, workspaces: Workspaces, path: Path) -> None:
    with pytest.raises(RefusedError):
        created(world, path, "0" * 40)
    assert not path.exists()


def test_workspaces_are_listed_until_they_are_removed(world: World, workspaces: Workspaces, path: Path) -> None:
    assert list(workspaces.existing()) == []
    created(world, path)
    assert list(workspaces.existing()) == [path]
    for _ in range(2):
        workspaces.remove(path)
    assert list(workspaces.existing()) == []


def test_a_path_outside_is_refused(world: World, workspaces: Workspaces, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    for path in (outside, tmp_path / "state" / "workspaces" / ".." / "precious"):
        with pytest.raises(RefusedError):
            workspaces.remove(path)
        with pytest.raises(RefusedError):
            created(world, path)
    assert outside.is_dir()


def test_a_harvest_takes_the_commit_and_tells_what_it_changes(world: World, workspaces: Workspaces, path: Path) -> None:
    sha = world.commits(created(world, path), {"new.txt": "1\n2\n", "README.md": "# Other\n"})
    harvest = workspaces.harvest(path, ref="1/1", base_sha=world.base_sha, protected=())
    assert (harvest.commit, harvest.paths, harvest.lines_changed) == (sha, ("README.md", "new.txt"), 4)
    assert (harvest.problems, harvest.protected, harvest.weakened, harvest.uncommitted) == ((), (), (), False)
    assert workspaces.commit_exists(sha)


def test_a_workspace_without_a_commit_yields_none(world: World, workspaces: Workspaces, path: Path) -> None:
    created(world, path)
    harvest = workspaces.harvest(path, ref="1/1", base_sha=world.base_sha, protected=())
    assert (harvest.commit, harvest.uncommitted, harvest.problems) == (None, False, ())
    world.commits(path, {})
    assert workspaces.harvest(path, ref="1/1", base_sha=world.base_sha, protected=()).commit is None


def test_the_merge_result_holds_both_sides_and_is_the_same_commit_each_time(
    world: World, workspaces: Workspaces, path: Path
) -> None:
    world.commits(created(world, path), {"mine": "1"})
    sha = harvested(world, path)
    base = world.lands({"theirs": "1"})
    workspaces.fetch()
    merged = workspaces.merge_result(base_sha=base, head_sha=sha)
    assert merged.commit is not None
    assert merged == workspaces.merge_result(base_sha=base, head_sha=sha)
    workspaces.create(path, sha=merged.commit, branch=BRANCH, base_sha=base)
    assert world.read(path, "mine") == "1"
    assert world.read(path, "theirs") == "1"
    assert world.parent(path) == base


def test_what_a_commit_is_built_on_it_contains(world: World, workspaces: Workspaces) -> None:
    workspaces.fetch()
    before, after = world.base_sha, world.lands({"a": "1"})
    assert not workspaces.contains(sha=after, other=before)
    workspaces.fetch()
    assert workspaces.contains(sha=after, other=before)
    assert workspaces.contains(sha=after, other=after)
    assert not workspaces.contains(sha=before, other=after)
    assert not workspaces.contains(sha=after, other="f" * 40)


def test_a_conflict_names_its_paths(world: World, workspaces: Workspaces, path: Path) -> None:
    world.commits(created(world, path), {"README.md": "mine\n", "other": "1"})
    sha = harvested(world, path)
    base = world.lands({"README.md": "theirs\n"})
    workspaces.fetch()
    merged = workspaces.merge_result(base_sha=base, head_sha=sha)
    assert (merged.commit, merged.conflicts) == (None, ("README.md",))


def test_the_diff_starts_where_the_candidate_left_base(world: World, workspaces: Workspaces, path: Path) -> None:
    world.commits(created(world, path), {"mine": "hello\n"})
    sha = harvested(world, path)
    base = world.lands({"theirs": "1"})
    workspaces.fetch()
    diff = workspaces.diff(base_sha=base, head_sha=sha)
    assert "+hello" in diff
    assert "theirs" not in diff


def test_a_push_goes_only_where_it_was_expected(world: World, workspaces: Workspaces, path: Path) -> None:
    first = world.commits(created(world, path), {"mine": "1"})
    harvested(world, path)
    second = world.commits(path, {"mine": "2"})
    harvested(world, path)
    for _ in range(2):
        workspaces.push(sha=first, branch=BRANCH, expected=None)
    with pytest.raises(RefusedError):
        workspaces.push(sha=second, branch=BRANCH, expected=None)
    with pytest.raises(RefusedError):
        workspaces.push(sha=second, branch=BRANCH, expected=world.base_sha)
    assert world.host_branch(BRANCH) == first
    workspaces.push(sha=second, branch=BRANCH, expected=first)
    assert world.host_branch(BRANCH) == second


def test_a_file_is_read_at_a_commit(world: World, workspaces: Workspaces) -> None:
    before = world.base_sha
    world.lands({"README.md": "changed\n", "*": "starred\n"})
    workspaces.fetch()
    assert workspaces.read_file(sha=before, path="README.md") == "# Sample\n"
    assert workspaces.read_file(sha=world.base_sha, path="README.md") == "changed\n"
    assert workspaces.read_file(sha=world.base_sha, path="*") == "starred\n"
    for absent in ("missing", "src", "src/", "REA*"):
        assert workspaces.read_file(sha=before, path=absent) is None


def test_what_a_workspace_holds_is_saved_without_gits_own_directory(
    world: World, workspaces: Workspaces, path: Path, tmp_path: Path
) -> None:
    world.writes(created(world, path), {"scratch/notes": "keep me"})
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


def test_pruning_drops_the_harvests_that_are_not_kept(world: World, workspaces: Workspaces, path: Path) -> None:
    world.commits(created(world, path), {"mine": "1"})
    for ref in ("1/1", "1/2", "2/3"):
        workspaces.harvest(path, ref=ref, base_sha=world.base_sha, protected=())
    assert workspaces.prune(lambda name: name.startswith("1/")) == 1
    assert workspaces.prune(lambda name: name == "1/1") == 1
    assert workspaces.prune(lambda _: True) == 0
