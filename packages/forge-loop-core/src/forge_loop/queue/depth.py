"""Counting a queue's jobs without changing it.

Owns: where a row stands now: a lease that ended and a delay that passed count at once, though the row changes only with
the next claim. Must not: write, or read a job.
"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Row
from typing import Any, Protocol

from forge_loop.queue.places import JobPlace, QueueDepth
from forge_loop.queue.queue_time import BootTime, boot_clock, boot_id, wall_clock

PLACES = (JobPlace.READY, JobPlace.DELAYED, JobPlace.LEASED, JobPlace.DEAD)
UNLIMITED = 2**62

# Takes the queue's time and how often a job may be delivered.
STANDS = (
    "CASE WHEN place IN (0, 3) THEN place WHEN due > ? THEN place WHEN place = 2 AND deliveries >= ? THEN 3 ELSE 0 END"
)
_DEPTH = f"SELECT {STANDS} AS stands, count(*) AS jobs FROM queue_jobs GROUP BY stands"
_CLOCK = "SELECT boot_id, ahead, reached FROM queue_clock"


class Readable(Protocol):
    """A database, for writing or only for reading."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]: ...


def read_depth(source: Readable, *, max_deliveries: int | None = None) -> QueueDepth:
    """The depth of the queue in a database that somebody else may be working on."""
    return depth(source, stored_time(source).now(), max_deliveries or UNLIMITED)


def depth(source: Readable, now: int, limit: int) -> QueueDepth:
    counts = {PLACES[row["stands"]]: row["jobs"] for row in source.query(_DEPTH, (now, limit))}
    return QueueDepth(**{place.value: counts.get(place, 0) for place in PLACES})


def stored_time(source: Readable) -> BootTime:
    """The queue's time, from the row that its processes share. After a reboot, the time that it will go on from."""
    rows = source.query(_CLOCK)
    if rows and rows[0]["boot_id"] == boot_id():
        return BootTime(rows[0]["ahead"])
    reached = rows[0]["reached"] if rows else 0
    return BootTime(max(wall_clock(), reached) - boot_clock())
