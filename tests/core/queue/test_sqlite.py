"""What only the durable queue has: a shared database, owners, its own time, and rows that others read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import forge_loop.queue
from forge_loop.database import Database, open_read_only
from forge_loop.errors import DatabaseFullError, DatabaseNewerError, LeaseLost
from forge_loop.queue import Delivery, JobPlace, Push, QueueDepth, SQLiteQueue, read_depth, read_jobs, statements
from support.disks import fill, small_disk
from support.notes import NOTES, Undone, note, notes

EMPTY = QueueDepth(ready=0, delayed=0, leased=0, dead=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(path)
    opened.migrate("notes", [NOTES])
    yield opened
    opened.close()


@pytest.fixture
def queue(database: Database) -> Iterator[SQLiteQueue]:
    """A queue in a database that also holds other tables."""
    opened = SQLiteQueue(database)
    yield opened
    opened.close()


def claim(queue: SQLiteQueue) -> Delivery:
    delivery = queue.pop()
    assert delivery is not None
    return delivery


# A shared database


def test_an_ack_a_push_and_the_callers_own_rows_commit_together(database: Database, queue: SQLiteQueue) -> None:
    queue.push({"name": "first"})
    delivery = claim(queue)
    with database.transaction():
        note(database, "done")
        queue.ack(delivery)
        queue.push({"name": "next"})
        assert queue.depth().ready == 1
    assert notes(database) == ["done"]
    assert claim(queue).payload == {"name": "next"}


def finish_and_raise(database: Database, queue: SQLiteQueue, delivery: Delivery) -> None:
    with database.transaction():
        note(database, "done")
        queue.ack(delivery)
        queue.push({"name": "next"})
        raise Undone


def test_a_transaction_that_is_undone_takes_back_the_ack_and_the_push(database: Database, queue: SQLiteQueue) -> None:
    queue.push({"name": "first"})
    delivery = claim(queue)
    with pytest.raises(Undone):
        finish_and_raise(database, queue, delivery)
    assert queue.depth() == QueueDepth(ready=0, delayed=0, leased=1, dead=0)
    queue.ack(delivery)
    assert queue.depth() == EMPTY


def test_a_lost_lease_that_is_caught_leaves_the_rest_of_the_transaction(database: Database, queue: SQLiteQueue) -> None:
    queue.push({})
    delivery = claim(queue)
    queue.ack(delivery)
    with database.transaction():
        note(database, "before")
        with pytest.raises(LeaseLost):
            queue.ack(delivery)
        note(database, "after")
    assert notes(database) == ["before", "after"]


def test_closing_the_queue_leaves_a_shared_database_open(database: Database, queue: SQLiteQueue) -> None:
    queue.close()
    note(database, "a")
    assert notes(database) == ["a"]


def test_a_queue_from_the_future_is_refused(path: Path, database: Database, queue: SQLiteQueue) -> None:
    with database.transaction() as connection:
        connection.execute("UPDATE schema_versions SET version = 99 WHERE component = 'queue'")
    with pytest.raises(DatabaseNewerError, match="99"):
        SQLiteQueue(path)
    assert queue.pop() is None


def test_an_older_queue_is_brought_forward_with_every_job(path: Path, database: Database) -> None:
    scripts = sorted((Path(forge_loop.queue.__file__).parent / "schema").glob("*.sql"))
    database.migrate("queue", [scripts[0].read_text()])
    older = {"priority": 2, "due": None, "deliveries": 3, "token": None, "lock": None, "owner": None, "reason": "r"}
    with database.transaction() as connection:
        for number, place in ((4, 0), (9, 3)):
            row = {"id": number, "place": place, "key": f"k{number}", "payload": json.dumps({"n": number}), **older}
            names = ", ".join(row)
            connection.execute(f"INSERT INTO queue_jobs ({names}) VALUES (:{', :'.join(row)})", row)
    queue = SQLiteQueue(database)
    assert [(job.job_id, job.state, job.key) for job in queue.jobs()] == [
        (4, JobPlace.READY, "k4"),
        (9, JobPlace.DEAD, "k9"),
    ]
    delivery = claim(queue)
    assert (delivery.job_id, delivery.payload, delivery.delivery) == (4, {"n": 4}, 4)
    queue.close()


# Owners


def test_what_a_closed_queue_held_is_due_at_once(path: Path, database: Database, queue: SQLiteQueue) -> None:
    queue.push({})
    other = SQLiteQueue(path)
    claim(other)
    assert queue.pop() is None
    other.close()
    assert queue.wait(10)
    assert claim(queue).delivery == 2


def test_a_living_owners_job_stays_its_own(path: Path, queue: SQLiteQueue) -> None:
    queue.push({})
    other = SQLiteQueue(path)
    delivery = claim(other)
    assert not queue.wait(0.5)
    other.ack(delivery)
    other.close()


def test_files_left_by_the_dead_are_cleared_away(path: Path, queue: SQLiteQueue) -> None:
    directory = path.with_name("state.db-owners")
    directory.mkdir()
    (directory / "own-1-dead").touch()
    queue.push({})
    claim(queue)
    assert [entry.name.split("-")[0] for entry in directory.iterdir()] == ["own"]
    assert not (directory / "own-1-dead").exists()


# Time


def test_a_lease_ends_in_the_queues_own_time(queue: SQLiteQueue) -> None:
    queue.push({})
    first = queue.pop(lease_seconds=0.1)
    assert first is not None
    assert abs(first.leased_until - datetime.now(UTC)) < timedelta(seconds=5)
    assert queue.wait(10)
    assert claim(queue).delivery == 2
    with pytest.raises(LeaseLost):
        queue.ack(first)


def test_all_objects_of_one_boot_share_one_time(path: Path, queue: SQLiteQueue) -> None:
    queue.push({}, not_before=datetime.now(UTC) + timedelta(hours=1))
    other = SQLiteQueue(path)
    (one,), (two,) = queue.jobs(), other.jobs()
    assert one.due is not None
    assert two.due is not None
    assert abs(one.due - two.due) < timedelta(seconds=1)
    other.close()


@pytest.mark.parametrize("reached_ahead", [timedelta(days=-1), timedelta(days=30)])
def test_after_a_reboot_time_goes_on_and_never_back(
    path: Path, database: Database, queue: SQLiteQueue, reached_ahead: timedelta
) -> None:
    """The second case is a machine whose wall clock fell back by a month while it was off."""
    queue.push({"name": "held"})
    claim(queue)
    reached = int((time.time() + reached_ahead.total_seconds()) * 1e6)
    with database.transaction() as connection:
        connection.execute("UPDATE queue_clock SET boot_id = 'an earlier boot', ahead = 0, reached = ?", (reached,))
    queue.close()
    again = SQLiteQueue(path)
    assert claim(again).delivery == 2
    again.push({}, not_before=datetime.now(UTC) + timedelta(hours=1))
    due = database.query("SELECT due FROM queue_jobs WHERE place = 1")[0]["due"]
    assert due > reached + 3_500_000_000
    assert again.depth() == QueueDepth(ready=0, delayed=1, leased=1, dead=0)
    again.close()


# Waking


def rings(database: Database) -> int:
    """How many waiters would be woken; none is left afterwards."""
    count = 0
    while database.wait(0, every=False):
        count += 1
    return count


def test_a_batch_wakes_a_waiter_for_each_job(database: Database, queue: SQLiteQueue) -> None:
    queue.push_many(Push(payload={}) for _ in range(3))
    assert rings(database) == 3


def test_a_delayed_job_wakes_only_for_a_moment_that_is_near(database: Database, queue: SQLiteQueue) -> None:
    queue.push({}, not_before=datetime.now(UTC) + timedelta(hours=1))
    assert rings(database) == 0
    queue.push({}, not_before=datetime.now(UTC) + timedelta(seconds=0.3))
    assert rings(database) == 1


def test_what_gives_a_job_back_wakes_a_waiter_and_an_ack_does_not(database: Database, queue: SQLiteQueue) -> None:
    queue.push({}, key="k")
    rings(database)
    queue.nack(claim(queue))
    assert rings(database) == 1
    queue.release(claim(queue))
    assert rings(database) == 1
    queue.reschedule("k")
    assert rings(database) == 1
    queue.ack(claim(queue))
    assert rings(database) == 0


def test_a_waiter_takes_one_ring_and_leaves_the_others(database: Database, queue: SQLiteQueue) -> None:
    with ThreadPoolExecutor(1) as workers:
        waiting = workers.submit(queue.wait, 30)
        queue.push_many([Push(payload={}), Push(payload={})])
        assert waiting.result(30)
    assert rings(database) >= 1


def test_a_waiter_that_finds_nothing_takes_the_old_rings_away(database: Database, queue: SQLiteQueue) -> None:
    for _ in range(5000):
        database.wake()
    assert not queue.wait(0.01)
    assert rings(database) == 0


# A full disk


def test_on_a_full_disk_a_push_is_refused_and_what_is_in_hand_is_finished(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size=80 * 1024 * 1024) as place:
        queue = SQLiteQueue(place / "queue.db")
        queue.push_many(Push(payload={"number": number}) for number in range(300))
        held = [claim(queue) for _ in range(300)]
        fill(place)
        with pytest.raises(DatabaseFullError):
            push_until_full(queue)
        for number, delivery in enumerate(held):
            if number % 3 == 0:
                queue.nack(delivery, delay=3600)
            elif number % 3 == 1:
                queue.release(delivery, not_before=datetime.now(UTC) + timedelta(hours=1))
            else:
                queue.ack(delivery)
        assert queue.depth().leased == 0
        queue.close()


def push_until_full(queue: SQLiteQueue) -> None:
    for _ in range(10_000):
        queue.push({"text": "x" * 4000})


# Looking from outside


def test_a_reader_sees_the_queue_without_taking_part(path: Path, queue: SQLiteQueue) -> None:
    queue.push({"name": "leased"}, key="k")
    claim(queue)
    queue.push({"name": "ready"})
    queue.push({"name": "delayed"}, not_before=datetime.now(UTC) + timedelta(hours=1))
    reader = open_read_only(path)
    assert read_depth(reader) == QueueDepth(ready=1, delayed=1, leased=1, dead=0)
    places = [job.state for job in read_jobs(reader)]
    assert places == [JobPlace.LEASED, JobPlace.READY, JobPlace.DELAYED]
    reader.close()


def test_a_claim_costs_the_same_however_many_wait(queue: SQLiteQueue, database: Database) -> None:
    """The plan of the claim is a search of the index of what is ready, in order: no scan, no sort."""
    queue.push_many(Push(payload={}) for _ in range(10))
    plan = database.query("EXPLAIN QUERY PLAN SELECT id FROM queue_jobs WHERE place = 0 ORDER BY priority, id LIMIT 1")
    assert [row["detail"] for row in plan] == ["SCAN queue_jobs USING INDEX queue_jobs_ready"]
    for statement in (statements.ANY_DUE, statements.HOLDERS):
        first = database.query(f"EXPLAIN QUERY PLAN {statement}", {"now": 5} if ":now" in statement else {})[0]
        assert "COVERING INDEX queue_jobs_due (place=? AND due" in first["detail"]
