"""A consistent copy while others write."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.errors import DatabaseError
from support.notes import note, notes


def test_a_backup_is_one_file_that_opens_with_everything_in_it(database: Database, tmp_path: Path) -> None:
    note(database, "a")
    target = tmp_path / "copies" / "backup.db"
    target.parent.mkdir()
    database.backup(target)
    assert [entry.name for entry in target.parent.iterdir()] == ["backup.db"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    copy = Database(target)
    assert notes(copy) == ["a"]
    copy.close()


def test_a_backup_replaces_an_older_one(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    for text in "ab":
        note(database, text)
        database.backup(target)
    copy = Database(target)
    assert notes(copy) == ["a", "b"]
    copy.close()


def test_a_backup_taken_while_another_thread_writes_holds_whole_transactions(
    database: Database, tmp_path: Path
) -> None:
    enough = threading.Event()

    def write() -> None:
        for number in range(10_000):
            if enough.is_set():
                return
            with database.transaction(flush=False):
                note(database, f"{number} left")
                note(database, f"{number} right")

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(5):
        database.backup(tmp_path / f"{number}.db")
    enough.set()
    writer.join(30)
    for number in range(5):
        copy = Database(tmp_path / f"{number}.db")
        assert len(notes(copy)) % 2 == 0
        copy.check()
        copy.close()


def test_a_backup_that_cannot_be_written_leaves_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError):
        database.backup(tmp_path / "missing" / "backup.db")
    (tmp_path / "taken").mkdir()
    with pytest.raises(DatabaseError):
        database.backup(tmp_path / "taken")
    assert not list(tmp_path.glob("*.partial"))
