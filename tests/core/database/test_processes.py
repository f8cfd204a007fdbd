"""Several processes on one database, and what becomes of it when one of them stops or dies."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.errors import DatabaseBusyError, DatabaseError
from support.child import Child, python
from support.notes import note, notes

WRITER = """
    import sys
    from pathlib import Path
    from forge_loop.database import Database
    from support.notes import NOTES, note
    database = Database(Path(sys.argv[1]))
    database.migrate("notes", [NOTES])
    for number in range(int(sys.argv[3])):
        note(database, f"{sys.argv[2]}-{number}", flush=False)
    database.close()
"""

HOLDER = """
    import sys, time
    from pathlib import Path
    from forge_loop.database import Database
    database = Database(Path(sys.argv[1]))
    with database.transaction() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('half done')")
        print("inside", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def quick(path: Path, database: Database) -> Iterator[Database]:
    """The same database, for a caller with little patience."""
    opened = Database(path, busy_timeout=0.2)
    yield opened
    opened.close()


def test_processes_that_open_a_fresh_file_together_lose_nothing(path: Path) -> None:
    with ExitStack() as stack:
        writers = [stack.enter_context(python(WRITER, path, name, 40)) for name in range(8)]
        for writer in writers:
            writer.finish()
    database = Database(path)
    assert sorted(notes(database)) == sorted(f"{name}-{number}" for name in range(8) for number in range(40))
    database.check()
    database.close()


def inside(stack: ExitStack, path: Path) -> Child:
    holder = stack.enter_context(python(HOLDER, path))
    assert holder.line() == "inside"
    return holder


def test_a_gate_that_stays_taken_is_a_typed_error_naming_its_holder(path: Path, quick: Database) -> None:
    with ExitStack() as stack:
        holder = inside(stack, path)
        begun = time.monotonic()
        with pytest.raises(DatabaseBusyError, match=f"process {holder.pid} held the write gate .* for 0.2 s"):
            note(quick, "a")
        assert 0.2 <= time.monotonic() - begun < 5
        assert notes(quick) == []


def test_a_stopped_holder_that_is_killed_leaves_the_gate_and_nothing_half_done(path: Path, quick: Database) -> None:
    with ExitStack() as stack:
        holder = inside(stack, path)
        os.kill(holder.pid, signal.SIGSTOP)
        with pytest.raises(DatabaseBusyError):
            note(quick, "a")
        holder.kill()
        note(quick, "b")
    assert notes(quick) == ["b"]


def test_another_program_that_locks_the_file_is_a_typed_error_too(path: Path, quick: Database) -> None:
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusyError, match="another program"):
        note(quick, "a")
    foreign.execute("ROLLBACK")
    foreign.close()
    note(quick, "b")
    assert notes(quick) == ["b"]


def test_a_forked_child_is_told_to_open_its_own(path: Path, database: Database) -> None:
    note(database, "a")
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: a thread of the test runner's own may exist
        child = os.fork()
    if child == 0:
        said = []
        for act in (lambda: notes(database), lambda: note(database, "child"), lambda: database.wake()):
            try:
                act()
                said.append("done")
            except DatabaseError as error:
                said.append("fork" if "fork" in str(error) else str(error))
        database.close()
        os.write(writing, " ".join(said).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    assert os.read(reading, 1000) == b"fork fork fork"
    os.close(reading)
    note(database, "b")
    assert notes(database) == ["a", "b"]


def test_the_last_process_to_close_leaves_one_file_with_everything_in_it(path: Path, database: Database) -> None:
    note(database, "a")
    second = Database(path)
    database.close()
    assert path.with_name("state.db-wal").exists()
    second.close()
    assert not path.with_name("state.db-wal").exists()
    with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as plain:
        assert plain.execute("SELECT text FROM notes").fetchall() == [("a",)]
    plain.close()
