"""What every queue promises: one suite over InMemoryQueue and SQLiteQueue, on a clock that the test moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forge_loop.database import Database
from forge_loop.errors import LeaseLost, NoSuchDeadJobError, QueueError
from forge_loop.queue import Delivery, InMemoryQueue, JobPlace, Push, Queue, QueueDepth, SQLiteQueue

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


class MovedClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


Make = Callable[..., Queue]


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(params=["in_memory", "sqlite", "sqlite_shared"])
def make(request: pytest.FixtureRequest, clock: MovedClock, tmp_path: Path) -> Iterator[Make]:
    """Makes the queue under test. Everything it made is closed at the end."""
    made: list[Queue] = []
    databases: list[Database] = []

    def queue(*, max_deliveries: int | None = 5) -> Queue:
        if request.param == "in_memory":
            made.append(InMemoryQueue(max_deliveries=max_deliveries, clock=clock))
        elif request.param == "sqlite":
            path = tmp_path / "queue.db"
            made.append(SQLiteQueue(path, durability="normal", max_deliveries=max_deliveries, clock=clock))
        else:
            databases.append(Database(tmp_path / "state.db", durability="normal"))
            made.append(SQLiteQueue(databases[-1], max_deliveries=max_deliveries, clock=clock))
        return made[-1]

    yield queue
    for one in made:
        one.close()
    for database in databases:
        database.close()


@pytest.fixture
def queue(make: Make) -> Queue:
    return make()


def claim(queue: Queue, *, lease_seconds: float = 60) -> Delivery:
    delivery = queue.pop(lease_seconds=lease_seconds)
    assert delivery is not None
    return delivery


def names(queue: Queue) -> list[str]:
    """Claim everything that is due; the payloads' names in the order they came."""
    found = []
    while (delivery := queue.pop()) is not None:
        found.append(str(delivery.payload["name"]))
    return found


# Pushing and order


def test_jobs_come_in_push_order(queue: Queue) -> None:
    for name in "abc":
        queue.push({"name": name})
    assert names(queue) == ["a", "b", "c"]


def test_a_smaller_priority_comes_first_and_equal_ones_in_push_order(queue: Queue) -> None:
    for name, priority in [("a", 2), ("b", 0), ("c", 1), ("d", 0)]:
        queue.push({"name": name}, priority=priority)
    assert names(queue) == ["b", "d", "c", "a"]


def test_an_empty_queue_delivers_nothing(queue: Queue) -> None:
    assert queue.pop() is None


def test_a_payload_comes_back_as_it_was_pushed(queue: Queue) -> None:
    payload = {"text": "naïve \ud800 \x00 \"'", "list": [1, 2.5, None, True], "deep": {"": []}, "big": 2**70}
    queue.push(payload)
    assert claim(queue).payload == payload


@pytest.mark.parametrize("payload", [{"nan": float("nan")}, {"set": {1}}, {"bytes": b""}])
def test_a_payload_that_json_cannot_hold_is_refused_and_nothing_is_pushed(
    queue: Queue, payload: dict[str, object]
) -> None:
    with pytest.raises((TypeError, ValueError)):
        queue.push_many([Push(payload={}), Push(payload=payload)])
    assert queue.depth() == QueueDepth(ready=0, delayed=0, leased=0, dead=0)


def test_many_pushes_keep_their_order_and_say_which_were_new(queue: Queue) -> None:
    first, second, third = queue.push_many(
        [
            Push(payload={"name": "a"}, key="k"),
            Push(payload={"name": "b"}, key="k"),
            Push(payload={"name": "c"}, priority=0),
        ]
    )
    assert second is None
    assert first is not None
    assert third is not None
    assert names(queue) == ["c", "a"]


def test_pushing_nothing_is_fine(queue: Queue) -> None:
    assert queue.push_many([]) == []


def test_every_job_that_is_not_done_has_a_number_of_its_own(make: Make) -> None:
    queue = make(max_deliveries=1)
    dead, held, ready = (queue.push({}) for _ in range(3))
    queue.nack(claim(queue))
    claim(queue)
    assert len({dead, held, ready, queue.push({})}) == 4


def test_an_answer_to_an_earlier_job_never_touches_a_later_one(queue: Queue) -> None:
    """Its number may have come back; the token of its delivery does not."""
    queue.push({})
    done = claim(queue)
    queue.ack(done)
    queue.push({})
    held = claim(queue)
    with pytest.raises(LeaseLost):
        queue.ack(done)
    queue.ack(held)


