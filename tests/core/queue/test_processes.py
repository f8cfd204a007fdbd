"""Many processes on one queue: each job once, and none lost with a process that is killed."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.queue import Push, QueueDepth, SQLiteQueue
from support.child import Child, python

LAST = -1  # the job that ends a consumer

# Takes jobs until that one, and says which; with "hold" it keeps the first one until it is killed.
CONSUMER = """
    import sys, time
    from forge_loop.queue import SQLiteQueue
    path, act = sys.argv[1:]
    queue = SQLiteQueue(path, durability="normal", max_deliveries=None)
    print("open", flush=True)
    number = None
    while number != -1 and queue.wait(60):
        delivery = queue.pop(lease_seconds=3600)
        if delivery is None:
            continue
        number = delivery.payload["number"]
        print(delivery.payload["number"], delivery.delivery, flush=True)
        if act == "hold":
            time.sleep(60)
        queue.ack(delivery)
    queue.close()
"""

PRODUCER = """
    import sys
    from forge_loop.queue import SQLiteQueue
    path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    queue = SQLiteQueue(path, durability="normal")
    for number in range(first, last):
        queue.push({"number": number}, key=f"number {number}")
    queue.close()
"""

# Writes down each job in a file of its own before it acks it, until it is killed.
WRITER_DOWN = """
    import sys
    from forge_loop.queue import SQLiteQueue
    queue = SQLiteQueue(sys.argv[1], max_deliveries=None)
    given = open(sys.argv[2], "ab", buffering=0)
    while True:
        print("waiting" if queue.wait(1) else "nothing left", flush=True)
        delivery = queue.pop(lease_seconds=3600)
        if delivery is not None:
            given.write(f"{delivery.payload['number']} {delivery.delivery}\\n".encode())
            queue.ack(delivery)
"""

# Acks each job and records it as done in the same transaction, in a database of both.
BOTH = """
    import sys
    from pathlib import Path
    from forge_loop.database import Database
    from forge_loop.queue import SQLiteQueue
    database = Database(Path(sys.argv[1]), durability="normal")
    queue = SQLiteQueue(database, max_deliveries=None)
    print("open", flush=True)
    while queue.wait(1):
        delivery = queue.pop(lease_seconds=3600)
        if delivery is None:
            continue
        number = delivery.payload["number"]
        with database.transaction() as connection:
            connection.execute("INSERT INTO done (number) VALUES (?)", (number,))
            queue.ack(delivery)
            if number < 1000:
                queue.push({"number": number + 1000}, key=f"number {number + 1000}")
        print(number, flush=True)
    queue.close()
    database.close()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


def taken(child: Child) -> list[tuple[int, int]]:
    """The (number, delivery) pairs it printed until its end."""
    pairs = [tuple(map(int, line.split())) for line in child.finish().splitlines() if line != "open"]
    return [(number, delivery) for number, delivery in pairs]


