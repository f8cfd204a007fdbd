"""What a queue promises, whatever keeps its jobs.

Owns: the Queue protocol, the values it exchanges, the checks on what callers pass in. Must not: keep jobs.
Both queues pass one contract suite.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from forge_loop.queue.places import JobPlace, QueueDepth

JSON = Any  # whatever json.dumps takes; recursive aliases would burden every caller

DEFAULT_PRIORITY = 2
LEASE_ENDED = "the lease ended without an answer"
CONSUMER_DIED = "its consumer died"

_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """One job to push. `not_before` is aware; None means now. Priority 0 comes first."""

    payload: Mapping[str, JSON]
    key: str | None = None
    priority: int = DEFAULT_PRIORITY
    not_before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A job that was claimed. `delivery` counts from 1; `token` proves the claim; the lease ends at `leased_until`."""

    job_id: int
    payload: Mapping[str, JSON]
    key: str | None
    priority: int
    delivery: int
    token: int
    leased_until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedJob:
    """A job as a listing shows it. `due`: when a delayed job is ready, when a lease ends, else None."""

    job_id: int
    key: str | None
    priority: int
    state: JobPlace
    due: datetime | None
    deliveries: int
    payload: Mapping[str, JSON]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadJob:
    """A job that was delivered too often. `reason` is the last one given."""

    job_id: int
    payload: Mapping[str, JSON]
    key: str | None
    priority: int
    deliveries: int
    reason: str


class Queue(Protocol):
    """A queue of jobs, at least once.

    Order: priority (0 first), then push order. A key is unique among live jobs, which are all but the dead ones.
    A job whose lease ended is due again. What a delivery's holder does after its lease ended or was taken over raises
    LeaseLost and changes nothing. Safe from many threads.
    """

    def push(
        self,
        payload: Mapping[str, JSON],
        *,
        key: str | None = None,
        priority: int = DEFAULT_PRIORITY,
        not_before: datetime | None = None,
    ) -> int | None:
        """Add a job; its id, or None if a live job has this key already."""

    def push_many(self, items: Iterable[Push]) -> list[int | None]:
        """Add jobs in this order, all or none."""

    def pop(self, *, lease_seconds: float = 60, owner: str = "") -> Delivery | None:
        """Claim the next due job. `owner` is a name for people, by default the process."""

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until a job may be due. Whether one may be."""

    def ack(self, delivery: Delivery) -> None:
        """The job is done and gone."""

    def nack(self, delivery: Delivery, *, delay: float = 0, reason: str = "") -> None:
        """The job failed: due again in `delay` seconds, or dead if it was delivered `max_deliveries` times."""

    def release(self, delivery: Delivery, *, not_before: datetime | None = None) -> None:
        """Give the job back as if it had not been claimed."""

    def extend(self, delivery: Delivery, lease_seconds: float) -> None:
        """Let the lease end `lease_seconds` from now."""

    def reschedule(self, key: str, *, not_before: datetime | None = None) -> bool:
        """Change when the waiting job of this key is due. False if none waits: leased, dead or unknown."""

    def has_key(self, key: str) -> bool:
        """Whether a live job has this key."""

    def depth(self) -> QueueDepth: ...

    def jobs(self) -> list[QueuedJob]:
        """Every job, in push order."""

    def dead(self) -> list[DeadJob]: ...

    def requeue(self, job_id: int) -> None:
        """Make a dead job ready, its deliveries counted anew.

        Raises NoSuchDeadJobError, and QueueError if a live job has taken its key.
        """

    def close(self) -> None:
        """Let go of everything; what was claimed through this object is due again. Closing twice is fine."""


def encoded(payload: Mapping[str, JSON]) -> str:
    """The payload as JSON text. Raises TypeError or ValueError for what JSON cannot hold."""
    return _ENCODER.encode(dict(payload))


def check_push(item: Push) -> None:
    if item.priority < 0:
        raise ValueError(f"a priority is 0 or more, not {item.priority!r}")
    check_moment(item.not_before)


def check_moment(moment: datetime | None) -> None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"not_before needs a time zone: {moment!r}")


def check_lease(seconds: float) -> None:
    if not seconds > 0:
        raise ValueError(f"a lease lasts more than 0 seconds, not {seconds!r}")


def check_delay(seconds: float) -> None:
    if not seconds >= 0:
        raise ValueError(f"a delay is 0 seconds or more, not {seconds!r}")


def check_max_deliveries(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise ValueError(f"max_deliveries is 1 or more, or None, not {limit!r}")
