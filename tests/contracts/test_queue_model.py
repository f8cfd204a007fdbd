"""Any sequence of acts leaves both queues where a plain list of jobs says they should be."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from forge_loop.errors import LeaseLost, NoSuchDeadJobError, QueueError
from forge_loop.queue import Delivery, InMemoryQueue, JobPlace, Push, Queue, QueueDepth, SQLiteQueue

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEYS = st.sampled_from([None, "a", "b"])
SECONDS = st.integers(0, 20)
LEASES = st.integers(1, 20)


@dataclass(slots=True)
class Expected:
    """One job as the promise describes it."""

    number: int
    job_id: int
    key: str | None
    priority: int
    place: JobPlace = JobPlace.READY
    due: int = 0
    deliveries: int = 0
    holder: Delivery | None = None


class Clock:
    def __init__(self) -> None:
        self.seconds = 0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return float(self.seconds)


class QueueModel(RuleBasedStateMachine):
    """Drives one queue; `jobs` is what it must hold."""

    def open(self, limit: int | None, clock: Clock) -> Queue:
        raise NotImplementedError

    @initialize(limit=st.sampled_from([None, 1, 2]))
    def begin(self, limit: int | None) -> None:
        self.limit = limit
        self.clock = Clock()
        self.queue = self.open(limit, self.clock)
        self.jobs: list[Expected] = []
        self.claims: list[Delivery] = []
        self.pushed = 0

    # What time does by itself

    def settle(self) -> None:
        for job in self.jobs:
            if job.place is JobPlace.DELAYED and job.due <= self.clock.seconds:
                job.place = JobPlace.READY
            if job.place is JobPlace.LEASED and job.due <= self.clock.seconds:
                spent = self.limit is not None and job.deliveries >= self.limit
                job.place = JobPlace.DEAD if spent else JobPlace.READY
                job.holder = None

    def live(self, key: str) -> Expected | None:
        found = [job for job in self.jobs if job.key == key and job.place is not JobPlace.DEAD]
        assert len(found) <= 1
        return found[0] if found else None

    def back(self, job: Expected, delay: int) -> None:
        job.holder = None
        job.due = self.clock.seconds + delay
        job.place = JobPlace.DELAYED if delay else JobPlace.READY

    @rule(seconds=st.integers(1, 15))
    def time_passes(self, seconds: int) -> None:
        self.clock.seconds += seconds
        self.settle()

    # Acts

    @rule(items=st.lists(st.tuples(KEYS, st.integers(0, 2), SECONDS), min_size=1, max_size=3))
    def push(self, items: list[tuple[str | None, int, int]]) -> None:
        pushes = []
        for key, priority, delay in items:
            self.pushed += 1
            moment = self.clock.now() + timedelta(seconds=delay) if delay else None
            pushes.append(Push(payload={"number": self.pushed}, key=key, priority=priority, not_before=moment))
        for push, job_id, (_, _, delay) in zip(pushes, self.queue.push_many(pushes), items, strict=True):
            if push.key is not None and self.live(push.key):
                assert job_id is None
                continue
            assert job_id is not None
            job = Expected(number=push.payload["number"], job_id=job_id, key=push.key, priority=push.priority)
            self.back(job, delay)
            self.jobs.append(job)

    @rule(seconds=LEASES)
    def pop(self, seconds: int) -> None:
        ready = [job for job in self.jobs if job.place is JobPlace.READY]
        delivery = self.queue.pop(lease_seconds=seconds)
        if not ready:
            assert delivery is None
            return
        job = min(ready, key=lambda job: (job.priority, job.job_id))
        job.place, job.due, job.holder = JobPlace.LEASED, self.clock.seconds + seconds, delivery
        job.deliveries += 1
        assert delivery is not None
        assert (delivery.job_id, delivery.payload, delivery.key) == (job.job_id, {"number": job.number}, job.key)
        assert (delivery.delivery, delivery.leased_until) == (job.deliveries, START + timedelta(seconds=job.due))
        self.claims.append(delivery)

    def held(self, delivery: Delivery) -> Expected | None:
        return next((job for job in self.jobs if job.holder is delivery), None)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        delivery = data.draw(st.sampled_from(self.claims))
        job = self.held(delivery)
        if job is None:
            with pytest.raises(LeaseLost):
                self.queue.ack(delivery)
            return
        self.queue.ack(delivery)
        self.jobs.remove(job)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), delay=SECONDS)
    def nack(self, data: st.DataObject, delay: int) -> None:
        delivery = data.draw(st.sampled_from(self.claims))
        job = self.held(delivery)
        if job is None:
            with pytest.raises(LeaseLost):
                self.queue.nack(delivery, delay=delay)
            return
        self.queue.nack(delivery, delay=delay)
        self.back(job, delay)
        if self.limit is not None and job.deliveries >= self.limit:
            job.place = JobPlace.DEAD

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), delay=SECONDS)
    def release(self, data: st.DataObject, delay: int) -> None:
        delivery = data.draw(st.sampled_from(self.claims))
        job = self.held(delivery)
        moment = self.clock.now() + timedelta(seconds=delay)
        if job is None:
            with pytest.raises(LeaseLost):
                self.queue.release(delivery, not_before=moment)
            return
        self.queue.release(delivery, not_before=moment)
        job.deliveries -= 1
        self.back(job, delay)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), seconds=LEASES)
    def extend(self, data: st.DataObject, seconds: int) -> None:
        delivery = data.draw(st.sampled_from(self.claims))
        job = self.held(delivery)
        if job is None:
            with pytest.raises(LeaseLost):
                self.queue.extend(delivery, seconds)
            return
        self.queue.extend(delivery, seconds)
        job.due = self.clock.seconds + seconds

    @rule(key=st.sampled_from(["a", "b"]), delay=SECONDS)
    def reschedule(self, key: str, delay: int) -> None:
        job = self.live(key)
        waiting = job is not None and job.place is not JobPlace.LEASED
        assert self.queue.reschedule(key, not_before=self.clock.now() + timedelta(seconds=delay)) == waiting
        if job is not None and waiting:
            self.back(job, delay)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def requeue(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        if job.place is not JobPlace.DEAD:
            with pytest.raises(NoSuchDeadJobError):
                self.queue.requeue(job.job_id)
        elif job.key is not None and self.live(job.key):
            with pytest.raises(QueueError, match="live job"):
                self.queue.requeue(job.job_id)
        else:
            self.queue.requeue(job.job_id)
            job.deliveries = 0
            self.back(job, 0)

    # What anybody can see at any time

    @invariant()
    def every_job_stands_where_it_should(self) -> None:
        expected = [
            (job.job_id, job.key, job.priority, job.place, job.deliveries, {"number": job.number}) for job in self.jobs
        ]
        shown = self.queue.jobs()
        found = [(job.job_id, job.key, job.priority, job.state, job.deliveries, job.payload) for job in shown]
        assert found == expected
        due = [job.due for job in shown if job.due is not None]
        timed = [job for job in self.jobs if job.place in (JobPlace.DELAYED, JobPlace.LEASED)]
        assert due == [START + timedelta(seconds=job.due) for job in timed]

    @invariant()
    def the_counts_and_the_keys_agree(self) -> None:
        places = [job.place for job in self.jobs]
        assert self.queue.depth() == QueueDepth(**{place.value: places.count(place) for place in JobPlace})
        assert [job.job_id for job in self.queue.dead()] == [
            job.job_id for job in self.jobs if job.place is JobPlace.DEAD
        ]
        for key in ("a", "b"):
            assert self.queue.has_key(key) == (self.live(key) is not None)

    @invariant()
    def a_wait_of_no_time_tells_whether_a_job_is_ready(self) -> None:
        if JobPlace.READY in [job.place for job in self.jobs]:
            assert self.queue.wait(0)

    def teardown(self) -> None:
        self.queue.close()


class InMemoryModel(QueueModel):
    def open(self, limit: int | None, clock: Clock) -> Queue:
        return InMemoryQueue(max_deliveries=limit, clock=clock)


class SQLiteModel(QueueModel):
    directory: Path

    def open(self, limit: int | None, clock: Clock) -> Queue:
        self.directory = Path(tempfile.mkdtemp())
        return SQLiteQueue(self.directory / "queue.db", durability="normal", max_deliveries=limit, clock=clock)

    @rule()
    def close_and_open_again(self) -> None:
        """What this object held comes back at once: its holder is gone."""
        self.queue.close()
        self.queue = SQLiteQueue(
            self.directory / "queue.db", durability="normal", max_deliveries=self.limit, clock=self.clock
        )
        self.queue.wait(0)
        for job in self.jobs:
            if job.place is JobPlace.LEASED:
                spent = self.limit is not None and job.deliveries >= self.limit
                job.place = JobPlace.DEAD if spent else JobPlace.READY
                job.holder = None

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.directory)


QUICK = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
THOROUGH = settings(QUICK, max_examples=1000, stateful_step_count=50)


class TestInMemoryModel(InMemoryModel.TestCase):  # type: ignore[misc, valid-type]
    settings = QUICK


class TestSQLiteModel(SQLiteModel.TestCase):  # type: ignore[misc, valid-type]
    settings = QUICK


@pytest.mark.long
@pytest.mark.timeout(1200)
class TestSQLiteModelThoroughly(SQLiteModel.TestCase):  # type: ignore[misc, valid-type]
    settings = THOROUGH
