from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import Place, make_place
from support.fault_place import quick_place


@pytest.fixture
def quick() -> Iterator[Path]:
    """A directory in memory."""
    with quick_place() as found:
        yield found


@pytest.fixture
def place(quick: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(quick, monkeypatch)
