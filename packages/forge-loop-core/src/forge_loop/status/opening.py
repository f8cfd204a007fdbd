"""A state directory opened for looking at, and whether its loop is alive.

Owns: those two. Must not: write, or make a state directory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forge_loop.agents.processes import find
from forge_loop.config.layout import StateLayout
from forge_loop.database import ReadOnlyDatabase, open_read_only
from forge_loop.store import Access, LoopRow, Store

_TABLES = "SELECT count(*) AS tables FROM sqlite_schema WHERE name IN ('loop', 'queue_clock')"


@contextmanager
def open_store_read_only(state_dir: Path) -> Iterator[tuple[Store, ReadOnlyDatabase] | None]:
    """The store of a state directory for reading, or None where no loop has been yet."""
    path = StateLayout(state_dir).database
    if not path.exists():
        yield None
        return
    database = open_read_only(path)
    try:
        yield (Store(Access(database)), database) if _is_made(database) else None
    finally:
        database.close()


def _is_made(database: ReadOnlyDatabase) -> bool:
    """Whether the tables stand and the loop has its row: the first loop makes one after the other."""
    if database.query(_TABLES)[0]["tables"] < 2:
        return False
    return bool(database.query("SELECT 1 FROM loop"))


def is_running(loop: LoopRow) -> bool:
    """Whether the loop that wrote this row is alive: its pid, and that process and no later one of the same pid."""
    process = find(loop.pid) if loop.pid is not None else None
    return process is not None and process.started == loop.start_ticks
