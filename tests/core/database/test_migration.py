"""Each component's tables have a version of their own, and only go forward."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.database.migration import statements
from forge_loop.errors import DatabaseNewerError

ONE = "CREATE TABLE one (a INTEGER) STRICT;"
TWO = "ALTER TABLE one ADD COLUMN b INTEGER; UPDATE one SET b = a + 1;"


def stored(database: Database) -> dict[str, int]:
    rows = database.query("SELECT component, version FROM schema_versions")
    return {row["component"]: row["version"] for row in rows}


def test_components_move_forward_independently(database: Database) -> None:
    database.migrate("one", [ONE])
    assert stored(database) == {"notes": 1, "one": 1}
    with database.transaction() as connection:
        connection.execute("INSERT INTO one VALUES (1)")
    database.migrate("one", [ONE, TWO])
    assert stored(database) == {"notes": 1, "one": 2}
    assert [tuple(row) for row in database.query("SELECT * FROM one")] == [(1, 2)]


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate("one", [ONE, TWO])
    database.migrate("one", [ONE, TWO])
    assert stored(database)["one"] == 2


def test_a_newer_file_is_refused_with_both_versions(path: Path, database: Database) -> None:
    database.migrate("one", [ONE, TWO])
    with pytest.raises(DatabaseNewerError, match=r"version 2 of 'one'.*only version 1") as raised:
        database.migrate("one", [ONE])
    assert raised.value.exit_code == 2
    assert stored(database)["one"] == 2


def test_a_script_that_fails_leaves_the_version_before_it(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError):
        database.migrate("one", [ONE, "CREATE TABLE two (a INTEGER); CREATE TABLE broken ("])
    assert "one" not in stored(database)
    assert database.query("SELECT name FROM sqlite_schema WHERE name IN ('one', 'two')") == []


def test_a_script_is_split_at_its_statements_only() -> None:
    script = """
    -- a remark; with a semicolon
    CREATE TABLE t (a TEXT DEFAULT ';');
    CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM t; END;
    INSERT INTO t VALUES ('x')
    """
    found = [statement.split() for statement in statements(script)]
    assert [words[-1] for words in found] == ["';')", "END", "('x')"]


def test_nothing_but_remarks_is_no_failure(database: Database) -> None:
    database.migrate("empty", ["-- nothing yet\n", " ;; \n"])
    assert stored(database)["empty"] == 2
