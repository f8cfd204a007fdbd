"""A queue from a word in a configuration.

Owns: the forms `memory:`, `sqlite:///path` and a plain path. Must not: know a service that would have to be run.
"""

from __future__ import annotations

from pathlib import Path

from forge_loop.errors import OperatorError
from forge_loop.queue.contract import Queue
from forge_loop.queue.in_memory import InMemoryQueue
from forge_loop.queue.sqlite import SQLiteQueue

_SQLITE = "sqlite:///"
_FORMS = "memory:, sqlite:///path or a path"


def open_queue(url: str) -> Queue:
    """Open `memory:`, `sqlite:///path` or a plain path.

    What follows `sqlite:///` is the path as it is: `sqlite:///jobs.db` is relative, `sqlite:////var/jobs.db` absolute.
    Raises OperatorError for anything else.
    """
    if url == "memory:":
        return InMemoryQueue()
    scheme, separator, _ = url.partition("://")
    if scheme in ("redis", "rediss", "unix") and separator:
        raise OperatorError(
            f"{scheme}:// is not supported: one host needs no Redis, SQLiteQueue keeps the jobs in one file",
            hint="sqlite:///jobs.db",
        )
    path = url.removeprefix(_SQLITE)
    if not path or "://" in path:
        raise OperatorError(f"{url!r} names no queue", hint=f"use {_FORMS}")
    return SQLiteQueue(Path(path))
