"""Looking at a queue's jobs without changing them.

Owns: how a row is shown. Must not: write, or decide where a job stands (`depth` does).
"""

from __future__ import annotations

import json
from sqlite3 import Row

from forge_loop.queue.contract import LEASE_ENDED, DeadJob, QueuedJob
from forge_loop.queue.depth import PLACES, STANDS, UNLIMITED, Readable, stored_time
from forge_loop.queue.places import JobPlace
from forge_loop.queue.queue_time import QueueTime, moment

_JOBS = f"SELECT *, {STANDS} AS stands FROM queue_jobs ORDER BY id"
_DEAD = f"SELECT * FROM queue_jobs WHERE {STANDS} = 3 ORDER BY id"
_LIVE_KEY = f"SELECT 1 FROM queue_jobs WHERE key = ? AND place <> 3 AND {STANDS} <> 3"


def read_jobs(source: Readable, *, max_deliveries: int | None = None) -> list[QueuedJob]:
    """Every job of the queue in such a database, in push order."""
    return jobs(source, stored_time(source), max_deliveries or UNLIMITED)


def jobs(source: Readable, queue_time: QueueTime, limit: int) -> list[QueuedJob]:
    return [_job(row, queue_time) for row in source.query(_JOBS, (queue_time.now(), limit))]


def dead(source: Readable, now: int, limit: int) -> list[DeadJob]:
    return [_dead(row) for row in source.query(_DEAD, (now, limit))]


def has_key(source: Readable, key: str, now: int, limit: int) -> bool:
    return bool(source.query(_LIVE_KEY, (key, now, limit)))


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
