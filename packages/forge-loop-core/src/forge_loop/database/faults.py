"""What SQLite and the disk say, in the words of forge_loop.errors.

Owns: the translation of error codes. Must not: retry or repair anything.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from forge_loop.errors import DatabaseBusyError, DatabaseDamagedError, DatabaseError, DatabaseFullError

_PRIMARY = 0xFF  # an extended result code holds its primary one in the low byte
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_OUTSIDE = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM})
QUICK_CHECK = "PRAGMA quick_check(3)"
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def typed(error: sqlite3.Error, path: Path) -> Exception:
    """The project's error for a failure of the file or the disk. A mistake in a statement stays what it is."""
    # Errors raised by the module itself, such as a use after close, carry no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = code & _PRIMARY
    if primary in _BUSY:
        return DatabaseBusyError(f"the database {str(path)!r} stayed locked by another program")
    # Extending the shared-memory file is the one write for which SQLite reports a full disk as an I/O error.
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return full(path)
    if primary in _DAMAGED:
        return damaged(path, str(error))
    if primary in _OUTSIDE:
        return DatabaseError(f"the database {str(path)!r} cannot be read or written: {error}")
    return error


def raise_typed(error: sqlite3.Error, path: Path) -> NoReturn:
    """Raise the project's error for it, caused by it; or raise it again as it is."""
    known = typed(error, path)
    if known is error:
        raise error
    raise known from error


class Translated:
    """A with block from which errors of sqlite3 come out typed. One object serves any number of blocks at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise_typed(error, self._path)


def of_the_system(error: OSError, path: Path) -> DatabaseError:
    """The project's error for a failed system call on one of the database's files."""
    if error.errno in _NO_SPACE:
        return full(path)
    return DatabaseError(f"the database {str(path)!r} cannot be used: {error}")


def full(path: Path) -> DatabaseFullError:
    return DatabaseFullError(f"no space left for the database {str(path)!r}", hint=f"df -h {path.parent}")


def damaged(path: Path, what: str) -> DatabaseDamagedError:
    return DatabaseDamagedError(
        f"{str(path)!r} is not a sound database: {what}",
        hint=f"with nothing using it, remove {path.name}-wal and {path.name}-shm, and put a backup in its place",
    )


def require_sound(path: Path, rows: Sequence[sqlite3.Row]) -> None:
    """Raise DatabaseDamagedError unless these rows of QUICK_CHECK say that the file is sound."""
    found = [str(row[0]) for row in rows]
    if found != ["ok"]:
        raise damaged(path, "; ".join(found))
