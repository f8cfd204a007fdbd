"""A full disk: new work is refused, work in hand can be finished. On a small filesystem of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.errors import DatabaseFullError
from support.disks import fill, small_disk
from support.notes import NOTES, note, notes

SIZE = 80 * 1024 * 1024


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", size=SIZE) as place:
        yield place


def remove(database: Database, text: str) -> None:
    with database.transaction() as connection:
        connection.execute("DELETE FROM notes WHERE text = ?", (text,))


def write_until_full(database: Database) -> None:
    for number in range(100_000):
        note(database, f"more {number}".ljust(2000))


@pytest.mark.parametrize("log", ["grown", "fresh"])
def test_on_a_full_disk_new_writes_are_refused_and_every_last_one_in_hand_is_finished(small: Path, log: str) -> None:
    database = Database(small / "state.db")
    database.migrate("notes", [NOTES])
    for number in range(700):
        note(database, str(number))
    if log == "fresh":  # it must then grow while the disk is full
        database.close()
        database = Database(small / "state.db")
    fill(small)
    with pytest.raises(DatabaseFullError, match="no space left"):
        write_until_full(database)
    for number in range(700):
        database.insist(lambda number=number: remove(database, str(number)))  # type: ignore[misc]
    assert not [text for text in notes(database) if text.isdigit()]
    database.check()

    (small / "filler").unlink()
    assert not (small / "state.db-reserve").exists()
    for number in range(64):
        note(database, f"after {number}")
    assert (small / "state.db-reserve").stat().st_size == 2 * 1024 * 1024
    database.close()


def test_a_database_opens_on_a_full_disk_to_finish_what_is_in_hand(small: Path) -> None:
    database = Database(small / "state.db")
    database.migrate("notes", [NOTES])
    for number in range(100):
        note(database, str(number))
    database.close()
    fill(small)
    again = Database(small / "state.db")
    for number in range(100):
        again.insist(lambda number=number: remove(again, str(number)))  # type: ignore[misc]
    assert notes(again) == []
    again.close()


def test_a_nearly_full_disk_is_left_without_a_reserve(small: Path) -> None:
    (small / "filler").write_bytes(bytes(SIZE - 40 * 1024 * 1024))
    database = Database(small / "state.db")
    database.migrate("notes", [NOTES])
    for number in range(100):
        note(database, str(number))
    assert not (small / "state.db-reserve").exists()
    database.close()


def test_somebody_who_writes_a_row_and_leaves_takes_no_space(path: Path, database: Database) -> None:
    note(database, "a")
    database.close()
    assert path.stat().st_size < 100_000
    assert not path.with_name("state.db-reserve").exists()


def test_a_failure_that_is_not_about_space_is_not_tried_again(database: Database) -> None:
    tries = []

    def fail() -> None:
        tries.append(1)
        raise KeyError

    with pytest.raises(KeyError):
        database.insist(fail)
    assert tries == [1]


def test_within_a_transaction_a_full_disk_is_reported_at_once(database: Database) -> None:
    tries = []

    def fail() -> None:
        tries.append(1)
        raise DatabaseFullError("full")

    with pytest.raises(DatabaseFullError), database.transaction():
        database.insist(fail)
    assert tries == [1]
