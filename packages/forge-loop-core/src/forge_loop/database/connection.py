"""SQLite connections, opened one way.

Owns: the pragmas, the switch to WAL, the pool of reading connections. Must not: begin or end transactions.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from forge_loop.errors import UnsupportedPlaceError

_EVERY = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cell_size_check = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA foreign_keys = ON",
)
# Of a new file. A commit writes every page it changed to the log, whole: half of SQLite's default is half as much.
PAGE_BYTES = 2048
_WRITER = ("PRAGMA wal_autocheckpoint = 1024", "PRAGMA journal_size_limit = 8388608")


def open_writer(path: Path, *, busy_timeout: float) -> sqlite3.Connection:
    """The writing connection. Call it inside the gate: it may create the file and switch it to WAL."""
    # Only a file that is not there is opened here: closing a descriptor of one in use would drop SQLite's locks.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    connection = _connect(path, "rw", busy_timeout)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchall()[0][0]
        if mode != "wal":
            raise UnsupportedPlaceError(f"{str(path)!r} cannot be kept in WAL mode (it stays in {mode!r})")
        _prepare(connection, *_EVERY, *_WRITER)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, *, busy_timeout: float, mode: str = "rw") -> sqlite3.Connection:
    """A connection that refuses to write. With mode `ro` it also cannot create the file."""
    connection = _connect(path, mode, busy_timeout)
    try:
        _prepare(connection, *_EVERY, "PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str, busy_timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,  # BEGIN and COMMIT are ours
        check_same_thread=False,
        cached_statements=256,
    )
    connection.row_factory = sqlite3.Row
    return connection


def _prepare(connection: sqlite3.Connection, *pragmas: str) -> None:
    for pragma in pragmas:
        connection.execute(pragma).fetchall()


class Readers:
    """Reading connections, as many as there are threads that read at the same instant."""

    def __init__(self, path: Path, *, busy_timeout: float) -> None:
        self._path = path
        self._busy_timeout = busy_timeout
        self._idle: list[sqlite3.Connection] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """A connection for one statement. One whose statement failed is not used again."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = open_reader(self._path, busy_timeout=self._busy_timeout)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
