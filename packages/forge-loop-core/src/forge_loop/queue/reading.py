"""Looking at a queue without changing it.

Owns: how a row is shown: a lease that ended and a delay that passed count at once, though the row changes only with the
next claim. Must not: write.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from sqlite3 import Row
from typing import Any, Protocol

from forge_loop.queue.contract import LEASE_ENDED, DeadJob, JobPlace, QueueDepth, QueuedJob
from forge_loop.queue.queue_time import BootTime, QueueTime, boot_clock, boot_id, moment, wall_clock

PLACES = (JobPlace.READY, JobPlace.DELAYED, JobPlace.LEASED, JobPlace.DEAD)
UNLIMITED = 2**62

_STANDS = (
    "CASE WHEN place IN (0, 3) THEN place WHEN due > ? THEN place WHEN place = 2 AND deliveries >= ? THEN 3 ELSE 0 END"
)
_DEPTH = f"SELECT {_STANDS} AS stands, count(*) AS jobs FROM queue_jobs GROUP BY stands"
_JOBS = f"SELECT *, {_STANDS} AS stands FROM queue_jobs ORDER BY id"
_DEAD = f"SELECT * FROM queue_jobs WHERE {_STANDS} = 3 ORDER BY id"
_LIVE_KEY = f"SELECT 1 FROM queue_jobs WHERE key = ? AND place <> 3 AND {_STANDS} <> 3"
_CLOCK = "SELECT boot_id, ahead, reached FROM queue_clock"


class Readable(Protocol):
    """A database, for writing or only for reading."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]: ...


def read_depth(source: Readable, *, max_deliveries: int | None = None) -> QueueDepth:
    """The depth of the queue in a database that somebody else may be working on."""
    return depth(source, stored_time(source).now(), max_deliveries or UNLIMITED)


def read_jobs(source: Readable, *, max_deliveries: int | None = None) -> list[QueuedJob]:
    """Every job of the queue in such a database, in push order."""
    return jobs(source, stored_time(source), max_deliveries or UNLIMITED)


def depth(source: Readable, now: int, limit: int) -> QueueDepth:
    counts = {PLACES[row["stands"]]: row["jobs"] for row in source.query(_DEPTH, (now, limit))}
    return QueueDepth(**{place.value: counts.get(place, 0) for place in PLACES})


def jobs(source: Readable, queue_time: QueueTime, limit: int) -> list[QueuedJob]:
    return [_job(row, queue_time) for row in source.query(_JOBS, (queue_time.now(), limit))]


def dead(source: Readable, now: int, limit: int) -> list[DeadJob]:
    return [_dead(row) for row in source.query(_DEAD, (now, limit))]


def has_key(source: Readable, key: str, now: int, limit: int) -> bool:
    return bool(source.query(_LIVE_KEY, (key, now, limit)))


def stored_time(source: Readable) -> BootTime:
    """The queue's time, from the row that its processes share. After a reboot, the time that it will go on from."""
    rows = source.query(_CLOCK)
    if rows and rows[0]["boot_id"] == boot_id():
        return BootTime(rows[0]["ahead"])
    reached = rows[0]["reached"] if rows else 0
    return BootTime(max(wall_clock(), reached) - boot_clock())


def _job(row: Row, queue_time: QueueTime) -> QueuedJob:
    state = PLACES[row["stands"]]
    waiting = state in (JobPlace.DELAYED, JobPlace.LEASED)
    return QueuedJob(
        job_id=row["id"],
        key=row["key"],
        priority=row["priority"],
        state=state,
        due=moment(queue_time, row["due"]) if waiting else None,
        deliveries=row["deliveries"],
        payload=json.loads(row["payload"]),
    )


def _dead(row: Row) -> DeadJob:
    return DeadJob(
        job_id=row["id"],
        payload=json.loads(row["payload"]),
        key=row["key"],
        priority=row["priority"],
        deliveries=row["deliveries"],
        reason=row["reason"] if row["place"] == PLACES.index(JobPlace.DEAD) else LEASE_ENDED,
    )
