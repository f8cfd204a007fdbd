"""Looking at a database without taking part in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.database import Database, open_read_only
from forge_loop.errors import DatabaseDamagedError, DatabaseError
from support.notes import note


def test_a_reader_sees_each_commit_and_holds_up_nobody(path: Path, database: Database) -> None:
    reader = open_read_only(path)
    for number in range(1, 4):
        note(database, str(number))
        assert reader.query("SELECT count(*) FROM notes WHERE id > ?", (0,))[0][0] == number
    reader.close()


def test_a_reader_can_look_while_a_transaction_is_open(path: Path, database: Database) -> None:
    reader = open_read_only(path)
    with database.transaction():
        note(database, "a")
        assert reader.query("SELECT * FROM notes") == []
    reader.close()


def test_a_reader_cannot_write(path: Path, database: Database) -> None:
    reader = open_read_only(path)
    with pytest.raises(DatabaseError, match="readonly"):
        reader.query("DELETE FROM notes")
    reader.close()


def test_a_database_that_nobody_has_open_can_be_read(path: Path, database: Database) -> None:
    note(database, "a")
    database.close()
    reader = open_read_only(path)
    assert [row["text"] for row in reader.query("SELECT text FROM notes")] == ["a"]
    reader.close()
    again = Database(path)
    note(again, "b")
    again.close()


def test_a_missing_database_is_named_and_not_created(path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"there is no database at .*state\.db"):
        open_read_only(path)
    assert not path.exists()


def test_a_file_that_is_no_database_is_refused_at_the_first_read(path: Path) -> None:
    path.write_text("not a database at all" * 100)
    with pytest.raises(DatabaseDamagedError):
        open_read_only(path).query("SELECT 1 FROM notes")
