"""Opening the store, its own row, and what a version that is too new is told."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge_loop.database import Database, open_read_only
from forge_loop.errors import DatabaseError, DatabaseNewerError
from forge_loop.store import LoopRow, Store, open_store
from forge_loop.store.access import Access
from forge_loop.store.versions import COMPONENT
from support.samples import NOW
from support.stored import Undone, stored_job, undone


def test_opening_twice_finds_what_is_there(path: Path, store: Store) -> None:
    job, loop = stored_job(store), store.loop()
    again = Database(path, durability="normal")
    reopened = open_store(again)
    assert (reopened.jobs.select(), reopened.loop()) == ([job], loop)
    again.close()


def test_many_may_open_a_new_store_at_once(path: Path) -> None:
    def first_id(_: int) -> str:
        database = Database(path, durability="normal")
        found = open_store(database).loop().loop_id
        database.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(first_id, range(4)))) == 1


def test_a_new_loop_has_an_id_of_its_own_and_nothing_else(store: Store) -> None:
    loop = store.loop()
    assert str(uuid.UUID(loop.loop_id)) == loop.loop_id
    assert loop == LoopRow(id=1, loop_id=loop.loop_id)


def test_a_file_of_a_newer_version_is_refused_and_left_alone(database: Database, store: Store) -> None:
    job = stored_job(store)
    with database.transaction() as connection:
        connection.execute("UPDATE schema_versions SET version = 99 WHERE component = ?", (COMPONENT,))
    with pytest.raises(DatabaseNewerError, match="version 99") as refused:
        open_store(database)
    assert refused.value.exit_code == 2
    assert store.jobs.select() == [job]


def test_the_loops_row_changes_where_it_is_told_to(store: Store) -> None:
    before = store.loop()
    store.update_loop(paused=True, paused_until=NOW, pause_reason="a release", pid=7)
    after = store.loop()
    assert (after.paused, after.paused_until, after.pause_reason, after.pid) == (True, NOW, "a release", 7)
    assert (after.loop_id, after.repo, after.parked_until) == (before.loop_id, "", None)


def test_changes_of_several_tables_are_undone_together(store: Store) -> None:
    with undone(store):
        stored_job(store)
        store.update_loop(repo="owner/name")
    assert (store.jobs.select(), store.approvals.select(), store.events.after(0)) == ([], [], [])
    assert store.loop().repo == ""


def test_an_error_inside_a_transaction_reaches_its_caller(store: Store) -> None:
    with pytest.raises(Undone), store.transaction():
        raise Undone


def test_a_read_only_view_reads_everything_and_writes_nothing(path: Path, store: Store) -> None:
    job = stored_job(store)
    opened = open_read_only(path)
    view = Store(Access(opened))
    assert (view.jobs.select(), view.loop(), view.events.newest()) == ([job], store.loop(), 1)
    with pytest.raises(DatabaseError, match="read-only"):
        view.jobs.update(job.id, round=1)
    with pytest.raises(DatabaseError, match="read-only"):
        view.update_loop(paused=True)
    opened.close()
