"""A database seen by somebody who only looks: status, dashboard, metrics.

Owns: reading without the gate, without creating the file. Must not: write, or keep a snapshot open between two reads
(the log could not be recycled meanwhile).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forge_loop.database.connection import open_reader
from forge_loop.database.faults import QUICK_CHECK, require_sound, typed
from forge_loop.errors import DatabaseError


class ReadOnlyDatabase:
    """Usable from many threads, one read at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._turn = threading.Lock()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run one read and return all its rows. Raises DatabaseError."""
        with self._turn:
            try:
                return self._connection.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                raise typed(error, self.path) from error

    def check(self) -> None:
        """Read the whole file and raise DatabaseDamagedError if it is not sound."""
        require_sound(self.path, self.query(QUICK_CHECK))

    def close(self) -> None:
        with self._turn:
            self._connection.close()


def open_read_only(path: Path, *, busy_timeout: float = 1.0) -> ReadOnlyDatabase:
    """Open an existing database for reading. Raises DatabaseError if there is none, DatabaseDamagedError."""
    if not path.is_file():
        raise DatabaseError(f"there is no database at {str(path)!r}")
    try:
        connection = open_reader(path.absolute(), busy_timeout=busy_timeout, mode="ro")
    except sqlite3.Error as error:
        raise typed(error, path) from error
    return ReadOnlyDatabase(path, connection)
