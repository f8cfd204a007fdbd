"""Whether this program can read what stands in a state directory, and may bring it forward.

Owns: the sentences for a database of another version. Must not: bring one forward: whoever only looks never writes, and
a loop of an older version must not find its tables changed while it works.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Row
from typing import Any, Protocol

from forge_loop.agents.processes import find
from forge_loop.database.migration import READ, check_known
from forge_loop.errors import DatabaseOlderError, LoopRunningError
from forge_loop.store.versions import COMPONENT, scripts

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


class Readable(Protocol):
    """A database, for writing or only for reading."""

    path: Path

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]: ...


def is_readable(database: Readable) -> bool:
    """Whether the tables stand and the loop has its row: the first loop makes one after the other.

    Raises DatabaseNewerError, DatabaseOlderError for tables of another version.
    """
    if not {"loop", "queue_clock", "schema_versions"} <= _tables(database):
        return False
    stored, known = _stored(database), len(scripts())
    check_known(stored, known, COMPONENT, database.path)
    if stored < known:
        raise DatabaseOlderError(
            f"{str(database.path)!r} holds version {stored} of {COMPONENT!r}, and this program reads version {known}",
            hint="end the loop if one runs, and start it with this version: forge-loop run",
        )
    return bool(database.query("SELECT 1 FROM loop"))


def check_no_older_loop(database: Readable) -> None:
    """Raise LoopRunningError where bringing the tables forward would change them under a loop that works."""
    if not {"loop", "schema_versions"} <= _tables(database):
        return
    stored, known = _stored(database), len(scripts())
    rows = database.query("SELECT pid, start_ticks FROM loop") if stored < known else []
    for row in rows:
        process = find(row["pid"]) if row["pid"] is not None else None
        if process is not None and process.started == row["start_ticks"]:
            raise LoopRunningError(
                f"the loop that runs, pid {row['pid']}, works with version {stored} of {COMPONENT!r}, "
                f"and this program would bring it to version {known}",
                hint=f"kill -TERM {row['pid']}; then: forge-loop run",
            )


def _tables(database: Readable) -> set[str]:
    return {row["name"] for row in database.query(_TABLES)}


def _stored(database: Readable) -> int:
    rows = database.query(READ, (COMPONENT,))
    return rows[0]["version"] if rows else 0
