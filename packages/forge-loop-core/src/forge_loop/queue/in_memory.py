"""The queue for tests: nothing lasts longer than the object.

Owns: jobs as Python objects under one lock. Must not: be used where a job may not be lost.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from forge_loop.errors import LeaseLost, NoSuchDeadJobError, QueueError
from forge_loop.queue.contract import (
    DEFAULT_PRIORITY,
    JSON,
    LEASE_ENDED,
    DeadJob,
    Delivery,
    Push,
    QueuedJob,
    check_delay,
    check_lease,
    check_max_deliveries,
    check_moment,
    check_push,
    encoded,
)
from forge_loop.queue.places import JobPlace, QueueDepth
from forge_loop.queue.queue_time import BootTime, GivenTime, QueueTime, after, boot_clock, due_at, moment, wall_clock

if TYPE_CHECKING:
    from forge_loop.ports import Clock


@dataclass(kw_only=True, slots=True)
class _Job:
    job_id: int
    payload: str
    key: str | None
    priority: int
    place: JobPlace
    due: int | None
    deliveries: int = 0
    token: int | None = None
    reason: str = ""

    def stand(self, place: JobPlace, *, due: int | None = None, token: int | None = None) -> None:
        self.place, self.due, self.token = place, due, token


class InMemoryQueue:
    """A queue that is gone with its object. Implements Queue; `clock` replaces the boot clock."""

    def __init__(self, *, max_deliveries: int | None = 5, clock: Clock | None = None) -> None:
        check_max_deliveries(max_deliveries)
        self._limit = max_deliveries
        self._time: QueueTime = GivenTime(clock) if clock is not None else BootTime(wall_clock() - boot_clock())
        self._changed = threading.Condition()
        self._jobs: dict[int, _Job] = {}
        self._ids = itertools.count(1)
        self._tokens = itertools.count(1)

    def push(
        self,
        payload: Mapping[str, JSON],
        *,
        key: str | None = None,
        priority: int = DEFAULT_PRIORITY,
        not_before: datetime | None = None,
    ) -> int | None:
        return self.push_many([Push(payload=payload, key=key, priority=priority, not_before=not_before)])[0]

    def push_many(self, items: Iterable[Push]) -> list[int | None]:
        pushed = [(item, encoded(item.payload)) for item in items]
        for item, _ in pushed:
            check_push(item)
        with self._changed:
            self._settle()
            self._changed.notify_all()
            return [self._push(item, payload) for item, payload in pushed]

    def pop(self, *, lease_seconds: float = 60, owner: str = "") -> Delivery | None:  # noqa: ARG002
        check_lease(lease_seconds)
        with self._changed:
            ready = [job for job in self._settle() if job.place is JobPlace.READY]
            if not ready:
                return None
            job = min(ready, key=lambda job: (job.priority, job.job_id))
            until = after(self._time.now(), lease_seconds)
            token = next(self._tokens)
            job.stand(JobPlace.LEASED, due=until, token=token)
            job.deliveries += 1
            return self._delivery(job, token, until)

    def wait(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        with self._changed:
            while (pause := self._pause()) > 0:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(pause, left))
        return True

    def ack(self, delivery: Delivery) -> None:
        with self._changed:
            del self._jobs[self._held(delivery).job_id]

    def nack(self, delivery: Delivery, *, delay: float = 0, reason: str = "") -> None:
        check_delay(delay)
        with self._changed:
            job = self._held(delivery)
            job.reason = reason
            if self._limit is not None and job.deliveries >= self._limit:
                job.stand(JobPlace.DEAD)
            else:
                self._wait_until(job, after(self._time.now(), delay))

    def release(self, delivery: Delivery, *, not_before: datetime | None = None) -> None:
        check_moment(not_before)
        with self._changed:
            job = self._held(delivery)
            job.deliveries -= 1
            self._wait_until(job, due_at(self._time, not_before, self._time.now()))

    def extend(self, delivery: Delivery, lease_seconds: float) -> None:
        check_lease(lease_seconds)
        with self._changed:
            self._held(delivery).due = after(self._time.now(), lease_seconds)

    def reschedule(self, key: str, *, not_before: datetime | None = None) -> bool:
        check_moment(not_before)
        with self._changed:
            job = self._live(key)
            if job is None or job.place is JobPlace.LEASED:
                return False
            self._wait_until(job, due_at(self._time, not_before, self._time.now()))
            return True

    def has_key(self, key: str) -> bool:
        with self._changed:
            return self._live(key) is not None

    def depth(self) -> QueueDepth:
        with self._changed:
            places = [job.place for job in self._settle()]
            return QueueDepth(**{place.value: places.count(place) for place in JobPlace})

    def jobs(self) -> list[QueuedJob]:
        with self._changed:
            return [self._listed(job) for job in self._settle()]

    def dead(self) -> list[DeadJob]:
        with self._changed:
            return [_dead(job) for job in self._settle() if job.place is JobPlace.DEAD]

    def requeue(self, job_id: int) -> None:
        with self._changed:
            self._settle()
            job = self._jobs.get(job_id)
            if job is None or job.place is not JobPlace.DEAD:
                raise NoSuchDeadJobError(f"there is no dead job {job_id}", hint="forge-loop queue dead")
            if job.key is not None and self._live(job.key):
                raise QueueError(f"a live job has the key of job {job_id}, {job.key!r}")
            job.deliveries, job.reason = 0, ""
            self._wait_until(job, self._time.now())

    def close(self) -> None:
        """Nothing to let go of."""

    def _push(self, item: Push, payload: str) -> int | None:
        if item.key is not None and self._live(item.key):
            return None
        job_id = next(self._ids)
        job = _Job(job_id=job_id, payload=payload, key=item.key, priority=item.priority, place=JobPlace.READY, due=None)
        self._wait_until(job, due_at(self._time, item.not_before, self._time.now()))
        self._jobs[job_id] = job
        return job_id

    def _settle(self) -> Iterator[_Job]:
        """Give back what is due again; every job, in push order."""
        now = self._time.now()
        for job in self._jobs.values():
            if job.due is None or job.due > now:
                continue
            spent = job.place is JobPlace.LEASED and self._limit is not None and job.deliveries >= self._limit
            job.reason = LEASE_ENDED if job.place is JobPlace.LEASED else job.reason
            job.stand(JobPlace.DEAD if spent else JobPlace.READY)
        return iter(self._jobs.values())

    def _wait_until(self, job: _Job, due: int) -> None:
        if due > self._time.now():
            job.stand(JobPlace.DELAYED, due=due)
        else:
            job.stand(JobPlace.READY)
        self._changed.notify_all()

    def _held(self, delivery: Delivery) -> _Job:
        self._settle()
        job = self._jobs.get(delivery.job_id)
        if job is None or job.token != delivery.token:
            raise LeaseLost(f"delivery {delivery.delivery} of job {delivery.job_id} ended or was taken over")
        return job

    def _live(self, key: str) -> _Job | None:
        live = (job for job in self._settle() if job.key == key and job.place is not JobPlace.DEAD)
        return next(live, None)

    def _pause(self) -> float:
        """Seconds until it is worth looking again; 0 if a job is ready."""
        jobs = list(self._settle())
        if any(job.place is JobPlace.READY for job in jobs):
            return 0.0
        now = self._time.now()
        # A clock that was passed in may jump: look again now and then.
        return min([0.5, *((job.due - now) / 1e6 for job in jobs if job.due is not None)])

    def _delivery(self, job: _Job, token: int, until: int) -> Delivery:
        return Delivery(
            job_id=job.job_id,
            payload=json.loads(job.payload),
            key=job.key,
            priority=job.priority,
            delivery=job.deliveries,
            token=token,
            leased_until=moment(self._time, until),
        )

    def _listed(self, job: _Job) -> QueuedJob:
        return QueuedJob(
            job_id=job.job_id,
            key=job.key,
            priority=job.priority,
            state=job.place,
            due=None if job.due is None else moment(self._time, job.due),
            deliveries=job.deliveries,
            payload=json.loads(job.payload),
        )


def _dead(job: _Job) -> DeadJob:
    return DeadJob(
        job_id=job.job_id,
        payload=json.loads(job.payload),
        key=job.key,
        priority=job.priority,
        deliveries=job.deliveries,
        reason=job.reason,
    )
