"""Who holds what was claimed, and whether they still live.

Owns: one locked file per consumer object, `own-<pid>-<random>`; the kernel lets go of the lock when the process ends,
however it ends. Must not: touch rows.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from forge_loop.database.gate import try_lock

_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class Owner:
    """This consumer's file, locked from here to `close` or to the end of the process."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        for left in directory.iterdir():
            if is_dead(directory, left.name):
                remove(directory, left.name)  # a missing file says the same
        while True:
            self.name = f"own-{os.getpid()}-{os.urandom(6).hex()}"
            self._path = directory / self.name
            self._descriptor = os.open(self._path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            # A sweep may have seen the file before it was locked and taken it for a dead one's.
            if try_lock(self._descriptor) and self._path.exists():
                return
            os.close(self._descriptor)

    def close(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        os.close(self._descriptor)


def is_dead(directory: Path, name: str) -> bool:
    """Whether the owner of this name has ended."""
    try:
        descriptor = os.open(directory / name, _FLAGS)
    except FileNotFoundError:
        return True
    try:
        return try_lock(descriptor)
    finally:
        os.close(descriptor)


def remove(directory: Path, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        (directory / name).unlink()
