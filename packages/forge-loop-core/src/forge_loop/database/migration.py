"""Bringing one component's tables up to its newest script.

Owns: the table `schema_versions`, one version per component. Must not: know a component, or go back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from forge_loop.errors import DatabaseNewerError

CREATE = (
    "CREATE TABLE IF NOT EXISTS schema_versions "
    "(component TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID"
)
READ = "SELECT version FROM schema_versions WHERE component = ?"
_WRITE = (
    "INSERT INTO schema_versions (component, version) VALUES (?, ?) "
    "ON CONFLICT (component) DO UPDATE SET version = excluded.version"
)


def check_known(stored: int, known: int, component: str, path: Path) -> None:
    """Raise DatabaseNewerError if the file is ahead of this program."""
    if stored > known:
        raise DatabaseNewerError(
            f"{str(path)!r} holds version {stored} of {component!r}, and this program knows only version {known}",
            hint="install the newer forge-loop again, or put an older backup in its place",
        )


def apply(connection: sqlite3.Connection, component: str, scripts: Sequence[str], *, path: Path) -> None:
    """Run the scripts that the file has not seen, inside the caller's transaction."""
    rows = connection.execute(READ, (component,)).fetchall()
    stored = rows[0]["version"] if rows else 0
    check_known(stored, len(scripts), component, path)
    for script in scripts[stored:]:
        for statement in statements(script):
            connection.execute(statement)
    if stored < len(scripts):
        connection.execute(_WRITE, (component, len(scripts)))


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: sqlite3's executescript would commit the open transaction."""
    statement = ""
    for part in script.split(";"):
        statement += part
        if sqlite3.complete_statement(statement + ";"):
            yield statement
            statement = ""
        else:
            statement += ";"
    if statement.rstrip(";").strip():
        yield statement.rstrip(";")
