"""Transactions and reads of one database in one process."""

from __future__ import annotations

import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.errors import DatabaseDamagedError, DatabaseError, UnsupportedPlaceError
from support.notes import Undone, note, note_and_raise, notes


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_transaction_is_kept_after_closing(path: Path, database: Database) -> None:
    note(database, "a")
    database.close()
    again = Database(path)
    assert notes(again) == ["a"]
    again.close()


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(Undone):
        note_and_raise(database, "a")
    assert notes(database) == []


def test_an_inner_transaction_commits_with_the_outer_one(path: Path, database: Database) -> None:
    other = Database(path)
    with database.transaction():
        note(database, "a")
        assert notes(other) == []
    assert notes(other) == ["a"]
    other.close()


def test_an_outer_block_that_raises_undoes_the_inner_one(database: Database) -> None:
    with pytest.raises(Undone):
        note_and_raise(database, "a", inner=True)
    assert notes(database) == []


def test_an_inner_block_that_raises_undoes_only_its_own_part(database: Database) -> None:
    with database.transaction():
        note(database, "before")
        with pytest.raises(Undone):
            note_and_raise(database, "inner")
        note(database, "after")
    assert notes(database) == ["before", "after"]


def test_a_read_sees_the_changes_of_its_own_threads_transaction_only(database: Database) -> None:
    with database.transaction(), ThreadPoolExecutor(1) as other:
        note(database, "a")
        assert notes(database) == ["a"]
        assert other.submit(notes, database).result(10) == []


ADD = "INSERT INTO notes (text) VALUES (?) ON CONFLICT DO NOTHING"


def test_one_statement_can_be_a_transaction_and_says_what_it_did(path: Path, database: Database) -> None:
    assert database.write(ADD, ("a",)) == ([], 1, 1)
    rows, changed, _ = database.write("UPDATE notes SET text = 'b' RETURNING id, text")
    assert ([tuple(row) for row in rows], changed) == ([(1, "b")], 1)
    assert database.write("DELETE FROM notes WHERE text = 'c'")[1] == 0
    other = Database(path)
    assert notes(other) == ["b"]
    other.close()


def add_and_raise(database: Database) -> None:
    with database.transaction():
        database.write(ADD, ("a",))
        assert notes(database) == ["a"]
        raise Undone


def test_a_statement_within_a_transaction_is_a_part_of_it(database: Database) -> None:
    with pytest.raises(Undone):
        add_and_raise(database)
    assert notes(database) == []


def test_a_statement_that_fails_lets_go_of_the_gate(database: Database) -> None:
    note(database, "a")
    with pytest.raises(sqlite3.IntegrityError):
        database.write("INSERT INTO notes (text) VALUES ('a')")
    with pytest.raises(sqlite3.IntegrityError), database.transaction():
        database.write("INSERT INTO notes (text) VALUES ('a')")
    database.write(ADD, ("b",))
    assert notes(database) == ["a", "b"]


def test_a_mistake_in_a_statement_stays_what_it_is(database: Database) -> None:
    note(database, "a")
    with pytest.raises(sqlite3.IntegrityError):
        note(database, "a")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.query("SELECT * FROM missing")
    note(database, "b")
    assert notes(database) == ["a", "b"]


def test_an_error_of_the_callers_own_is_not_taken_for_one_of_the_database(database: Database) -> None:
    with pytest.raises(FileNotFoundError), database.transaction():
        Path("/no/such/file").read_text()


def test_a_query_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseError, match="readonly"):
        database.query("INSERT INTO notes (text) VALUES ('a')")
    assert notes(database) == []


def test_declared_references_hold(database: Database) -> None:
    database.migrate("more", ["CREATE TABLE remarks (note INTEGER NOT NULL REFERENCES notes (id)) STRICT"])
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), database.transaction() as connection:
        connection.execute("INSERT INTO remarks (note) VALUES (7)")


def test_many_threads_write_and_read_one_object(database: Database) -> None:
    def work(worker: int) -> None:
        for number in range(20):
            note(database, f"{worker}-{number}", flush=False)
            assert f"{worker}-{number}" in notes(database)

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(work, range(8)))
    assert len(notes(database)) == 160


def test_threads_that_end_leave_no_descriptors_behind(database: Database) -> None:
    def look() -> None:
        notes(database)

    def run() -> int:
        for _ in range(10):
            thread = threading.Thread(target=look)
            thread.start()
            thread.join(10)
        return descriptors()

    run()
    assert run() == run()


def test_the_files_are_for_their_owner_only(path: Path, database: Database) -> None:
    for number in range(64):
        note(database, str(number), flush=False)
    beside = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    assert set(beside) == {path.name + suffix for suffix in ("", "-wal", "-shm", "-gate", "-wake", "-reserve")}
    assert set(beside.values()) == {0o600}


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("this is not a database, but it is long enough to look at" * 20)
    with pytest.raises(DatabaseDamagedError, match=r"state\.db"):
        Database(path)


def test_a_sound_file_passes_its_check_and_a_damaged_page_does_not(path: Path, database: Database) -> None:
    with database.transaction() as connection:
        connection.executemany("INSERT INTO notes (text) VALUES (?)", [(f"{number:0500}",) for number in range(200)])
    database.check()
    database.close()
    with path.open("r+b") as file:
        file.seek(4096 * 10)
        file.write(b"\xff" * 4096 * 3)
    again = Database(path)
    with pytest.raises(DatabaseDamagedError):
        again.check()
    again.close()


def test_a_closed_database_says_so(database: Database) -> None:
    database.close()
    database.close()
    with pytest.raises(DatabaseError, match="closed"):
        notes(database)
    with pytest.raises(DatabaseError, match="closed"):
        note(database, "a")


def test_an_unknown_durability_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="'ful'"):
        Database(path, durability="ful")  # type: ignore[arg-type]
    assert not path.exists()


def test_opening_again_and_again_leaves_no_descriptors_behind(path: Path) -> None:
    def count() -> int:
        Database(path).close()
        return descriptors()

    assert count() == count() == count()


def test_a_failed_opening_leaves_no_descriptors_behind(path: Path) -> None:
    path.write_text("no database" * 100)

    def count() -> int:
        with pytest.raises(DatabaseDamagedError):
            Database(path)
        return descriptors()

    assert count() == count() == count()


def test_something_else_in_the_place_of_the_pipe_is_named(path: Path) -> None:
    path.with_name("state.db-wake").write_text("")
    with pytest.raises(DatabaseError, match="named pipe"):
        Database(path)


def test_a_missing_directory_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedPlaceError) as raised:
        Database(tmp_path / "missing" / "state.db")
    assert raised.value.hint == f"mkdir -p -m 700 {tmp_path / 'missing'}"
