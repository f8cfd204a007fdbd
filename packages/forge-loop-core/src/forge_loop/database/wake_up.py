"""Telling waiting processes that something was committed.

Owns: a named pipe beside the database. Must not: carry meaning; a byte only says "look again".
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
from pathlib import Path

EVERY = 65536  # the capacity of a pipe
_RINGS = bytes(256)  # enough waiters at once


class WakeUp:
    """A byte written by any process ends the wait of at least one waiter, in whatever process it waits."""

    def __init__(self, path: Path) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        # Read and write: the pipe then never reports that its other end is gone.
        self.descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        if not stat.S_ISFIFO(os.fstat(self.descriptor).st_mode):
            os.close(self.descriptor)
            raise FileExistsError(f"{str(path)!r} is not a named pipe; remove it")

    def ring(self, times: int = 1) -> None:
        # A full pipe already wakes everybody.
        with contextlib.suppress(BlockingIOError):
            os.write(self.descriptor, _RINGS[:times])

    def wait(self, timeout: float, *, take: int = EVERY) -> bool:
        """Wait until something rang, at most `timeout` seconds, and take up to `take` rings."""
        # poll, not select: a process that drives many loops has descriptors beyond select's 1024.
        waiting = select.poll()
        waiting.register(self.descriptor, select.POLLIN)
        if not waiting.poll(max(timeout, 0.0) * 1000):
            return False
        try:
            return bool(os.read(self.descriptor, take))
        except BlockingIOError:
            return False  # another waiter was faster

    def close(self) -> None:
        os.close(self.descriptor)
