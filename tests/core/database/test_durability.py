"""What is on disk when a transaction returns.

A power cut is played by keeping of the log only what was flushed: the file as it was at the last fdatasync.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_loop.database import Database, Durability
from forge_loop.errors import DatabaseError, DatabaseFullError
from support.notes import NOTES, note, notes


class Disk:
    """Counts the flushes of the log and keeps what each of them brought to the disk."""

    def __init__(self, path: Path, kept: Path) -> None:
        self.flushes = 0
        self.failure: OSError | None = None
        self.slow: threading.Event | None = None
        self.begun = threading.Event()
        self._log = path.with_name(f"{path.name}-wal")
        self._path, self._kept = path, kept
        self._fdatasync = os.fdatasync

    def fdatasync(self, descriptor: int) -> None:
        assert Path(f"/proc/self/fd/{descriptor}").readlink() == self._log
        self.begun.set()
        if self.slow is not None:
            assert self.slow.wait(10)
        if self.failure is not None:
            raise self.failure
        bytes_now = self._log.read_bytes()
        self._fdatasync(descriptor)
        self.flushes += 1
        (self._kept / self._log.name).write_bytes(bytes_now)

    def cut_power(self) -> Path:
        """The database as it is found afterwards. No checkpoint may have run: then the file itself never changed."""
        return Path(shutil.copy(self._path, self._kept / self._path.name))


@pytest.fixture
def disk(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    (tmp_path / "kept").mkdir()
    watched = Disk(path, tmp_path / "kept")
    monkeypatch.setattr(os, "fdatasync", watched.fdatasync)
    return watched


def found_after_power_cut(disk: Disk) -> list[str]:
    again = Database(disk.cut_power())
    found = notes(again)
    again.check()
    again.close()
    return found


@pytest.mark.parametrize("count", [1, 10, 100])
def test_what_returned_survives_a_power_cut(path: Path, disk: Disk, count: int) -> None:
    database = Database(path)
    database.migrate("notes", [NOTES])
    for number in range(count):
        note(database, str(number))
    assert disk.flushes == count + 1
    assert found_after_power_cut(disk) == [str(number) for number in range(count)]
    database.close()


def test_an_unflushed_transaction_may_be_lost_and_a_later_flush_covers_it(path: Path, disk: Disk) -> None:
    database = Database(path)
    database.migrate("notes", [NOTES])
    note(database, "a", flush=False)
    assert found_after_power_cut(disk) == []
    note(database, "b")
    assert found_after_power_cut(disk) == ["a", "b"]
    database.close()


def test_a_statement_alone_survives_a_power_cut_if_it_is_to(path: Path, disk: Disk) -> None:
    database = Database(path)
    database.migrate("notes", [NOTES])
    database.write("INSERT INTO notes (text) VALUES ('a')", flush=False)
    assert (disk.flushes, found_after_power_cut(disk)) == (1, [])
    database.write("INSERT INTO notes (text) VALUES ('b')")
    assert (disk.flushes, found_after_power_cut(disk)) == (2, ["a", "b"])
    database.close()


def test_an_inner_transaction_that_wants_a_flush_gets_it_from_the_outer_one(path: Path, disk: Disk) -> None:
    database = Database(path)
    database.migrate("notes", [NOTES])
    with database.transaction(flush=False):
        note(database, "a")
        assert disk.flushes == 1
    assert disk.flushes == 2
    assert found_after_power_cut(disk) == ["a"]
    database.close()


@pytest.mark.parametrize(("durability", "flushes"), [("full", 2), ("normal", 0)])
def test_only_full_durability_flushes(path: Path, disk: Disk, durability: Durability, flushes: int) -> None:
    database = Database(path, durability=durability)
    database.migrate("notes", [NOTES])
    note(database, "a")
    assert disk.flushes == flushes
    database.close()


def test_one_flush_covers_all_who_waited_for_it(path: Path, disk: Disk) -> None:
    database = Database(path, busy_timeout=20)
    database.migrate("notes", [NOTES])
    disk.slow = threading.Event()
    disk.begun.clear()
    with ThreadPoolExecutor(9) as workers:
        done = [workers.submit(note, database, str(number)) for number in range(9)]
        assert disk.begun.wait(10)
        deadline = time.monotonic() + 20
        while len(notes(database)) < 9:
            assert time.monotonic() < deadline
        disk.slow.set()
        for one in done:
            one.result(20)
    # One for the table, one for whoever was first, one for all the others.
    assert disk.flushes <= 3
    assert len(found_after_power_cut(disk)) == 9
    database.close()


@pytest.mark.parametrize(("number", "error"), [(errno.EIO, DatabaseError), (errno.ENOSPC, DatabaseFullError)])
def test_after_a_failed_flush_nothing_more_is_promised(
    path: Path, disk: Disk, number: int, error: type[DatabaseError]
) -> None:
    database = Database(path)
    database.migrate("notes", [NOTES])
    disk.failure = OSError(number, os.strerror(number))
    with pytest.raises(error):
        note(database, "a")
    disk.failure = None
    with pytest.raises(DatabaseError, match="a flush failed"):
        note(database, "b")
    with pytest.raises(DatabaseError, match="a flush failed"):
        notes(database)
    database.close()


def test_the_log_grows_once_for_those_who_write_a_lot(path: Path, database: Database) -> None:
    log = path.with_name(f"{path.name}-wal")
    note(database, "first", flush=False)
    assert log.stat().st_size < 100_000
    for number in range(70):
        note(database, str(number), flush=False)
    grown = log.stat().st_size
    assert grown > 2_000_000
    for number in range(100, 3000):
        note(database, str(number), flush=False)
    assert log.stat().st_size < grown * 2
    database.check()
    assert len(notes(database)) == 2971


def test_the_counters_of_a_page_torn_by_a_power_cut_are_not_believed(path: Path, disk: Disk) -> None:
    database = Database(path)
    database.migrate("notes", [NOTES])
    database.close()
    gate = path.with_name(f"{path.name}-gate")
    page = bytearray(gate.read_bytes())
    page[16:24] = (10**9).to_bytes(8, "little")  # on disk: far more than were made
    gate.write_bytes(page)
    again = Database(path)
    before = disk.flushes
    note(again, "a")
    assert disk.flushes == before + 1
    again.close()