@pytest.mark.parametrize("count", [3000, pytest.param(20_000, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_eight_processes_take_each_of_several_thousand_jobs_exactly_once(path: Path, count: int) -> None:
    with ExitStack() as stack:
        consumers = [stack.enter_context(python(CONSUMER, path, "ack")) for _ in range(6)]
        for consumer in consumers:
            assert consumer.line() == "open"
        halves = ((0, count // 2), (count // 2, count))
        producers = [stack.enter_context(python(PRODUCER, path, first, last)) for first, last in halves]
        for producer in producers:
            producer.finish()
        queue = SQLiteQueue(path)
        queue.push_many(Push(payload={"number": LAST}, priority=9) for _ in consumers)
        found = [pair for consumer in consumers for pair in taken(consumer)]
    assert sorted(found) == [*[(LAST, 1)] * 6, *((number, 1) for number in range(count))]
    assert queue.depth() == QueueDepth(ready=0, delayed=0, leased=0, dead=0)
    queue.close()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_with_consumers_killed_at_random_none_of_many_jobs_is_lost_and_every_redelivery_is_counted(
    path: Path, tmp_path: Path
) -> None:
    """Each consumer writes down what it was given before it acks; a number that comes again must say so."""
    jobs, chance, kills = 20_000, random.Random(4), 0
    queue = SQLiteQueue(path, max_deliveries=None)
    for first in range(0, jobs, 1000):
        queue.push_many(Push(payload={"number": number}) for number in range(first, first + 1000))
    while queue.depth() != QueueDepth(ready=0, delayed=0, leased=0, dead=0):
        with ExitStack() as stack:
            names = [tmp_path / f"given-{kills}-{which}" for which in range(8)]
            for consumer in [stack.enter_context(python(WRITER_DOWN, path, name)) for name in names]:
                while chance.random() > 0.01 and consumer.line() not in ("", "nothing left"):
                    pass
                consumer.kill()  # in the midst of whatever it does
                kills += 1
    given: dict[int, list[int]] = {}
    for file in tmp_path.glob("given-*"):
        for line in file.read_text().splitlines():
            number, delivery = map(int, line.split())
            given.setdefault(number, []).append(delivery)
    again = sum(len(deliveries) > 1 for deliveries in given.values())
    print(f"many processes: {kills} kills, {jobs} jobs, {again} of them given again")
    assert sorted(given) == list(range(jobs))
    assert [number for number, deliveries in given.items() if len(set(deliveries)) != len(deliveries)] == []
    assert kills >= 50
    queue.close()


def test_the_job_of_a_killed_consumer_comes_back_at_once_and_is_counted(path: Path) -> None:
    queue = SQLiteQueue(path)
    queue.push({"number": 7})
    with python(CONSUMER, path, "hold") as consumer:
        assert (consumer.line(), consumer.line()) == ("open", "7 1")
        assert not queue.wait(0.3)
        consumer.kill()
        killed = time.monotonic()
        assert queue.wait(20)
        assert time.monotonic() - killed < 5  # its lease is an hour
    delivery = queue.pop()
    assert delivery is not None
    assert delivery.delivery == 2
    queue.ack(delivery)
    assert list(path.with_name("queue.db-owners").iterdir()) != []
    queue.close()
    assert list(path.with_name("queue.db-owners").iterdir()) == []


def test_a_job_that_kills_its_consumers_dies_in_the_end(path: Path) -> None:
    queue = SQLiteQueue(path, max_deliveries=2)
    queue.push({"number": 7})
    for count in (1, 2):
        with python(CONSUMER, path, "hold") as consumer:
            assert (consumer.line(), consumer.line()) == ("open", f"7 {count}")
            consumer.kill()
        queue.wait(0)
        time_is_up = time.monotonic() + 20
        while queue.depth().leased:
            queue.wait(0.2)
            assert time.monotonic() < time_is_up
    (dead,) = queue.dead()
    assert (dead.deliveries, dead.reason) == (2, "its consumer died")
    queue.close()


def test_consumers_killed_again_and_again_lose_nothing_and_finish_nothing_twice(path: Path) -> None:
    database = Database(path)
    database.migrate("done", ["CREATE TABLE done (number INTEGER NOT NULL) STRICT"])
    queue = SQLiteQueue(database, max_deliveries=None)
    queue.push_many(Push(payload={"number": number}, key=f"number {number}") for number in range(1000))
    kills = 0
    with ExitStack() as stack:
        consumers: list[Child] = []
        while count_done(database) < 2000:
            while len(consumers) < 2:
                consumers.append(stack.enter_context(python(BOTH, path)))
            oldest = consumers.pop(0)
            heard = [oldest.line() for _ in range(50)]
            if heard[-1]:
                oldest.kill()  # in the midst of whatever it does
                kills += 1
            else:
                oldest.finish()
    assert kills >= 3
    done = [row["number"] for row in database.query("SELECT number FROM done ORDER BY number")]
    assert done == list(range(2000))
    assert queue.depth() == QueueDepth(ready=0, delayed=0, leased=0, dead=0)
    database.check()
    queue.close()
    database.close()


def count_done(database: Database) -> int:
    return int(database.query("SELECT count(*) FROM done")[0][0])


def test_a_waiting_process_is_woken_by_a_push(path: Path) -> None:
    queue = SQLiteQueue(path, durability="normal")
    with python(CONSUMER, path, "hold") as consumer:
        assert consumer.line() == "open"
        assert queue.depth().ready == 0
        queue.push({"number": 1})
        assert consumer.line() == "1 1"
    queue.close()


def test_a_delayed_push_ends_a_wait_when_it_is_due(path: Path) -> None:
    queue = SQLiteQueue(path, durability="normal")
    begun = time.monotonic()
    queue.push({}, not_before=datetime.now(UTC) + timedelta(seconds=0.3))
    assert queue.pop() is None
    assert queue.wait(20)
    assert 0.2 < time.monotonic() - begun < 10
    assert queue.pop() is not None
    queue.close()
