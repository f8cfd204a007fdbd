"""Tests of how the loop runs git: what reaches it and what does not."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forge_loop.errors import GitError
from forge_loop.git.command import Git, dates, is_sha
from support.repositories import commit, git, head, make_checkout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "repository")


def test_nothing_from_the_environment_reaches_git(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "executed"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {log}\n")
    trap.chmod(0o755)
    (tmp_path / "home" / ".config" / "git").mkdir(parents=True)
    for name in (".gitconfig", ".config/git/config"):
        (tmp_path / "home" / name).write_text(f"[core]\n\tfsmonitor = {trap}\n[user]\n\tname = Nobody\n")
    (tmp_path / "home" / ".config" / "git" / "ignore").write_text("*\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Nobody")
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    (repository / "new").write_text("1")
    plumbing = Git(repository / ".git")
    shown = plumbing.run("status", "--porcelain", environment={"GIT_WORK_TREE": str(repository)}).text
    assert shown == "?? new"
    assert not plumbing.holds("config", "user.name")
    tree = head(repository, "HEAD^{tree}")
    sha = plumbing.text("commit-tree", tree, "-m", "x")
    assert (
        git(repository, "show", "-s", "--format=%an <%ae> %cn", sha) == "forge-loop <forge-loop@localhost> forge-loop"
    )
    assert "s3cret" not in plumbing.text("-c", "alias.env=!env", "env")
    assert not log.exists()


def test_hooks_and_monitors_of_the_repository_itself_do_not_run(repository: Path, tmp_path: Path) -> None:
    log = tmp_path / "executed"
    git(repository, "config", "core.fsmonitor", f"echo monitor >> {log}; false")
    hook = repository / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho hook >> {log}\n")
    hook.chmod(0o755)
    plumbing = Git(repository / ".git")
    plumbing.run("status", environment={"GIT_WORK_TREE": str(repository)})
    plumbing.run("update-ref", "refs/heads/other", head(repository))
    assert not log.exists()
    git(repository, "status")
    git(repository, "branch", "another")
    assert set(log.read_text().split()) == {"monitor", "hook"}


def test_a_failure_says_what_was_run_and_what_git_said(repository: Path) -> None:
    with pytest.raises(GitError) as caught:
        Git(repository / ".git").run("rev-parse", "--verify", "nowhere")
    assert caught.value.command == ("rev-parse", "--verify", "nowhere")
    assert caught.value.status == 128
    assert "Needed a single revision" in caught.value.output


def test_a_command_that_hangs_is_ended_with_its_children(repository: Path, tmp_path: Path) -> None:
    survivor = tmp_path / "survived"
    alias = f"alias.hang=!(sleep 30; touch {survivor}) & wait"
    started = time.monotonic()
    with pytest.raises(GitError, match=r"no answer within 0\.2 s"):
        Git(repository / ".git", timeout=0.2).run("-c", alias, "hang")
    assert time.monotonic() - started < 20


def test_names_in_output_are_bytes(repository: Path) -> None:
    commit(repository, {"naïve file": "1"})
    names = Git(repository / ".git").run("ls-tree", "-z", "--name-only", "HEAD").fields
    assert "naïve file".encode() in names


def test_no_transport_but_the_local_one_is_allowed(repository: Path) -> None:
    for url in ("ext::sh -c true", "https://example.invalid/x.git", "ssh://example.invalid/x.git"):
        with pytest.raises(GitError, match="not allowed"):
            Git(repository / ".git").run("ls-remote", url)


def test_a_yes_or_no_is_not_a_failure(repository: Path) -> None:
    plumbing = Git(repository / ".git")
    first = head(repository)
    second = commit(repository, {"a": "1"})
    assert plumbing.holds("merge-base", "--is-ancestor", first, second)
    assert not plumbing.holds("merge-base", "--is-ancestor", second, first)


def test_only_full_object_ids_count_as_commits() -> None:
    assert is_sha("0" * 40)
    assert is_sha("a" * 64)
    for text in ("0" * 39, "0" * 41, "HEAD", "--all", "G" * 40, "0" * 40 + "\n", ""):
        assert not is_sha(text)


def test_a_moment_is_both_dates_of_a_commit(repository: Path) -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    sha = Git(repository / ".git").run(
        "commit-tree", head(repository, "HEAD^{tree}"), "-m", "x", environment=dates(moment)
    )
    assert git(repository, "show", "-s", "--format=%aI %cI", sha.text) == " ".join(["2026-01-31T12:00:00+00:00"] * 2)
