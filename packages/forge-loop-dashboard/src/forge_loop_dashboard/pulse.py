"""Noticing that something changed: one look for all who follow.

Owns: asking the database twice a second whether another process wrote to it. Must not: hold a transaction, or look
while nobody follows.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from forge_loop import DatabaseError
from forge_loop.extension import ReadOnlyDatabase, open_read_only

LOOK_SECONDS = 0.4


class Pulse:
    """Belongs to one event loop. `count` goes up with every change that was noticed."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self.newest = 0
        self.closing = False
        self._path = path
        self._database: ReadOnlyDatabase | None = None
        self._identity: tuple[int, int] | None = None
        self._version: object = None
        self._changed = asyncio.Event()
        self._followers = 0
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """Count somebody in who waits for changes."""
        self._followers += 1
        if self._task is None or self._task.done():
            self._look()
            self._task = asyncio.get_running_loop().create_task(self._beat())

    def leave(self) -> None:
        self._followers -= 1

    @property
    def followers(self) -> int:
        return self._followers

    async def beat(self, seconds: float) -> None:
        """Wait for a change, but not longer than this."""
        changed = self._changed
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()

    def close(self) -> None:
        """Everybody who waits goes on, and finds `closing`."""
        self.closing = True
        self._notify()

    async def _beat(self) -> None:
        while self._followers and not self.closing:
            await asyncio.sleep(LOOK_SECONDS)
            if self._look():
                self._notify()
        self._forget()

    def _notify(self) -> None:
        self.count += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def _look(self) -> bool:
        """Whether anything was written since the last look. A database that cannot be read now is looked at later."""
        try:
            return self._ask()
        except (DatabaseError, OSError):
            self._forget()
            return self._version is not None

    def _ask(self) -> bool:
        identity = _identity(self._path)
        if self._database is None or identity != self._identity:
            self._forget()
            if identity is None:
                return False
            self._database, self._identity = open_read_only(self._path), identity
            self._version = None
        version = tuple(self._database.query("PRAGMA data_version")[0])
        if version == self._version:
            return False
        self._version = version
        self.newest = int(self._database.query("SELECT coalesce(max(seq), 0) AS seq FROM events")[0]["seq"])
        return True

    def _forget(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)  # noqa: PTH116 - one call, and what it raises
    except FileNotFoundError:
        return None
    return facts.st_dev, facts.st_ino
