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
        self._filled = path.exists()

    def fill(self) -> bool:
        """Set the space aside, unless the disk has little. Whether it is set aside."""
        if self._filled or free_bytes(self._path.parent) < _AMPLE_BYTES:
            return self._filled
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            # A hole would reserve nothing.
            os.posix_fallocate(descriptor, 0, _BYTES)
        finally:
            os.close(descriptor)
        self._filled = True
        return True

    def spend(self) -> None:
        """Give the space back to the disk."""
        self._filled = False
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
