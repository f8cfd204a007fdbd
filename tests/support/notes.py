"""A table for tests of the database.

Owns: writing and reading `notes`. Must not: be about anything.
"""

from __future__ import annotations

from forge_loop.database import Database

NOTES = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"


def note(database: Database, text: str, *, flush: bool = True) -> None:
    with database.transaction(flush=flush) as connection:
        connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))


class Undone(Exception):
    """Raised inside a transaction on purpose."""


def note_and_raise(database: Database, text: str, *, inner: bool = False, wake: bool = False) -> None:
    """A transaction that fails after its write, which may be one that joined it."""
    with database.transaction() as connection:
        if inner:
            note(database, text)
        else:
            connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        if wake:
            database.wake()
        raise Undone


def notes(database: Database) -> list[str]:
    return [row["text"] for row in database.query("SELECT text FROM notes ORDER BY id")]
