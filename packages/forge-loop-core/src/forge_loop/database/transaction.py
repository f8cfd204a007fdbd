"""The transaction a thread is in, and how an inner one joins it.

Owns: savepoints, what is left to do after the commit. Must not: take the gate, commit or flush.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from forge_loop.database.faults import Translated


@dataclass(slots=True)
class Transaction:
    """`flush` and `wakes` are what its commit is followed by; `depth` counts the inner ones that joined it."""

    connection: sqlite3.Connection
    flush: bool
    wakes: int = 0
    depth: int = 0


class OfThread(threading.local):
    transaction: Transaction | None = None


@contextlib.contextmanager
def joined(outer: Transaction, translated: Translated, *, flush: bool) -> Iterator[sqlite3.Connection]:
    """An inner transaction: a savepoint of the outer one, so that a failing part can be caught and the rest kept."""
    outer.flush |= flush
    outer.depth += 1
    name = f"inner{outer.depth}"
    try:
        with translated:
            outer.connection.execute(f"SAVEPOINT {name}")
            try:
                yield outer.connection
            except BaseException:
                # On a full disk or an I/O error SQLite may have undone the whole transaction already.
                if outer.connection.in_transaction:
                    outer.connection.execute(f"ROLLBACK TO {name}")
                    outer.connection.execute(f"RELEASE {name}")
                raise
            outer.connection.execute(f"RELEASE {name}")
    finally:
        outer.depth -= 1