# Keys


def test_a_live_key_pushed_again_changes_nothing(queue: Queue) -> None:
    queue.push({"name": "first"}, key="k")
    assert queue.push({"name": "second"}, key="k", priority=0) is None
    assert queue.has_key("k")
    assert names(queue) == ["first"]


def test_a_key_stays_taken_while_its_job_is_delayed_or_leased(queue: Queue) -> None:
    queue.push({}, key="later", not_before=START + timedelta(hours=1))
    queue.push({}, key="held")
    claim(queue)
    assert queue.push({}, key="later") is None
    assert queue.push({}, key="held") is None
    assert (queue.has_key("later"), queue.has_key("held")) == (True, True)


def test_an_acked_key_can_be_pushed_again(queue: Queue) -> None:
    queue.push({}, key="k")
    queue.ack(claim(queue))
    assert not queue.has_key("k")
    assert queue.push({}, key="k") is not None


def test_a_dead_jobs_key_can_be_pushed_again_and_then_it_cannot_be_requeued(make: Make) -> None:
    queue = make(max_deliveries=1)
    dead = queue.push({}, key="k")
    assert dead is not None
    queue.nack(claim(queue))
    assert not queue.has_key("k")
    assert queue.push({}, key="k") is not None
    with pytest.raises(QueueError, match="key"):
        queue.requeue(dead)


def test_a_job_that_died_of_its_last_lease_has_let_go_of_its_key(make: Make, clock: MovedClock) -> None:
    queue = make(max_deliveries=1)
    queue.push({}, key="k")
    claim(queue, lease_seconds=10)
    clock.move(10)
    assert not queue.has_key("k")
    assert queue.push({}, key="k") is not None


# Delay


def test_a_delayed_job_comes_when_it_is_due_and_in_push_order(queue: Queue, clock: MovedClock) -> None:
    queue.push({"name": "later"}, not_before=START + timedelta(seconds=30))
    queue.push({"name": "now"})
    clock.move(29.9)
    assert names(queue) == ["now"]
    queue.push({"name": "after"})
    clock.move(0.1)
    assert names(queue) == ["later", "after"]


def test_a_moment_in_the_past_means_now(queue: Queue) -> None:
    queue.push({"name": "a"}, not_before=START - timedelta(days=1))
    assert names(queue) == ["a"]


