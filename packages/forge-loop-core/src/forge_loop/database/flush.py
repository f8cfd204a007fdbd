"""Bringing commits to the disk, after the gate is released.

Owns: the descriptor of the write-ahead log and its fdatasync. Must not: open or close the database or its `-shm` file:
closing any descriptor of those drops SQLite's own locks.

SQLite writes a commit to the log (synchronous=NORMAL) and this module flushes it, so that one flush covers every commit
before it, of every process. The promise is that of synchronous=FULL.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path

from forge_loop.database.connection import PAGE_BYTES
from forge_loop.database.gate import pauses, try_lock
from forge_loop.database.place import free_bytes
from forge_loop.database.shared_page import SharedPage

# What the log grows to before SQLite checkpoints it and writes it again from the start.
_WARM_BYTES = 1100 * (PAGE_BYTES + 24)
_AMPLE_BYTES = 256 * 1024 * 1024


class Flush:
    def __init__(self, log: Path, page: SharedPage, *, patience: float) -> None:
        self._log = log
        self._page = page
        self._patience = patience
        self._threads = threading.Lock()
        self._descriptor = os.open(log, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        _flush_directory(log.parent)

    def through(self, number: int) -> None:
        """Return when the first `number` commits are on disk. Raises OSError; after that nothing is certain."""
        if self._page.on_disk < number and not self._flush_in_turn(number):
            self._wait(number)

    def warm(self) -> None:
        """Inside the gate: let the log grow once, so that later flushes overwrite it, at half the cost."""
        size = os.fstat(self._descriptor).st_size
        if size < _WARM_BYTES and free_bytes(self._log.parent) >= _AMPLE_BYTES:
            # Zeros after the last frame are no frame: SQLite stops reading at the first checksum that does not match.
            os.pwrite(self._descriptor, bytes(_WARM_BYTES - size), size)

    def close(self) -> None:
        os.close(self._descriptor)

    def _flush_in_turn(self, number: int) -> bool:
        """Flush, unless somebody is at it: one flushes, the others wait for the result. Whether it was done."""
        if not self._threads.acquire(blocking=False):
            return False
        try:
            # SQLite itself takes no lock on the log file.
            if not try_lock(self._descriptor):
                return False
            try:
                self._flush(number)
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()
        return True

    def _wait(self, number: int) -> None:
        deadline = time.monotonic() + self._patience
        for _ in pauses():
            if self._page.on_disk >= number or self._flush_in_turn(number):
                return
            if time.monotonic() >= deadline:
                break
        self._flush(number)  # whoever has the turn is stopped; a second flush does no harm

    def _flush(self, number: int) -> None:
        page = self._page
        if page.on_disk < number:
            made = page.made
            os.fdatasync(self._descriptor)
            page.on_disk = max(page.on_disk, made)


def _flush_directory(directory: Path) -> None:
    """The names of new files must survive a power cut too."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
