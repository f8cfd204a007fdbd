from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.database import Database
from support.notes import NOTES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """A database with one table, `notes`."""
    opened = Database(path)
    opened.migrate("notes", [NOTES])
    yield opened
    opened.close()
