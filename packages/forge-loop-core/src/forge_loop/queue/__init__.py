"""A small durable queue of JSON jobs, usable with nothing else of the loop.

Owns: the public names. Must not: know what a job of the loop is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_loop.lazy import lazily

if TYPE_CHECKING:
    from forge_loop.queue.contract import JSON, DeadJob, Delivery, Push, Queue, QueuedJob
    from forge_loop.queue.depth import read_depth
    from forge_loop.queue.in_memory import InMemoryQueue
    from forge_loop.queue.open import open_queue
    from forge_loop.queue.places import JobPlace, QueueDepth
    from forge_loop.queue.reading import read_jobs
    from forge_loop.queue.sqlite import SQLiteQueue

__all__ = [
    "JSON",
    "DeadJob",
    "Delivery",
    "InMemoryQueue",
    "JobPlace",
    "Push",
    "Queue",
    "QueueDepth",
    "QueuedJob",
    "SQLiteQueue",
    "open_queue",
    "read_depth",
    "read_jobs",
]

_HOMES = {
    "DeadJob": "forge_loop.queue.contract",
    "Delivery": "forge_loop.queue.contract",
    "InMemoryQueue": "forge_loop.queue.in_memory",
    "JSON": "forge_loop.queue.contract",
    "JobPlace": "forge_loop.queue.places",
    "Push": "forge_loop.queue.contract",
    "Queue": "forge_loop.queue.contract",
    "QueueDepth": "forge_loop.queue.places",
    "QueuedJob": "forge_loop.queue.contract",
    "SQLiteQueue": "forge_loop.queue.sqlite",
    "open_queue": "forge_loop.queue.open",
    "read_depth": "forge_loop.queue.depth",
    "read_jobs": "forge_loop.queue.reading",
}

__getattr__ = lazily(__name__, _HOMES)
