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
from forge_loop.status.version import is_readable
from forge_loop.store import Access, LoopRow, Store


@contextmanager
def open_store_read_only(state_dir: Path) -> Iterator[tuple[Store, ReadOnlyDatabase] | None]:
    """The store of a state directory for reading, or None where no loop has been yet.

    Raises DatabaseError, DatabaseNewerError and DatabaseOlderError among them.
    """
    path = StateLayout(state_dir).database
    if not path.exists():
        yield None
        return
    database = open_read_only(path)
    try:
        yield (Store(Access(database)), database) if is_readable(database) else None
    finally:
        database.close()


def is_running(loop: LoopRow) -> bool:
    """Whether the loop that wrote this row is alive: its pid, and that process and no later one of the same pid."""
    process = find(loop.pid) if loop.pid is not None else None
    return process is not None and process.started == loop.start_ticks
