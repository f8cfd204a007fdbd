"""Time that moves only when nobody is at work: an asyncio loop whose timers are over as soon as all rests.

Owns: the clock, and the selector that moves it instead of sleeping. Must not: know what is being run.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

# The longest that whatever runs beside the loop may take, in real seconds; a machine may be busy.
LONGEST = 120.0
READING = timedelta(microseconds=20)


class MovedClock:
    """No two readings are the same. Safe from many threads."""

    def __init__(self, start: datetime, offset: float = 0.0) -> None:
        self._start = start
        self._offset = timedelta(seconds=offset)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            self._offset += READING
            return self._start + self._offset

    def monotonic(self) -> float:
        return (self.now() - self._start).total_seconds()

    @property
    def offset(self) -> float:
        """Seconds since the start, without moving it."""
        return self._offset.total_seconds()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._offset += timedelta(seconds=max(0.0, seconds))


class MovedTime(asyncio.SelectorEventLoop):
    """`at_work` says whether something runs that will wake the loop; `rest(seconds)` is asked to move the clock by at
    most so many seconds, and may wake somebody."""

    def __init__(self, clock: MovedClock, at_work: Callable[[], bool], rest: Callable[[float], None]) -> None:
        self._clock = clock
        super().__init__(_Selector(at_work, rest))

    def time(self) -> float:
        return self._clock.monotonic()


class _Selector(selectors.DefaultSelector):
    def __init__(self, at_work: Callable[[], bool], rest: Callable[[float], None]) -> None:
        super().__init__()
        self._at_work = at_work
        self._rest = rest

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        began = time.monotonic()
        while self._at_work():
            if found := super().select(0.05):
                return found
            assert time.monotonic() - began < LONGEST, "what runs beside the loop does not come back"
        if found := super().select(0):
            return found
        self._rest(timeout if timeout is not None else 3600.0)
        return super().select(0)


def utc(offset: float = 0.0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=offset)
