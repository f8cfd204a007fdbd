"""A store of the loop's rows in a directory of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = Database(tmp_path / "state.db")
    yield open_store(database)
    database.close()
