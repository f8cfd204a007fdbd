"""A store on a real database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.store import Store, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(path, durability="normal")
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Store:
    return open_store(database)
