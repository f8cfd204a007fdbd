"""A project whose loop has merged one issue: the world's project and state under the command line's environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command_line import Place


@pytest.fixture
def replayed(place: Place, merged_root: Path) -> Place:
    return Place(project=merged_root / "project", state=merged_root / "state")
