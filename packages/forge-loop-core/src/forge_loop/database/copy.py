"""A consistent copy of a database in use.

Owns: writing it beside its target and moving it into place. Must not: hold the write gate.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path


def write(source: sqlite3.Connection, target: Path) -> None:
    """Copy `source` to the file `target`, which appears whole or not at all."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            source.backup(copy)
            # One file that can be moved alone; the product switches it back to WAL when it opens it.
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        _flush(partial)
        partial.replace(target)
        _flush(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
