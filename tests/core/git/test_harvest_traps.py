"""What a fooled agent can plant in its clone, and that none of it runs or redirects the loop."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_loop.errors import GitError
from forge_loop.git import ControlRepository, LocalWorkspaces
from forge_loop.git.inspection import MOST_AHEAD
from forge_loop.ports import Harvest
from support.repositories import Upstream, commit, git, head, make_checkout, make_upstream, write

HOOKS = frozenset(
    [f"{when}-{what}" for when in ("pre", "post") for what in ("applypatch", "commit", "receive", "checkout", "merge")]
    + [
        "applypatch-msg",
        "commit-msg",
        "prepare-commit-msg",
        "pre-merge-commit",
        "pre-rebase",
        "post-rewrite",
        "pre-push",
    ]
    + ["update", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc", "post-index-change"]
)

CONFIGURED = """\
[core]
	fsmonitor = {trap} core.fsmonitor
	hooksPath = {hooks}
	sshCommand = {trap} core.sshCommand
	pager = {trap} core.pager
	editor = {trap} core.editor
	gitProxy = {trap} core.gitProxy
	alternateRefsCommand = {trap} core.alternateRefsCommand
	askPass = {trap} core.askPass
	attributesFile = {attributes}
[filter "trap"]
	clean = {trap} filter.clean
	smudge = {trap} filter.smudge
	process = {trap} filter.process
	required = true
[diff]
	external = {trap} diff.external
[diff "trap"]
	textconv = {trap} diff.textconv
	command = {trap} diff.command
[merge "trap"]
	driver = {trap} merge.driver
[gpg]
	program = {trap} gpg.program
[commit]
	gpgSign = true
[credential]
	helper = !{trap} credential.helper
[uploadpack]
	packObjectsHook = {trap} uploadpack.packObjectsHook
	allowFilter = true
[sequence]
	editor = {trap} sequence.editor
[remote "origin"]
	url = ext::{trap} remote.url
	uploadpack = {trap} remote.uploadpack
	receivepack = {trap} remote.receivepack
	promisor = true
[extensions]
	partialClone = origin
[url "ext::{trap} insteadOf "]
	insteadOf = /
	pushInsteadOf = /
[submodule]
	recurse = true
[fetch]
	recurseSubmodules = true
