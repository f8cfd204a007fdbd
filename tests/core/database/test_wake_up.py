"""Waking what waits, in this process or another."""

from __future__ import annotations

import select
import time
from pathlib import Path

import pytest

from forge_loop.database import Database
from support.child import python
from support.notes import Undone, note, note_and_raise, notes

WAITER = """
    import sys, time
    from pathlib import Path
    from forge_loop.database import Database
    database = Database(Path(sys.argv[1]))
    print("waiting", flush=True)
    woken = database.wait(30)
    print(woken, len(database.query("SELECT * FROM notes")), flush=True)
    database.close()
"""


def test_a_wait_without_a_wake_up_ends_after_its_time(database: Database) -> None:
    begun = time.monotonic()
    assert not database.wait(0.05)
    assert time.monotonic() - begun >= 0.05


def test_a_wake_up_before_the_wait_is_not_lost(database: Database) -> None:
    database.wake()
    assert database.wait(0)
    assert not database.wait(0)


def test_all_pending_wake_ups_are_taken_at_once_or_one_by_one(database: Database) -> None:
    for _ in range(3):
        database.wake()
    assert database.wait(0, every=False)
    assert database.wait(0)
    assert not database.wait(0)


def test_within_a_transaction_the_wake_up_comes_after_the_commit(path: Path, database: Database) -> None:
    other = Database(path)
    with database.transaction():
        database.wake()
        assert not other.wait(0)
    assert other.wait(0)
    other.close()


def test_a_transaction_wakes_as_many_waiters_as_it_was_asked_to(database: Database) -> None:
    with database.transaction():
        for _ in range(3):
            database.wake()
    assert [database.wait(0, every=False) for _ in range(4)] == [True, True, True, False]


def test_a_statement_wakes_a_waiter_only_if_it_changed_something(database: Database) -> None:
    add = "INSERT INTO notes (text) VALUES ('a') ON CONFLICT DO NOTHING"
    database.write(add, wake=True)
    assert database.wait(0)
    database.write(add, wake=True)
    assert not database.wait(0)
    with database.transaction():
        database.write("UPDATE notes SET text = 'b'", wake=True)
        assert not database.wait(0)
    assert database.wait(0)


def test_a_transaction_that_is_undone_wakes_nobody(database: Database) -> None:
    with pytest.raises(Undone):
        note_and_raise(database, "a", wake=True)
    assert not database.wait(0)


def test_a_full_pipe_does_not_block_the_one_who_wakes(database: Database) -> None:
    for _ in range(70_000):
        database.wake()
    assert database.wait(0)
    assert not database.wait(0)


def test_the_descriptor_can_be_selected_on(database: Database) -> None:
    assert select.select([database.wake_fd], [], [], 0)[0] == []
    database.wake()
    assert select.select([database.wake_fd], [], [], 0)[0] == [database.wake_fd]


def test_another_process_is_woken_and_sees_what_was_committed(path: Path, database: Database) -> None:
    with python(WAITER, path) as waiter:
        assert waiter.line() == "waiting"
        with database.transaction():
            note(database, "a")
            database.wake()
        assert waiter.line() == "True 1"
    assert notes(database) == ["a"]
