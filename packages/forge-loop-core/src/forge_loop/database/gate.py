"""The write gate: one writer at a time, over all threads and processes.

Owns: the lock file beside the database and the bounded wait for it. Must not: touch the database.
With it SQLite never finds a second writer, so "database is locked" and its sleeping busy handler do not occur.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from forge_loop.database.shared_page import SharedPage
from forge_loop.errors import DatabaseBusyError

# A transaction under the gate takes about 0.1 ms, a flush about as much; a checkpoint some milliseconds.
_YIELDS = 20
_FIRST_PAUSE = 0.0001
_LAST_PAUSE = 0.0005


class Gate:
    """Held by at most one thread of one process. A process that dies lets go of it."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._pid = os.getpid()
        self._threads = threading.Lock()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self.page = SharedPage(self._descriptor)

    def acquire(self) -> None:
        """Take the gate. Raises DatabaseBusyError after the timeout."""
        if not self._threads.acquire(timeout=self._timeout):
            raise self._busy()
        try:
            if not (try_lock(self._descriptor) or lock_before(time.monotonic() + self._timeout, self._descriptor)):
                raise self._busy()
        except BaseException:
            self._threads.release()
            raise
        self.page.holder = self._pid

    def release(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        self.page.close()
        os.close(self._descriptor)

    def _busy(self) -> DatabaseBusyError:
        return DatabaseBusyError(
            f"process {self.page.holder} held the write gate {str(self._path)!r} for {self._timeout:g} s"
        )


def lock_before(deadline: float, descriptor: int) -> bool:
    """Take an exclusive flock, trying until `deadline` (of time.monotonic). There is no flock with a timeout."""
    for _ in pauses():
        if try_lock(descriptor):
            return True
        if time.monotonic() >= deadline:
            return False
    raise AssertionError("the pauses never end")


def pauses() -> Iterator[None]:
    """The times to look again for what another process is about to finish: soon at first, then after longer pauses.

    A yield lets it run where there are fewer cores than processes, and is over sooner than any sleep where it runs.
    """
    for _ in range(_YIELDS):
        yield
        os.sched_yield()
    pause = _FIRST_PAUSE
    while True:
        yield
        time.sleep(pause)
        pause = min(pause * 1.5, _LAST_PAUSE)


def try_lock(descriptor: int) -> bool:
    """Take an exclusive flock if it is free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
