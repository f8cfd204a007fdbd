"""A project for every test of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command_line import Place, make_place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch)
