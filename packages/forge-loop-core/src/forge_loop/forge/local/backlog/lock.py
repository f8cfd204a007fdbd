"""Backlog.md's locks: directories, so that making one is atomic.

Owns: the protocol (stale after 10 s, five tries). Must not: know what a lock protects.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from forge_loop.errors import ForgeError

STALE_SECONDS = 10.0
TRIES = 5
PAUSE_SECONDS = 0.2


@contextlib.contextmanager
def held(lock: Path, *, pause: Callable[[float], None]) -> Iterator[None]:
    """Hold the lock for well under the 10 s after which others take it. Raises ForgeError if it stays taken."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(TRIES):
        if attempt:
            pause(PAUSE_SECONDS)
        if _take(lock):
            break
    else:
        raise ForgeError(f"{lock.name!r} is being modified by another process")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.rmdir()


def _take(lock: Path) -> bool:
    with contextlib.suppress(OSError):
        if time.time() - lock.lstat().st_mtime > STALE_SECONDS:
            lock.rmdir()
    try:
        lock.mkdir()
    except FileExistsError:
        return False
    return True
