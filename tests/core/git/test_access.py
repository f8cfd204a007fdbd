"""Tests of git at a host that asks who is there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.errors import AuthenticationError, RefusedError
from forge_loop.git import ControlRepository, with_token
from support.fake_github import FakeGitHub, serving
from support.fake_github.server import Seen
from support.repositories import BASE, commit, git

MEGABYTES = 3


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeGitHub]:
    with serving(tmp_path / "hub") as made:
        yield made


def address(hub: FakeGitHub) -> str:
    return f"{hub.url}/{hub.full_name}.git"


def control_of(hub: FakeGitHub, directory: Path, token: str = "") -> ControlRepository:
    access = with_token(address(hub), token or hub.token, os.environ)
    return ControlRepository(directory / "control.git", address(hub), access=access)


def candidate(control: ControlRepository, directory: Path, content: str = "1") -> str:
    git(directory, "clone", "--quiet", str(control.path), str(directory / "work"))
    sha = commit(directory / "work", {"a": content})
    git(directory / "work", "push", "--quiet", "origin", "HEAD:refs/heads/candidate")
    return sha


def test_it_fetches_and_pushes_with_the_token(hub: FakeGitHub, tmp_path: Path) -> None:
    control = control_of(hub, tmp_path)
    control.fetch()
    sha = candidate(control, tmp_path)
    for _ in range(2):
        control.push(sha=sha, branch="forge/1-1", expected=None)
    assert hub.repository.branches()["forge/1-1"] == sha
    with pytest.raises(RefusedError):
        control.push(sha=hub.repository.branches()[BASE], branch="forge/1-1", expected=None)


def test_a_large_push_arrives_in_chunks(hub: FakeGitHub, tmp_path: Path) -> None:
    control = control_of(hub, tmp_path)
    control.fetch()
    sha = candidate(control, tmp_path, os.urandom(MEGABYTES * 1024 * 512).hex())
    control.push(sha=sha, branch="forge/1-1", expected=None)
    assert hub.repository.branches()["forge/1-1"] == sha
    assert any(seen.headers.get("transfer-encoding") == "chunked" for seen in hub.requests)


def test_the_token_is_in_no_file_and_in_no_command_line(
    hub: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    looked: list[int] = []
    note, looking = hub.requests.append, threading.Lock()

    def look(seen: Seen) -> None:
        """While git waits for the answer, its processes are there to be looked at."""
        note(seen)
        with looking:
            for words in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = words.read_bytes()
                except OSError:
                    continue
                looked.append(text.startswith(b"git") and b"http" in text)
                found.extend([str(words)] if hub.token.encode() in text else [])

    hub.watch(look)
    control = control_of(hub, tmp_path / "loop")
    control.fetch()
    (tmp_path / "person").mkdir()
    control.push(sha=candidate(control, tmp_path / "person"), branch="forge/1-1", expected=None)
    assert sum(looked) > 0
    assert found == []
    files = [path for path in (tmp_path / "loop").rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if hub.token.encode() in path.read_bytes()] == []
    assert all(hub.token not in seen.path for seen in hub.requests)


def test_a_token_that_is_not_accepted_is_said_so(hub: FakeGitHub, tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError, match="does not let git in"):
        control_of(hub, tmp_path, "ghp_wrong").fetch()


def test_an_account_that_may_only_read_cannot_push(hub: FakeGitHub, tmp_path: Path) -> None:
    hub.add_account("reader", role="read")
    control = control_of(hub, tmp_path, hub.grant("reader", "ghp_reader"))
    control.fetch()
    sha = candidate(control, tmp_path)
    with pytest.raises(RefusedError, match="Contents: write"):
        control.push(sha=sha, branch="forge/1-1", expected=None)


def test_the_token_goes_to_no_other_host(hub: FakeGitHub, tmp_path: Path) -> None:
    elsewhere = with_token("http://localhost:1/", hub.token, os.environ)
    with pytest.raises(AuthenticationError):
        ControlRepository(tmp_path / "control.git", address(hub), access=elsewhere).fetch()
    assert not any("authorization" in seen.headers for seen in hub.requests)


def test_the_token_is_not_shown_with_the_access(hub: FakeGitHub) -> None:
    assert hub.token not in repr(with_token(address(hub), hub.token, os.environ))
