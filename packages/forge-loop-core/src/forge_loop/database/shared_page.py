"""A page of memory that all processes on one database share.

Owns: who holds the gate, how many commits were made and how many of them are on disk. Must not: lock; the gate and the
flush say when a number may change.
"""

from __future__ import annotations

import mmap
import os

_SIZE = 4096
_HOLDER, _MADE, _ON_DISK = range(3)


class SharedPage:
    """Numbers in a small file that is mapped into every process."""

    def __init__(self, descriptor: int) -> None:
        # A hole in the file would end the process with SIGBUS on a full disk; allocating it here raises instead.
        os.posix_fallocate(descriptor, 0, _SIZE)
        self._page = mmap.mmap(descriptor, _SIZE)
        # Native size and alignment: a number is then read and written whole, never byte by byte.
        self._numbers = memoryview(self._page).cast("Q")

    @property
    def holder(self) -> int:
        """The process that took the gate last. For people; nothing is decided by it."""
        return self._numbers[_HOLDER]

    @holder.setter
    def holder(self, pid: int) -> None:
        self._numbers[_HOLDER] = pid

    @property
    def made(self) -> int:
        """Commits made. Changed only inside the gate."""
        return self._numbers[_MADE]

    @property
    def on_disk(self) -> int:
        """The first so many commits are known to be on disk. May lag behind, never run ahead."""
        return self._numbers[_ON_DISK]

    @on_disk.setter
    def on_disk(self, commits: int) -> None:
        self._numbers[_ON_DISK] = commits

    def count_commit(self) -> int:
        """Count one commit, inside the gate; its number."""
        number = self._numbers[_MADE] + 1
        self._numbers[_MADE] = number
        return number

    def settle(self) -> None:
        """Inside the gate, at the first use: a power cut can leave the two numbers from different instants."""
        if self.on_disk > self.made:
            self.on_disk = self.made

    def close(self) -> None:
        self._numbers.release()
        self._page.close()
