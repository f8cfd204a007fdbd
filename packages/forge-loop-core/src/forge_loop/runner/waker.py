"""What ends the runner's sleep: a thread of its own process, or another process's commit.

Owns: a pipe of its own beside the database's wake-up. Must not: say what happened; the tick looks.
"""

from __future__ import annotations

import contextlib
import os
import select


class Waker:
    def __init__(self, database_fd: int) -> None:
        self._database_fd = database_fd
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def wake(self) -> None:
        """End the present or the next wait. Safe from any thread and from a signal handler."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"w")

    def wait(self, seconds: float) -> None:
        """Sleep until woken, at most so long."""
        # poll, not select: a process that drives many loops has descriptors beyond select's 1024.
        sleeper = select.poll()
        for descriptor in self.descriptors:
            sleeper.register(descriptor, select.POLLIN)
        for fd, _ in sleeper.poll(max(0.0, seconds) * 1000):
            with contextlib.suppress(BlockingIOError):
                while len(os.read(fd, 4096)) == 4096:
                    pass

    @property
    def descriptors(self) -> tuple[int, int]:
        """Readable when woken, for an event loop that sleeps for several loops. Read them through `wait(0)`."""
        return self._read, self._database_fd

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)
