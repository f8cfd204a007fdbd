"""One table of the loop's, as rows of one frozen dataclass.

Owns: turning a dataclass into a row and back (times, enums, lists, booleans). Must not: know what a row means.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from sqlite3 import Row as SqliteRow
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from forge_loop.domain.recorded import rfc3339
from forge_loop.store.access import Access

Row = TypeVar("Row")
Found = TypeVar("Found")


class Table(Generic[Row]):
    """Rows of `kind`, a dataclass whose first field is `id` and whose fields are the table's columns."""

    def __init__(self, database: Access, name: str, kind: type[Row]) -> None:
        self._database = database
        self._name = name
        self._kind = kind
        self._readers = readers_of(cast(Hashable, kind))

    def insert(self, **values: Any) -> Row:
        """Insert a row without an id and return it as it is stored. Fields left out take the dataclass's default."""
        make: Any = self._kind
        row = make(id=0, **values)
        columns = [name for name in self._readers if name != "id"]
        marks = ", ".join("?" for _ in columns)
        sql = f"INSERT INTO {self._name} ({', '.join(columns)}) VALUES ({marks}) RETURNING *"
        with self._database.transaction() as connection:
            stored = connection.execute(sql, [to_column(getattr(row, name)) for name in columns]).fetchall()
        return self.read(stored[0])

    def update(self, row_id: int, **changes: Any) -> Row:
        """Change the named columns of one row and return it. Raises LookupError."""
        names = ", ".join(f"{name} = ?" for name in changes)
        sql = f"UPDATE {self._name} SET {names} WHERE id = ? RETURNING *"
        with self._database.transaction() as connection:
            stored = connection.execute(sql, [*map(to_column, changes.values()), row_id]).fetchall()
        return self.read(self._only(stored, row_id))

    def get(self, row_id: int) -> Row:
        """The row with this id. Raises LookupError."""
        return self._only(self.select("id = ?", row_id), row_id)

    def _only(self, rows: Sequence[Found], row_id: int) -> Found:
        if not rows:
            raise LookupError(f"{self._name} has no row {row_id}")
        return rows[0]

    def select(self, where: str = "1", *parameters: Any, order: str = "id", limit: int = -1) -> list[Row]:
        """The rows for which `where` holds, in `order`."""
        sql = f"SELECT * FROM {self._name} WHERE {where} ORDER BY {order} LIMIT ?"
        return [self.read(row) for row in self._database.query(sql, (*map(to_column, parameters), limit))]

    def columns(self, names: Sequence[str], where: str = "1", *parameters: Any) -> list[tuple[Any, ...]]:
        """These columns alone of the rows for which `where` holds: for many rows of which little is asked."""
        sql = f"SELECT {', '.join(names)} FROM {self._name} WHERE {where} ORDER BY id"
        readers = [self._readers[name] for name in names]
        rows = self._database.query(sql, tuple(map(to_column, parameters)))
        return [tuple(read(value) for read, value in zip(readers, row, strict=True)) for row in rows]

    def last(self, where: str, *parameters: Any) -> Row | None:
        """The newest row for which `where` holds."""
        rows = self.select(where, *parameters, order="id DESC", limit=1)
        return rows[0] if rows else None

    def read(self, row: SqliteRow) -> Row:
        return read_row(self._kind, self._readers, row)


@cache
def readers_of(kind: Any) -> dict[str, Callable[[Any], Any]]:
    """How to read each column of a dataclass's table. Resolving type hints is slow, and always gives the same."""
    hints = get_type_hints(kind)
    return {field.name: _reader(hints[field.name]) for field in fields(kind)}


def read_row(kind: type[Row], readers: Mapping[str, Callable[[Any], Any]], row: SqliteRow) -> Row:
    return kind(**{name: read(row[name]) for name, read in readers.items()})


def to_column(value: Any) -> Any:
    """A value as SQLite keeps it. Half a surrogate pair, which no UTF-8 text holds, is spelled out."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, bool):
        return int(value)
    return json.dumps(value) if isinstance(value, tuple | list | dict) else value


def _reader(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) in (types.UnionType, Union):
        inner = next(part for part in get_args(hint) if part is not type(None))
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if get_origin(hint) is tuple:
        return lambda value: tuple(json.loads(value))
    if get_origin(hint) in (dict, Mapping):
        return json.loads
    if hint is datetime:
        return datetime.fromisoformat
    return hint if isinstance(hint, type) else lambda value: value
