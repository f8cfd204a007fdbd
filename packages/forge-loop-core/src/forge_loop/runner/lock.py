"""One loop a state directory: a lock held for the process's life.

Owns: taking `loop.lock` and naming its holder. Must not: trust what is written in it; only the lock itself decides.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from types import TracebackType

from forge_loop.agents.processes import find
from forge_loop.errors import LoopRunningError

NAMING_SECONDS = 1.0


class LoopLock:
    """Holds the lock from `__enter__` to `__exit__`, or until the process is gone, however it goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def __enter__(self) -> LoopLock:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(fd)
            os.close(fd)
            raise LoopRunningError(
                f"another loop holds {self._path.parent}: {holder or 'its process is not known'}",
                hint="forge-loop status",
            ) from None
        os.ftruncate(fd, 0)
        os.write(fd, json.dumps({"pid": os.getpid()}).encode())
        self._fd = fd
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            os.ftruncate(self._fd, 0)  # what is left there tells of a loop that did not end by itself
            os.close(self._fd)
            self._fd = None


def left_behind(path: Path) -> str:
    """What a loop that is gone left written in its lock; empty if there is nothing, or if it is held."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.pread(fd, 200, 0).decode(errors="replace").strip()
    except BlockingIOError:
        return ""
    finally:
        os.close(fd)


def _holder(fd: int) -> str:
    """What the holder wrote. One that has only just taken the lock gets a moment to replace what the last one left."""
    deadline = time.monotonic() + NAMING_SECONDS
    while True:
        written = os.pread(fd, 200, 0).decode(errors="replace").strip()
        if _is_alive(written) or time.monotonic() >= deadline:
            return written
        time.sleep(0.01)


def _is_alive(written: str) -> bool:
    try:
        return find(int(json.loads(written)["pid"])) is not None
    except (ValueError, KeyError, TypeError):
        return False
