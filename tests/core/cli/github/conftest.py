"""A project at the fake GitHub for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import Place
from support.fake_github import FakeGitHub
from support.github_place import github_place


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeGitHub, Place]]:
    with github_place(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def hub(both: tuple[FakeGitHub, Place]) -> FakeGitHub:
    return both[0]


@pytest.fixture
def place(both: tuple[FakeGitHub, Place]) -> Place:
    return both[1]
