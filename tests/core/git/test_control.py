"""Tests of the loop's own repository."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from forge_loop.errors import GitError, RefusedError
from forge_loop.git import ControlRepository
from forge_loop.git import control as module
from support.repositories import BASE, Upstream, commit, git, head, make_upstream


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path)


@pytest.fixture
def control(tmp_path: Path, upstream: Upstream) -> ControlRepository:
    made = ControlRepository(tmp_path / "control.git", str(upstream.bare))
    made.fetch()
    return made


def loose(control: ControlRepository) -> int:
    return int(git(control.path, "count-objects").split()[0])


def test_every_fetch_is_kept_packed(control: ControlRepository, upstream: Upstream) -> None:
    upstream.land({"a": "1"})
    control.fetch()
    assert loose(control) == 0
    assert control.commit_exists(upstream.base_sha)


def test_a_branch_deleted_on_the_host_goes_here_too(control: ControlRepository, upstream: Upstream) -> None:
    git(upstream.bare, "branch", "extra", BASE)
    control.fetch()
    assert git(control.path, "branch", "--list", "extra")
    git(upstream.bare, "branch", "-D", "extra")
    control.fetch()
    assert git(control.path, "branch", "--list", "extra") == ""


def test_a_rewritten_base_is_followed(control: ControlRepository, upstream: Upstream) -> None:
    git(upstream.checkout, "commit", "--quiet", "--amend", "-m", "rewritten")
    git(upstream.checkout, "push", "--quiet", "--force", str(upstream.bare), f"HEAD:{BASE}")
    control.fetch()
    assert head(control.path, f"refs/heads/{BASE}") == upstream.base_sha


def test_a_fetch_gets_past_a_lock_that_an_ended_git_left(control: ControlRepository, upstream: Upstream) -> None:
    lock = control.path / "refs" / "heads" / f"{BASE}.lock"
    lock.touch()
    os.utime(lock, (time.time() - 120,) * 2)
    sha = upstream.land({"a": "1"})
    control.fetch()
    assert control.commit_exists(sha)


def test_a_host_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        ControlRepository(tmp_path / "control.git", str(tmp_path / "nowhere")).fetch()


def test_many_fetches_at_once_do_not_trip_over_each_other(control: ControlRepository, upstream: Upstream) -> None:
    sha = upstream.land({"a": "1"})
    failures: list[BaseException] = []

    def fetch() -> None:
        try:
            control.fetch()
        except GitError as error:
            failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert control.commit_exists(sha)


def test_an_untidy_repository_is_repacked_and_loses_nothing_recent(
    control: ControlRepository, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LOOSE", 0)
    start = upstream.base_sha
    git(upstream.checkout, "checkout", "--quiet", "-b", "side")
    side = commit(upstream.checkout, {"b": "1"})
    git(upstream.checkout, "push", "--quiet", str(upstream.bare), "side")
    git(upstream.checkout, "checkout", "--quiet", BASE)
    moved = upstream.land({"a": "1"})
    control.fetch()
    result = control.merge_result(base_sha=moved, head_sha=side)
    assert result.commit is not None
    assert loose(control) > 0
    control.prune(lambda _: True)
    assert all(map(control.commit_exists, (start, side, moved, result.commit)))
    assert int(git(control.path, "count-objects", "-v").split("packs: ")[1].split()[0]) == 1


def test_a_push_that_the_host_refuses_is_its_no(control: ControlRepository, upstream: Upstream) -> None:
    with pytest.raises(RefusedError, match="was expected absent"):
        control.push(sha=commit_in(control, upstream), branch=BASE, expected=None)


def commit_in(control: ControlRepository, upstream: Upstream) -> str:
    git(upstream.bare, "branch", "--force", "other", BASE)
    sha = commit(upstream.checkout, {"x": "1"})
    git(upstream.checkout, "push", "--quiet", str(upstream.bare), "HEAD:other")
    control.fetch()
    return sha


def test_a_push_that_fails_on_the_way_is_an_error_and_no_refusal(
    control: ControlRepository, upstream: Upstream
) -> None:
    sha = commit_in(control, upstream)
    upstream.bare.rename(upstream.bare.with_name("gone.git"))
    with pytest.raises(GitError):
        control.push(sha=sha, branch="forge/1-1", expected=None)


def test_a_push_that_a_hook_declines_is_refused(control: ControlRepository, upstream: Upstream) -> None:
    sha = commit_in(control, upstream)
    hook = upstream.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RefusedError, match="declined"):
        control.push(sha=sha, branch="forge/1-1", expected=None)


def test_a_push_that_meets_a_lock_may_be_tried_again(control: ControlRepository, upstream: Upstream) -> None:
    sha = commit_in(control, upstream)
    (upstream.bare / "refs" / "heads" / "forge").mkdir()
    (upstream.bare / "refs" / "heads" / "forge" / "1-1.lock").touch()
    with pytest.raises(GitError):
        control.push(sha=sha, branch="forge/1-1", expected=None)


def test_there_is_nothing_to_prune_before_the_first_fetch(tmp_path: Path) -> None:
    assert ControlRepository(tmp_path / "control.git", "nowhere").prune(lambda _: False) == 0


def test_what_is_no_commit_is_not_pushed(control: ControlRepository) -> None:
    for sha in ("0" * 40, "main", ""):
        with pytest.raises(RefusedError):
            control.push(sha=sha, branch="forge/1-1", expected=None)
