"""Space kept back, so that finishing work is possible on a full disk.

Owns: the reserve file beside the database. Must not: decide which write may use it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from forge_loop.database.place import free_bytes

_BYTES = 2 * 1024 * 1024
_AMPLE_BYTES = 64 * 1024 * 1024


class Reserve:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._spent = True
        self.fill()

    def fill(self) -> None:
        """Set the space aside if that was not done yet and the disk has plenty."""
        if not self._spent or free_bytes(self._path.parent) < _AMPLE_BYTES:
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            # A hole would reserve nothing.
            os.posix_fallocate(descriptor, 0, _BYTES)
        finally:
            os.close(descriptor)
        self._spent = False

    def spend(self) -> None:
        """Give the space back to the disk."""
        self._spent = True
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
