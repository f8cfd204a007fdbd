"""A clock that moves when it is told to, and by a millisecond whenever it is read.

Owns: simulated time. Must not: read the machine's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2030, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class SimulatedClock:
    """No two readings are the same, so that what follows on something is always later than it."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._start = start

    def now(self) -> datetime:
        self._now += MILLISECOND
        return self._now

    def monotonic(self) -> float:
        return (self.now() - self._start).total_seconds()

    def peek(self) -> datetime:
        """The time without moving it."""
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=max(0.0, seconds))

    def reach(self, moment: datetime) -> None:
        """Go forward to a moment; never back."""
        self._now = max(self._now, moment)