"""

ATTRIBUTES = "* filter=trap diff=trap merge=trap\n"


class Field:
    """A workspace with a commit in it, and the log that every trap writes to when it runs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.upstream: Upstream = make_upstream(directory)
        (directory / "state").mkdir()
        self.control = ControlRepository(directory / "state" / "control.git", str(self.upstream.bare))
        self.workspaces = LocalWorkspaces(directory / "state" / "workspaces", self.control)
        self.workspaces.fetch()
        self.path = directory / "state" / "workspaces" / "1-work"
        self.base_sha = self.upstream.base_sha
        self.workspaces.create(self.path, sha=self.base_sha, branch="forge/1-1", base_sha=self.base_sha)
        self.log = directory / "executed"
        self.trap = directory / "trap"
        self.trap.write_text(f'#!/bin/sh\necho "$0 $1" >> {self.log}\ncat\nexit 0\n')
        self.trap.chmod(0o755)

    def harvest(self) -> Harvest:
        return self.workspaces.harvest(self.path, ref="1/1", base_sha=self.base_sha, protected=())

    def executed(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def set_traps(self, repository: Path) -> None:
        """Every hook and every setting that can name a command, in one repository."""
        place = repository / ".git"
        hooks = self.directory / "hooks"
        for directory in (hooks, place / "hooks"):
            directory.mkdir(exist_ok=True)
            for name in HOOKS:
                shutil.copy(self.trap, directory / name)
        attributes = self.directory / "attributes"
        attributes.write_text(ATTRIBUTES)
        with (place / "config").open("a") as config:
            config.write(CONFIGURED.format(trap=self.trap, hooks=hooks, attributes=attributes))
        (place / "info").mkdir(exist_ok=True)
        (place / "info" / "attributes").write_text(ATTRIBUTES)


@pytest.fixture
def field(tmp_path: Path) -> Field:
    return Field(tmp_path)


def test_no_planted_hook_or_setting_runs_from_harvest_to_the_next_clone(field: Field) -> None:
    sha = commit(field.path, {"mine": "1", ".gitattributes": ATTRIBUTES})
    field.set_traps(field.path)
    write(field.path, {"README.md": "changed, so that git must look at it\n", "left": "1"})
    harvest = field.harvest()
    assert (harvest.commit, harvest.uncommitted, harvest.problems) == (sha, True, ())
    merged = field.workspaces.merge_result(base_sha=field.base_sha, head_sha=sha)
    assert field.workspaces.diff(base_sha=field.base_sha, head_sha=sha)
    field.workspaces.push(sha=sha, branch="forge/1-1", expected=None)
    assert merged.commit is not None
    field.workspaces.create(field.path, sha=merged.commit, branch="forge/1-1", base_sha=field.base_sha)
    assert field.executed() == []


def test_the_same_traps_fire_when_git_runs_in_the_clone(field: Field) -> None:
    """Else the test above would prove nothing."""
    commit(field.path, {"mine": "1", ".gitattributes": ATTRIBUTES})
    field.set_traps(field.path)
    write(field.path, {"README.md": "changed\n"})
    git(field.path, "config", "--unset", "extensions.partialClone")
    with contextlib.suppress(AssertionError):  # a filter that does not speak the protocol fails the command
        git(field.path, "status")
    assert any("core.fsmonitor" in line for line in field.executed())
    assert any("filter." in line for line in field.executed())


def test_a_repository_inside_the_workspace_is_not_run_in_either(field: Field) -> None:
    inner = make_checkout(field.path / "inner")
    git(field.path, "add", "inner")
    git(field.path, "commit", "--quiet", "-m", "a gitlink")
    field.set_traps(inner)
    write(inner, {"README.md": "changed\n"})
    harvest = field.harvest()
    assert harvest.problems == ("'inner' is a gitlink (a submodule)",)
    assert field.executed() == []


def other_repository(field: Field) -> Path:
    """A repository that the loop can read and the agent wants to see in its pull request."""
    secret = make_checkout(field.directory / "secret")
    commit(secret, {"secret": "1"})
    return secret / ".git"


def redirect_by_link(field: Field) -> None:
    shutil.rmtree(field.path / ".git")
    (field.path / ".git").symlink_to(other_repository(field))


def redirect_by_gitfile(field: Field) -> None:
    shutil.rmtree(field.path / ".git")
    (field.path / ".git").write_text(f"gitdir: {other_repository(field)}\n")


def redirect_by_commondir(field: Field) -> None:
    (field.path / ".git" / "commondir").write_text(f"{other_repository(field)}\n")


def redirect_objects(field: Field) -> None:
    shutil.rmtree(field.path / ".git" / "objects")
    (field.path / ".git" / "objects").symlink_to(other_repository(field) / "objects")


def redirect_one_pack(field: Field) -> None:
    secret = other_repository(field)
    git(secret.parent, "repack", "-q", "-a", "-d")
    for part in (secret / "objects" / "pack").iterdir():
        (field.path / ".git" / "objects" / "pack" / part.name).symlink_to(part)


def redirect_by_alternates(field: Field) -> None:
    info = field.path / ".git" / "objects" / "info"
    info.mkdir(exist_ok=True)
    (info / "alternates").write_text(f"{other_repository(field) / 'objects'}\n")


def redirect_refs(field: Field) -> None:
    shutil.rmtree(field.path / ".git" / "refs")
    (field.path / ".git" / "refs").symlink_to(other_repository(field) / "refs")


def redirect_head(field: Field) -> None:
    (field.path / ".git" / "HEAD").unlink()
    (field.path / ".git" / "HEAD").symlink_to(other_repository(field) / "HEAD")


def redirect_packed_refs(field: Field) -> None:
    secret = other_repository(field)
    git(secret.parent, "pack-refs", "--all")
    (field.path / ".git" / "packed-refs").unlink(missing_ok=True)
    (field.path / ".git" / "packed-refs").symlink_to(secret / "packed-refs")


def redirect_the_workspace(field: Field) -> None:
    shutil.rmtree(field.path)
    field.path.symlink_to(other_repository(field).parent)


def climb_out_of_refs(field: Field) -> None:
    secret = other_repository(field)
    (field.path / ".git" / "HEAD").write_text("ref: refs/heads/../../../../../../secret/.git/refs/heads/main\n")
    assert secret.is_dir()


def pipe_as_head(field: Field) -> None:
    (field.path / ".git" / "HEAD").unlink()
    os.mkfifo(field.path / ".git" / "HEAD")


def directory_as_head(field: Field) -> None:
    (field.path / ".git" / "HEAD").unlink()
    (field.path / ".git" / "HEAD").mkdir()


def pipe_as_object(field: Field) -> None:
    os.mkfifo(field.path / ".git" / "objects" / "pack" / "pack-1.pack")


def no_git_at_all(field: Field) -> None:
    shutil.rmtree(field.path / ".git")


def head_of_nothing(field: Field) -> None:
    (field.path / ".git" / "HEAD").write_text("ref: refs/heads/none\n")


def head_without_a_commit(field: Field) -> None:
    (field.path / ".git" / "HEAD").write_text("1" * 40 + "\n")


def head_at_a_blob(field: Field) -> None:
    (field.path / ".git" / "HEAD").write_text(git(field.path, "rev-parse", "HEAD:README.md") + "\n")


REDIRECTIONS: list[Callable[[Field], None]] = [
    redirect_by_link,
    redirect_by_gitfile,
    redirect_by_commondir,
    redirect_objects,
    redirect_one_pack,
    redirect_by_alternates,
    redirect_refs,
    redirect_head,
    redirect_packed_refs,
    redirect_the_workspace,
    climb_out_of_refs,
    pipe_as_head,
    directory_as_head,
    pipe_as_object,
    no_git_at_all,
    head_of_nothing,
    head_without_a_commit,
    head_at_a_blob,
]


@pytest.mark.parametrize("redirect", REDIRECTIONS, ids=lambda redirect: redirect.__name__)
def test_a_git_directory_that_is_not_what_the_loop_made_yields_nothing(
    field: Field, redirect: Callable[[Field], None]
) -> None:
    commit(field.path, {"mine": "1"})
    redirect(field)
    harvest = field.harvest()
    assert harvest.commit is None
    assert harvest.uncommitted
    assert len(harvest.problems) == 1
    assert git(field.control.path, "for-each-ref", "refs/forge/") == ""


def test_a_branch_kept_in_packed_refs_is_found(field: Field) -> None:
    sha = commit(field.path, {"mine": "1"})
    git(field.path, "pack-refs", "--all")
    assert field.harvest().commit == sha


def test_a_detached_head_is_harvested_too(field: Field) -> None:
    git(field.path, "checkout", "--quiet", "--detach")
    assert field.harvest().commit is None
    sha = commit(field.path, {"mine": "1"})
    assert field.harvest().commit == sha


def test_a_commit_that_is_not_built_on_base_is_a_problem(field: Field) -> None:
    base = field.upstream.land({"newer": "1"})
    field.workspaces.fetch()
    sha = commit(field.path, {"mine": "1"})
    harvest = field.workspaces.harvest(field.path, ref="1/1", base_sha=base, protected=())
    assert harvest.problems == (f"{sha} is not built on base {base}",)


def test_a_history_of_its_own_is_a_problem(field: Field) -> None:
    git(field.path, "checkout", "--quiet", "--orphan", "fresh")
    commit(field.path, {"mine": "1"})
    assert "not built on base" in field.harvest().problems[0]


@pytest.mark.parametrize(("ahead", "refused"), [(3600, False), (MOST_AHEAD + 3600, True)])
def test_a_commit_dated_more_than_a_day_ahead_is_a_problem_wherever_it_lies(
    ahead: float, refused: bool, field: Field
) -> None:
    commit(field.path, {"mine": "1"})
    date = f"{int(time.time() + ahead)} +0000"
    git(field.path, "-c", f"alias.ahead=!GIT_COMMITTER_DATE='{date}' git commit -q --amend --no-edit", "ahead")
    commit(field.path, {"mine": "2"})
    assert [problem.startswith("a commit is dated") for problem in field.harvest().problems] == [True] * refused


def test_objects_that_git_itself_refuses_are_the_workers_problem(field: Field) -> None:
    """A tree with an entry `.git` unpacks into git's own directory where nobody checks."""
    blob = git(field.path, "hash-object", "-w", "--stdin", stdin="[core]\n")
    inner = git(field.path, "mktree", stdin=f"100644 blob {blob}\tconfig\n")
    tree = git(field.path, "mktree", stdin=f"040000 tree {inner}\t.git\n")
    sha = git(field.path, "commit-tree", tree, "-p", "HEAD", "-m", "evil")
    git(field.path, "update-ref", "HEAD", sha)
    harvest = field.harvest()
    assert harvest.commit is None
    assert "git refuses its objects" in harvest.problems[0]


def damage(field: Field, what: str, raw: bytes | None) -> None:
    """Replace or remove one object of the candidate's."""
    sha = git(field.path, "rev-parse", what)
    path = field.path / ".git" / "objects" / sha[:2] / sha[2:]
    path.unlink()
    if raw is not None:
        path.write_bytes(raw)


@pytest.mark.parametrize("what", ["HEAD:mine", "HEAD:deep", "HEAD^{tree}"])
@pytest.mark.parametrize("raw", [None, b"junk", zlib.compress(b"blob 3\0abc")], ids=["gone", "junk", "another"])
def test_missing_and_damaged_objects_are_the_workers_problem(field: Field, what: str, raw: bytes | None) -> None:
    commit(field.path, {"mine": "1", "deep/er": "1"})
    damage(field, what, raw)
    harvest = field.harvest()
    assert harvest.commit is None
    assert "git refuses its objects" in harvest.problems[0]


def test_a_failure_of_the_loops_own_repository_is_not_blamed_on_the_worker(field: Field) -> None:
    commit(field.path, {"mine": "1"})
    git(field.control.path, "update-ref", "refs/forge/1", field.base_sha)
    with pytest.raises(GitError, match="cannot lock ref"):
        field.harvest()


def test_a_pipe_among_the_ignore_rules_does_not_hold_the_harvest_up(field: Field) -> None:
    sha = commit(field.path, {"mine": "1"})
    (field.path / "below").mkdir()
    os.mkfifo(field.path / "below" / ".gitignore")
    harvest = field.harvest()
    assert (harvest.commit, harvest.uncommitted) == (sha, True)


def test_a_harvest_leaves_nothing_behind_but_its_ref(field: Field) -> None:
    sha = commit(field.path, {"mine": "1"})
    before = sorted(entry.name for entry in field.control.path.iterdir())
    field.harvest()
    assert sorted(entry.name for entry in field.control.path.iterdir()) == before
    assert head(field.control.path, "refs/forge/1/1") == sha
