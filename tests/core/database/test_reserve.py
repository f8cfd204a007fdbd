"""A full disk: new work is refused, work in hand can be finished. On a small filesystem of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.errors import DatabaseFullError
from support.notes import NOTES, note, notes

SIZE = 80 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"a filesystem cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], timeout=10, check=True)


def fill(place: Path) -> None:
    """Take every last block."""
    descriptor = os.open(place / "filler", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for size in (1024 * 1024, 4096):
        try:
            while True:
                os.write(descriptor, bytes(size))
        except OSError:
            continue
    os.close(descriptor)


def remove(database: Database, text: str) -> None:
    with database.transaction() as connection:
        connection.execute("DELETE FROM notes WHERE text = ?", (text,))


def write_until_full(database: Database) -> None:
    for number in range(100_000):
        note(database, f"more {number}".ljust(2000))


@pytest.mark.parametrize("log", ["grown", "fresh"])
def test_on_a_full_disk_new_writes_are_refused_and_every_last_one_in_hand_is_finished(
    small_disk: Path, log: str
) -> None:
    database = Database(small_disk / "state.db")
    database.migrate("notes", [NOTES])
    for number in range(700):
        note(database, str(number))
    if log == "fresh":  # it must then grow while the disk is full
        database.close()
        database = Database(small_disk / "state.db")
    fill(small_disk)
    with pytest.raises(DatabaseFullError, match="no space left"):
        write_until_full(database)
    for number in range(700):
        database.insist(lambda number=number: remove(database, str(number)))  # type: ignore[misc]
    assert not [text for text in notes(database) if text.isdigit()]
    database.check()

    (small_disk / "filler").unlink()
    assert not (small_disk / "state.db-reserve").exists()
    for number in range(64):
        note(database, f"after {number}")
    assert (small_disk / "state.db-reserve").stat().st_size == 2 * 1024 * 1024
    database.close()


def test_a_nearly_full_disk_is_left_without_a_reserve(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(SIZE - 40 * 1024 * 1024))
    database = Database(small_disk / "state.db")
    database.migrate("notes", [NOTES])
    for number in range(100):
        note(database, str(number))
    assert not (small_disk / "state.db-reserve").exists()
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
