"""A project whose issues and pull requests live at the fake GitHub.

Owns: the checkout's remote, the token in the environment, the configuration. Must not: start a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.command_line import Place, make_place
from support.fake_github import FakeGitHub, serving
from support.repositories import git

VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


@contextmanager
def github_place(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeGitHub, Place]]:
    """A checkout of the fake's repository, with its address as the remote `origin`; nothing is configured yet."""
    place = make_place(directory, monkeypatch)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with serving(directory / "hub") as hub:
        monkeypatch.setenv("GH_ENTERPRISE_TOKEN", hub.token)
        git(place.project, "fetch", "--quiet", str(hub.state.bare), "main")
        git(place.project, "reset", "--quiet", "--hard", "FETCH_HEAD")
        git(place.project, "remote", "add", "origin", f"{hub.url}/{hub.full_name}.git")
        yield hub, place


def configured(place: Place, *lines: str) -> None:
    """What `init --forge github` writes, and these lines."""
    said = place.run("init", "--forge", "github", "--yes")
    assert said.status == 0, said.stderr
    file = place.project / "forge-loop.yaml"
    file.write_text(file.read_text() + "".join(f"{line}\n" for line in lines))
