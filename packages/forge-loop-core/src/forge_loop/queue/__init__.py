"""A small durable queue of JSON jobs, usable with nothing else of the loop.

Owns: the public names. Must not: know what a job of the loop is.
"""

from forge_loop.queue.contract import JSON, DeadJob, Delivery, JobPlace, Push, Queue, QueueDepth, QueuedJob
from forge_loop.queue.in_memory import InMemoryQueue
from forge_loop.queue.open import open_queue
from forge_loop.queue.reading import read_depth, read_jobs
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
