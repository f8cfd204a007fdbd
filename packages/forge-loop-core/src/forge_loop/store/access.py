"""The database as the store uses it: for reading and writing, or for reading alone.

Owns: refusing a write through a read-only view. Must not: know a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from sqlite3 import Connection, Row
from typing import TYPE_CHECKING, Any

from forge_loop.database import ReadOnlyDatabase
from forge_loop.database.place import free_bytes
from forge_loop.errors import DatabaseError

if TYPE_CHECKING:
    from forge_loop.database import Database


class Access:
    def __init__(self, database: Database | ReadOnlyDatabase) -> None:
        self._database = database

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._database.query(sql, parameters)

    def free_bytes(self) -> int:
        """The space that is left on the disk of the database."""
        return free_bytes(self._database.path.parent)

    def transaction(self) -> AbstractContextManager[Connection]:
        """One transaction; an inner one joins the outer. Raises DatabaseError on a read-only view."""
        if isinstance(self._database, ReadOnlyDatabase):
            raise DatabaseError("this view of the database is read-only")
        return self._database.transaction()