def test_a_moment_without_a_time_zone_is_refused(queue: Queue) -> None:
    with pytest.raises(ValueError, match="time zone"):
        queue.push({}, not_before=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_waiting_job_can_be_made_due_at_once_or_later(queue: Queue, clock: MovedClock) -> None:
    queue.push({"name": "a"}, key="k", not_before=START + timedelta(hours=1))
    assert queue.reschedule("k")
    assert queue.depth().ready == 1
    assert queue.reschedule("k", not_before=START + timedelta(minutes=1))
    assert names(queue) == []
    clock.move(60)
    assert names(queue) == ["a"]


def test_a_job_whose_lease_ended_waits_and_can_be_rescheduled(queue: Queue, clock: MovedClock) -> None:
    queue.push({}, key="k")
    claim(queue, lease_seconds=10)
    clock.move(10)
    assert queue.reschedule("k", not_before=clock.now() + timedelta(minutes=1))
    assert queue.depth() == QueueDepth(ready=0, delayed=1, leased=0, dead=0)


def test_a_leased_dead_or_unknown_job_is_not_rescheduled(make: Make) -> None:
    queue = make(max_deliveries=1)
    queue.push({}, key="k")
    delivery = claim(queue)
    assert not queue.reschedule("k")
    queue.nack(delivery)
    assert not queue.reschedule("k")
    assert not queue.reschedule("unknown")


# Leases


def test_a_delivery_says_what_was_claimed(queue: Queue) -> None:
    job_id = queue.push({"name": "a"}, key="k", priority=1)
    delivery = claim(queue, lease_seconds=90)
    assert (delivery.job_id, delivery.key, delivery.priority, delivery.delivery) == (job_id, "k", 1, 1)
    assert delivery.leased_until == START + timedelta(seconds=90)


def test_a_leased_job_is_not_delivered_to_another(queue: Queue) -> None:
    queue.push({})
    claim(queue)
    assert queue.pop() is None


def test_a_job_whose_lease_ended_is_delivered_again_under_another_token(queue: Queue, clock: MovedClock) -> None:
    queue.push({})
    first = claim(queue, lease_seconds=10)
    clock.move(10)
    second = claim(queue)
    assert (second.job_id, second.delivery) == (first.job_id, 2)
    assert second.token != first.token


LATE_ACTS: dict[str, Callable[[Queue, Delivery], None]] = {
    "ack": lambda queue, delivery: queue.ack(delivery),
    "nack": lambda queue, delivery: queue.nack(delivery, reason="late"),
    "release": lambda queue, delivery: queue.release(delivery),
    "extend": lambda queue, delivery: queue.extend(delivery, 60),
}


@pytest.mark.parametrize("act", LATE_ACTS)
def test_an_expired_lease_changes_nothing(queue: Queue, clock: MovedClock, act: str) -> None:
    queue.push({})
    delivery = claim(queue, lease_seconds=10)
    clock.move(10)
    with pytest.raises(LeaseLost):
        LATE_ACTS[act](queue, delivery)
    assert claim(queue).delivery == 2


@pytest.mark.parametrize("act", LATE_ACTS)
def test_a_lease_that_another_took_over_changes_nothing(queue: Queue, clock: MovedClock, act: str) -> None:
    queue.push({})
    first = claim(queue, lease_seconds=10)
    clock.move(10)
    second = claim(queue)
    with pytest.raises(LeaseLost):
        LATE_ACTS[act](queue, first)
    queue.ack(second)
    assert queue.depth() == QueueDepth(ready=0, delayed=0, leased=0, dead=0)


@pytest.mark.parametrize("act", LATE_ACTS)
def test_an_acked_delivery_cannot_be_used_again(queue: Queue, act: str) -> None:
    queue.push({})
    delivery = claim(queue)
    queue.ack(delivery)
    with pytest.raises(LeaseLost):
        LATE_ACTS[act](queue, delivery)


def test_an_extended_lease_counts_from_now(queue: Queue, clock: MovedClock) -> None:
    queue.push({})
    delivery = claim(queue, lease_seconds=10)
    clock.move(9)
    queue.extend(delivery, 10)
    clock.move(9)
    assert queue.pop() is None
    clock.move(1)
    assert claim(queue).delivery == 2


def test_a_lease_of_no_time_is_refused(queue: Queue) -> None:
    queue.push({})
    with pytest.raises(ValueError, match="lease"):
        queue.pop(lease_seconds=0)
    with pytest.raises(ValueError, match="lease"):
        queue.extend(claim(queue), -1)


# Giving back


def test_a_nacked_job_comes_again_in_its_old_place(queue: Queue) -> None:
    queue.push({"name": "a"})
    queue.push({"name": "b"})
    queue.nack(claim(queue))
    assert names(queue) == ["a", "b"]


def test_a_nack_with_a_delay_waits(queue: Queue, clock: MovedClock) -> None:
    queue.push({"name": "a"})
    queue.nack(claim(queue), delay=5)
    assert queue.depth().delayed == 1
    clock.move(5)
    assert claim(queue).delivery == 2


def test_a_released_job_was_never_delivered(make: Make) -> None:
    queue = make(max_deliveries=1)
    queue.push({})
    for _ in range(3):
        delivery = claim(queue)
        assert delivery.delivery == 1
        queue.release(delivery)


def test_a_release_can_name_the_moment(queue: Queue, clock: MovedClock) -> None:
    queue.push({"name": "a"})
    queue.release(claim(queue), not_before=START + timedelta(hours=2))
    assert names(queue) == []
    clock.move(7200)
    assert names(queue) == ["a"]


# Dead jobs


def test_a_job_dies_at_its_last_delivery_with_the_last_reason(make: Make) -> None:
    queue = make(max_deliveries=2)
    job_id = queue.push({"name": "a"}, key="k", priority=1)
    queue.nack(claim(queue), reason="first")
    queue.nack(claim(queue), delay=60, reason="second")
    (dead,) = queue.dead()
    assert (dead.job_id, dead.payload, dead.key, dead.priority) == (job_id, {"name": "a"}, "k", 1)
    assert (dead.deliveries, dead.reason) == (2, "second")
    assert queue.pop() is None


def test_a_lease_that_ends_at_the_last_delivery_kills_the_job(make: Make, clock: MovedClock) -> None:
    queue = make(max_deliveries=1)
    queue.push({})
    claim(queue, lease_seconds=10)
    clock.move(10)
    assert queue.depth() == QueueDepth(ready=0, delayed=0, leased=0, dead=1)
    assert [dead.reason for dead in queue.dead()] == ["the lease ended without an answer"]
    assert queue.pop() is None
    assert [dead.reason for dead in queue.dead()] == ["the lease ended without an answer"]


def test_without_a_limit_no_job_dies(make: Make) -> None:
    queue = make(max_deliveries=None)
    queue.push({})
    for count in range(1, 21):
        delivery = claim(queue)
        assert delivery.delivery == count
        queue.nack(delivery)
    assert queue.dead() == []


def test_a_requeued_job_starts_anew(make: Make) -> None:
    queue = make(max_deliveries=1)
    job_id = queue.push({"name": "a"})
    assert job_id is not None
    queue.nack(claim(queue), reason="broken")
    queue.requeue(job_id)
    assert queue.dead() == []
    assert claim(queue).delivery == 1


def test_only_a_dead_job_can_be_requeued(queue: Queue) -> None:
    job_id = queue.push({})
    assert job_id is not None
    for wrong in (job_id, job_id + 1000):
        with pytest.raises(NoSuchDeadJobError):
            queue.requeue(wrong)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_delivery_is_refused(make: Make, limit: int) -> None:
    with pytest.raises(ValueError, match="max_deliveries"):
        make(max_deliveries=limit)


# Looking


def test_the_depth_counts_each_job_once(make: Make) -> None:
    queue = make(max_deliveries=1)
    queue.push_many([Push(payload={}), Push(payload={}), Push(payload={})])
    queue.push({}, not_before=START + timedelta(hours=1))
    queue.nack(claim(queue))
    claim(queue)
    assert queue.depth() == QueueDepth(ready=1, delayed=1, leased=1, dead=1)


def test_what_became_due_counts_as_ready_at_once(queue: Queue, clock: MovedClock) -> None:
    queue.push({}, not_before=START + timedelta(seconds=5))
    queue.push({})
    claim(queue, lease_seconds=5)
    clock.move(5)
    assert queue.depth() == QueueDepth(ready=2, delayed=0, leased=0, dead=0)


def test_a_listing_shows_every_job(make: Make) -> None:
    queue = make(max_deliveries=1)
    queue.push({"name": "dead"})
    queue.nack(claim(queue))
    queue.push({"name": "leased"}, key="k", priority=0)
    claim(queue, lease_seconds=60)
    queue.push({"name": "delayed"}, not_before=START + timedelta(hours=1))
    queue.push({"name": "ready"})
    shown = [(job.payload["name"], job.state, job.due, job.deliveries) for job in queue.jobs()]
    assert shown == [
        ("dead", JobPlace.DEAD, None, 1),
        ("leased", JobPlace.LEASED, START + timedelta(seconds=60), 1),
        ("delayed", JobPlace.DELAYED, START + timedelta(hours=1), 0),
        ("ready", JobPlace.READY, None, 0),
    ]
    assert [(job.key, job.priority) for job in queue.jobs()][1] == ("k", 0)


# Waiting


def test_a_wait_ends_at_once_when_a_job_is_ready(queue: Queue) -> None:
    queue.push({})
    assert queue.wait(0)


def test_a_wait_without_a_job_ends_after_its_time(queue: Queue) -> None:
    assert not queue.wait(0.01)


def test_a_push_from_another_thread_ends_a_wait(queue: Queue) -> None:
    pusher = threading.Timer(0.05, queue.push, args=({"name": "a"},))
    pusher.start()
    try:
        assert queue.wait(10)
    finally:
        pusher.join(10)
    assert names(queue) == ["a"]


@pytest.mark.parametrize("threads", [8])
def test_many_threads_get_each_job_once(queue: Queue, threads: int) -> None:
    queue.push_many(Push(payload={"name": str(number)}) for number in range(400))
    taken: list[str] = []

    def consume() -> None:
        while (delivery := queue.pop()) is not None:
            taken.append(str(delivery.payload["name"]))
            queue.ack(delivery)

    workers = [threading.Thread(target=consume) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(taken, key=int) == [str(number) for number in range(400)]


def test_closing_twice_is_fine(queue: Queue) -> None:
    queue.close()
    queue.close()
